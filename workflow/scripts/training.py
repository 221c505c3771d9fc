"""Train one network; write its weights and what happened on the way."""

from repscape.core import job
from repscape.networks.lib import trained_weights
from repscape.plugin import schema
from repscape.plugin.arguments import ready, unchanged
from repscape.trainings.lib.record import record


def main(section, settings, source, inputs, output):
    loaded = ready("networks", section, f"networks.{source}", {}).load()
    classes = record(
        loaded,
        schema.make("trainings", settings),
        settings,
        {"training": inputs["stimulus"], "held_out": inputs["held_out"]},
        output.history,
        network=source,
    )
    weights = f"trained by {settings['kind']} on {settings['stimulus']}"
    trained_weights.save(loaded.module, output.weights, weights=weights, classes=classes)


if __name__ == "__main__":
    with job.run(snakemake):
        params, inputs = snakemake.params.job, dict(snakemake.input.items())
        section, source = params["section"], snakemake.wildcards.source
        with unchanged("networks", section, params["files"]):
            main(section, params["training"], source, inputs, snakemake.output)
