# Which units of each layer are recorded?
#
# in:  networks/{source}/layers.nc, or a recording's areas; where responses to stimuli select the units, these and the network
# out: populations/{source}/{population}.nc, a group a layer


rule population:
    input:
        unpack(population_inputs),
    output:
        STUDY.pattern("population"),
    log:
        f"{LOGS}/populations/{{source}}/{{population}}.log",
    conda:
        ENVIRONMENT
    threads: population_threads
    resources:
        gpu=population_gpu,
    params:
        job=population_job,
    script:
        "../scripts/population.py"
