"""How well are labels scored that training never saw as labels? For a bundle of a run with --keep-out.

    python -m training.openset BUNDLE --data DIR --keep-out FILE [--wordnet DIR] [--json FILE]

Over all tagged photographs of the report part, for every held-out tag with at least three of them: mean average precision
of its name as free text, and of several descriptions (name, template, WordNet's gloss), averaged and reweighted per image
as RAM++ reweights them; and of the label scorer, where the tag is a label or alias of the bundle after all.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from . import data, evaluate, measure
from .labels import DRAWINGS, article
from .reference import Bundle
from .rows import read_rows
from .scorer import REWEIGHT
from .wordnet import Wordnet


def describe(tag: str, wordnet: Wordnet) -> list:
    """A tag's name, a template, and what the dictionary says of its commonest sense."""
    gloss = wordnet.gloss(tag)
    return [tag, f"a photo of {article(tag)}", *([f"{tag}, {gloss}"] if gloss else [])]


def mixed(m: measure.Measured, texts: list, sharpness: float) -> np.ndarray:
    """Logits [N] of several descriptions, mixed by softmax over sharpness * cosine (0: plain average)."""
    cosines, logits = m.text(texts)
    weights = np.exp(sharpness * (cosines - cosines.max(0)))
    return (weights / weights.sum(0) * logits).sum(0)


def figures(m: measure.Measured, tags: list, wordnet: Wordnet) -> dict:
    truth = np.array([[t in {x.lower() for x in r["tags"]} for t in tags] for r in m.rows])
    kept = [k for k in range(len(tags)) if truth[:, k].sum() >= 3]
    tags, truth = [tags[k] for k in kept], truth[:, kept]
    described = [describe(t, wordnet) for t in tags]
    scores = {
        "map_name": m.text(tags)[1].T,
        "map_descriptions_averaged": np.stack([mixed(m, d, 0.0) for d in described], 1),
        "map_descriptions_reweighted": np.stack([mixed(m, d, REWEIGHT) for d in described], 1),
    }
    scores["map_labels"] = scores["map_name"].copy()
    for k, t in enumerate(tags):
        if t in m.number:
            scores["map_labels"][:, k] = m.label_logits[:, m.number[t]]
    found = {name: evaluate.mean_average_precision(s, truth)[0] for name, s in scores.items()}
    return {"images": len(m.rows), "tags": len(tags), "labels_among_them": sum(t in m.number for t in tags), **found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--data", type=Path, nargs="+", required=True)
    parser.add_argument("--work", type=Path, required=True, help="where the shards are unpacked")
    parser.add_argument("--keep-out", type=Path, required=True, help="the labels, one a line")
    parser.add_argument("--wordnet", type=Path, default=Path("/usr/share/wordnet"), help="Debian's wordnet-base")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    rows = read_rows(args.data, data.unpack(args.data, args.work))
    rows = [r for r in rows if r.part == "report" and r.tags and r.source not in DRAWINGS]
    m = measure.Measured(Bundle(args.bundle, 2), "report", [{"file": r.path, "tags": r.tags} for r in rows])
    tags = sorted({line.strip().lower() for line in args.keep_out.read_text(encoding="utf-8").splitlines()} - {""})
    text = json.dumps(figures(m, tags, Wordnet(args.wordnet)), indent=1)
    print(text)
    if args.json:
        args.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
