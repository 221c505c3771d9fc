"""The command `repscape`: a thin layer over `snakemake -s …/workflow/Snakefile`."""
