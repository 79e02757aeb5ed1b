"""The paper's choices at a small scale: losses for tags and for alignment, alignment or none, what describes a label.

    python -m training.ablate --data DIR --work WORK --keep-out FILE --out FILE.json [--seeds 3]

One small model per variant and seed (`training.ablated`), on the cached features of `training.features`. Labels of
--keep-out are never seen as labels; they are scored through their name and through descriptions, over rows that have
them. Prints a Markdown table; FILE.json keeps every run, and what it holds already is not run again.
"""

import argparse
import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from . import ablated, loop
from .corpus import Corpus
from .losses import ALIGN_LOSSES, TAG_LOSSES
from .train import read_keep_out

EPOCHS = 5


@dataclass(frozen=True)
class Variant:
    """One choice of each kind; the default is RAM++'s losses, and descriptions that cost as little as names."""

    group: str
    name: str
    tags: str = "ASL"  # of TAG_LOSSES; none: no tagging
    align: str = "ASL"  # of ALIGN_LOSSES; none: no alignment
    words: str = "averaged"  # of ablated.WORDS


FULL = Variant("reference", "ASL, ASL, averaged descriptions")
VARIANTS = [
    FULL,
    *(Variant("tagging loss", name, tags=name) for name in TAG_LOSSES if name != "ASL"),
    *(Variant("alignment loss", name, align=name) for name in ALIGN_LOSSES if name != "ASL"),
    Variant("parts", "without alignment", align=""),
    Variant("parts", "without tagging", tags=""),
    Variant("label texts", "name only", words="name"),
    Variant("label texts", "descriptions reweighted per image", words="reweighted"),
]
COLUMNS = {
    "seen": "seen labels",
    "kept_out_name": "kept out, by name",
    "kept_out_descriptions": "kept out, by descriptions",
    "recall_at_1": "recall@1",
    "recall_at_5": "@5",
    "recall_at_10": "@10",
}


def run(data: ablated.Data, variant: Variant, seed: int, epochs: int) -> dict:
    """Trains and measures one small model."""
    begun = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        stage = loop.Stage("ablated", epochs, seed, Path(folder))
        model = ablated.train(data, variant, stage)
    figures = ablated.measure(data, model, variant.words)
    return figures | {"seconds": round(time.process_time() - begun, 1)}


def table(runs: dict) -> str:
    """Mean and standard deviation over the seeds, in per cent, as Markdown."""
    lines = ["| | " + " | ".join(COLUMNS.values()) + " |", "| --- |" + " --- |" * len(COLUMNS)]
    for variant in VARIANTS:
        found = list(runs.get(f"{variant.group}: {variant.name}", {}).values())
        if found:
            cells = [spread([100 * f[column] for f in found]) for column in COLUMNS]
            lines.append(f"| {variant.group}: {variant.name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def spread(values: list) -> str:
    return f"{np.mean(values):.1f} ± {np.std(values, ddof=1) if len(values) > 1 else 0:.1f}"


def main(arguments: list = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="data folders and .jsonl files")
    parser.add_argument("--work", type=Path, required=True, help="feature cache of training.features")
    parser.add_argument("--keep-out", type=Path, required=True, help="file of labels to hold out, one a line")
    parser.add_argument("--out", type=Path, required=True, help="every run's figures")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    args = parser.parse_args(arguments)
    torch.set_num_threads(1)
    data = ablated.Data(Corpus(args.data, args.work, flip=False), read_keep_out(args.keep_out))
    runs = json.loads(args.out.read_text(encoding="utf-8")) if args.out.exists() else {}
    for seed in range(args.seeds):
        for variant in VARIANTS:
            done = runs.setdefault(f"{variant.group}: {variant.name}", {})
            if str(seed) not in done:
                done[str(seed)] = run(data, variant, seed, args.epochs)
                print(variant.group, variant.name, seed, json.dumps(done[str(seed)]), flush=True)
                args.out.write_text(json.dumps(runs, indent=1) + "\n", encoding="utf-8")
    print(table(runs))


if __name__ == "__main__":
    main()
