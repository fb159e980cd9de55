dist_man_MANS += docs/cnasc.1
