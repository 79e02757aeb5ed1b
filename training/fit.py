"""Stage 3: what is fitted on tuning rows once the weights stand (training.calibrate has the methods).

Result: `Fitted`, with everything the exporter needs beside the model.
"""

import json
from dataclasses import asdict, dataclass, field

import numpy as np
import torch

from . import calibrate, evaluate
from . import labels as labelling
from .align import encode, text_scores
from .model import Model
from .scorer import LabelScorer

GATES = (0.0, 0.25, 0.5, 0.75, 1.0)
SENTENCE = 5  # words from which on free text is a sentence
ENOUGH = 12  # tuning rows of a label from which on it has a threshold of its own


@dataclass
class Fitted:
    """Numbers and small tables that turn a model's scores into probabilities."""

    match_gate: float = 1.0  # weight of the matcher beside the dot product
    text_scale: float = 1.0  # of the whole free-text logit, before the prior
    text_calibration: tuple = (1.0, 0.0)
    label_calibration: tuple = (1.0, 0.0)
    label_threshold: float = 0.5
    label_thresholds: dict = field(default_factory=dict)  # of labels with many tuning rows
    match_threshold: float = 0.2
    sentence_threshold: float = 0.05  # of free text of SENTENCE words or more
    pairs: dict = field(default_factory=dict)
    figures: dict = field(default_factory=dict)

    def as_dict(self) -> dict:
        """Plain Python numbers, so that a checkpoint needs no pickled classes."""
        return json.loads(json.dumps(asdict(self), default=float))


class QueryWords:
    """sentence, words, present of arbitrary texts, as `WordStore` gives them for numbered ones."""

    def __init__(self, corpus, texts: list):
        self.sentences = torch.from_numpy(corpus.vectors(texts))
        words, present = corpus.words(texts)
        self.words, self.present = (
            torch.from_numpy(np.asarray(words, np.float32)),
            torch.from_numpy(present.astype(np.float32)),
        )

    def __call__(self, numbers) -> tuple:
        return self.sentences[numbers], self.words[numbers], self.present[numbers]

    def count(self) -> torch.Tensor:
        return self.present.sum(1)


class Scores:
    """Free-text base logits of a set of queries on a set of images, for any gate."""

    def __init__(self, model, corpus, texts: list, patches, vectors):
        self.texts, self.words = texts, QueryWords(corpus, texts)
        self.dot, self.matched = text_scores(model, self.words, np.arange(len(texts)), patches, vectors)

    def base(self, gate: float) -> np.ndarray:
        return self.dot + gate * self.matched


def query_sets(corpus, texts, flickr: np.ndarray, everything: np.ndarray, seed: int = 0) -> dict:
    """name -> (queries, rows, positive [Q, N], weight [Q, N]) for fitting the text side."""
    rng = np.random.default_rng(seed)
    captions = [(texts.texts[t], k) for k, i in enumerate(flickr) for t in texts.full_of[i]]
    own = np.zeros((len(captions), len(flickr)), bool)
    own[np.arange(len(captions)), [k for _, k in captions]] = True
    sets = {"captions": ([c for c, _ in captions], flickr, own, np.ones(own.shape, np.float32))}
    short = sorted({texts.texts[texts.shift + t] for i in flickr for t in texts.short_of[i]})
    short = [short[k] for k in rng.permutation(len(short))[:1200]]
    sets["phrases"] = (short, flickr, *calibrate.phrase_truth(corpus, short, flickr))
    positive, weight = calibrate.label_truth(corpus, everything)
    chosen = np.flatnonzero(positive.sum(0) > 0)
    others = np.flatnonzero(positive.sum(0) == 0)
    chosen = np.concatenate([chosen, rng.choice(others, min(200, len(others)), replace=False)])
    names = []
    for k in chosen:
        name = corpus.labels[k].name
        template = calibrate.TEMPLATES[rng.integers(len(calibrate.TEMPLATES))]
        names.append(template.format(name, a=labelling.article(name)))
    sets["labels"] = (names, everything, positive[:, chosen].T, weight[:, chosen].T)
    nothing = calibrate.absurd(rng, 120)
    shape = (len(nothing), len(everything))
    sets["absurd"] = (nothing, everything, np.zeros(shape, bool), np.ones(shape, np.float32))
    return {name: found for name, found in sets.items() if found[0]}  # texts without captions have no phrases


SHARES = {"captions": 2.0, "phrases": 1.0, "labels": 1.0, "absurd": 0.5}


