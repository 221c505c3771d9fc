"""A decoded frame of a movie as players show it: in RGB, of square pixels, turned and mirrored."""

from fractions import Fraction

import numpy as np

from repscape.core.errors import DataError
from repscape.plugin.parameter_types import MOST_PIXELS
from repscape.stimuli.lib.assemble import resize

SQUARE = Fraction(1, 100)  # pixels are square if their sides differ by no more
_UNNAMED = range(28, 32)  # AVFrameSideDataType: from LCEVC to EXIF
_MATRICES = {1: "BT.709", 2: "BT.601 (none is named)", 5: "BT.601", 6: "BT.601", 9: "BT.2020"}
_HDR = {16: "PQ", 18: "HLG"}  # transfer characteristics (ITU-T H.273)


def displayed(frame, aspect: Fraction | None) -> np.ndarray:
    """Turn a decoded frame into what players show.

    Parameters
    ----------
    frame : av.VideoFrame
    aspect : Fraction or None
        Width of a pixel by its height.

    Returns
    -------
    uint8 array (y, x, 3)

    Raises
    ------
    DataError
        Its colours, its display matrix or the shape of its pixels cannot be followed.
    """
    return np.ascontiguousarray(turned(squared(rgb(frame), aspect), display_matrix(frame)))


def rgb(frame) -> np.ndarray:
    """Return RGB by the colour matrix and the range that the frame names, laid over mean grey (128).

    The conversion is FFmpeg's, with its defaults: ITU-R BT.601 where no matrix is named.
    """
    from av import FFmpegError
    from PIL import Image

    clear = _may_be_clear(frame)
    try:
        pixels = frame.to_ndarray(format="rgba" if clear else "rgb24", interpolation="BICUBIC")
    except FFmpegError as error:
        raise DataError(
            f"its colours ({frame.format.name}, matrix {int(frame.colorspace)} of ITU-T H.273) cannot be "
            "turned into RGB. Encode it with BT.709 (matrix 1)."
        ) from error
    if not clear:
        return pixels
    grey = Image.new("RGBA", (frame.width, frame.height), (128, 128, 128, 255))
    return np.asarray(Image.alpha_composite(grey, Image.fromarray(pixels)).convert("RGB"))


def _may_be_clear(frame) -> bool:
    return frame.format.has_palette or any(part.is_alpha for part in frame.format.components)


def squared(pixels: np.ndarray, aspect: Fraction | None) -> np.ndarray:
    """Widen or heighten pixels (y, x, 3) that are not square, so that no line is lost."""
    if not aspect or abs(aspect - 1) <= SQUARE:
        return pixels
    height, width = pixels.shape[:2]
    size = (height, round(width * aspect)) if aspect > 1 else (round(height / aspect), width)
    if size[0] * size[1] > MOST_PIXELS:
        raise DataError(
            f"refused, since its pixels are {aspect} times as wide as high. Encode it with square pixels."
        )
    return resize(pixels, size, "squash")


def display_matrix(frame) -> np.ndarray | None:
    """Return what of a frame's display matrix turns and mirrors, int (2, 2): rows are images of x and y."""
    try:
        found = frame.side_data.get("DISPLAYMATRIX")
    except ValueError:  # beside it lies what PyAV has no name for, such as EXIF
        found = _plain(frame).side_data.get("DISPLAYMATRIX")
    if found is None:
        return None
    return np.frombuffer(bytes(found), "=i4", 9).reshape(3, 3)[:2, :2].astype(np.int64)


def _plain(frame):
    """Return a frame without the kinds of side data that FFmpeg has since 8.0 and PyAV does not name."""
    from av.filter import Graph

    graph = Graph()
    last = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1)
    )
    chain = [graph.add("sidedata", f"mode=delete:type={kind}") for kind in _UNNAMED]
    for following in (*chain, graph.add("buffersink")):
        last.link_to(following)
        last = following
    graph.configure()
    graph.push(frame)
    return graph.pull()


def turned(pixels: np.ndarray, matrix: np.ndarray | None) -> np.ndarray:
    """Turn and mirror pixels (y, x, 3) as a display matrix says.

    A point (x, y) is shown at (a x + c y, b x + d y), y downwards (FFmpeg, libavutil/display.h;
    ISO/IEC 14496-12, 8.3.2), up to a shift and a scale. A quarter, with or without a mirror, has its entries
    on one diagonal.
    """
    if matrix is None or not matrix.any():
        return pixels
    (a, b), (c, d) = matrix.tolist()
    straight, across = min(abs(a), abs(d)), min(abs(b), abs(c))
    small = max(straight, across) / 57  # a degree, as FFmpeg allows
    if across > straight:
        pixels, a, b, c, d = pixels.swapaxes(0, 1), c, d, a, b
    if max(abs(b), abs(c)) > small:
        raise DataError(
            "it asks to be rotated by an angle that is not a multiple of 90 degrees. Encode it again, "
            "upright."
        )
    return pixels[:: 1 if d > 0 else -1, :: 1 if a > 0 else -1]


def described(frame, aspect: Fraction | None) -> str:
    """Say for the log by which of its properties a frame is turned into what is shown."""
    parts = [f"{frame.format.name}"]
    if not frame.format.is_rgb and len(frame.format.components) > 2:
        matrix = _MATRICES.get(int(frame.colorspace), f"matrix {int(frame.colorspace)} of ITU-T H.273")
        parts.append(f"colours by {matrix}, {'full' if int(frame.color_range) == 2 else 'limited'} range")
    if _may_be_clear(frame):
        parts.append("transparent pixels over grey")
    if aspect and abs(aspect - 1) > SQUARE:
        parts.append(f"pixels of {aspect.numerator}:{aspect.denominator} made square")
    matrix = display_matrix(frame)
    if matrix is not None and (matrix != matrix[0, 0] * np.eye(2)).any():
        parts.append(f"rotated by the display matrix {np.sign(matrix).tolist()}")
    return ", ".join(parts)


def brightness(frame) -> str | None:
    """Name the HDR curve that a frame's values follow, if one of these."""
    return _HDR.get(int(frame.color_trc))
