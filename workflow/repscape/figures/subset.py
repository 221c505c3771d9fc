"""Images chosen by their dissimilarities: the pictures, and how their set compares with random ones."""

from collections.abc import Mapping

from repscape.analyses.lib.subset_choice import VALUES
from repscape.core.evenly_spaced import evenly_spaced
from repscape.figures.lib import captions, legend_items, rdm_names
from repscape.figures.lib.entry_pictures import EntryPictures
from repscape.figures.lib.millimetre_page import fit, inset, page, picture, write
from repscape.figures.lib.rdm_labels import OfRdmAnalysis
from repscape.figures.lib.style import COLOURS, WIDTH
from repscape.plugin.contract import Figure
from repscape.rdms.labels import COLUMNS, FOLLOWING, indices_where
from repscape.study.study import Study

MOST = 6  # RDMs
MOST_PICTURES = 60
PANEL = 56.0  # mm, the width of a histogram with its ticks
LEFT, GAP, TITLE, TICKS = 4.0, 5.0, 5.0, 7.5  # mm
LARGEST, HIGHEST, BETWEEN = 17.0, 35.0, 0.6  # mm, of a picture, of all of them
CHOSEN, GREEDY, TARGET, RANDOM = COLOURS[1], COLOURS[0], "black", "0.72"
DASHED, DOTTED = (0, (4, 2)), (0, (1, 1.5))
AXES = {
    "largest": "mean dissimilarity of a set",
    "target": "mean dissimilarity of a set",
    "uniform": "unevenness of a set's dissimilarities",
}
OWN = (*VALUES, "entries")
# Labels of RDMs, and not of their images
OF_RDMS = {*COLUMNS, *FOLLOWING} - {"stimulus"}


