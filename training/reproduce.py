"""From images to a bundle: cache, train, export, measure, write the figures into the card.

    python -m training.reproduce [--data DIR|JSONL...] [--work DIR] [--out models/default] [--open-only] [--init RUN]

Resumable: run it again after an interruption. About three hours on two free cores for the default model. The
text encoder that the bundle already has is kept byte for byte when the same packages make the same one.
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


def licences_of(sources: list) -> list:
    """--licences for the exporter, where a data folder has them."""
    return [x for s in sources if (s / "licences.json").exists() for x in ("--licences", s / "licences.json")][:2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    default = Path(os.environ.get("DATA", HERE.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, nargs="+", default=[default], help="data folders and .jsonl files")
    parser.add_argument(
        "--work", type=Path, default=HERE.parent / "sightline-training", help="outside the repository: about 8 GB"
    )
    parser.add_argument("--out", type=Path, default=HERE / "models" / "default")
    parser.add_argument("--open-only", action="store_true")
    parser.add_argument("--init", type=Path, help="finished run to start from instead of from scratch")
    parser.add_argument("--classes", type=Path, help="names of the ImageNet classes (imagenet_classes.json)")
    parser.add_argument("--epochs", type=int, nargs=7, help="as training.train has them")
    parser.add_argument("--name", default="sightline-default", help="the bundle's name")
    args = parser.parse_args()
    sources, work, out = [d.resolve() for d in args.data], args.work.resolve(), args.out.resolve()
    run, sets, figures = work / "run", work / "eval", work / "figures.json"
    options = ["--open-only"] if args.open_only else []
    options += ["--epochs", *args.epochs] if args.epochs else []
    for name in ("init", "classes"):
        options += [f"--{name}", getattr(args, name).resolve()] if getattr(args, name) else []
    step("train", "--data", *sources, "--work", work, "--out", run, "--resume", *options)
    export = ["export", run, "--out", out, "--text-encoder", work / "text_encoder.onnx", "--name", args.name]
    export += licences_of(sources)
    step(*export)
    step("make_eval_sets", "--data", *sources, "--work", work, "--out", sets)
    names = sorted(sets.glob("*.jsonl"))
    if names:
        step("measure", out, *names, "--data", *sources, "--work", work, "--json", figures)
        step(*export, "--figures", figures)


if __name__ == "__main__":
    main()
