"""Measures a bundle through its own ONNX graphs, as `sightline eval` does.

    python -m training.measure BUNDLE DATASET.jsonl... [--data DIR --work WORK] [--json FILE]

Text to image: every caption is a query over all images of its set; the best 200 by dot product are re-ranked. Tags:
those that are labels or aliases are scored by the label scorer, others as free text. With --data and --work a baseline
is added: ridge regression from the backbone's pooled features to text vectors, fitted on the train rows.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from . import evaluate
from .queries import NONSENSE, SHORT
from .reference import Bundle

CANDIDATES = 200


def read_set(file: Path) -> list:
    lines = Path(file).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


class Measured:
    """One dataset's images through a bundle."""

    def __init__(self, bundle: Bundle, file: Path):
        self.bundle, self.rows, self.name = bundle, read_set(file), Path(file).stem
        self.patches, self.vectors = bundle.images([Path(file).parent / r["file"] for r in self.rows])
        self.label_logits = bundle.label_logits(self.patches, self.vectors)
        self.number = {}
        for i, label in enumerate(bundle.labels):
            for name in [*label["aliases"], label["name"]]:
                self.number[name] = i

    def text(self, texts: list, batch: int = 16) -> tuple:
        """dot [Q, N], logits [Q, N] of free text."""
        state, vector = self.bundle.queries(texts)
        logits = [
            self.bundle.text_logits(state[a : a + batch], vector[a : a + batch], self.patches, self.vectors)
            for a in range(0, len(texts), batch)
        ]
        return vector @ self.vectors.T, np.concatenate(logits)

    def reranked(self, texts: list) -> tuple:
        """dot [Q, N], logits [Q, N] of each query's best CANDIDATES images, -inf elsewhere."""
        states, vectors = self.bundle.queries(texts)
        dot = vectors @ self.vectors.T
        final = np.full(dot.shape, -np.inf, np.float32)
        for q in range(len(texts)):
            best = np.argsort(-dot[q])[:CANDIDATES]
            given = (states[q : q + 1], vectors[q : q + 1], self.patches[best], self.vectors[best])
            final[q, best] = self.bundle.text_logits(*given)[0]
        return dot, final

    def answer(self, texts: list) -> np.ndarray:
        """Probabilities [Q, N] as search gives them: labels and aliases from the label scorer, the rest as free text."""
        p = self.bundle.probability(self.text(texts)[1], "text")
        labels = self.bundle.probability(self.label_logits, "labels")
        for q, t in enumerate(texts):
            if t.lower() in self.number:
                p[q] = labels[:, self.number[t.lower()]]
        return p


def text_to_image(m: Measured) -> tuple:
    """(recalls, ece) over every caption of the set."""
    captions = [(c, k) for k, r in enumerate(m.rows) for c in r.get("captions") or []]
    if not captions:
        return None, None
    owner = np.array([k for _, k in captions])
    dot, final = m.reranked([c for c, _ in captions])
    figures = evaluate.recall(evaluate.ranks(final, owner))
    figures |= {f"stage1_{k}": v for k, v in evaluate.recall(evaluate.ranks(dot, owner)).items()}
    kept = np.isfinite(final)
    own = np.zeros(final.shape, bool)
    own[np.arange(len(owner)), owner] = True
    return figures, evaluate.calibration_error(m.bundle.probability(final[kept], "text"), own[kept])


def tagging(m: Measured) -> tuple:
    """(figures, ece) over the tags of the set."""
    tags = sorted({t.lower() for r in m.rows for t in r.get("tags") or []})
    if not tags:
        return None, None
    truth = np.array([[t in {x.lower() for x in r["tags"]} for t in tags] for r in m.rows])
    dot, logits = m.text(tags)
    p = m.answer(tags).T
    scores = logits.T.copy()
    for q, t in enumerate(tags):
        if t in m.number:
            scores[:, q] = m.label_logits[:, m.number[t]]
    value, count = evaluate.mean_average_precision(scores, truth)
    known = [q for q, t in enumerate(tags) if t in m.number]
    figures = {
        "map": value,
        "tags": count,
        "labels": len(known),
        "map_global_only": evaluate.mean_average_precision(dot.T, truth)[0],
        "map_free_text": evaluate.mean_average_precision(logits.T, truth)[0],
    }
    return figures, evaluate.calibration_error(p, truth)


