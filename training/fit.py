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
from .words import crowd

GATES = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass
class Fitted:
    """Numbers and small tables that turn a model's scores into probabilities."""

    match_gate: float = 1.0  # weight of the matcher beside the dot product
    text_scale: float = 1.0  # of the whole free-text logit, before the prior
    text_calibration: tuple = (1.0, 0.0)
    label_gate: float = 0.0  # weight of the decoder on the best labels
    label_scale: float = 15.0  # of the labels' cosine
    label_bias: list = field(default_factory=list)  # per label
    label_calibration: tuple = (1.0, 0.0)
    label_threshold: float = 0.5
    match_threshold: float = 0.2
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


SHARES = {"captions": 1.0, "phrases": 1.0, "labels": 1.0, "absurd": 0.5}


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
        if positive.any():
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
    fitted.match_threshold = calibrate.choose_threshold(*small_collections(best))
    cut = fitted.match_threshold
    for name in sets:
        there, not_there = found(*best[name])
        if len(there):
            fitted.figures[f"matched_{name}"] = float((there > cut).mean())
        if name != "captions":
            fitted.figures[f"nothing_{name}"] = float((not_there <= cut).mean())
    report(
        {
            "gates": by_gate,
            "scale": fitted.text_scale,
            "calibration": fitted.text_calibration,
            "cut": cut,
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


def small_collections(best: dict, images: int = 250, draws: int = 12, seed: int = 0) -> tuple:
    """(present, absent, absurd) best probabilities of queries over random small collections of tuning rows.

    The more images, the likelier that one of them looks like something that is not there; people start with few.
    """
    rng = np.random.default_rng(seed)
    present, absent = [], []
    for _ in range(draws):
        for name in [n for n in best if n != "absurd"]:
            p, positive, known = best[name]
            drawn = rng.choice(p.shape[1], min(images, p.shape[1]), replace=False)
            there, _ = found(p[:, drawn], positive[:, drawn], known[:, drawn])
            present.append(there[::4] if name == "captions" else there)
            if name == "labels":
                nowhere = ~positive[:, drawn].any(1)
                absent.append(found(*(v[nowhere][:, drawn] for v in (p, positive, known)))[1])
    return np.concatenate(present), np.concatenate(absent), best["absurd"][0].max(1)


def found(p, positive, known) -> tuple:
    """Best probability over a query's right images, and over its wrong ones (`known` and not positive)."""
    there = np.where(positive, p, -1).max(1)
    wrong = np.where(known & ~positive, p, -1).max(1)
    return there[there >= 0], wrong[wrong >= 0]


def fit_labels(model: Model, corpus, fitted: Fitted, encoded: tuple, report=print) -> None:
    """Fits gate, per-label bias, calibration and threshold of the label scorer; completes `fitted`."""
    ids, patches, vectors = encoded
    names, _ = corpus.label_texts()
    scale = float(model.tag_scale.detach())
    by_gate = {}
    logits_of = {}
    for gate in GATES:
        logits_of[gate] = scorer_logits(model, corpus, scale, 0.0, gate, patches, vectors)
        values = []
        for source in ("corel5k", "msrc_v2", "tiny-imagenet", "flickr8k", *corpus.own_sources()):
            mine = np.flatnonzero(corpus.sources[ids] == source)
            if len(mine):
                values.append(evaluate.mean_average_precision(logits_of[gate][mine], corpus.positive[ids[mine]])[0])
        by_gate[gate] = [v for v in values if v is not None]
    base = np.array(by_gate[0.0])
    allowed = [g for g in GATES if (np.array(by_gate[g]) >= base - 1e-9).all()]
    fitted.label_gate = max(allowed, key=lambda g: sum(by_gate[g]))
    logits = logits_of[fitted.label_gate]
    positive, weight = calibrate.label_truth(corpus, ids)
    words = QueryWords(corpus, [label.name for label in corpus.labels]).count()
    weight = calibrate.even_out(positive.T, weight.T).T
    shown = np.where(positive, np.median(logits, 0)[None], logits)  # a label's own images do not tell its level
    level = crowd(torch.from_numpy(np.ascontiguousarray(shown.T)))
    batch = (logits.T, positive.T, weight.T, names[:, 0], words, level, 1.0)
    prior, gain = calibrate.fit_prior([batch])
    with torch.no_grad():
        bias = prior(names[:, 0], words, level).numpy()
    fitted.label_scale, fitted.label_gate, fitted.label_bias = scale * gain, fitted.label_gate * gain, bias.tolist()
    final = gain * logits + bias
    fitted.label_calibration = calibrate.fit_logistic(final, positive, weight)
    p = 1 / (1 + np.exp(-(fitted.label_calibration[0] * final + fitted.label_calibration[1])))
    known = weight > 0
    fitted.pairs["labels"] = int(known.sum())
    cuts = np.arange(0.1, 0.8, 0.02)
    f1 = [evaluate.f1(p[known] > c, positive[known]) for c in cuts]
    fitted.label_threshold = float(cuts[int(np.argmax(f1))])
    there, wrong = found(p.T, positive.T, known.T)
    fitted.figures |= {
        "ece_label_scorer": evaluate.calibration_error(p[known], positive[known]),
        "f1": float(max(f1)),
        "matched_label_scorer": float((there > fitted.match_threshold).mean()),
        "nothing_label_scorer": float((wrong <= fitted.match_threshold).mean()),
    }
    report({"label_gates": by_gate, "gate": fitted.label_gate, "threshold": fitted.label_threshold, **fitted.figures})


@torch.no_grad()
def scorer_logits(model, corpus, scale, bias, gate, patches, vectors, batch: int = 32) -> np.ndarray:
    """Logits [N, L] of the label scorer as it will be exported."""
    descriptions, count = corpus.label_texts()
    scorer = LabelScorer(model, descriptions, count, scale, bias, gate).eval()
    return torch.cat(
        [scorer(patches[a : a + batch], vectors[a : a + batch]) for a in range(0, len(patches), batch)]
    ).numpy()
