"""Every layer against an oracle that knows nothing of graphs.

The oracle runs the network as it is. Hooks on its leaf modules copy what these give; a torch
function mode copies what functions give that are called between them. Each has its own order.
"""

from collections import Counter

import pytest
import torch
from torch.overrides import TorchFunctionMode

from repscape.activations.gather import Gatherer
from repscape.networks.lib import freeze
from repscape.networks.lib.loaded import Loaded
from repscape.networks.torchvision import build
from repscape.populations import all
from repscape.populations.lib.layer import Layer
from repscape.traced.preprocess import Preprocess


class Functions(TorchFunctionMode):
    """Copies the results of functions that are called outside leaf modules."""

    def __init__(self):
        super().__init__()
        self.inside = False
        self.results = []

    def __torch_function__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if not self.inside and isinstance(result, torch.Tensor):
            self.results.append(result.clone())
        return result


def oracle(module, images):
    """Return {path: output} of leaf modules, by call, and the outputs of functions in order."""
    functions, modules, calls = Functions(), {}, Counter()

    def enter(_module, _args):
        functions.inside = True

    def leave(path):
        def hook(_module, _args, output):
            name = f"{path}_{calls[path]}" if calls[path] else path
            calls[path] += 1
            modules[name] = output.clone()
            functions.inside = False

        return hook

    handles = []
    for path, part in module.named_modules():
        if not any(part.children()):
            handles += [part.register_forward_pre_hook(enter), part.register_forward_hook(leave(path))]
    with functions:
        module(images)
    for handle in handles:
        handle.remove()
    return modules, functions.results


@pytest.mark.parametrize("layout", [torch.channels_last, torch.contiguous_format])
@pytest.mark.parametrize(
    ("architecture", "size"),
    [("vgg16", 64), ("resnet50", 64), ("googlenet", 64), ("mobilenet_v2", 64), ("alexnet", 96)],
)
def test_every_layer_equals_a_copy_made_when_it_ran(architecture, size, layout):
    module = build(architecture, seed=3)
    frozen = freeze.freeze(Loaded(module, Preprocess(resize=None, crop=size), "random", None))
    frozen.module.to(memory_format=layout)
    images = torch.randn(2, 3, size, size).contiguous(memory_format=layout)
    found, copies = {}, {}
    assert set(frozen.axes.values()) == {(0, 1)}
    for row in frozen.rows:
        layer = Layer(row.label, row.channels, row.height, row.width, row.units)
        gather = Gatherer(all.select(layer), everything=True)
        found[row.node] = lambda output, node=row.node, gather=gather: copies.update({node: gather(output)})
    with torch.inference_mode():
        frozen.run(images, found)
        modules, functions = oracle(module, images)
    assert torch.equal(copies.pop("input"), images.flatten(1))
    logits = modules[[row for row in frozen.rows if row.kind == "fc"][-1].node]
    assert torch.equal(copies.pop("predictions"), logits.softmax(1))
    rest = [node for node in copies if node not in modules]
    assert copies.keys() - rest == modules.keys()
    for path, expected in modules.items():
        assert torch.equal(copies[path], expected.flatten(1)), path
    for node, expected in zip(rest, functions, strict=True):
        assert torch.equal(copies[node], expected.flatten(1)), node


def test_plain_hooks_would_have_been_wrong():
    """The trap that this design avoids is real: in-place operations change what hooks keep."""
    module = build("mobilenet_v2", seed=3)
    kept, copied = {}, {}
    for path, part in module.named_modules():
        if not any(part.children()):
            part.register_forward_hook(lambda _m, _a, output, path=path: kept.update({path: output}))
            part.register_forward_hook(
                lambda _m, _a, output, path=path: copied.update({path: output.clone()})
            )
    with torch.inference_mode():
        module(torch.randn(1, 3, 64, 64))
    assert sum(not torch.equal(kept[path], copied[path]) for path in kept) == 35
