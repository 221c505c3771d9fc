"""Whether a network answers an image the same, twice and in other company.

Rounding differs between sizes of batches: of 7 and of 30 images answers differ by up to 1.2e-6 of the
layer's largest, in deep networks with random weights by more. What differs by more than `ROUNDING` is
therefore computed again in float64, in which only true dependence remains.
"""

import copy
import math

import torch
from torch import nn

from repscape.core.errors import DataError, some
from repscape.core.logs import logger
from repscape.networks.lib.probe import BATCHES, Note, Seen, difference, look
from repscape.traced.network import INPUT, Frozen, Watcher, hooks

ROUNDING = 1e-5  # of a layer's largest answer
DEPENDS = 1e-8  # the same in float64
VANISHES = 1e-6  # of a layer's largest answer: what is left in float64 of answers that are rounding alone
COARSE = 1e-3  # the same where a network does not run in float64


def check(frozen: Frozen, seen: dict[str, Seen], shown: torch.Tensor) -> None:
    """Refuse a network whose answers to an image depend on more than the image.

    Parameters
    ----------
    frozen : Frozen
    seen : mapping of path to what its output looks like
    shown : float32 tensor (3, 3, y, x)

    Raises
    ------
    DataError
        Names the layers.
    """
    odd = [path for path, entry in seen.items() if not entry.finite]
    if odd:
        logger.warning("responses of %s to an image of noise are not finite", some(odd))
    draws = [path for path, entry in seen.items() if entry.draws]
    if frozen.noise_seed is not None:
        _check_seeded(frozen, shown, draws)
        return
    if draws:
        raise DataError(
            "the network draws random numbers in evaluation mode too, so its responses to an image differ "
            f"each time: at {some(draws)}. Remove the noise (F.dropout needs training=self.training), or "
            "set 'stochastic: seeded' for the network. Each image is then shown alone, with random "
            "numbers that follow from the seed and the image."
        )
    apart = [path for path, entry in seen.items() if not entry.difference <= ROUNDING]
    if not apart:
        return
    again = _twice(frozen, shown)
    if again:
        raise DataError(
            f"the network responds differently to the same batch the second time, at {some(again)}, but "
            "draws no random numbers of torch, numpy or Python. It must not keep anything from one batch "
            "to the next."
        )
    exact = _in_float64(frozen, shown)
    found = {
        path: entry.difference
        for path, entry in (exact or seen).items()
        if not (exact and path in seen and entry.finite and entry.largest <= VANISHES * seen[path].largest)
    }
    limit = DEPENDS if exact else COARSE
    apart = [path for path, size in found.items() if not size <= limit]
    if apart:
        most = max(found[path] for path in apart)
        size = f"by up to {most:.2g} of a layer's largest response, " if math.isfinite(most) else ""
        raise DataError(
            f"the network's responses to an image depend on the other images of the batch: {size}first at "
            f"{some(apart)}. Batch normalisation needs running statistics (track_running_stats=True, and "
            "weights that have them). Means and attention must stay within an image (batch_first of "
            "torch's modules sets the axis of images)."
        )


def check_graph(frozen: Frozen, module: nn.Module, shown: torch.Tensor) -> None:
    """Refuse a graph that does not answer as the network that it was traced from.

    Raises
    ------
    DataError
    """
    images = shown[BATCHES[0]].contiguous(memory_format=_layout(frozen))
    graph, logits = frozen.module.graph, list(frozen.module.graph.nodes)[-1].args[0]
    if frozen.softmax:
        logits = logits.args[0]
    if not isinstance(logits, torch.fx.Node):
        return
    found = []
    with torch.no_grad():
        expected = module(images)
        last = next(node for node in graph.nodes if node.op == "output")
        Watcher(frozen.module).run_until(last, images, {logits: lambda value: found.append(value.clone())})
    if isinstance(expected, torch.Tensor) and not difference(expected, found[0])[0] <= COARSE:
        raise DataError(
            "the graph that torch.fx traced does not respond as the network does, since what the network "
            "runs depends on the type of its input. Let forward run the same operations for every type of "
            "input."
        )


