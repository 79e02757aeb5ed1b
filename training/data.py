"""The training images: where they lie, whether they can be read, and the preprocessing of docs/bundle.md.

A data folder holds `.tar.gz` shards of JPEG files. `unpack` extracts them once into a work folder outside the
repository; nothing of them is ever committed.
"""

import tarfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from .preprocessing import MEAN, SIZE, STD
from .rows import refuse


def unpack(sources, work: Path) -> Path:
    """Extracts every shard of the data folders below `work`/images, once; returns that folder."""
    target = Path(work) / "images"
    target.mkdir(parents=True, exist_ok=True)
    folders = [Path(s) for s in ([sources] if isinstance(sources, (str, Path)) else sources)]
    for shard in sorted(s for folder in folders if folder.is_dir() for s in folder.glob("*.tar.gz")):
        done = target / f".{shard.name}.done"
        if done.exists():
            continue
        with tarfile.open(shard) as tar:
            tar.extractall(target, filter="data")
        done.touch()
    return target


def check_readable(rows: list) -> None:
    """Raises BadData for images of users that cannot be decoded, before any long work starts."""
    faults = []
    for row in rows:
        if row.own:
            try:
                with Image.open(row.path) as image:
                    image.draft("RGB", (SIZE, SIZE))  # a JPEG is decoded at an eighth of its size: the check is cheap
                    image.load()
            except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
                faults.append(f"{row.path}: {error}")
    refuse(faults, "images cannot be read")


def load_pixels(path: Path, flip: bool = False) -> np.ndarray:
    """One image as uint8 [SIZE, SIZE, 3]: oriented, composited on white, stretched with Pillow's bilinear filter."""
    with Image.open(path) as image:
        image = ImageOps.exif_transpose(image)
        if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
            image = image.convert("RGBA")
            white = Image.new("RGBA", image.size, (255, 255, 255, 255))
            image = Image.alpha_composite(white, image)
        image = image.convert("RGB").resize((SIZE, SIZE), Image.BILINEAR)
        pixels = np.asarray(image)
    return pixels[:, ::-1] if flip else pixels


def normalise(pixels: np.ndarray) -> np.ndarray:
    """uint8 [B, H, W, 3] -> f32 [B, 3, H, W], mean and standard deviation as in the manifest."""
    scaled = (pixels.astype(np.float32) / 255 - np.array(MEAN, np.float32)) / np.array(STD, np.float32)
    return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))
