# What is left of what the config no longer has?
#
# in:  the results; nothing follows from it
# out: nothing; `clean_leftovers` removes files


rule clean_leftovers:
    log:
        f"{LOGS}/clean_leftovers.log",
    localrule: True
    conda:
        ENVIRONMENT
    params:
        files=lambda wildcards: leftovers.leftovers(STUDY),
    script:
        "../scripts/clean_leftovers.py"