def matching(sets: list) -> dict:
    """Shares of queries that find something where it is there, and nothing where it is not."""
    cut = sets[0].bundle.calibration["match_threshold"]

    def best(texts: list) -> np.ndarray:
        return np.stack([m.answer(texts).max(1) for m in sets]).max(0)

    out = {"nonsense strings that find nothing": float((best(NONSENSE) <= cut).mean())}
    tags = {}
    for m in sets:
        for row in m.rows:
            for t in row.get("tags") or []:
                tags.setdefault(t.lower(), set()).add(m.name)
    there, absent = [], []
    for m in sets:
        own = sorted(t for t, where in tags.items() if m.name in where)
        if not own:
            continue
        truth = np.array([[t in {x.lower() for x in r.get("tags") or []} for r in m.rows] for t in own])
        for p in m.answer([f"a photo of {t}" for t in own]), m.answer(own):
            there.append(np.where(truth, p, 0).max(1) > cut)
            absent.append(np.where(truth, 0, p).max(1) <= cut)
    if there:
        out["tags of the set that find a right image"] = float(np.concatenate(there).mean())
        out["tags that find nothing once the right images are taken out"] = float(np.concatenate(absent).mean())
    short = [q for q, _ in SHORT]
    out["short queries with a match anywhere in the sets"] = float((best(short) > cut).mean())
    return out


def baseline(corpus, m: Measured, data_rows: dict) -> float:
    """mAP over the set's tags of ridge regression from pooled features to the mean text vector of a row."""
    train = corpus.where("train")
    names = corpus.label_texts()[0][:, 0].numpy()
    texts, of_row = corpus.texts_of_rows()
    vectors = corpus.vectors(texts)
    target = np.zeros((len(train), names.shape[1]), np.float32)
    for k, i in enumerate(train):
        parts = [vectors[t] for t in of_row[i]] or [names[j] for j in np.flatnonzero(corpus.positive[i])]
        if parts:
            target[k] = np.mean(parts, 0)
    x = corpus.plain["pooled"][train].astype(np.float32)
    mean, spread = x.mean(0), x.std(0) + 1e-3
    x = (x - mean) / spread
    weights = np.linalg.solve(x.T @ x + 3000 * np.eye(x.shape[1], dtype=np.float32), x.T @ (target - target.mean(0)))
    ids = [data_rows[Path(r["file"]).name] for r in m.rows]
    predicted = (corpus.plain["pooled"][ids].astype(np.float32) - mean) / spread @ weights + target.mean(0)
    predicted /= np.linalg.norm(predicted, axis=1, keepdims=True)
    tags = sorted({t.lower() for r in m.rows for t in r.get("tags") or []})
    truth = np.array([[t in {x.lower() for x in r["tags"]} for t in tags] for r in m.rows])
    return evaluate.mean_average_precision(predicted @ corpus.vectors(tags).T, truth)[0]


def main(arguments: list = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("datasets", type=Path, nargs="+")
    parser.add_argument("--data", type=Path, nargs="+")
    parser.add_argument("--work", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args(arguments)
    bundle = Bundle(args.bundle, args.threads)
    sets = [Measured(bundle, file) for file in args.datasets]
    figures = {"tagging": {}, "calibration": {}}
    errors = []
    for m in sets:
        recalls, ece = text_to_image(m)
        if recalls and "text_to_image" not in figures:  # of the first set with captions
            figures["text_to_image"] = recalls | {"set": m.name, "images": len(m.rows)}
            figures["calibration"]["ece_text"] = None if ece is None else round(ece, 4)
        tags, ece = tagging(m)
        if tags:
            figures["tagging"][m.name] = tags
            errors += [ece] if ece is not None else []
    figures["calibration"]["ece_labels"] = round(float(np.mean(errors)), 4) if errors else None
    figures["matching"] = matching(sets)
    if args.data and args.work:
        from .corpus import Corpus

        corpus = Corpus(args.data, args.work, flip=False)
        where = {r.name: i for i, r in enumerate(corpus.rows)}
        for m in sets:
            if m.name in figures["tagging"]:
                figures["tagging"][m.name]["map_pooled_baseline"] = baseline(corpus, m, where)
    text = json.dumps(figures, indent=1)
    print(text)
    if args.json:
        args.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
