"""Images that are resized twice: for their stimulus, then by the network's transform."""

from repscape.io import stored_images
from repscape.traced.preprocess import Preprocess


def resized_twice(size: tuple[int, int], preprocess: Preprocess) -> str | None:
    """Say what a network does again to images that were resized to a stimulus's `size`, and what to write.

    None where it does nothing: where these images are what its transform would make of the originals, but for
    what it cuts off.

    Parameters
    ----------
    size : (height, width)
    preprocess : Preprocess
        The network's.
    """
    height, width = preprocess.resized_size(*size)
    if preprocess.resize is None or preprocess.border or preprocess.interpolation == "bilinear":
        if (height, width) == tuple(size):
            return None
        again = f"are resized again, to {height} x {width}"
    else:
        again = f"are resized by a filter other than the network's ({preprocess.interpolation})"
        again += f", and again, to {height} x {width}" if (height, width) != tuple(size) else ""
    advice = "Leave out 'size' of the stimulus, so that the network's transform gets the original images"
    if preprocess.interpolation == "bilinear" and not preprocess.border:
        side = preprocess.resize
        wanted = (
            f"size: [{side}, {side}], fit: crop" if isinstance(side, int) else f"size: {list(side or ())}"
        )
        advice += f"; or set {wanted}, so that the transform only crops"
    return f"{again}. {advice}."


def warning(stimulus, preprocess: Preprocess) -> str | None:
    """Say of an open stimulus whose images `size` has changed that the network resizes them again."""
    changed = getattr(stimulus.variables.get("images"), "resized", 0)
    if not changed:
        return None
    size = stored_images.sizes(stimulus)[0].tolist()
    again = resized_twice((size[0], size[1]), preprocess)
    return again and f"{changed} images, resized to {size[0]} x {size[1]} for {stimulus.stimulus}, {again}"
