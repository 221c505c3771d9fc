# Who looked?
#
# in:  of a network that the study trains, the stimuli that it is trained and tested on; beside them the weights
#      that the config names, which are no inputs (paths; addresses are fetched by the job)
# out: networks/{source}/network.pt, the frozen network; networks/{source}/layers.nc, its layers; of a network
#      that the study trains, networks/{source}/trained.safetensors, its weights, and training.nc, their history

TRAINED = [source for source in CONFIG["networks"] if CONFIG["networks"][source]["training"]]


rule training:
    input:
        unpack(training_inputs),
    output:
        weights=STUDY.pattern("trained"),
        history=STUDY.pattern("training"),
    log:
        f"{LOGS}/trainings/{{source}}.log",
    wildcard_constraints:
        source=one_of(TRAINED),
    conda:
        ENVIRONMENT
    threads: training_threads
    resources:
        **on_gpu(gpu_wanted),
        gpu_mb=training_gpu_mb,
        mem_mb=training_mb,
        runtime=growing(120),
    params:
        job=training_job,
    script:
        "../scripts/training.py"


rule network:
    input:
        unpack(network_inputs),
    output:
        network=STUDY.pattern("network"),
        layers=STUDY.pattern("layers"),
    log:
        f"{LOGS}/networks/{{source}}.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=growing(4000),
        runtime=growing(20),
    params:
        job=network_job,
    script:
        "../scripts/network.py"


rule networks:
    input:
        expand(STUDY.pattern("layers"), source=CONFIG["networks"]),


# Prints every network's table of layers, to copy names from.
rule layers:
    input:
        expand(STUDY.pattern("layers"), source=CONFIG["networks"]),
    log:
        f"{LOGS}/layers.log",
    localrule: True
    conda:
        ENVIRONMENT
    params:
        networks={source: STUDY.path("layers", source=source) for source in CONFIG["networks"]},
    script:
        "../scripts/layers.py"
