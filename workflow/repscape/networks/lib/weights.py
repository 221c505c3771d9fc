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
        "The file of the weights, a state dict (.pth, .pt or .safetensors). With a name in `weights`, it "
        "must be the file of these weights; by default it is downloaded from their makers. To use other "
        "weights, give their path or address as `weights`.",
        None,
    )
    preprocess: Preprocess | None = parameter(
        "Replaces the whole transform of the weights; keys that are left out have the usual values for "
        "ImageNet.",
        None,
    )
    seed: int = parameter("The seed of random weights; by default derived from the study's seed.", 0)

    def check_weights(self, names: str) -> None:
        """Refuse a network without weights, and a file beside random ones.

        Parameters
        ----------
        names : str
            The names that there are, for the message.
        """
        weights = getattr(self, "weights", None)
        if weights is None and self.file is None:
            raise ConfigError(f"weights: expected random, {names}, or the path of a state dict, found none.")
        self.check_not_random_and_file()

    def check_not_random_and_file(self) -> None:
        """Refuse a file beside random weights."""
        if getattr(self, "weights", None) == "random" and self.file is not None:
            (file,) = self.addresses("file")
            raise ConfigError(f"weights: random cannot be combined with a file: {file}. Remove one of them.")


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
            f"{path}: expected {whose} (sha256 {digits}…), found sha256 {found}. Get the file again. If "
            "you mean other weights, give the path of the file as `weights` and rename the file."
        )
