"""Which axis of an output is the channel."""

import math

from torch import fx

from repscape.networks.lib.operation import Operation


def apart_from_images(axis: int, op: Operation) -> int:
    """Return the axis of the channel, which is another than that of the image."""
    ndim = len(op.shape)
    return axis if axis != op.image else ndim - 1 if op.image < ndim - 1 else 0


def axis_of(node: fx.Node, op: Operation, inputs: list[Operation]) -> int:
    """Which axis of an output is the channel."""
    source = inputs[0]
    if isinstance(op.shape, list):
        gone = op.kind == "unbind" and source.axis > (node.args[1:2] or (node.kwargs.get("dim", 0),))[0]
        return source.axis - gone
    ndim = len(op.shape)
    if op.kind == "select" and ndim < len(source.shape):
        # x[0] takes the first axis away; of others the rest keeps its order
        return max(0 if op.image else 1, source.axis - 1) if isinstance(node.args[1], int) else 1
    if op.kind == "permute":
        dims = node.args[1] if isinstance(node.args[1], tuple | list) else node.args[1:]
        return [dim % ndim for dim in dims].index(source.axis)
    if op.kind in ("transpose", "swapaxes"):
        one, other = (dim % ndim for dim in node.args[1:3])
        return {one: other, other: one}.get(source.axis, source.axis)
    if op.kind in ("reshape", "view", "flatten") and ndim > 2:
        length, after = source.shape[source.axis], math.prod(source.shape[source.axis + 1 :])
        for axis in range(ndim):
            if axis != op.image and op.shape[axis] == length and math.prod(op.shape[axis + 1 :]) == after:
                return axis
        if source.axis == len(source.shape) - 1:
            return ndim - 1  # channels split into heads and their features, or joined again
    elif op.kind == "fc" and ndim == len(source.shape) == 3:
        return source.axis  # mixes either channels or, where these are not the last axis, places
    elif op.kind not in ("fc", "layernorm", "conv", "bn"):
        for candidate in inputs:
            if isinstance(candidate.shape, list) or len(candidate.shape) == ndim:
                return candidate.axis
    return _default_axis(op.kind, ndim)


def _default_axis(kind: str, ndim: int) -> int:
    if kind in ("conv", "bn"):
        return 1
    return ndim - 1 if kind in ("fc", "layernorm", "attention") or ndim == 3 else 1


def axis_without_graph(op: Operation, before: Operation) -> int:
    """Which axis of a module's output is the channel, as far as the output before it tells."""
    if op.shape == before.shape and op.kind not in ("fc", "layernorm", "conv", "bn", "attention"):
        return before.axis
    return _default_axis(op.kind, len(op.shape))