class Subset(OfRdmAnalysis, Figure):
    """Images chosen by dissimilarity: pictures, and their set among random ones (analysis `subset`)."""

    category = "RDMs"
    _kind = "subset"

    def inputs(self, study: Study) -> dict:
        """Name the files.

        Raises
        ------
        ConfigError
            No analysis of that name chooses subsets, or a label or value is unknown.
        """
        stimuli = [study.path("stimulus", stimulus=name) for name in self._stimuli(study)]
        return super().inputs(study) | {"stimuli": stimuli}

    def draw(self, data: Mapping):
        """Draw the chosen pictures of each RDM beside a histogram of random sets."""
        table = data["subset"].load()
        labels = rdm_names.labels_of(table, without=OWN)
        chosen = indices_where(labels, self.where)
        rdms = [chosen[at] for at in evenly_spaced(len(chosen), MOST)]
        naming = [
            name for name, values in labels.items() if name not in FOLLOWING and len(set(values[rdms])) > 1
        ]
        finder = EntryPictures(data["stimuli"])
        pictures = min(table.sizes["choice"], MOST_PICTURES)
        side, across = _sides(pictures)
        high = max(20.0, -(-pictures // across) * (side + BETWEEN))
        pitch = TITLE + high + TICKS
        fig, axes = page(len(rdms) * pitch + 4.5 + legend_items.ROW)
        for number, at in enumerate(rdms):
            top = number * pitch + TITLE
            name = rdm_names.name(labels, at, naming)
            title = captions.shorten(f"{name}   " if naming else "", 70) + _words(table, at)
            write(axes, LEFT, top - TITLE + 0.8, title, fontsize=7)
            panel = inset(axes, LEFT, top, PANEL, high)
            _histogram(panel, table, at)
            if number == len(rdms) - 1:
                panel.set_xlabel(AXES[table.goal])
            entries = _entries(table, labels, at)[:pictures]
            for place, entry in enumerate(entries):
                x = LEFT + PANEL + GAP + place % across * (side + BETWEEN)
                y = top + place // across * (side + BETWEEN)
                _picture(axes, finder, entry, x, y, side, gid=f"{at}/{place}")
        legend_items.put(axes, [_key(table)], LEFT, len(rdms) * pitch + 4.5)
        return fig, caption(table, labels, rdms, naming)


def _picture(
    axes, finder: EntryPictures, entry: dict[str, str], x: float, y: float, side: float, gid: str
) -> None:
    """Draw an entry's picture in the middle of a square; of a combination of images its labels."""
    image = finder.find(entry)
    if image is None:
        values = [value for label, value in entry.items() if label != "stimulus"]
        text = "\n".join(captions.shorten(value, int(side / 1.1)) for value in values)
        axes.text(x + side / 2, y + side / 2, text, ha="center", va="center", fontsize=5)
        return
    pixels = finder.pixels(image)
    width, height = fit(pixels.shape, side, side)
    picture(axes, pixels, x + (side - width) / 2, y + (side - height) / 2, width, height, gid=gid)


def _sides(count: int) -> tuple[float, int]:
    """Return how large pictures are, in mm, and how many stand in a row."""
    room = WIDTH - LEFT - PANEL - GAP - 1
    found = []
    for lines in range(1, 9):
        across = -(-count // lines)
        found.append((min(LARGEST, room / across - BETWEEN, HIGHEST / lines - BETWEEN), across))
    return max(found)


def _entries(table, labels, at: int) -> list[dict[str, str]]:
    """Return the labels of the entries chosen of an RDM, and those of the RDM that its images may have."""
    names = [str(name) for name in table.variables if str(name).startswith("chosen_")]
    shared = {label: str(values[at]) for label, values in labels.items() if label not in OF_RDMS}
    shared = {label: value for label, value in shared.items() if value}
    return [
        shared | {name.removeprefix("chosen_"): str(table[name].values[at, choice]) for name in names}
        for choice in range(table.sizes["choice"])
    ]


def _histogram(axes, table, at: int) -> None:
    random = table["random_value"].values[at]
    value = float(table["mean" if table.goal != "uniform" else "value"][at])
    if random.size:
        axes.hist(random, bins=30, color=RANDOM, linewidth=0)
    axes.axvline(value, color=CHOSEN, linewidth=1.4, gid=f"{at}/chosen")
    if table.goal == "target":
        axes.axvline(table.target, color=TARGET, linewidth=0.8, linestyle=DOTTED, gid=f"{at}/target")
    else:
        axes.axvline(float(table["greedy"][at]), color=GREEDY, linewidth=1, linestyle=DASHED)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.margins(x=0.04)
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(5))


def _words(table, at: int) -> str:
    """Say in a few words how good a choice is."""
    value, mean, greedy = (float(table[name][at]) for name in ("value", "mean", "greedy"))
    if table.goal == "target":
        return f"mean {mean:.3g}, {value:.1g} from the target"
    what = "mean" if table.goal == "largest" else "unevenness"
    return f"{what} {value:.3g}, greedy {greedy:.3g}"


def _key(table) -> list[legend_items.Item]:
    items = []
    if table["random_value"].size:
        items += [_line(RANDOM, 4), legend_items.words("random sets")]
    items += [_line(CHOSEN, 1.4), legend_items.words("chosen")]
    if table.goal == "target":
        return [*items, _line(TARGET, 0.8, DOTTED), legend_items.words("target")]
    return [*items, _line(GREEDY, 1, DASHED), legend_items.words("greedy choice")]


def _line(colour: str, width: float, style="-") -> legend_items.Item:
    """Return a piece of a line with room beside it."""
    line = legend_items.line(4.5, color=colour, linewidth=width, linestyle=style, solid_capstyle="butt")
    return line._replace(width=6.2)


GOALS = {
    "largest": "for the largest mean dissimilarity of their pairs",
    "target": "for a mean dissimilarity of their pairs as close as possible to {}",
    "uniform": (
        "for dissimilarities of their pairs that are spread as evenly as possible over the range of all; "
        "unevenness is the root mean square difference between their cumulative distribution and a "
        "uniform one"
    ),
}


def caption(table, labels, rdms: list[int], naming: list[str]) -> str:
    """Say what was chosen and how."""
    k, goal = int(table.sizes["choice"]), table.goal
    counts = sorted({int(table["entries"].values[at]) for at in rdms})
    of = captions.number(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    measures = labels.get("measure", labels["metric"])
    metrics = captions.listing(
        dict.fromkeys(captions.metric(str(measures[at]), str(labels["metric"][at])) for at in rdms)
    )
    constant = [
        f"{label} {captions.escape(values[rdms[0]])}"
        for label, values in labels.items()
        if label in ("source", "stimulus", "layer", "population", "size")
        and label not in naming
        and str(values[rdms[0]])
    ]
    constant += captions.averaged(table, rdms)
    text = [
        f"{k} of {of} images, chosen {GOALS[goal].format(table.attrs.get('target', ''))}"
        f" ({captions.escape(metrics)}; {', '.join(constant)}).",
        "Starting from the greedy choice and from random ones, single images were exchanged as long as "
        "this improved the choice. The best of these choices is shown; a better one may exist.",
    ]
    random = table.sizes.get("draw", 0)
    if random:
        what = "unevenness" if goal == "uniform" else "mean dissimilarity"
        text.append(f"Grey: the {what} of {captions.number(random)} random sets of {k}.")
    if k > MOST_PICTURES:
        text.append(f"The first {MOST_PICTURES} are shown.")
    if len(rdms) < table.sizes["rdm"]:
        text.append(f"{len(rdms)} of {table.sizes['rdm']} RDMs are shown.")
    return " ".join(filter(None, text))
