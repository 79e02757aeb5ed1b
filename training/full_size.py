"""Exports a random checkpoint of the official size and runs the bundle: python -m training.full_size [--keep FOLDER] [EXPORT FLAGS]

Needs 5 GB of disk in the temporary folder, 8 GB of memory and bin/sightline; takes minutes. Not part of the tests: they
export small checkpoints through the same code. docs/ram-plus.md has the figures of one run.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime as ort
import torch
from PIL import Image

from . import export_ram_plus, random_checkpoint

LIMIT = 8.0  # GB of memory that the export may take
TOLERANCE = 1e-3  # between the program's logits and those of the graphs
PROGRAM = Path(__file__).parents[1] / "bin" / "sightline"


def write_checkpoint(folder: Path) -> list:
    """Writes the checkpoint and its lists; returns the exporter's arguments for them."""
    weights = random_checkpoint.make(random_checkpoint.OFFICIAL)
    torch.save(
        {"model": weights, "optimizer": {}, "config": {"image_size": 384}, "epoch": 1}, folder / "checkpoint.pth"
    )
    labels = random_checkpoint.OFFICIAL.labels
    (folder / "names.txt").write_text("".join(f"label {i}\n" for i in range(labels)))
    (folder / "thresholds.txt").write_text("0.65\n" * labels)
    size = sum(value.numel() for value in weights.values())
    print(
        f"checkpoint: {len(weights)} tensors, {size / 1e6:.0f} M numbers, {(folder / 'checkpoint.pth').stat().st_size / 1e9:.2f} GB"
    )
    return [folder / "checkpoint.pth", "--labels", folder / "names.txt", "--thresholds", folder / "thresholds.txt"]


def measured(what: str, command: list) -> str:
    """Runs a command, prints its time and the most memory that it held; returns its output."""
    start = time.monotonic()
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True)
    out = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    peak = used.ru_maxrss / 1e6
    print(
        f"{what}: {time.monotonic() - start:.0f} s ({used.ru_utime + used.ru_stime:.0f} s CPU), at most {peak:.2f} GB of memory"
    )
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{what} failed")
    if peak > LIMIT:
        raise SystemExit(f"{what} took more than {LIMIT} GB")
    return out


def graph_logits(folder: Path, picture: np.ndarray) -> np.ndarray:
    """The labels' logits of a picture [S, S, 3] through ONNX Runtime."""
    mean, std = (np.array(v, np.float32) for v in (export_ram_plus.MEAN, export_ram_plus.STD))
    pixels = ((picture.astype(np.float32) / 255 - mean) / std).transpose(2, 0, 1)[None]
    found = {}
    for name, given in (("image_encoder", {"pixels": pixels}), ("label_scorer", found)):
        session = ort.InferenceSession(str(folder / f"{name}.onnx"), providers=["CPUExecutionProvider"])
        start = time.monotonic()
        outputs = session.run(None, given)
        print(f"{name}: {', '.join(str(list(o.shape)) for o in outputs)} in {time.monotonic() - start:.1f} s")
        found |= dict(zip((o.name for o in session.get_outputs()), outputs, strict=True))
    return found["logits"][0]


def check(folder: Path, more: list) -> None:
    arguments = write_checkpoint(folder)
    export = [sys.executable, "-m", "training.export_ram_plus", *arguments, "--out", folder / "bundle", *more]
    print(measured("export", export).strip())
    for file in sorted((folder / "bundle").iterdir()):
        print(f"  {file.name}: {file.stat().st_size / 1e6:.1f} MB")
    picture = np.random.default_rng(0).integers(0, 256, (384, 384, 3), dtype=np.uint8)
    Image.fromarray(picture).save(folder / "picture.png")
    wanted = graph_logits(folder / "bundle", picture)
    tag = [PROGRAM, "tag", "--bundle", folder / "bundle", "--all", "--logits", "--json", folder / "picture.png"]
    labels = json.loads(measured("sightline tag", tag))["labels"]
    found = np.zeros_like(wanted)
    for label in labels:
        found[int(label["name"].removeprefix("label "))] = label["logit"]
    worst = float(np.abs(found - wanted).max())
    print(f"logits {wanted.min():.3f} to {wanted.max():.3f}; the program differs by at most {worst:.1e}")
    if len(labels) != len(wanted) or worst > TOLERANCE:
        raise SystemExit("the program does not give the graphs' logits")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--keep", type=Path, help="work in this folder and leave everything there")
    args, more = parser.parse_known_args()
    if args.keep:
        args.keep.mkdir(parents=True, exist_ok=True)
        return check(args.keep, more)
    with tempfile.TemporaryDirectory() as folder:
        check(Path(folder), more)


if __name__ == "__main__":
    main()
