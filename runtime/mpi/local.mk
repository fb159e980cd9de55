# libcnasmpi: a library of its own, which libcnascli loads when it is started by mpirun, so that nothing else depends on MPI.
if HAVE_MPI
lib_LTLIBRARIES += libcnasmpi.la
libcnasmpi_la_SOURCES = runtime/mpi/mpi.c
libcnasmpi_la_CPPFLAGS = $(AM_CPPFLAGS) $(MPI_CFLAGS)
libcnasmpi_la_LIBADD = $(MPI_LIBS)
libcnasmpi_la_LDFLAGS = -version-info 0:0:0 -export-symbols-regex '^cnas_' -no-undefined
endif
