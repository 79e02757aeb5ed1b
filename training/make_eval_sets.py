"""Writes labelled image sets for `sightline eval` from rows that nothing was fitted on: Flickr8k, Corel5k and
Tiny-ImageNet of a data folder, every source of users' files.

    python -m training.make_eval_sets --data DIR|JSONL... --out DIR

Per source a folder of images and a .jsonl beside it: {"file", "captions", "tags"}, files relative to the .jsonl.
Corel5k and Tiny-ImageNet rows are those with an odd sha1(file): the even ones fitted the calibration.
"""

import argparse
import json
import shutil
from pathlib import Path

from . import data
from .rows import read_rows

SOURCES = ("flickr8k", "corel5k", "tiny-imagenet")


def write(rows: list, source: str, out: Path) -> int:
    """One set; returns the number of images."""
    folder = out / source
    folder.mkdir(parents=True, exist_ok=True)
    with open(out / f"{source}.jsonl", "w", encoding="utf-8") as lines:
        chosen = [r for r in rows if r.source == source and r.part == "report"]
        for row in chosen:
            shutil.copyfile(row.path, folder / row.name)
            entry = {"file": f"{source}/{row.name}", "captions": row.captions, "tags": row.tags}
            lines.write(json.dumps(entry, ensure_ascii=False) + "\n")
    return len(chosen)


def main(arguments: list = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--work", type=Path, help="where the shards are unpacked (default: OUT)")
    args = parser.parse_args(arguments)
    rows = read_rows(args.data, data.unpack(args.data, args.work or args.out))
    own = sorted({r.source for r in rows if r.own})
    for source in [s for s in (*SOURCES, *own) if any(r.source == s and r.part == "report" for r in rows)]:
        print(source, write(rows, source, args.out))


if __name__ == "__main__":
    main()
