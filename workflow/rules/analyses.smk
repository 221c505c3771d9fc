# What follows?
#
# in:  what the analysis asks for: RDMs, activations, stimuli; a network, where it runs one
# out: analyses/{analysis}.nc, and .csv where people want a table

for analysis in CONFIG["analyses"]:

    rule:
        name:
            analysis
        input:
            unpack(inputs_of("analyses", analysis)),
        output:
            **analysis_outputs(analysis),
        log:
            f"{LOGS}/analyses/{analysis}.log",
        conda:
            ENVIRONMENT
        threads: CONFIG["analyses"][analysis].get("threads", 1)
        resources:
            **on_gpu(analysis_gpu(analysis)),
            gpu_mb=plugin_gpu_mb(analysis),
            mem_mb=plugin_mb("analyses", analysis),
            runtime=growing(60),
        params:
            job=analysis_job(analysis),
        script:
            "../scripts/analysis.py"


rule analyses:
    input:
        [file for analysis in STUDY.analyses for file in analysis_outputs(analysis).values()],
