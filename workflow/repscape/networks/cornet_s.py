"""CORnet-S: a shallow recurrent network with areas named V1, V2, V4 and IT.

The architecture is in cornet.py. Each area's output at each time step is a block: ``V1.t0``,
``V2.t0``, ``V2.t1``, ``V4.t0`` … ``V4.t3``, ``IT.t0``, ``IT.t1``.
"""

from pathlib import Path

from repscape.core.errors import ConfigError, unknown
from repscape.networks.lib import layer_table
from repscape.networks.lib.loaded import Loaded, imagenet
from repscape.networks.lib.weights import check_is, drawn, insert, read
from repscape.plugin.parameter_types import Classes, File
from repscape.traced.layer_info import Row
from repscape.traced.preprocess import Preprocess

# Name: the address of the authors' state dict. Files are named by the first digits of their sha256.
WEIGHTS = {
    "IMAGENET1K": "https://s3.amazonaws.com/cornet-models/cornet_s-1d3f7974.pth#sha256-prefix=1d3f7974"
}


def load(
    *,
    weights: str | None = None,
    file: File | None = None,
    classes: Classes = 1000,
    preprocess: Preprocess | None = None,
    seed: int = 0,
) -> Loaded:
    """Build CORnet-S and give it its weights.

    Parameters
    ----------
    weights : str, optional
        ``IMAGENET1K``, the authors', or ``random``, drawn from `seed` (He et al. 2015, fan out).
    file : path, optional
        The state dict (.pth, .pt or .safetensors). Beside ``IMAGENET1K`` it says where the authors'
        is to be had, else their address is used. In a config, a path or address given as `weights`
        arrives here.
    classes : int
        The number of outputs, where the weights are not the authors'.
    preprocess : Preprocess, optional
        By default the usual one for ImageNet, with which the authors trained.
    seed : int

    Raises
    ------
    ConfigError
        The weights' name is unknown.
    DataError
        The file is not a state dict, does not fit, or is not the authors'.
    """
    from repscape.io.assets import fetch
    from repscape.networks.lib.cornet import CORnetS, steps

    check(weights=weights, file=file)
    if weights in WEIGHTS:
        file = file or fetch(WEIGHTS[weights], "weights of CORnet-S")[0]
        check_is(file, WEIGHTS[weights].rpartition("=")[2], f"the authors' {weights}")
        classes = 1000
    with drawn(seed):
        module = CORnetS(classes).eval()
    if file is not None:
        insert(module, read(Path(file)), Path(file), "CORnet-S")
    name = weights if weights in WEIGHTS else Path(file).name if file else "random"
    categories = imagenet() if file is not None and classes == 1000 else None
    return Loaded(module, Preprocess.of(preprocess or Preprocess()), name, categories, blocks=steps())


def check(*, weights, file) -> None:
    """Refuse weights that there are not; the config asks before a job does."""
    if weights is None and file is None:
        raise ConfigError(
            f"which weights? Set 'weights' to random, to a name ({', '.join(WEIGHTS)}), or to the path of a "
            "state dict."
        )
    if weights not in (None, "random", *WEIGHTS):
        choice = unknown(weights, ["random", *WEIGHTS])
        raise ConfigError(f"weights of CORnet-S: {choice} Or give the path of a state dict.")
    if weights == "random" and file is not None:
        raise ConfigError(f"weights are to be random, yet a file is given: {file}. Drop one of the two.")


def rows() -> tuple[Row, ...]:
    """Return the table of layers that ships with the package."""
    return layer_table.read("cornet_s")
