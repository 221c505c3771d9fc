"""Make small stand-ins for the data of the two VGG16 studies, where the authors' are not at hand.

``python config/standins.py [FRAMES IMAGES]`` writes, below ``data/``,

- ``mouse_stimuli/``: numbered ``.npy`` stacks (T × H × W, grey, 30 frames/s) of moving textures,
  one of them noise, named as those of the mouse experiment;
- ``random_images/``, ``tabby_cats/``, ``white_noise/``: JPEG pictures; the 'cats' are variations of
  one picture.

They are made from a seed. Nothing that is there already is touched.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

MOVIES = (
    "01_mouse_commercial-1.mp4",
    "02_mousecam-18.mp4",
    "03_multiple_crickets-6.mp4",
    "10_human-movie-1.mp4",
    "12_mousenoise.avi",
)
SIZE = 96


def texture(generator: np.random.Generator, slope: float, channels: int = 1) -> np.ndarray:
    """Return a uint8 texture (y, x, channel) whose amplitude falls as frequency to the power -slope."""
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(SIZE), np.fft.fftfreq(SIZE)))
    frequency[0, 0] = 1
    noise = np.fft.fft2(generator.normal(size=(SIZE, SIZE, channels)), axes=(0, 1))
    values = np.fft.ifft2(noise / frequency[..., None] ** slope, axes=(0, 1)).real
    values = 127.5 + 50 * (values - values.mean()) / values.std()
    return values.clip(0, 255).astype(np.uint8)


def movie(generator: np.random.Generator, frames: int, name: str) -> np.ndarray:
    """Return a stack uint8 (frame, y, x): noise, or a texture that drifts and is cut now and then."""
    if "noise" in name:
        return generator.integers(0, 256, (frames, SIZE, SIZE), dtype=np.uint8)
    cut = max(frames // (1 if "human" in name else 4), 1)
    shots = [texture(generator, 1.2)[..., 0] for _ in range(0, frames, cut)]
    return np.stack([np.roll(shots[frame // cut], frame % cut, axis=1) for frame in range(frames)])


def main(frames: int = 900, images: int = 43) -> None:
    """Write what is missing."""
    generator = np.random.default_rng(0)
    cat = texture(generator, 1.5, 3)
    pictures = {
        "random_images": lambda: texture(generator, generator.uniform(0.5, 2), 3),
        "tabby_cats": lambda: np.roll(cat, generator.integers(-8, 9, 2), axis=(0, 1)),
        "white_noise": lambda: generator.integers(0, 256, (SIZE, SIZE, 3), dtype=np.uint8),
    }
    for folder in ("mouse_stimuli", *pictures):
        target = Path("data", folder)
        if target.exists():
            print(f"{target} is there already and is left as it is")
            continue
        target.mkdir(parents=True)
        if folder in pictures:
            for number in range(images):
                Image.fromarray(pictures[folder]()).save(target / f"{number + 1}.jpg", quality=95)
        else:
            for name in MOVIES:
                np.save(target / f"{name}.npy", movie(generator, frames, name))
        print(f"{target} made")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