def check_numbers(module: nn.Module) -> None:
    """Refuse parameters and running statistics that are no finite numbers, or that have no numbers at all.

    Raises
    ------
    DataError
    """
    named = [*module.named_parameters(), *module.named_buffers()]
    empty = [name for name, value in named if value.device.type == "meta"]
    if empty:
        raise DataError(f"weights without numbers (on torch's meta device): {some(empty)}. Load all weights.")
    odd = [
        name
        for name, value in named
        if (isinstance(value, nn.Parameter) or name.endswith(("running_mean", "running_var")))
        and (value.is_floating_point() or value.is_complex())
        and not value.isfinite().all()
    ]
    if odd:
        raise DataError(f"weights that are not finite: {some(odd)}. The training has probably diverged.")


def _check_seeded(frozen: Frozen, shown: torch.Tensor, draws: list[str]) -> None:
    """See that random numbers from a seed make an image's answers the same again."""
    if not draws:
        logger.warning(
            "stochastic: seeded is set, but the network draws no random numbers. Leave the key out"
        )
    images = shown[:1].contiguous(memory_format=_layout(frozen))
    answers: list[dict[str, torch.Tensor]] = [{}, {}]

    def keep(into: dict, path: str):
        return lambda output: into.update({path: output.clone()})

    with torch.no_grad():
        for found in answers:
            frozen.run(images, {row.node: keep(found, row.node) for row in frozen.rows})
    other = [path for path, value in answers[0].items() if not torch.equal(value, answers[1][path])]
    other = [path for path in other if not answers[0][path].isnan().any()]
    if other:
        raise DataError(
            "stochastic: seeded is set, but responses to an image differ with the same seed, at "
            f"{some(other)}: the network uses another random generator. Let it draw from torch's, numpy's "
            "or Python's."
        )


def _run(frozen: Frozen, module: nn.Module, images: torch.Tensor, note: Note) -> None:
    """Run a network, or a copy of it, and note its outputs."""
    if not frozen.paths:
        with hooks(module, note):
            module(images)
        return
    graph: torch.fx.Graph = module.graph
    nodes = dict(zip(frozen.paths, graph.nodes, strict=True))
    watched = {node: lambda value, path=path: note(path, value) for path, node in nodes.items()}
    *_, last = graph.nodes
    Watcher(module).run_until(last, images, watched)


def _layout(frozen: Frozen) -> torch.memory_format:
    return torch.channels_last if frozen.channels_last else torch.contiguous_format


def _twice(frozen: Frozen, shown: torch.Tensor) -> list[str]:
    """Name the layers that answer the same batch otherwise when it is shown again."""
    images = shown[BATCHES[0]].contiguous(memory_format=_layout(frozen))
    first: dict[str, torch.Tensor] = {}
    other: list[str] = []
    layers = {row.node for row in frozen.rows} - {INPUT}

    def compare(path: str, value) -> None:
        if (
            path in layers
            and isinstance(value, torch.Tensor)
            and not difference(first[path], value)[0] <= 1e-6
        ):
            other.append(path)

    def keep(path: str, value) -> None:
        if path in layers and isinstance(value, torch.Tensor):
            first[path] = value.clone()

    with torch.no_grad():
        _run(frozen, frozen.module, images, keep)
        _run(frozen, frozen.module, images, compare)
    return other


def _in_float64(frozen: Frozen, shown: torch.Tensor) -> dict[str, Seen] | None:
    """Look at a copy of the network in float64; None where it does not run in that."""
    try:
        module = copy.deepcopy(frozen.module).double()
        batches = [shown[places].double().contiguous(memory_format=_layout(frozen)) for places in BATCHES]
        with torch.no_grad():
            return look(lambda images, note: _run(frozen, module, images, note), *batches)
    except Exception:  # what a network makes of float64 is up to its code
        return None
