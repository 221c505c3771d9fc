# What does it look like? The name of a figure is its target: `snakemake --cores 1 rdm_gallery`.
#
# in:  what the figure asks for: analyses, RDMs, layer tables
# out: figures/{figure}.svg and .png, and its caption as .rst;
#      .nc with what it shows, where no analysis holds that

for figure in CONFIG["figures"]:

    rule:
        name:
            figure
        input:
            unpack(inputs_of("figures", figure)),
        output:
            **figure_outputs(figure),
        log:
            f"{LOGS}/figures/{figure}.log",
        group:
            "figures"
        conda:
            ENVIRONMENT
        resources:
            mem_mb=plugin_mb("figures", figure),
            runtime=growing(10),
            turn=turn,
        params:
            job=figure_job(figure),
        script:
            "../scripts/figure.py"


rule figures:
    input:
        # All files of each: Snakemake would not see that one is new which nothing asks for, nor, without its
        # record, that the plugin or the config has changed.
        [
            STUDY.path("figure", figure=figure, format=format)
            for figure in CONFIG["figures"]
            for format in figure_formats(figure)
        ],
