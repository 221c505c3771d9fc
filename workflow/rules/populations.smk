# Which units of each layer are recorded?
#
# in:  networks/{source}/layers.nc
# out: populations/{source}/{population}.nc, a group a layer


rule population:
    input:
        STUDY.pattern("layers"),
    output:
        STUDY.pattern("population"),
    log:
        f"{LOGS}/populations/{{source}}/{{population}}.log",
    conda:
        ENVIRONMENT
    params:
        job=population_job,
    script:
        "../scripts/population.py"
