# What did brains and observers answer?
#
# in:  the stimuli; beside them the files that the config names, which are no inputs (paths; addresses are
#      fetched by the job)
# out: of RDMs:      recordings/{recording}.nc, a table of RDMs of the stimulus's images
#      of responses: recordings/{source}/{stimulus}.nc, the trials of each stimulus, an area a group


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


for source in STUDY.recordings:

    rule:
        name:
            f"recording_{source}"
        input:
            **responses_inputs(source),
        output:
            [STUDY.path("responses", source=source, stimulus=name) for name in STUDY.stimuli_of(source)],
        log:
            f"{LOGS}/recordings/{source}.log",
        conda:
            ENVIRONMENT
        resources:
            mem_mb=responses_mb(source),
            runtime=growing(20),
        params:
            job=responses_job(source),
        script:
            "../scripts/responses.py"


rule recordings:
    input:
        expand(STUDY.pattern("recording"), recording=STUDY.given),
        [
            STUDY.path("responses", source=source, stimulus=stimulus)
            for source in STUDY.recordings
            for stimulus in STUDY.stimuli_of(source)
        ],
