"""Enlarges the images of an evaluation set to 12 megapixels, so that `sightline eval` can tell whether decoding large
JPEGs at reduced size changes what is found. The result is synthetic: it has no more detail than the original.

    python -m training.enlarge SET.jsonl --out DIR [--limit N]

Writes DIR/NAME.jsonl and the images beside it: the same aspect ratio, Lanczos, JPEG of quality 90 with half the colour
columns and rows, as cameras write it.
"""

import argparse
import json
from pathlib import Path

from PIL import Image

PIXELS = 12_000_000


def enlarge(source: Path, target: Path) -> None:
    with Image.open(source) as image:
        factor = (PIXELS / (image.width * image.height)) ** 0.5
        size = (round(image.width * factor), round(image.height * factor))
        large = image.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    target.parent.mkdir(parents=True, exist_ok=True)
    large.save(target, quality=90, subsampling="4:2:0")


def main(arguments: list = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("set", type=Path, help="lines of {file, captions, tags}")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--limit", type=int, help="only so many images, evenly spread over the set")
    args = parser.parse_args(arguments)
    rows = [json.loads(line) for line in args.set.read_text(encoding="utf-8").splitlines() if line]
    if args.limit and args.limit < len(rows):
        rows = [rows[i * len(rows) // args.limit] for i in range(args.limit)]
    args.out.mkdir(parents=True, exist_ok=True)
    with open(args.out / args.set.name, "w", encoding="utf-8") as lines:
        for row in rows:
            file = Path("large") / Path(row["file"]).with_suffix(".jpg")
            enlarge(args.set.parent / row["file"], args.out / file)
            lines.write(json.dumps({**row, "file": str(file)}, ensure_ascii=False) + "\n")
    print(args.set.name, len(rows))


if __name__ == "__main__":
    main()
