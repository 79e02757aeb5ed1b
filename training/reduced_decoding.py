"""Tells how far decoding large JPEGs at reduced size is from decoding them at full size, on photographs of one's own.

    python -m training.reduced_decoding FOLDER                                      grey levels that reach the model
    python -m training.reduced_decoding FOLDER --reduced SIGHTLINE --full SIGHTLINE and the labels' probabilities

Photographs are in packages of wallpapers, for instance: `apt-get download mate-backgrounds`, `dpkg-deb -x` it into a folder.

Grey levels are computed with Pillow, whose libjpeg reduces as libjpeg-turbo does and whose resize is the program's own, bit for
bit. Probabilities come from `sightline tag` of two builds: one with libjpeg-turbo, one without (go build ./cmd/sightline).
"""

import argparse
import json
import subprocess
from pathlib import Path

import numpy as np
from PIL import Image

Image.MAX_IMAGE_PIXELS = None
OVERSAMPLING = 2.5  # of internal/imagefile/jpeg.go


def prepared(image: Image.Image, side: int, box: tuple = None) -> np.ndarray:
    """[side, side, 3] grey levels as the model gets them."""
    return np.asarray(image.convert("RGB").resize((side, side), Image.Resampling.BILINEAR, box=box)).astype(int)


def reduction(image: Image.Image, side: int) -> int:
    """By how much the program reduces a photograph: less where colours have fewer columns than brightness, but not fewer rows."""
    by = next((r for r in (8, 4, 2) if min(image.size) >= r * OVERSAMPLING * side), 1)
    (_, columns, rows, _), *colours = image.layer
    if not colours:
        return by
    columns, rows = columns // colours[0][1], rows // colours[0][2]
    return max(by * min(columns, rows) // max(columns, rows), 1)


def grey_levels(path: Path, side: int) -> np.ndarray | None:
    """How far each value is off; None where the picture is not reduced."""
    with Image.open(path) as image:
        width, height = image.size
        by = reduction(image, side) if image.format == "JPEG" else 1
        if by == 1:
            return None
        full = prepared(image, side)
    with Image.open(path) as image:
        _, box = image.draft("RGB", (width // by, height // by))
        return np.abs(prepared(image, side, box) - full)


def report_levels(files: list, side: int) -> None:
    apart = [a for a in (grey_levels(f, side) for f in files) if a is not None]
    if not apart:
        print("none of the photographs is large enough to be reduced")
        return
    print(f"{len(apart)} reduced of {len(files)}: grey levels apart at most {max(a.max() for a in apart)},")
    print(
        f"in the mean of a photograph {np.mean([a.mean() for a in apart]):.2f}, at most {max(a.mean() for a in apart):.2f}"
    )


def tagged(program: str, files: list) -> dict:
    """path -> what `sightline tag` says."""
    out = subprocess.run(
        [program, "tag", "--all", "--json", *map(str, files)], check=True, capture_output=True, text=True
    )
    rows = [json.loads(line) for line in out.stdout.splitlines()]
    return {row["path"]: row for row in rows}


def report_tags(files: list, reduced: str, full: str) -> None:
    ours, theirs = tagged(reduced, files), tagged(full, files)
    apart, shown, changed = [], 0, 0
    for path, row in ours.items():
        other = {label["name"]: label["probability"] for label in theirs[path]["labels"]}
        apart += [abs(label["probability"] - other[label["name"]]) for label in row["labels"]]
        tags, before = ({tag["name"] for tag in of["tags"]} for of in (row, theirs[path]))
        shown += len(before)
        changed += len(tags ^ before)
    print(
        f"probabilities apart at most {max(apart):.4f}, in the mean {np.mean(apart):.6f}, 99 % of them less than "
        f"{np.quantile(apart, 0.99):.4f}, 99.9 % less than {np.quantile(apart, 0.999):.4f}, over {len(apart)} labels of images"
    )
    print(f"{changed} tags come or go, of {shown}")


def main(arguments: list = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--side", type=int, default=256, help="of the model's input, pixels")
    parser.add_argument("--reduced", help="a sightline with libjpeg-turbo")
    parser.add_argument("--full", help="a sightline without")
    args = parser.parse_args(arguments)
    files = sorted(f.resolve() for f in args.folder.rglob("*.jpg"))
    report_levels(files, args.side)
    if args.reduced and args.full:
        report_tags(files, args.reduced, args.full)


if __name__ == "__main__":
    main()
