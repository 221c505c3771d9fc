# How far apart are the answers?
#
# in:  activations/{source}/{stimulus}/{population}/{layer}.nc, samples/{source}/{population}/{layer}/n{size}.nc
# out: rdms/{source}/{stimulus}/{population}/{layer}/n{size}.nc


for source in STUDY.layers:

    rule:
        name:
            f"rdms_{source}"
        input:
            activations=STUDY.layer_files("activations", source),
            samples=STUDY.layer_files("sample", source),
        output:
            STUDY.layer_files("rdm", source),
        log:
            f"{LOGS}/rdms/{source}/{{stimulus}}/{{population}}/n{{size}}.log",
        conda:
            ENVIRONMENT
        resources:
            mem_mb=CONFIG["rdms"]["memory"],
        params:
            job=rdm_job(source),
        script:
            "../scripts/rdms.py"


rule rdms:
    input:
        STUDY.rdms(),
