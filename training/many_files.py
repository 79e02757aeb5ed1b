"""Tells how much memory indexing takes when there are many files: indexes a tenth of them, all of them, and all of them again.

    python -m training.many_files [--files N] [--program SIGHTLINE] [--dir FOLDER]

Every file is a good image of its own, a small JPEG or PNG. The bundle has the layout of official RAM++ models at the
smallest size and random weights, so that encoding costs next to nothing and the rest of the pipeline is what is measured.
Memory is the largest resident set of the whole process, model and libraries included, as `sightline index --json` tells it.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from . import random_checkpoint

ROOT = Path(__file__).resolve().parent.parent
FOLDER_FILES = 1000  # in one folder
SIZE = 64, 48  # pixels


def write_images(folder: Path, first: int, last: int) -> None:
    """Files number `first` up to `last`: noise that the number seeds, so that no two are equal."""
    for i in range(first, last):
        target = folder / f"{i // FOLDER_FILES:04d}" / f"a photograph {i:06d}.{('jpg', 'png')[i % 2]}"
        target.parent.mkdir(parents=True, exist_ok=True)
        coarse = np.random.default_rng(i).integers(0, 256, (6, 8, 3), dtype=np.uint8)
        Image.fromarray(coarse).resize(SIZE, Image.Resampling.NEAREST).save(target)


def write_bundle(folder: Path) -> Path:
    """A bundle that the exporter makes of a random checkpoint."""
    sizes = random_checkpoint.Sizes()
    torch.save(random_checkpoint.make(sizes), folder / "checkpoint.pth")
    (folder / "names.txt").write_text("\n".join(f"label {i}" for i in range(sizes.labels)))
    (folder / "thresholds.txt").write_text("\n".join(["0.65"] * sizes.labels))
    lists = ["--labels", str(folder / "names.txt"), "--thresholds", str(folder / "thresholds.txt")]
    export = [sys.executable, "-m", "training.export_ram_plus", str(folder / "checkpoint.pth"), *lists]
    subprocess.run([*export, "--out", str(folder / "bundle")], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return folder / "bundle"


@dataclass
class Run:
    """One run of `sightline index`."""

    what: str
    report: dict  # of index --json
    index_bytes: int

    def row(self) -> str:
        seconds, peak = self.report["seconds"], self.report["peak_memory_bytes"]
        files = self.report["seen"]
        return (
            f"| {self.what} | {files:,} | {seconds:.0f} s | {files / seconds:,.0f} | {peak / 1e6:.0f} MB "
            f"| {self.index_bytes / 1e6:.0f} MB |"
        )


def index(program: str, bundle: Path, data: Path, folder: Path, what: str) -> Run:
    command = [program, "index", "--json", "--quiet", "--bundle", str(bundle), "--data", str(data), str(folder)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Run(what, json.loads(done.stdout), sum(f.stat().st_size for f in data.rglob("*") if f.is_file()))


def measure(program: str, files: int, folder: Path) -> list:
    bundle, images = write_bundle(folder), folder / "images"
    write_images(images, 0, files // 10)
    few = index(program, bundle, folder / "few", images, "new")
    write_images(images, files // 10, files)
    many = index(program, bundle, folder / "many", images, "new")
    again = index(program, bundle, folder / "many", images, "unchanged")
    for run, added, unchanged in ((few, files // 10, 0), (many, files, 0), (again, 0, files)):
        if (run.report["added"], run.report["unchanged"]) != (added, unchanged):
            raise SystemExit(
                f"{run.report['added']} files were added, {run.report['unchanged']} unchanged: {run.report}"
            )
    return [few, many, again]


def main(arguments: list | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--files", type=int, default=100_000)
    parser.add_argument("--program", default=os.environ.get("SIGHTLINE_BIN", str(ROOT / "bin" / "sightline")))
    parser.add_argument("--dir", type=Path, help="where the temporary files lie; 1 GB for 100,000")
    args = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=args.dir) as folder:
        runs = measure(args.program, args.files, Path(folder))
    print("| files | how many | took | files/s | peak memory | index |\n| --- | --- | --- | --- | --- | --- |")
    print("\n".join(run.row() for run in runs))
    grown = runs[1].report["peak_memory_bytes"] - runs[0].report["peak_memory_bytes"]
    print(f"{grown / (args.files - args.files // 10):.0f} bytes of memory for each file more")


if __name__ == "__main__":
    main()
