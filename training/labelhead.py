"""The label head: what is known of a label beyond its text.

Three opinions are added up: the cosine between the label's text and the global vector, the backbone's own ImageNet
posterior over the classes that the label names or contains, and a linear probe on the backbone's pooled features. The
first generalises to any text, the second knows a thousand classes from a million images, the third knows what the
training rows call things. On rows of one source each of them alone is worse than the sum (EXPERIMENTS.md).
"""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from . import backbone, evaluate, loop
from .corpus import Corpus

FLOOR = 1e-4  # of a label's share of the posterior: below it, it says nothing
ROWS = 256  # of a step


class LabelHead(nn.Module):
    """cosines [B, L] and standardised pooled features [B, P] -> logits [B, L]."""

    def __init__(self, pooled: int, classes: int, labels: int):
        super().__init__()
        self.classify = nn.Linear(pooled, classes)  # the backbone's classifier, for standardised features
        self.register_buffer("member", torch.zeros(classes, labels, dtype=torch.bool))
        self.probe = nn.Linear(pooled, labels)
        self.named, self.scale = nn.Parameter(torch.ones(labels)), nn.Parameter(torch.tensor(5.0))
        self.drop = nn.Dropout(0.3)
        nn.init.zeros_(self.probe.weight)
        nn.init.constant_(self.probe.bias, -7.0)

    def posterior(self, pooled):
        """Each label's share of the ImageNet posterior [B, L]: the sum over the classes that it names or contains.

        Written with running sums over (class, label) pairs in the order of labels, so that the exported graph holds the
        pairs and not a matrix of classes x labels.
        """
        label, of_class = self.member.t().nonzero(as_tuple=True)
        ends = torch.cumsum(self.member.sum(0), 0)
        chosen = F.softmax(self.classify(pooled), 1)[:, of_class].double()
        sums = F.pad(torch.cumsum(chosen, 1), (1, 0))
        starts = F.pad(ends, (1, 0))[:-1]
        return (sums[:, ends] - sums[:, starts]).float().clamp(min=0)

    def forward(self, cosines, pooled):
        seen = torch.log((self.posterior(pooled) + FLOOR) / FLOOR)
        return self.scale * cosines + self.named * seen + self.probe(self.drop(pooled))


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

    def __init__(self, model, corpus: Corpus, fitted):
        self.model, self.corpus, self.fitted = model, corpus, fitted
        self.names = corpus.label_texts()[0][:, 0]
        self.member = torch.from_numpy(corpus.class_membership())

    def __call__(self, ids, rng) -> tuple:
        model, corpus = self.model, self.corpus
        _, pooled, logits = corpus.batch(ids, rng.random(len(ids)) < 0.5, tokens=False)
        found = model.labels(self.fitted.cosines(ids, self.names), model.image.standardised(pooled))
        truth = torch.from_numpy(corpus.positive[ids])
        seen = (F.softmax(logits, 1) @ self.member) > 0.05  # what the backbone believes to see is no negative
        weight = torch.from_numpy(corpus.negative_weight[corpus.source_id[ids]]) * ~seen
        weight[truth] = 1
        loss = F.binary_cross_entropy_with_logits(found, truth.float(), weight, reduction="sum") / len(ids)
        return loss, {"labels": loss}


def prepare(model, corpus: Corpus) -> None:
    """The backbone's classifier, and which class belongs to which label."""
    head, image = model.labels, model.image
    classifier = backbone.Backbone().net._fc
    with torch.no_grad():
        head.classify.weight.copy_(classifier.weight / image.pooled_scale)
        head.classify.bias.copy_(classifier.bias + classifier.weight @ image.pooled_mean)
    head.member.copy_(torch.from_numpy(corpus.class_membership() > 0))


def train_labels(model, corpus: Corpus, fitted, stage: loop.Stage, report=print):
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
            tokens, pooled, logits = corpus.batch(ids)
            vectors = average.image((tokens), pooled, logits)[1]
            scores = average.labels(vectors @ average.adapter(names).t(), average.image.standardised(pooled))
            figures[source] = evaluate.mean_average_precision(scores.numpy(), corpus.positive[ids])[0]
        return figures

    objective = Objective(model, corpus, fitted)
    return loop.train(stage, model, groups, Rows(corpus.where("train")), objective, report, look, active=[head])
