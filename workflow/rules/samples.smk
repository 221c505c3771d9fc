# Which of the recorded units do we listen to? The same for every image of every stimulus.
#
# in:  populations/{source}/{population}.nc
# out: samples/{source}/{population}/{layer}/n{size}.nc


for source in STUDY.layers:

    rule:
        name:
            f"samples_{source}"
        input:
            STUDY.layer_files("population", source)[0],
        output:
            STUDY.layer_files("sample", source),
        log:
            f"{LOGS}/samples/{source}/{{population}}/n{{size}}.log",
        group:
            "units"
        conda:
            ENVIRONMENT
        resources:
            mem_mb=growing(1000),
            runtime=growing(5),
            turn=turn,
        params:
            job=sample_job(source),
        script:
            "../scripts/samples.py"


rule samples:
    input:
        [
            file
            for source in STUDY.layers
            for population, sizes in STUDY.samples_of(source).items()
            for file in expand(STUDY.layer_files("sample", source), population=population, size=sizes)
        ],
