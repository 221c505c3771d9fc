"""A row of a network's table of layers, known without torch."""

from typing import NamedTuple


class LayerInfo(NamedTuple):
    """A layer.

    Attributes
    ----------
    label : str
    node : str
        The operation's path in the network.
    kind : str
        ``conv``, ``bn``, ``relu``, ``fc``, ``add``, …
    block : str
        The block whose output this is; in the head and for the input the layer's label;
        otherwise empty.
    units : int
    channels, height, width : int
        The layer as (channel, y, x). Tokens of a transformer: channels are the embedding, height
        the tokens, width 1.
    parameters : int
        Those that this operation is the first to use. With all rows' they are the network's.
    receptive_field_size, receptive_field_stride, receptive_field_offset : float
        In pixels of the input: the side of what a unit sees, the distance between the centres of
        neighbours, and the centre of the first unit's counted from the centre of the first pixel.
        NaN where it depends on more than place (after global pooling, attention, …).
    modules : str
        Paths of modules whose output this is too, with a blank between them: ``layer1 layer1.2``.
    """

    label: str
    node: str
    kind: str
    block: str
    units: int
    channels: int = 0
    height: int = 0
    width: int = 0
    parameters: int = 0
    receptive_field_size: float = float("nan")
    receptive_field_stride: float = float("nan")
    receptive_field_offset: float = float("nan")
    modules: str = ""
