# What did the units answer?
#
# in:  stimuli/{stimulus}.nc, populations/{source}/{population}.nc;
#      of a network, frozen, with its layers; of a recording, recordings/{source}/{stimulus}.nc
# out: activations/{source}/{stimulus}/{population}/{layer}.nc, all layers by one forward pass;
#      of many images first shards/{source}/{stimulus}/{population}/{layer}.{shard}.nc, until these are merged

SHARDED = [stimulus for stimulus in STUDY.stimuli if stimulus in STUDY.shards]


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
        wildcard_constraints:
            stimulus=one_of(set(STUDY.stimuli) - set(SHARDED)),
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


for source in STUDY.networks if SHARDED else []:

    rule:
        name:
            f"shard_{source}"
        input:
            stimulus=STUDY.pattern("stimulus"),
            network=STUDY.path("network", source=source),
            layers=STUDY.path("layers", source=source),
            population=STUDY.layer_files("population", source)[0],
        output:
            list(map(temp, STUDY.layer_files("shard", source))),
        log:
            f"{LOGS}/activations/{source}/{{stimulus}}/{{population}}.{{shard}}.log",
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

    rule:
        name:
            f"merge_{source}"
        input:
            unpack(merge_inputs(source)),
        output:
            STUDY.layer_files("activations", source),
        log:
            f"{LOGS}/activations/{source}/{{stimulus}}/{{population}}.log",
        wildcard_constraints:
            stimulus=one_of(SHARDED),
        conda:
            ENVIRONMENT
        resources:
            mem_mb=growing(1000),
            runtime=growing(30),
        params:
            job={"code": code("merge.py")},
        script:
            "../scripts/merge.py"


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


rule activations:
    input:
        [
            file
            for source in STUDY.layers
            for file in expand(
                STUDY.layer_files("activations", source),
                stimulus=STUDY.stimuli_of(source),
                population=STUDY.samples_of(source),
            )
        ],
