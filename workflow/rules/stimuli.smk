# What was shown?
#
# in:  of a stimulus made from others of the study, their files, and the network and its layers where one
#      makes it; beside them the files that the config names, which are no inputs (paths; addresses are
#      fetched by the job)
# out: stimuli/{stimulus}.nc


rule stimulus:
    input:
        unpack(stimulus_inputs),
    output:
        STUDY.pattern("stimulus"),
    log:
        f"{LOGS}/stimuli/{{stimulus}}.log",
    group:
        stimulus_group
    conda:
        ENVIRONMENT
    threads: stimulus_threads
    resources:
        **on_gpu(stimulus_gpu),
        gpu_mb=running_gpu_mb(stimulus_gpu),
        mem_mb=stimulus_mb,
        runtime=growing(10),
        turn=turn,
    params:
        job=stimulus_job,
    script:
        "../scripts/stimulus.py"


rule stimuli:
    input:
        expand(STUDY.pattern("stimulus"), stimulus=STUDY.stimuli),
