autocmd BufNewFile,BufRead *.cnas setfiletype cnas
