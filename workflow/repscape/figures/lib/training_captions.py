"""What figures of trainings share: the networks that a study trains, and a sentence on each."""

from collections.abc import Iterable

from repscape.core.errors import ConfigError
from repscape.figures.lib import captions
from repscape.study import defaults
from repscape.study.study import Study


def networks(study: Study) -> list[str]:
    """Name the networks that a study trains.

    Raises
    ------
    ConfigError
        It trains none.
    """
    found = [name for name, section in study.config["networks"].items() if section.get("training")]
    if not found:
        raise ConfigError("no network of this study has a 'training'. Add one, or leave this figure out.")
    return found


def files(study: Study, names: Iterable[str] | None) -> list[str]:
    """Return the paths of the trainings of networks; by default of all that are trained."""
    return [
        study.path("training", source=name)
        for name in defaults.many_or_all(names, networks(study), "sources")
    ]


def sentence(training) -> str:
    """Say what a network was trained on and how, of its training opened with xarray."""
    about, escape = training.attrs, captions.escape
    images = training["images"].sum("class")
    trained, held_out = (int(images.sel(set=name)) for name in ("training", "held_out"))
    classes = list(map(str, training["class"].values))
    named = f" ({captions.listing(map(escape, classes))})" if len(classes) < 6 else ""
    shared = captions.number(int(about["shared_images"]))
    again = f"; {shared} of these have the same pixels as a training image" if shared != "0" else ""
    begun = "random weights" if about["initial_weights"] == "random" else escape(about["initial_weights"])
    return (
        f"{escape(about['network'])}, from {begun}, by {escape(about['plugin'])} to classify "
        f"{len(classes)} classes of {escape(about['target'])}{named} in {captions.number(trained)} images "
        f"of {escape(about['stimulus'])}, tested on {captions.number(held_out)} of "
        f"{escape(about['held_out'])}{again}"
    )
