"""A picture of what goes wrong: images with the tags that a bundle gives them.

python -m training.failures BUNDLE OUT.jpg IMAGE...
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont, ImageOps

from .reference import Bundle

SIDE, LINE, COLUMNS, SHOWN = 240, 18, 3, 3  # pixels, pixels, images a row, tags an image


def tags_of(bundle: Bundle, files: list) -> list:
    """Each image's likeliest labels over their thresholds, as text."""
    p = bundle.probability(bundle.label_logits(*bundle.images(files)), "labels")
    found = []
    for row in p:
        order = [k for k in np.argsort(-row) if row[k] > bundle.labels[k]["threshold"]][:SHOWN]
        found.append([f"{bundle.labels[k]['name']} {row[k]:.2f}" for k in order] or ["no tag"])
    return found


def sheet(files: list, texts: list) -> Image.Image:
    """The images in rows, each with its lines of text below it."""
    height = SIDE + (SHOWN + 1) * LINE
    page = Image.new("RGB", (COLUMNS * SIDE, -(-len(files) // COLUMNS) * height), "white")
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(14)
    for k, (file, lines) in enumerate(zip(files, texts, strict=True)):
        x, y = k % COLUMNS * SIDE, k // COLUMNS * height
        with Image.open(file) as image:
            page.paste(ImageOps.fit(image.convert("RGB"), (SIDE - 8, SIDE - 8)), (x + 4, y + 4))
        for n, line in enumerate(lines):
            pen.text((x + 6, y + SIDE + n * LINE), line, fill="black", font=font)
    return page


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("images", type=Path, nargs="+")
    args = parser.parse_args()
    sheet(args.images, tags_of(Bundle(args.bundle), args.images)).save(args.out, quality=82)


if __name__ == "__main__":
    main()
