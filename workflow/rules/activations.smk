# What did the units answer?
#
# in:  stimuli/{stimulus}.nc, populations/{source}/{population}.nc;
#      of a network, frozen, with its layers; of a recording, recordings/{source}/{stimulus}.nc
# out: activations/{source}/{stimulus}/{population}/{layer}.nc, all layers by one forward pass


for source in STUDY.networks:

    rule:
        name:
            f"activations_{source}"
        input:
            stimulus=STUDY.pattern("stimulus"),
            network=STUDY.path("network", source=source),
            layers=STUDY.path("layers", source=source),
            population=STUDY.layer_files("population", source)[0],
        output:
            STUDY.layer_files("activations", source),
        log:
            f"{LOGS}/activations/{source}/{{stimulus}}/{{population}}.log",
        conda:
            ENVIRONMENT
        threads: CONFIG["activations"]["threads"]
        resources:
            **on_gpu(gpu_wanted),
            gpu_mb=recording_gpu_mb(source),
            mem_mb=recording_mb(source),
            runtime=growing(60),
        params:
            job=activations_job(source),
        script:
            "../scripts/activations.py"


for source in STUDY.recordings:

    rule:
        name:
            f"activations_{source}"
        input:
            stimulus=STUDY.pattern("stimulus"),
            responses=STUDY.pattern("responses").replace("{source}", source),
            population=STUDY.layer_files("population", source)[0],
        output:
            STUDY.layer_files("activations", source),
        log:
            f"{LOGS}/activations/{source}/{{stimulus}}/{{population}}.log",
        group:
            "units"
        conda:
            ENVIRONMENT
        resources:
            mem_mb=reading_mb,
            runtime=growing(10),
            turn=turn,
        params:
            job=replay_job(source),
        script:
            "../scripts/replay.py"
