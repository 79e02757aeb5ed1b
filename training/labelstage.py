"""Trains the label head (`training.labelhead`) on what the other stages left standing: before the tail, which learns beside
it, and once more on the tail's features when nothing else changes any more."""

import numpy as np
import torch
from torch.nn import functional as F

from . import evaluate, loop
from .align import CrossFitted, encode
from .corpus import Corpus
from .fit import scorer_logits
from .model import Model

ROWS = 256  # of a step
# Weight of a captioned row. Its labels are words of captions, which name people and dogs and leave out most of the rest:
# with their full weight the probe sees people and dogs wherever a picture is like theirs.
CAPTIONED = 0.15
MIXED = 0.5  # largest share of another row


class Rows:
    """Every train row once an epoch."""

    def __init__(self, rows: np.ndarray, size: int = ROWS):
        self.rows, self.size = rows, min(size, len(rows))
        self.steps = max(1, len(rows) // self.size)

    def epoch(self, rng):
        order = rng.permutation(self.rows)
        for k in range(self.steps):
            yield order[k * self.size : (k + 1) * self.size]


@torch.no_grad()
def tail_features(model: Model, corpus: Corpus, batch: int = 64) -> np.ndarray:
    """The tail's pooled features of the train rows, plain and mirrored, f16 [2, N, P]: 5 KB an image in memory."""
    found = np.zeros((2, len(corpus.rows), model.config.pooled), np.float16)
    rows = corpus.where("train")
    for side in (0, 1):
        for at in range(0, len(rows), batch):
            ids = rows[at : at + batch]
            tokens = corpus.batch(ids, np.full(len(ids), side == 1))[0]
            found[side, ids] = model.image.tail(tokens).numpy()
    return found


class Objective:
    """Binary cross entropy over the label set. The cosines are those of cross-fitted models (training.align): a model's own
    cosines on images that it was trained on are too good to be believed."""

    def __init__(self, model: Model, corpus: Corpus, fitted: CrossFitted, tuned: np.ndarray = None):
        """tuned: of `tail_features`, for a model with a tail."""
        self.model, self.corpus, self.fitted, self.tuned = model, corpus, fitted, tuned
        self.names = corpus.label_texts()[0][:, 0]
        self.member = torch.from_numpy(corpus.class_membership())

    def __call__(self, ids, rng) -> tuple:
        mirrored = rng.random(len(ids)) < 0.5
        _, pooled, logits = self.corpus.batch(ids, mirrored, tokens=False)
        tuned = self.tuned
        if tuned is not None:
            tuned = torch.from_numpy(tuned[mirrored.astype(int), ids].astype(np.float32))
        features = self.model.image.label_features(pooled, tuned)
        mixed, head = Mixture(len(ids), rng), self.model.labels
        base = head.base(self.fitted.cosines(ids, self.names), logits)
        found = mixed(base) + head.probe(mixed(head.drop(features)))
        truth, weight = truth_of(self.corpus, ids, logits, self.member)
        loss = cross_entropy(found, mixed(truth.float()), torch.minimum(weight, weight[mixed.other]))
        return loss, {"labels": loss}


class Mixture:
    """Each row of a batch with up to MIXED of another one: features and truth alike (Zhang et al. 2018, "mixup", section 2).
    A head that has learned what lies between its images is less sure of what it has not seen."""

    def __init__(self, rows: int, rng):
        self.other = torch.from_numpy(rng.permutation(rows))
        self.share = torch.from_numpy(rng.random((rows, 1)) * MIXED).float()

    def __call__(self, x):
        return torch.lerp(x, x[self.other], self.share)


def cross_entropy(found, truth, weight):
    """Binary cross entropy [B, L] -> the weighted sum over labels, mean over rows."""
    return F.binary_cross_entropy_with_logits(found, truth, weight, reduction="sum") / len(found)


def truth_of(corpus: Corpus, ids: np.ndarray, logits: torch.Tensor, member: torch.Tensor) -> tuple:
    """truth bool [B, L] and weight [B, L] of (row, label) pairs; 0 outside a source's own words for what the backbone
    believes to see: that is no negative. logits [B, 1000]: the backbone's; member: of classes in labels [1000, L]."""
    truth = torch.from_numpy(corpus.positive[ids])
    weight = torch.from_numpy(corpus.negative_weight[corpus.source_id[ids]])
    seen = (F.softmax(logits, 1) @ member) > 0.05
    weight[seen & (weight < 1)] = 0
    weight[truth] = 1
    weight[torch.from_numpy(corpus.is_captioned[ids])] *= CAPTIONED
    return truth, weight


def train_labels(
    model: Model, corpus: Corpus, fitted: CrossFitted, stage: loop.Stage, report=print, tuned: np.ndarray = None
) -> Model:
    """Trains the label head of `model` (its configuration names the number of labels); the rest stands still. tuned: of
    `tail_features`, for a model with a tail."""
    torch.manual_seed(stage.seed)
    head = model.labels
    head.member.copy_(torch.from_numpy(corpus.class_membership() > 0))
    groups = [
        {"params": head.probe.parameters(), "lr": 1e-3, "weight_decay": 0.05},
        {"params": [head.named, head.scale], "lr": 3e-3, "weight_decay": 0.0},
    ]

    def look(average):
        figures = {}
        for source in corpus.judged("tune"):
            ids = corpus.where("tune", source)
            scores = scorer_logits(average, corpus, *encode(average, corpus, ids))
            figures[source] = evaluate.mean_average_precision(scores, corpus.positive[ids])[0]
        return figures

    objective = Objective(model, corpus, fitted, tuned)
    return loop.train(stage, model, groups, Rows(corpus.where("train")), objective, report, look, active=[head])
