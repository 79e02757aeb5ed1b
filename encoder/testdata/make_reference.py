"""Writes reference.zip and half_columns.jpg: python make_reference.py (Pillow 11.3.0).

Each file holds the pixels [height][width][3] that the training makes of one image: composited on white where it is
transparent ("drop": the alpha channel thrown away), then Image.resize(..., BILINEAR). The images are noise with a flat
patch, so that every rounding shows; they are computed here and in resize_test.go by the same rule.

"jpeg ..." files are JPEGs with coloured edges, "pixels ..." what Pillow decodes them to. half_columns.jpg has stripes of two
colours, with chroma of half the columns and all rows.
"""

import io
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

# mode, width and height of the image, width and height of the result
CASES = [
    ("RGB", 640, 427, 56, 56),
    ("RGB", 300, 900, 56, 56),
    ("RGB", 97, 1013, 56, 56),
    ("RGB", 1013, 97, 56, 56),
    ("RGB", 1500, 7, 48, 48),
    ("RGB", 3, 2000, 48, 48),
    ("RGB", 34, 34, 96, 96),
    ("RGB", 34, 51, 96, 64),
    ("RGB", 1, 1, 16, 16),
    ("RGB", 56, 56, 56, 56),
    ("RGB", 56, 101, 56, 56),
    ("RGB", 101, 56, 56, 56),
    ("RGB", 200, 150, 64, 64),
    ("L", 123, 77, 56, 56),
    ("RGBA", 141, 93, 56, 56),
    ("RGBA", 20, 30, 56, 56),
]


def noise(width: int, height: int, channels: int) -> np.ndarray:
    y, x, c = np.mgrid[:height, :width, :channels].astype(np.uint64)
    pixels = (((x * 73856093) ^ (y * 19349663) ^ (c * 83492791)) * 2654435761 >> 24).astype(np.uint8)
    pixels[: height // 3, : width // 2] = np.array([0, 255, 1, 254], np.uint8)[:channels]
    return pixels


def on_white(image: Image.Image) -> Image.Image:
    white = Image.new("RGBA", image.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, image.convert("RGBA")).convert("RGB")


def coloured_edges(width: int, height: int) -> Image.Image:
    y, x = np.mgrid[:height, :width]
    band = (x // 9 + y // 7) % 5
    colours = np.array([[230, 20, 30], [20, 200, 60], [30, 40, 220], [250, 240, 20], [128, 128, 128]], np.uint8)
    return Image.fromarray(colours[band])


def stripes(width: int, height: int) -> Image.Image:
    y, x = np.mgrid[:height, :width]
    colours = np.array([[225, 60, 60], [40, 130, 140]], np.uint8)
    return Image.fromarray(colours[(x + y // 3) // 11 % 2])


def main() -> None:
    stripes(336, 330).save(Path(__file__).with_name("half_columns.jpg"), quality=30, subsampling="4:2:2")
    with zipfile.ZipFile(Path(__file__).with_name("reference.zip"), "w") as archive:

        def add(name: str, image: Image.Image, size: tuple) -> None:
            pixels = image.resize(size, Image.BILINEAR).tobytes()
            archive.writestr(zipfile.ZipInfo(name), pixels, zipfile.ZIP_DEFLATED, 9)

        for mode, width, height, to_width, to_height in CASES:
            pixels = noise(width, height, len(mode))
            image = Image.frombytes(mode, (width, height), pixels.tobytes())
            name = f"{mode} {width}x{height} to {to_width}x{to_height}"
            add(name, on_white(image), (to_width, to_height))
            if mode == "RGBA":
                add(name + " drop", image.convert("RGB"), (to_width, to_height))

        for subsampling in ("4:4:4", "4:2:2", "4:2:0"):
            for width, height in ((61, 43), (64, 48)):
                file = io.BytesIO()
                coloured_edges(width, height).save(file, "jpeg", quality=90, subsampling=subsampling)
                name = f"{subsampling} {width}x{height}"
                archive.writestr(zipfile.ZipInfo("jpeg " + name), file.getvalue(), zipfile.ZIP_STORED)
                pixels = Image.open(file).convert("RGB").tobytes()
                archive.writestr(zipfile.ZipInfo("pixels " + name), pixels, zipfile.ZIP_DEFLATED, 9)


if __name__ == "__main__":
    main()
