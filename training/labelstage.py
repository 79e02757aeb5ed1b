"""The last stage of training: the label head (`training.labelhead`), on what the other stages left standing."""

import numpy as np
import torch
from torch.nn import functional as F

from . import backbone, evaluate, loop
from .align import CrossFitted
from .corpus import Corpus
from .model import Model
from .stage1 import global_vectors

ROWS = 256  # of a step


class Rows:
    """Every train row once an epoch."""

    def __init__(self, rows: np.ndarray, size: int = ROWS):
        self.rows, self.size = rows, min(size, len(rows))
        self.steps = max(1, len(rows) // self.size)

    def epoch(self, rng):
        order = rng.permutation(self.rows)
        for k in range(self.steps):
            yield order[k * self.size : (k + 1) * self.size]


class Objective:
    """Binary cross entropy over the label set. The cosines are those of cross-fitted models (training.align): a model's own
    cosines on images that it was trained on are too good to be believed."""

    def __init__(self, model: Model, corpus: Corpus, fitted: CrossFitted):
        self.model, self.corpus, self.fitted = model, corpus, fitted
        self.names = corpus.label_texts()[0][:, 0]
        self.member = torch.from_numpy(corpus.class_membership())

    def __call__(self, ids, rng) -> tuple:
        model, corpus = self.model, self.corpus
        _, pooled, logits = corpus.batch(ids, rng.random(len(ids)) < 0.5, tokens=False)
        found = model.labels(self.fitted.cosines(ids, self.names), model.image.standardised(pooled))
        truth, weight = negatives(corpus, ids, logits, self.member)
        loss = F.binary_cross_entropy_with_logits(found, truth.float(), weight, reduction="sum") / len(ids)
        return loss, {"labels": loss}


def negatives(corpus: Corpus, ids: np.ndarray, logits: torch.Tensor, member: torch.Tensor) -> tuple:
    """truth bool [B, L] and weight [B, L] of (row, label) pairs; 0 outside a source's own words for what the backbone
    believes to see: that is no negative. logits [B, 1000]: the backbone's; member: of classes in labels [1000, L]."""
    truth = torch.from_numpy(corpus.positive[ids])
    weight = torch.from_numpy(corpus.negative_weight[corpus.source_id[ids]])
    seen = (F.softmax(logits, 1) @ member) > 0.05
    weight[seen & (weight < 1)] = 0
    weight[truth] = 1
    return truth, weight


def prepare(model: Model, corpus: Corpus) -> None:
    """The backbone's classifier, and which class belongs to which label."""
    head, image = model.labels, model.image
    classifier = backbone.Backbone().net._fc
    with torch.no_grad():
        head.classify.weight.copy_(classifier.weight / image.pooled_scale)
        head.classify.bias.copy_(classifier.bias + classifier.weight @ image.pooled_mean)
    head.member.copy_(torch.from_numpy(corpus.class_membership() > 0))


def train_labels(model: Model, corpus: Corpus, fitted: CrossFitted, stage: loop.Stage, report=print) -> Model:
    """Trains the label head of `model` (its configuration names the number of labels); the rest stands still."""
    torch.manual_seed(stage.seed)
    prepare(model, corpus)
    head = model.labels
    groups = [
        {"params": head.probe.parameters(), "lr": 1e-3, "weight_decay": 0.05},
        {"params": [head.named, head.scale], "lr": 3e-3, "weight_decay": 0.0},
    ]
    names = corpus.label_texts()[0][:, 0]

    @torch.no_grad()
    def look(average):
        figures = {}
        for source in corpus.judged("tune"):
            ids = corpus.where("tune", source)
            cosines = global_vectors(average, corpus, ids) @ average.adapter(names).t()
            pooled = corpus.batch(ids, tokens=False)[1]
            scores = average.labels(cosines, average.image.standardised(pooled))
            figures[source] = evaluate.mean_average_precision(scores.numpy(), corpus.positive[ids])[0]
        return figures

    objective = Objective(model, corpus, fitted)
    return loop.train(stage, model, groups, Rows(corpus.where("train")), objective, report, look, active=[head])
