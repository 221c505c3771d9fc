# Who looked?
#
# in:  the weights that the config names (paths; addresses are fetched by the job)
# out: networks/{source}/network.pt, the frozen network; networks/{source}/layers.nc, its layers


rule network:
    input:
        network_files,
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
