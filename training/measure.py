"""Measures a bundle through its own ONNX graphs, as `sightline eval` does.

    python -m training.measure BUNDLE DATASET.jsonl... [--data DIR --work WORK] [--json FILE]

Text to image: every caption is a query over all images of its set; the best 200 by dot product are re-ranked. Tags:
those that are labels or aliases are scored by the label scorer, others as free text. With --data and --work baselines
are added: ridge regression from the backbone's pooled features, fitted on the same train rows.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from . import calibrate, evaluate, phrases
from .queries import NONSENSE, SHORT
from .reference import Bundle
from .words import FUNCTION_WORDS

CANDIDATES = 200


def read_set(file: Path) -> list:
    rows = [json.loads(line) for line in Path(file).read_text(encoding="utf-8").splitlines() if line.strip()]
    return [{**row, "file": Path(file).parent / row["file"]} for row in rows]


class Measured:
    """One dataset's images through a bundle."""

    def __init__(self, bundle: Bundle, name: str, rows: list):
        """rows: {"file", "captions", "tags"} each, files with their folder."""
        self.bundle, self.rows, self.name = bundle, rows, name
        self.patches, self.vectors = bundle.images([r["file"] for r in rows])
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
    """(recalls, p, own, said) over every caption of the set: probabilities of the decoded pairs, which of them are its own image,
    and which are an image that fits it by its words."""
    captions = [(c, k) for k, r in enumerate(m.rows) for c in r.get("captions") or []]
    if not captions:
        return None
    owner = np.array([k for _, k in captions])
    dot, final = m.reranked([c for c, _ in captions])
    figures = evaluate.recall(evaluate.ranks(final, owner))
    figures |= {f"stage1_{k}": v for k, v in evaluate.recall(evaluate.ranks(dot, owner)).items()}
    kept = np.isfinite(final)
    own = np.zeros(final.shape, bool)
    own[np.arange(len(owner)), owner] = True
    fits = own | said([c for c, _ in captions], m.rows)
    return figures, m.bundle.probability(final[kept], "text"), own[kept], fits[kept]


def said(captions: list, rows: list) -> np.ndarray:
    """bool [Q, N]: whether an image's own captions hold all the content words of a caption. "A brown dog runs" is right on every
    image that is said to show a brown dog that runs, whosever caption it is."""
    held = [set().union(*(calibrate.normal_words(c) for c in r.get("captions") or [])) for r in rows]
    wanted = [set(calibrate.normal_words(c)) - phrases.BREAKS - FUNCTION_WORDS for c in captions]
    return np.array([[bool(words) and words <= own for own in held] for words in wanted])


def tags_of(m: Measured) -> tuple:
    """The set's tags, and which image has which [images, tags]."""
    tags = sorted({t.lower() for r in m.rows for t in r.get("tags") or []})
    return tags, np.array([[t in {x.lower() for x in r.get("tags") or []} for t in tags] for r in m.rows])


def tagging(m: Measured) -> tuple:
    """(figures, p, truth) over the tags of the set."""
    tags, truth = tags_of(m)
    if not tags:
        return None
    dot, logits = m.text(tags)
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
    return figures, m.answer(tags).T, truth


def matching(sets: list) -> dict:
    """Shares of strings at the default cut: nonsense that finds nothing, short queries that find something
    (training.concepts measures what is there and what is not through the program)."""
    cut = sets[0].bundle.calibration["match_threshold"]

    def best(texts: list) -> np.ndarray:
        return np.stack([m.answer(texts).max(1) for m in sets]).max(0)

    return {
        "nonsense strings that find nothing": float((best(NONSENSE) <= cut).mean()),
        "short queries with a match anywhere in the sets": float((best([q for q, _ in SHORT]) > cut).mean()),
    }


def ridge(x, y, strength: float = 3000.0) -> tuple:
    """Weights and offset of ridge regression of y on standardised x."""
    weights = np.linalg.solve(x.T @ x + strength * np.eye(x.shape[1], dtype=np.float32), x.T @ (y - y.mean(0)))
    return weights, y.mean(0)


