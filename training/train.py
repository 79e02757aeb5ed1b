"""Trains the default model on cached backbone features.

    python -m training.train --data DIR --work WORK --out RUN [--resume] [--open-only] [--keep-out FILE]

Stage 1 (`training.stage1`) fits the global vector and the text adapter, stage 2 (`training.align`) the decoders as
residuals on stage 1's dot product, stage 3 (`training.fit`) what turns scores into probabilities.
"""

import argparse
import copy
import json
from pathlib import Path

import torch

from . import align, features, fit, loop, stage1
from .batches import Texts
from .corpus import Corpus
from .model import Config, Model

EPOCHS = (12, 7, 12, 4)  # stage 1, each cross-fitting fold, the second pooled MLP, stage 2


def read_keep_out(file) -> frozenset:
    """Labels that a run for open-vocabulary figures must not see."""
    return frozenset(Path(file).read_text(encoding="utf-8").split("\n")) - {""} if file else frozenset()


class Run:
    """A run's folder: its history, and the models of the stages that are done."""

    def __init__(self, out: Path, resume: bool):
        self.out, self.resume = out, resume
        out.mkdir(parents=True, exist_ok=True)

    def report(self, line: dict) -> None:
        """Prints a line of the history and keeps it."""
        text = json.dumps(line)
        print(text, flush=True)
        with open(self.out / "history.jsonl", "a", encoding="utf-8") as history:
            history.write(text + "\n")

    def stage(self, name: str, epochs: int, seed: int, build) -> Model:
        """The model of a stage: read from RUN/<name>.pt, or built and written there."""
        file = self.out / f"{name}.pt"
        if self.resume and file.exists():
            return read_model(file)
        model = build(loop.Stage(name, epochs, seed, self.out, self.resume))
        loop.save({"config": model.config.as_dict(), "model": model.state_dict()}, file)
        return model


def read_model(file: Path) -> Model:
    saved = torch.load(file, weights_only=True)
    model = Model(Config(**saved["config"]))
    model.load_state_dict(saved["model"])
    return model.eval()


def train_stages(made: Run, corpus: Corpus, texts: Texts, epochs: tuple, seed: int) -> Model:
    """Stages 1 and 2, each skipped when its result is already in the run's folder."""
    report = made.report
    first = made.stage("stage1", epochs[0], seed, lambda s: stage1.train_stage1(corpus, texts, s, None, report))
    folds = [
        made.stage(
            f"fold{f}", epochs[1], seed + 10 + f, lambda s, f=f: stage1.train_stage1(corpus, texts, s, f, report)
        )
        for f in range(stage1.FOLDS)
    ]
    both = made.stage("second", epochs[2], seed + 20, lambda s: stage1.train_second(first, corpus, texts, s, report))
    words = align.WordStore(corpus, texts)

    def second_stage(stage):
        fitted = align.CrossFitted(corpus, folds, both)
        return align.train_stage2(copy.deepcopy(both), corpus, texts, words, fitted, stage, report)

    return made.stage("stage2", epochs[3], seed, second_stage)


def run(args) -> None:
    """All stages, and model.pt with everything that the exporter needs."""
    made, work = Run(args.out, args.resume), args.work or args.out / "work"
    features.build(args.data, work, False, args.threads)
    features.build(args.data, work, True, args.threads)
    corpus = Corpus(args.data, work, args.open_only, read_keep_out(args.keep_out))
    texts = Texts(corpus)
    model = train_stages(made, corpus, texts, args.epochs, args.seed)
    fitted, prior, encoded = fit.fit_text(model, corpus, texts, made.report)
    model.prior.load_state_dict(prior.state_dict())
    fit.fit_labels(model, corpus, fitted, encoded, made.report)
    content = {
        "config": model.config.as_dict(),
        "model": model.state_dict(),
        "fitted": fitted.as_dict(),
        "labels": [vars(label) for label in corpus.labels],
        "seed": args.seed,
        "open_only": args.open_only,
        "keep_out": bool(args.keep_out),
        "rows": corpus.source_counts(),
    }
    loop.save(content, args.out / "model.pt")
    made.report({"done": str(args.out / "model.pt")})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="data folder")
    parser.add_argument("--out", type=Path, required=True, help="the run's folder")
    parser.add_argument(
        "--work", type=Path, help="feature cache and unpacked images, outside the repository (default: OUT/work)"
    )
    parser.add_argument("--resume", action="store_true", help="continue a run that was stopped")
    parser.add_argument("--open-only", action="store_true", help="without the sources that are research-only")
    parser.add_argument(
        "--keep-out", type=Path, help="file of labels to hold out, one a line (open-vocabulary figures)"
    )
    parser.add_argument("--epochs", type=int, nargs=4, default=EPOCHS, metavar=("STAGE1", "FOLD", "SECOND", "STAGE2"))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    run(args)


if __name__ == "__main__":
    main()
