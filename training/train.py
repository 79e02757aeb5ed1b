"""Trains a model on cached backbone features: the default one, or one for your own images (docs/training.md).

    python -m training.train --data DIR|JSONL... --out RUN [--resume] [--open-only] [--init RUN] [--keep-out FILE]

Stage 1 (`training.stage1`) fits the global vector and the text adapter, stage 2 (`training.align`) the text queries beside
stage 1's dot product, then come the label head (`training.labelstage`) and a copy of the backbone's last blocks
(`training.tailstage`), one MLP takes the place of those that the global vector was averaged of (`training.joinstage`), and the
label head learns again from the tail's features, too; `training.fit` turns scores into probabilities.
"""

import argparse
import copy
import functools
import json
import sys
from dataclasses import replace
from pathlib import Path

import torch

from . import align, features, fit, joinstage, labels, labelstage, loop, stage1, tailstage
from .backbone import CLASSES
from .batches import Texts
from .corpus import Corpus
from .losses import ALIGN_LOSSES, TAG_LOSSES
from .model import Config, Model
from .rows import BadData, check_parts, read_rows

# stage 1, each cross-fitting fold, the second pooled MLP, stage 2, the label head (before and after the tail), each tail,
# the joined MLP
EPOCHS = (14, 10, 14, 7, 9, 10, 24)
STAGES = ("STAGE1", "FOLD", "SECOND", "STAGE2", "LABELS", "TAIL", "JOINED")
FURTHER = 0.3  # factor on the learning rates when a run starts from a finished model


class Run:
    """A run's folder: its settings, its history, and the models of the stages that are done."""

    def __init__(self, out: Path, resume: bool, settings: dict, pace: float = 1.0):
        """settings: whatever the weights depend on; a run goes on with those it was started with."""
        self.out, self.resume, self.pace = out, resume, pace
        out.mkdir(parents=True, exist_ok=True)
        file = out / "settings.json"
        if file.exists():
            if not resume:
                raise BadData(f"{out} already holds a run: go on with --resume, or choose another --out")
            before = json.loads(file.read_text(encoding="utf-8"))
            changed = [k for k in settings if before.get(k, settings[k]) != settings[k]]
            if changed:
                raise BadData(f"{out} was started with other {', '.join(changed)}: choose another --out")
        file.write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")

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
            return model_of(torch.load(file, weights_only=True))
        model = build(loop.Stage(name, epochs, seed, self.out, self.resume, self.pace))
        loop.save({"config": model.config.as_dict(), "model": model.state_dict()}, file)
        return model


def model_of(saved: dict) -> Model:
    model = Model(Config(**saved["config"]))
    model.load_state_dict(saved["model"])
    return model.eval()


def train_stages(
    made: Run, corpus: Corpus, texts: Texts, epochs: tuple, seed: int, init=None, losses=("", "")
) -> tuple:
    """All stages, each skipped when its result is already in the run's folder: the model, and the one of larger parts that
    the last stage made it of. losses: for tags and for alignment."""
    chosen = {"tag_loss": losses[0], "align_loss": losses[1]}
    recipes = [replace(recipe, **chosen) for recipe in (stage1.FIRST, stage1.SECOND)]

    def global_stage(name: str, count: int, number: int, fold=None):
        def build(stage):
            return stage1.train_stage1(corpus, texts, stage, fold, init, made.report, recipes[0])

        return made.stage(name, count, number, build)

    first = global_stage("stage1", epochs[0], seed)
    folds = [global_stage(f"fold{f}", epochs[1], seed + 10 + f, f) for f in range(stage1.FOLDS)]

    def second(stage):
        return stage1.train_second(first, corpus, texts, stage, init, made.report, recipes[1])

    both = made.stage("second", epochs[2], seed + 20, second)
    fitted = align.CrossFitted(corpus, folds, both)

    def decoders(stage):
        words = align.WordStore(corpus, texts)
        return align.train_stage2(copy.deepcopy(both), corpus, texts, words, fitted, stage, made.report)

    aligned = made.stage("stage2", epochs[3], seed, decoders)

    def label_head(stage):
        model = stage1.go_on(aligned, labels=len(corpus.labels))
        return labelstage.train_labels(model, corpus, fitted, stage, made.report)

    labelled = made.stage("labels", epochs[4], seed, label_head)

    def tail(stage):
        return tailstage.train_tail(labelled, corpus, texts, fitted, stage, init, made.report)

    tails = [made.stage(f"tail{k}", epochs[5], seed + 30 + k, tail) for k in range(tailstage.SEEDS)]

    whole = tailstage.soup(tails)
    tail_features = functools.cache(lambda: labelstage.tail_features(whole, corpus))

    def joined(stage):
        def look(average):
            return stage1.tune_figures(average, corpus, texts)

        return joinstage.train_joined(whole, corpus, tail_features(), stage, made.report, look)

    one = made.stage("joined", epochs[6], seed, joined)

    def tuned_head(stage):
        model = copy.deepcopy(one)
        return labelstage.train_labels(model, corpus, fitted, stage, made.report, tail_features())

    return made.stage("tuned_labels", epochs[4], seed, tuned_head), whole


