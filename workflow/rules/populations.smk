# Which units of each layer are recorded?
#
# in:  networks/{source}/layers.nc, and the stimuli that the config names
# out: populations/{source}/{population}.nc, a group a layer


rule population:
    input:
        unpack(population_inputs),
        layers=STUDY.pattern("layers"),
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
