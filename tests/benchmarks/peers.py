"""What the notebooks did that repscape began with (workflow/docs/notebooks.md), loop by loop.

`sample_units`, `get_sampled_activations` and `compute_rdm` are the first draft's as they stand there, but for
what it never used; `stored_whole` is its way from images to sampled activity, in torch: each image by itself,
the output of every layer kept whole, units drawn from that. They are here to be measured, not to be imitated:
among other things they draw other units for each image.
"""

import numpy as np


def sample_units(n: int, geometry: tuple[int, ...]) -> np.ndarray:
    """Return a mask of units drawn at random, int (image, …), for each image anew.

    A layer of fewer units gives all of them; the notebook would have failed.
    """
    mask = np.zeros(geometry)
    for i in range(geometry[0]):
        _mask = np.zeros(np.prod(geometry[1:]))
        units = np.prod(geometry[1:])
        _mask[np.random.choice(units, size=min(n, units), replace=False)] = 1
        mask[i] = _mask.reshape(geometry[1:])
    return np.array(mask, dtype=int)


def get_sampled_activations(n_units: int, activations: list[np.ndarray]) -> tuple[list, list]:
    """Return the masks and the sampled activity (image, unit) of each layer (image, y, x, channel)."""
    units, sampled_activations = [], []
    for layer in range(len(activations)):
        units.append(sample_units(n_units, activations[layer].shape))
        sampled_activations.append(
            activations[layer][np.nonzero(units[-1])].reshape((activations[layer].shape[0], -1))
        )
    return units, sampled_activations


def compute_rdm(activations: list[np.ndarray]) -> np.ndarray:
    """Return Euclidean distances (layer, image, image) of activity (image, unit) divided by its mean."""
    diff_mats = np.zeros((len(activations), activations[0].shape[0], activations[0].shape[0]))
    for i in range(len(activations)):
        layer_activations = activations[i] / activations[i].mean()
        n_samples = layer_activations.shape[0]
        for j in range(n_samples):
            for k in range(j + 1, n_samples):
                diff_mats[i][j][k] = np.sqrt(
                    sum(
                        (layer_activations[j] - layer_activations[k])
                        * (layer_activations[j] - layer_activations[k])
                    )
                )
                diff_mats[i][k][j] = diff_mats[i][j][k]
    return diff_mats


def stored_whole(module, images, n_units: int) -> list[np.ndarray]:
    """Return the sampled activity (image, unit) of each innermost module of a network.

    Parameters
    ----------
    module : torch.nn.Module
    images : float32 tensor (image, 3, y, x), preprocessed
    n_units : int
    """
    outputs: list[np.ndarray] = []
    leaves = [part for part in module.modules() if not any(part.children())]
    # A copy, since what runs next may overwrite the output.
    hooks = [
        part.register_forward_hook(lambda _part, _inputs, output: outputs.append(output.clone().numpy()))
        for part in leaves
    ]
    stored: list[list[np.ndarray]] = []
    for image in images:
        outputs.clear()
        module(image[None])
        stored.append(list(outputs))
    for hook in hooks:
        hook.remove()
    activations = [np.concatenate(layer) for layer in zip(*stored, strict=True)]
    return get_sampled_activations(n_units, activations)[1]
