# What did brains and observers answer?
#
# in:  the files that the config names (paths; addresses are fetched by the job), and the stimulus
# out: recordings/{recording}.nc, a table of RDMs of the stimulus's images


rule recording:
    input:
        unpack(recording_inputs),
    output:
        STUDY.pattern("recording"),
    log:
        f"{LOGS}/recordings/{{recording}}.log",
    conda:
        ENVIRONMENT
    resources:
        mem_mb=growing(4000),
        runtime=growing(10),
    params:
        job=recording_job,
    script:
        "../scripts/recording.py"


rule recordings:
    input:
        expand(STUDY.pattern("recording"), recording=CONFIG["recordings"]),
