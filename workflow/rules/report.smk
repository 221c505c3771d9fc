# All of it on one page: `snakemake --cores 1 index`.
#
# in:  the stimuli's files, for small pictures; the figures and their captions; the analyses, to which it links
# out: index.html, which opens in a browser by itself


rule index:
    input:
        unpack(index_inputs),
    output:
        STUDY.path("index"),
    log:
        f"{LOGS}/index.log",
    localrule: True
    conda:
        ENVIRONMENT
    params:
        job=index_job,
    script:
        "../scripts/index.py"
