"""Train one network; write its weights and what happened on the way."""

from repscape import jobs, own, plugins
from repscape.arguments import fetched, unchanged
from repscape.networks import trained
from repscape.trainings import planned
from repscape.trainings.record import record


def main(section, settings, source, inputs, output):
    load = plugins.entry("networks", section["source"])
    loaded = load(**fetched(load, section, f"networks.{source}", {}))
    name = settings["function"]
    train = own.load(name) if own.is_own(name) else plugins.entry("trainings", name)
    classes = record(
        loaded,
        train,
        planned.arguments(settings, train),
        settings,
        {"training": inputs["stimulus"], "held_out": inputs["held_out"]},
        output.course,
        network=source,
    )
    weights = f"trained by {name} on {settings['stimulus']}"
    trained.save(loaded.module, output.weights, weights=weights, classes=classes)


if __name__ == "__main__":
    with jobs.run(snakemake):
        job, inputs = snakemake.params.job, dict(snakemake.input.items())
        section, source = job["section"], snakemake.wildcards.source
        with unchanged("networks", section["source"], section, job["files"]):
            main(section, job["training"], source, inputs, snakemake.output)
