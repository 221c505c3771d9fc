"""Train one network; write its weights and what happened on the way."""

from repscape.core import job
from repscape.networks.lib import trained_weights
from repscape.plugin import registry, user_functions
from repscape.plugin.arguments import fetched, unchanged
from repscape.trainings.lib import config_section
from repscape.trainings.lib.record import record


def main(section, settings, source, inputs, output):
    load = registry.entry("networks", section["source"])
    loaded = load(**fetched(load, section, f"networks.{source}", {}))
    name = settings["function"]
    train = user_functions.load(name) if user_functions.is_own(name) else registry.entry("trainings", name)
    classes = record(
        loaded,
        train,
        config_section.arguments(settings, train),
        settings,
        {"training": inputs["stimulus"], "held_out": inputs["held_out"]},
        output.course,
        network=source,
    )
    weights = f"trained by {name} on {settings['stimulus']}"
    trained_weights.save(loaded.module, output.weights, weights=weights, classes=classes)


if __name__ == "__main__":
    with job.run(snakemake):
        params, inputs = snakemake.params.job, dict(snakemake.input.items())
        section, source = params["section"], snakemake.wildcards.source
        with unchanged("networks", section["source"], section, params["files"]):
            main(section, params["training"], source, inputs, snakemake.output)
