"""From the data folder to the bundle that ships: cache, train, export, measure, write the figures into the card.

    python -m training.reproduce [--data DIR] [--work DIR] [--out models/default] [--open-only]

Resumable: run it again after an interruption. About an hour and a half on two free cores. The text encoder that the
bundle already has is kept byte for byte when the same packages make the same one.
"""

import argparse
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent


def step(module: str, *arguments) -> None:
    """Runs one of our modules and stops with its exit code when it fails."""
    command = [sys.executable, "-m", f"training.{module}", *map(str, arguments)]
    print("+", " ".join(command[1:]), flush=True)
    done = subprocess.run(command, cwd=HERE)
    if done.returncode:
        raise SystemExit(done.returncode)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("DATA", HERE.parent / "shared" / "data")))
    parser.add_argument(
        "--work", type=Path, default=HERE.parent / "sightline-training", help="outside the repository: about 8 GB"
    )
    parser.add_argument("--out", type=Path, default=HERE / "models" / "default")
    parser.add_argument("--open-only", action="store_true")
    args = parser.parse_args()
    args.data, args.work, args.out = args.data.resolve(), args.work.resolve(), args.out.resolve()
    if not (args.data / "manifest.jsonl.gz").exists():
        raise SystemExit(f"no manifest.jsonl.gz in {args.data}: name the data folder with --data or DATA=")
    run, sets, figures = args.work / "run", args.work / "eval", args.work / "figures.json"
    step(
        "train",
        "--data",
        args.data,
        "--work",
        args.work,
        "--out",
        run,
        "--resume",
        *(["--open-only"] if args.open_only else []),
    )
    text_encoder = args.work / "text_encoder.onnx"
    export = [
        "export",
        run,
        "--out",
        args.out,
        "--text-encoder",
        text_encoder,
        "--licences",
        args.data / "licences.json",
    ]
    step(*export)
    step("make_eval_sets", "--data", args.data, "--work", args.work, "--out", sets)
    names = [sets / f"{name}.jsonl" for name in ("flickr8k", "corel5k", "tiny-imagenet")]
    step("measure", args.out, *names, "--data", args.data, "--work", args.work, "--json", figures)
    step(*export, "--figures", figures)


if __name__ == "__main__":
    main()