def fit_text(model: Model, corpus, texts, report=print) -> tuple:
    """Fits the free-text side; returns (Fitted so far, prior, encoded tuning rows)."""
    flickr, everything = corpus.captioned("tune"), corpus.where("tune")
    patches, vectors = encode(model, corpus, everything)
    at = {i: k for k, i in enumerate(everything)}
    fitted, batches, scores = Fitted(), [], {}
    sets = query_sets(corpus, texts, flickr, everything)
    for name, (queries, rows, _, _) in sets.items():
        mine = [at[i] for i in rows]
        scores[name] = Scores(model, corpus, queries, patches[mine], vectors[mine])
    choose_crowd(model, corpus, everything, vectors)
    owner = sets["captions"][2].argmax(1)
    by_gate = {g: sum(evaluate.recall(evaluate.ranks(scores["captions"].base(g), owner)).values()) for g in GATES}
    fitted.match_gate = max(by_gate, key=by_gate.get)
    for name, (_, _, positive, weight) in sets.items():
        base = scores[name].base(fitted.match_gate)
        if name == "captions":
            weight = calibrate.crowded(positive, weight)
        elif positive.any():
            weight = calibrate.even_out(positive, weight)
        words = scores[name].words
        with torch.no_grad():
            level = model.crowd_level(words.sentences)
        batches.append((base, positive, weight, words.sentences, words.count(), level, SHARES[name]))
    prior, fitted.text_scale = calibrate.fit_prior(batches)
    x, y, w = [], [], []
    for base, positive, weight, sentence, words, level, share in batches:
        with torch.no_grad():
            logits = fitted.text_scale * base + prior(sentence, words, level)[:, None].numpy()
        x.append(logits.ravel())
        y.append(positive.ravel())
        w.append((weight * (share / weight.sum())).ravel() * 1e6)
    fitted.text_calibration = calibrate.fit_logistic(np.concatenate(x), np.concatenate(y), np.concatenate(w))
    fitted.pairs["text"] = int(sum((v > 0).sum() for v in w))
    best = {}
    scale, bias = fitted.text_calibration
    for name, logits, positive, weight in zip(sets, x, y, w, strict=True):
        shape = sets[name][2].shape
        p = 1 / (1 + np.exp(-(scale * logits + bias))).reshape(shape)
        known = weight.reshape(shape) > 0
        fitted.figures[f"ece_{name}"] = evaluate.calibration_error(p[known], positive.reshape(shape)[known])
        best[name] = (p, positive.reshape(shape), known)
    if "captions" in sets:
        long = [len(q.split()) >= SENTENCE for q in sets["captions"][0]]
        fitted.sentence_threshold = calibrate.sentence_threshold(best["captions"][0][long], best["absurd"][0])
    fitted.figures |= {f"best_{name}": np.quantile(p.max(1), (0.5, 0.95)).tolist() for name, (p, _, _) in best.items()}
    report(
        {
            "gates": by_gate,
            "scale": fitted.text_scale,
            "calibration": fitted.text_calibration,
            **fitted.figures,
        }
    )
    return fitted, prior, (everything, patches, vectors)


def choose_crowd(model: Model, corpus, ids: np.ndarray, vectors: torch.Tensor, seed: int = 0) -> None:
    """Gives the model its crowd: global vectors of tuning rows, as many of each source as far as it has them, and over
    again where there are too few."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(ids))
    sources = corpus.sources[ids][order]
    turn = np.array([(sources[:k] == s).sum() for k, s in enumerate(sources)])  # the how-manieth of its source
    model.crowd.copy_(vectors[order[np.resize(np.argsort(turn, kind="stable"), len(model.crowd))]])


def fit_labels(model: Model, corpus, fitted: Fitted, encoded: tuple, report=print) -> None:
    """Fits the calibration and the thresholds of the label scorer, and the default cut; completes `fitted`."""
    ids, stored, vectors = encoded
    logits = scorer_logits(model, corpus, stored, vectors)
    positive, weight = calibrate.label_truth(corpus, ids, inside=True)
    fitted.label_calibration = calibrate.fit_logistic(logits, positive, weight)
    p = 1 / (1 + np.exp(-(fitted.label_calibration[0] * logits + fitted.label_calibration[1])))
    known = weight > 0
    fitted.pairs["labels"] = int(known.sum())
    choose_label_thresholds(fitted, [label.name for label in corpus.labels], p, positive, known)
    photographs = ~np.isin(corpus.sources[ids], list(labelling.DRAWINGS)) & positive.any(1)
    possible = calibrate.label_truth(corpus, ids)[1] > 0
    best = np.where(possible, p, 0)[photographs].max(0)
    there = positive[photographs].any(0)
    fitted.match_threshold = calibrate.choose_threshold(best[~there])
    fitted.figures |= {
        "ece_label_scorer": evaluate.calibration_error(p[known], positive[known]),
        "matched_label_scorer": float((best[there] > fitted.match_threshold).mean()),
        "nothing_label_scorer": float((best[~there] <= fitted.match_threshold).mean()),
    }
    cuts = {"label_threshold": fitted.label_threshold, "match_threshold": fitted.match_threshold}
    report({"labels": judged(corpus, ids, logits), **cuts, **fitted.figures})


def judged(corpus, ids: np.ndarray, logits: np.ndarray) -> list:
    """mAP of label logits per source whose tags are full enough to judge by."""
    found = []
    for source in ("corel5k", "msrc_v2", "tiny-imagenet", "flickr8k", *corpus.own_sources()):
        mine = np.flatnonzero(corpus.sources[ids] == source)
        if len(mine):
            found.append(evaluate.mean_average_precision(logits[mine], corpus.positive[ids[mine]])[0])
    return [v for v in found if v is not None]


def choose_label_thresholds(fitted: Fitted, names: list, p, positive, known) -> None:
    """The cut with the best F1 over all labels, and one of its own for every label with enough tuning rows."""
    cuts = np.arange(0.1, 0.8, 0.02)
    f1 = [evaluate.f1(p[known] > c, positive[known]) for c in cuts]
    fitted.label_threshold, fitted.figures["f1"] = float(cuts[int(np.argmax(f1))]), float(max(f1))
    for k in np.flatnonzero((positive & known).sum(0) >= ENOUGH):
        own = known[:, k]
        scores = np.array([evaluate.f1(p[own, k] > c, positive[own, k]) for c in cuts])
        best = cuts[scores >= scores.max() - 0.01]
        fitted.label_thresholds[names[k]] = float(best[np.argmin(np.abs(best - fitted.label_threshold))])


@torch.no_grad()
def scorer_logits(model, corpus, stored, vectors, batch: int = 32) -> np.ndarray:
    """Logits [N, L] of the label scorer as it will be exported."""
    scorer = LabelScorer(model, *corpus.label_texts()).eval()
    return torch.cat(
        [scorer(stored[a : a + batch], vectors[a : a + batch]) for a in range(0, len(stored), batch)]
    ).numpy()
