"""What networks whose weights the config names have in common."""

from pathlib import Path

from repscape.core.errors import ConfigError, DataError
from repscape.plugin.contract import Network, Seeded, parameter
from repscape.plugin.parameter_types import File
from repscape.traced.preprocess import Preprocess

# What other libraries call their weights, whichever these are
PRETRAINED = {"pretrained", "imagenet", "default", "true", "yes", "trained"}


class WithWeights(Seeded, Network, shared=True):
    """A network whose weights are named, drawn at random, or read from a file."""

    file: File | None = parameter(
        "A state dict (.pth, .pt or .safetensors): in the config, a path or address given as `weights`. "
        "Beside a name in `weights` it says where these very weights are found; by default at their makers' "
        "address.",
        None,
    )
    preprocess: Preprocess | None = parameter(
        "Replaces the whole transform that belongs to the weights; keys left out have the values that are "
        "usual for ImageNet.",
        None,
    )
    seed: int = parameter("Of random weights; by default derived from the study's seed.", 0)

    def check_weights(self, names: str) -> None:
        """Refuse a network without weights, and a file beside random ones.

        Parameters
        ----------
        names : str
            The names that there are, for the message.
        """
        weights = getattr(self, "weights", None)
        if weights is None and self.file is None:
            raise ConfigError(
                f"which weights? Set 'weights' to random, to {names}, or to the path of a state dict."
            )
        self.check_not_random_and_file()

    def check_not_random_and_file(self) -> None:
        """Refuse a file beside random weights."""
        if getattr(self, "weights", None) == "random" and self.file is not None:
            (file,) = self.addresses("file")
            raise ConfigError(f"weights are to be random, yet a file is given: {file}. Drop one of the two.")


def check_sha256(path: Path, digits: str, whose: str) -> None:
    """Check that a file is the one that is meant by a name.

    Parameters
    ----------
    path : Path
    digits : str
        The first digits of its sha256.
    whose : str
        What the name means, for the message.

    Raises
    ------
    DataError
        It is another file.
    """
    from repscape.io.asset_store import checksum

    found = checksum(path)
    if not found.startswith(digits):
        raise DataError(
            f"{path}: expected {whose} (sha256 {digits}…), found sha256 {found}. "
            "Get the file again, or drop `weights` and rename the file if you mean your own weights."
        )
