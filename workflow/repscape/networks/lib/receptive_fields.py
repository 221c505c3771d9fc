"""Receptive fields of units, computed along a network.

They follow Araujo, Norris & Sim, Computing receptive fields of convolutional neural networks, Distill 2019:
with s the distance between units in pixels of the input, a convolution or pooling with kernel k, padding p,
dilation d and stride t moves the first unit's first pixel by -p s and its last by ((k - 1) d - p) s, and
makes the distance t s.
"""

from typing import Any

from torch import fx
from torch.nn import functional

from repscape.networks.lib.operation import ACTIVATION, Field, Operation, extent

# These act on each place alone
POINTWISE = ACTIVATION | {
    *("bn", "layernorm", "groupnorm", "instancenorm", "dropout", "identity", "fc", "hardsigmoid", "clone"),
    *("add", "sub", "mul", "div", "cat", "stack", "contiguous", "permute"),
}
# These act on other axes than y and x where the last two keep their lengths
REARRANGING = {"select", "unsqueeze", "chunk", "split", "view", "reshape", "transpose"}


def field_of(node: fx.Node, op: Operation, inputs: list[Operation], part, root) -> Field | None:
    """Return the receptive field of an output; None where it is not the same for all places.

    Parameters
    ----------
    node : its node
    op : what the node does
    inputs : operations whose outputs it takes
    part : the module that is called, or None
    root : torch.fx.GraphModule
    """
    source = inputs[0]
    fields = [entry.field for entry in inputs if entry.field is not None]
    if len(fields) < len(inputs) or op.image or any(entry.image for entry in inputs):
        return None
    if op.kind in ("conv", "maxpool", "avgpool"):
        window = _window(node, part, root)
        if window is None or source.field is None or source.axis != 1 or len(op.shape) != 4:
            return None
        return Field(
            *zip(
                *(
                    (s * t, first - p * s, last + ((k - 1) * d - p) * s)
                    for s, first, last, k, t, p, d in zip(*source.field, *window, strict=True)
                ),
                strict=True,
            )
        )
    if op.kind in REARRANGING:
        before = source.shape if isinstance(source.shape, tuple) else source.shape[0]
        after = op.shape if isinstance(op.shape, tuple) else op.shape[0]
        kept = before[-2:] == after[-2:] and (source.axis < len(before) - 2 or len(before) == 3)
        return source.field if kept else None
    if op.kind not in POINTWISE or len(op.shape) < 3:
        return None
    if op.kind in ("fc", "layernorm") and op.axis != source.axis:
        return None
    places = extent(op)[1:]
    if any(extent(e)[1:] != places for e in inputs if len(e.shape) == 4):
        return None
    if any(field.stride != fields[0].stride for field in fields):
        return None
    first, last = (
        tuple(function(getattr(field, end)[side] for field in fields) for side in (0, 1))
        for function, end in ((min, "first"), (max, "last"))
    )
    return Field(fields[0].stride, first, last)


def _window(node: fx.Node, part, root) -> tuple | None:
    """Kernel, stride, padding and dilation of a convolution or pooling, each along y and x."""
    names = ("kernel_size", "stride", "padding", "dilation")
    if "adaptive" in str(node.target):
        return None  # its first argument is the size of the output
    if part is not None:
        values = [getattr(part, name, None) for name in names]
    elif node.target is functional.conv2d:
        given = dict(zip(("input", "weight", "bias", *names[1:]), node.args, strict=False)) | node.kwargs
        weight = given["weight"]
        of_network = isinstance(weight, fx.Node) and weight.op == "get_attr"
        kernel = tuple(root.get_parameter(weight.target).shape[2:]) if of_network else None
        values = [kernel, *(given.get(name) for name in names[1:])]
    else:
        given = dict(zip(names, node.args[1:], strict=False)) | node.kwargs
        values = [given.get(name) for name in names]
    kernel, stride, padding, dilation = values
    if not isinstance(kernel, int | tuple | list) or isinstance(padding, str):
        return None  # adaptive pooling, computed weights
    stride = (1 if node.target is functional.conv2d else kernel) if stride is None else stride
    values = (kernel, stride, padding or 0, dilation or 1)
    return tuple((value, value) if isinstance(value, int) else tuple(value) for value in values)


def columns(field: Field | None) -> dict[str, Any]:
    """Return a receptive field as columns of a table of layers."""
    if field is None:
        return {}
    size = max(last - first + 1 for first, last in zip(field.first, field.last, strict=True))
    centres = {(first + last) / 2 for first, last in zip(field.first, field.last, strict=True)}
    if len(set(field.stride)) > 1 or len(centres) > 1:
        return {}
    names = ("receptive_field_size", "receptive_field_stride", "receptive_field_offset")
    return dict(zip(names, (size, field.stride[0], centres.pop()), strict=True))
