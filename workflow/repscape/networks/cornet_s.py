"""CORnet-S: a shallow recurrent network with areas named V1, V2, V4 and IT.

The architecture is in cornet.py. Each area's output at each time step is a block: ``V1.t0``,
``V2.t0``, ``V2.t1``, ``V4.t0`` … ``V4.t3``, ``IT.t0``, ``IT.t1``.
"""

from pathlib import Path

from repscape.core.errors import ConfigError, unknown
from repscape.networks.lib.loaded import Loaded, imagenet
from repscape.networks.lib.state_dicts import load_file
from repscape.networks.lib.weights import WithWeights, check_sha256
from repscape.plugin.contract import parameter
from repscape.plugin.parameter_types import Classes
from repscape.traced.generators import drawing_from
from repscape.traced.preprocess import Preprocess

# Name: the address of the authors' state dict. Files are named by the first digits of their sha256.
WEIGHTS = {
    "IMAGENET1K": "https://s3.amazonaws.com/cornet-models/cornet_s-1d3f7974.pth#sha256-prefix=1d3f7974"
}


class CornetS(WithWeights):
    """CORnet-S: a shallow recurrent network with areas named V1, V2, V4 and IT."""

    layers_depend_on = ()

    weights: str | None = parameter(
        "The weights: ``IMAGENET1K``, those of the authors, or ``random``, drawn from `seed` (He et al. "
        "2015, fan out).",
        None,
    )
    classes: Classes = parameter("The number of outputs, if the weights are not those of the authors.", 1000)

    def load(self) -> Loaded:
        """Build CORnet-S and give it its weights.

        Raises
        ------
        ConfigError
            The weights' name is unknown.
        DataError
            The file is not a state dict, does not fit, or is not the authors'.
        """
        from repscape.io.assets import fetch

        self.check()
        file, address = self.file, WEIGHTS.get(self.weights or "")
        if address is not None:
            file = file or fetch(address, "weights of CORnet-S")[0]
            check_sha256(file, address.rpartition("=")[2], f"the authors' {self.weights}")
        classes = self.classes if address is None else 1000
        loaded = self._random(classes)
        if file is None:
            return loaded
        load_file(loaded.module, Path(file), "CORnet-S")
        name = self.weights if self.weights in WEIGHTS else None
        categories = imagenet() if classes == 1000 else None
        return loaded._replace(weights=name or Path(file).name, categories=categories)

    def untrained(self) -> Loaded:
        """Build CORnet-S with random weights."""
        return self._random(self.classes)

    def check(self) -> None:
        """Refuse weights that there are not."""
        self.check_weights(f"a name ({', '.join(WEIGHTS)})")
        if self.weights not in (None, "random", *WEIGHTS):
            choice = unknown(self.weights, ["random", *WEIGHTS])
            raise ConfigError(f"weights of CORnet-S: {choice} Or give the path of a state dict.")

    def _random(self, classes: int) -> Loaded:
        from repscape.networks.lib.cornet import CORnetS, steps

        with drawing_from(self.seed):
            module = CORnetS(classes).eval()
        processing = Preprocess.of(self.preprocess or Preprocess())
        return Loaded(module, processing, "random", None, blocks=steps())
