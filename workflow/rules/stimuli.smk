# What was shown?
#
# in:  the files that the config names (paths; addresses are fetched by the job)
# out: stimuli/{stimulus}.nc


rule stimulus:
    input:
        stimulus_files,
    output:
        STUDY.pattern("stimulus"),
    log:
        f"{LOGS}/stimuli/{{stimulus}}.log",
    conda:
        ENVIRONMENT
    params:
        job=stimulus_job,
    script:
        "../scripts/stimulus.py"


rule stimuli:
    input:
        expand(STUDY.pattern("stimulus"), stimulus=STUDY.stimuli),
