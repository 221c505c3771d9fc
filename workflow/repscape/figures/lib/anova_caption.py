"""What figures of the analysis `anova` share: names of effects, and a sentence on the design."""

from repscape.figures.lib import captions


def words(effect: str) -> str:
    """Write an effect's name: ``obj × color``."""
    return effect.replace(":", " × ")


def design(table) -> str:
    """Say for a caption what was analysed, and how."""
    of, counts = table.attrs, table["images"].values
    first, second = map(captions.escape, of["factors"])
    unbalanced = "" if of["balanced"] else " (type II, since combinations have different numbers of images)"
    return (
        f"Two-way analysis of variance of the responses of every unit of {captions.escape(of['source'])} to "
        f"{captions.number(counts.sum())} images of {captions.escape(of['stimulus'])}, with the factors "
        f"{first} ({counts.shape[0]} values) and {second} ({counts.shape[1]} values; "
        f"{captions.plural(counts.size, 'combination', 'combinations')}, {captions.span(counts.flat)} each). "
        f"η² is an effect's share of the total sum of squares{unbalanced}."
    )
