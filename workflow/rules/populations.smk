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
    group:
        population_group
    conda:
        ENVIRONMENT
    threads: population_threads
    resources:
        **on_gpu(population_gpu),
        gpu_mb=running_gpu_mb(population_gpu),
        mem_mb=growing(4000),
        runtime=growing(10),
        turn=turn,
    params:
        job=population_job,
    script:
        "../scripts/population.py"


rule populations:
    input:
        [
            STUDY.path("population", source=source, population=population)
            for source in STUDY.layers
            for population in STUDY.samples_of(source)
        ],