def read_keep_out(file) -> frozenset:
    """Labels that a run for open-vocabulary figures must not see."""
    return frozenset(Path(file).read_text(encoding="utf-8").split("\n")) - {""} if file else frozenset()


def read_init(folder) -> dict:
    """model.pt of the run to start from; nothing without one."""
    if folder is None:
        return {}
    if not (folder / "model.pt").exists():
        raise BadData(f"{folder}: no model.pt; --init takes the folder of a finished run")
    return torch.load(folder / "model.pt", weights_only=True)


def class_names(args, init: dict) -> list:
    """The ImageNet classes' names: --classes, else a data folder's, else those of --init; nothing when none has them."""
    classes = labels.read_classes([args.classes] if args.classes else args.data) or init.get("classes", [])
    if args.classes and len(classes) != CLASSES:
        raise BadData(f"{args.classes}: {len(classes)} classes instead of {CLASSES}; see docs/training.md")
    if not classes:
        print("warning: no class names (--classes): nothing is distilled from the backbone", file=sys.stderr)
    return classes


def run(args) -> None:
    """All stages, and model.pt with everything that the exporter needs."""
    work, init = args.work or args.out / "work", read_init(args.init)
    classes, keep_out = class_names(args, init), read_keep_out(args.keep_out)
    rows = read_rows(args.data)
    check_parts([r for r in rows if not (args.open_only and r.research_only)])
    settings = {"rows": features.digest(rows), "open_only": args.open_only, "keep_out": sorted(keep_out)}
    settings |= {"epochs": list(args.epochs), "seed": args.seed, "init": bool(init), "classes": len(classes)}
    settings["losses"] = [args.tag_loss, args.align_loss]
    made = Run(args.out, args.resume, settings, FURTHER if init else 1.0)
    features.build(args.data, work, False, args.threads)
    features.build(args.data, work, True, args.threads)
    known = [labels.Label(**label) for label in init.get("labels", [])]
    corpus = Corpus(args.data, work, args.open_only, keep_out, classes=classes, labels=known)
    texts = Texts(corpus)
    start = model_of(init.get("whole", init)) if init else None
    model, whole = train_stages(made, corpus, texts, args.epochs, args.seed, start, settings["losses"])
    fitted, prior, encoded = fit.fit_text(model, corpus, texts, made.report)
    model.prior.load_state_dict(prior.state_dict())
    fit.fit_labels(model, corpus, fitted, encoded, made.report)
    content = {
        "config": model.config.as_dict(),
        "model": model.state_dict(),
        "whole": {"config": whole.config.as_dict(), "model": whole.state_dict()},  # for --init
        "fitted": fitted.as_dict(),
        "labels": [vars(label) for label in corpus.labels],
        "classes": corpus.classes,
        "seed": args.seed,
        "open_only": args.open_only,
        "research_only": corpus.research_only() or init.get("research_only", False),
        "keep_out": bool(args.keep_out),
        "rows": {**init.get("rows", {}), **corpus.source_counts()},
    }
    loop.save(content, args.out / "model.pt")
    made.report({"done": str(args.out / "model.pt")})


def main(arguments: list = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="data folders and .jsonl files")
    parser.add_argument("--out", type=Path, required=True, help="the run's folder")
    parser.add_argument(
        "--work", type=Path, help="feature cache and unpacked images, outside the repository (default: OUT/work)"
    )
    parser.add_argument("--resume", action="store_true", help="continue a run that was stopped")
    parser.add_argument("--open-only", action="store_true", help="without the sources that are research-only")
    parser.add_argument(
        "--keep-out", type=Path, help="file of labels to hold out, one a line (open-vocabulary figures)"
    )
    parser.add_argument("--init", type=Path, help="finished run to start from instead of from scratch")
    parser.add_argument("--classes", type=Path, help="names of the ImageNet classes (imagenet_classes.json)")
    parser.add_argument("--epochs", type=int, nargs=7, default=EPOCHS, metavar=STAGES)
    parser.add_argument("--tag-loss", choices=TAG_LOSSES, default="", help="of stage 1 (default: the recipe's)")
    parser.add_argument("--align-loss", choices=ALIGN_LOSSES, default="", help="of stage 1 (default: the recipe's)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args(arguments)
    torch.set_num_threads(args.threads)
    try:
        run(args)
    except BadData as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