class Baselines:
    """What the backbone's pooled features alone can do, fitted on the same train rows: ridge regression to the mean text
    vector of a row (any tag can be asked for) and to its labels (one classifier a label)."""

    def __init__(self, corpus):
        self.corpus, train = corpus, corpus.where("train")
        self.names = corpus.label_texts()[0][:, 0].numpy()
        texts, of_row = corpus.texts_of_rows()
        vectors = corpus.vectors(texts)
        target = np.zeros((len(train), self.names.shape[1]), np.float32)
        for k, i in enumerate(train):
            parts = [vectors[t] for t in of_row[i]] or [self.names[j] for j in np.flatnonzero(corpus.positive[i])]
            if parts:
                target[k] = np.mean(parts, 0)
        x = corpus.plain["pooled"][train].astype(np.float32)
        self.mean, self.spread = x.mean(0), x.std(0) + 1e-3
        x = (x - self.mean) / self.spread
        self.to_text, self.to_labels = ridge(x, target), ridge(x, corpus.positive[train].astype(np.float32))
        self.row = {r.name: i for i, r in enumerate(corpus.rows)}

    def figures(self, m: Measured) -> dict:
        """mAP over the set's tags."""
        ids = [self.row[Path(r["file"]).name] for r in m.rows]
        x = (self.corpus.plain["pooled"][ids].astype(np.float32) - self.mean) / self.spread
        tags, truth = tags_of(m)
        text = x @ self.to_text[0] + self.to_text[1]
        text = text / np.linalg.norm(text, axis=1, keepdims=True) @ self.corpus.vectors(tags).T
        labels, by_label = x @ self.to_labels[0] + self.to_labels[1], text.copy()
        for q, t in enumerate(tags):
            if t in m.number and m.bundle.labels[m.number[t]]["name"] in self.corpus.index:
                by_label[:, q] = labels[:, self.corpus.index[m.bundle.labels[m.number[t]]["name"]]]
        return {
            "map_pooled_text": evaluate.mean_average_precision(text, truth)[0],
            "map_pooled_baseline": evaluate.mean_average_precision(by_label, truth)[0],
        }


def reliability(pairs: list) -> dict:
    """Calibration of (p, truth) pairs of several sets taken together: its error, the error that exactly right
    probabilities would show on so few pairs, and the diagram's points."""
    p, truth = (np.concatenate([np.asarray(part[k]).ravel() for part in pairs]) for k in (0, 1))
    chance = np.random.default_rng(0)
    drawn = [evaluate.calibration_error(p, chance.random(len(p)) < p) for _ in range(20)]
    return {
        "ece": evaluate.calibration_error(p, truth),
        "ece_of_right_ones": float(np.mean(drawn)) if drawn[0] is not None else None,
        "pairs": int((p > evaluate.FLOOR).sum()),
        "diagram": evaluate.reliability(p, truth),
    }


def measure(sets: list) -> dict:
    """Figures of all sets, without the baselines."""
    figures, text, worded, labels = {"tagging": {}, "calibration": {}}, [], [], []
    for m in sets:
        if found := text_to_image(m):
            recalls, p, own, fits = found
            figures["text_to_image"] = {"set": m.name, "images": len(m.rows), **recalls}
            text.append((p, own))
            worded.append((p, fits))
        if found := tagging(m):
            figures["tagging"][m.name], *pairs = found
            figures["tagging"][m.name]["ece"] = evaluate.calibration_error(*pairs)
            labels.append(pairs)
    for kind, pairs in (("text", text), ("text_said", worded), ("labels", labels)):
        if pairs:
            figures["calibration"][kind] = reliability(pairs)
            figures["calibration"][f"ece_{kind}"] = round(figures["calibration"][kind]["ece"], 4)
    figures["matching"] = matching(sets)
    return figures


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
    sets = [Measured(bundle, file.stem, read_set(file)) for file in args.datasets]
    figures = measure(sets)
    if args.data and args.work:
        from .corpus import Corpus

        baselines = Baselines(Corpus(args.data, args.work, flip=False))
        for m in sets:
            if m.name in figures["tagging"]:
                figures["tagging"][m.name] |= baselines.figures(m)
    text = json.dumps(figures, indent=1)
    print(text)
    if args.json:
        args.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
