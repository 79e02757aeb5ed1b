"""What the tests of the exporter share: small checkpoints, the command, its graphs and the program."""

import functools
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import onnxruntime as ort
import torch

from training import export_ram_plus, random_checkpoint

ROOT = Path(__file__).parents[2]
SIZES = random_checkpoint.Sizes()
SIDE = SIZES.window * 4 * 2  # two stages, patches of 4: 16 pixels


def checkpoint(**sizes) -> dict:
    return random_checkpoint.make(random_checkpoint.Sizes(**sizes))


def export(checkpoint: Path, labels: Path, thresholds: Path, out: Path, *more) -> Path:
    """Runs the command in this process; returns the bundle's folder."""
    arguments = [checkpoint, "--labels", labels, "--thresholds", thresholds, "--out", out, *more]
    before, sys.argv = sys.argv, ["export_ram_plus", *map(str, arguments)]
    try:
        export_ram_plus.main()
    finally:
        sys.argv = before
    return out


def exported(folder: Path, saved, *more) -> Path:
    """Exports what `torch.save` makes of `saved`, or a file, with five labels."""
    file = folder / "c.pth"
    if isinstance(saved, bytes):
        file.write_bytes(saved)
    else:
        torch.save(saved, file)
    (folder / "names.txt").write_text("\n".join(f"label {i}" for i in range(SIZES.labels)))
    (folder / "thresholds.txt").write_text("\n".join(["0.65"] * SIZES.labels))
    return export(file, folder / "names.txt", folder / "thresholds.txt", folder / "out", *more)


def session_of(graph) -> ort.InferenceSession:
    """A graph that can be run, from its file's path or its bytes."""
    return ort.InferenceSession(graph, providers=["CPUExecutionProvider"])


def run(folder: Path, name: str, given: dict, outputs=None) -> list:
    return session_of(str(folder / f"{name}.onnx")).run(outputs, given)


@functools.cache
def program() -> str:
    """The program: that of SIGHTLINE_BIN, or one that is built now."""
    if named := os.environ.get("SIGHTLINE_BIN"):
        return named
    made = Path(tempfile.mkdtemp()) / "sightline"
    subprocess.run(["go", "build", "-o", str(made), "./cmd/sightline"], cwd=ROOT, check=True)
    return str(made)


def sightline(*arguments) -> str:
    """What a command prints; it must end well."""
    environment = {**os.environ, "SIGHTLINE_ORT_LIBRARY": str(ROOT / "lib" / "libonnxruntime.so")}
    done = subprocess.run([program(), *map(str, arguments)], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout
