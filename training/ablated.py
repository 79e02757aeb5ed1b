"""The small model of the ablations: pooled backbone features -> MLP -> the text encoder's space; dot product with frozen
text vectors. RAM++'s decoder over hundreds of labels a row would cost fifty times as much and is left out, and so is the
distillation of class names, which would show the kept-out ones.
"""

import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from . import evaluate, loop, losses
from . import labels as labelling
from .batches import Batches, Texts

WORDS = ("name", "averaged", "reweighted")  # what a label is: its name, the mean of its descriptions, a mean per image
SIZES = (96, 0, 96)  # rows of a batch: captioned ones, then any others
TRAINED = 20  # train rows that show a label before it is trained on
DESCRIPTIONS = 4  # a label at most
HIDDEN = 256


def described(label: labelling.Label, classes: list) -> list:
    """Descriptions of a label from what ImageNet's class list says of it: templates, synonyms, what it is a kind of, what
    kinds of it there are. A language model would write better ones; none was at hand."""
    name, kinds = (
        label.name,
        [classes[i]["name"].lower() for i in label.classes if classes[i]["name"].lower() != label.name],
    )
    texts = [name, f"a photo of {labelling.article(name)}"]
    texts += [f"{name}, a kind of {parent}" for parent in label.parents[:1]]
    texts += [f"{name}, such as {labelling.article(kind)}" for kind in kinds[:1]]
    texts += [f"{name}, also called {alias}" for alias in label.aliases]
    return texts[:DESCRIPTIONS]


class Data:
    """Rows, label texts and texts of captions, as arrays, with the labels of `keep_out` set apart."""

    def __init__(self, corpus, keep_out: frozenset):
        self.corpus, self.texts = corpus, Texts(corpus, phrases=False)
        train, report = corpus.where("train"), corpus.where("report")
        kept_out = np.array([labelling.held_out(label.name, keep_out) for label in corpus.labels])
        self.trained = np.flatnonzero((corpus.positive[train].sum(0) >= TRAINED) & ~kept_out)
        self.known = corpus.negative_weight[corpus.source_id[report]] == 1  # bool [report rows, L]: labelled at all
        enough = (corpus.positive[report] & self.known).sum(0) >= 3
        self.seen = np.intersect1d(self.trained, np.flatnonzero(enough))
        self.kept_out = np.flatnonzero(kept_out & enough)
        self.report, self.captioned = report, corpus.captioned("report")
        self.pooled = torch.from_numpy(corpus.plain["pooled"].astype(np.float32))
        self.mean, self.scale = self.pooled[train].mean(0), 1 / (self.pooled[train].std(0) + 1e-3)
        self.descriptions, self.absent = self._descriptions()
        self.weight = self._weights()

    def _descriptions(self) -> tuple:
        """Vectors [L, n, E] and 0 or -1e4 [L, n] where a label has fewer than n descriptions; the name comes first."""
        lists = [described(label, self.corpus.classes) for label in self.corpus.labels]
        n = max(map(len, lists))
        vectors = self.corpus.vectors([t for own in lists for t in own + [own[0]] * (n - len(own))])
        absent = torch.tensor([[0.0] * len(own) + [-1e4] * (n - len(own)) for own in lists])
        return torch.from_numpy(vectors).view(len(lists), n, -1), absent

    def _weights(self) -> np.ndarray:
        """Weight of every row as a negative of every trained label, f16 [N, L]; what the backbone believes to see is none."""
        corpus = self.corpus
        member, found = torch.from_numpy(corpus.class_membership()[:, self.trained]), []
        for at in range(0, len(corpus.rows), 4096):
            logits = torch.from_numpy(corpus.plain["logits"][at : at + 4096].astype(np.float32))
            seen = (F.softmax(logits, 1) @ member > 0.05).numpy()
            weight = corpus.negative_weight[corpus.source_id[at : at + 4096]][:, self.trained]
            found.append((weight * ~seen).astype(np.float16))
        return np.concatenate(found)


class Small(nn.Module):
    """pooled [B, 1280] -> vectors [B, E] of length one; the scales and biases of both kinds of logits."""

    def __init__(self, width: int, text: int):
        super().__init__()
        self.mlp = nn.Sequential(
            nn.Dropout(0.2), nn.Linear(width, HIDDEN), nn.GELU(), nn.Dropout(0.2), nn.Linear(HIDDEN, text)
        )
        self.tag_scale, self.tag_bias = nn.Parameter(torch.tensor(15.0)), nn.Parameter(torch.tensor(-8.0))
        self.align_scale, self.align_bias = nn.Parameter(torch.tensor(15.0)), nn.Parameter(torch.tensor(-8.0))
        self.sharpness = nn.Parameter(torch.tensor(math.log(10.0)))  # of the reweighting, as exp

    def forward(self, pooled):
        return F.normalize(self.mlp(pooled), dim=-1)

    def cosines(self, vectors, descriptions, absent, words: str):
        """Vectors [B, E], descriptions [L, n, E], absent [L, n] -> cosines with the labels' texts [B, L]."""
        if words == "name":
            return vectors @ descriptions[:, 0].t()
        if words == "averaged":
            return vectors @ (F.softmax(absent, 1).unsqueeze(1) @ descriptions).squeeze(1).t()
        each = (vectors @ descriptions.flatten(0, 1).t()).view(len(vectors), *absent.shape)
        return (F.softmax(each * self.sharpness.exp() + absent, -1) * each).sum(-1)


class Objective:
    """The loss of a batch. Tagging and alignment weigh the same whichever loss is chosen: each is divided by its value on
    the first batch."""

    def __init__(self, data: Data, model: Small, variant, epoch: int):
        """epoch: its steps."""
        self.epoch = epoch
        self.data, self.model, self.variant, self.first, self.steps = data, model, variant, {}, 0
        self.labels = data.descriptions[data.trained], data.absent[data.trained]

    def __call__(self, batch: tuple, rng) -> tuple:
        ids, data = np.concatenate(batch), self.data
        vectors, parts = vectors_of(data, self.model, ids), {}
        self.steps += 1
        if self.variant.tags:
            parts["tags"] = self.tags(vectors, ids)
        if self.variant.align:
            parts["captions"] = self.captions(vectors[: len(batch[0])], batch[0], rng)
        for name, part in parts.items():
            self.first.setdefault(name, float(part.detach()))
        return sum(part / self.first[name] for name, part in parts.items()), parts

    def tags(self, vectors, ids):
        data, model = self.data, self.model
        weight = torch.from_numpy(data.weight[ids].astype(np.float32))
        positive = torch.from_numpy(data.corpus.positive[ids][:, data.trained])
        logits = model.tag_scale * model.cosines(vectors, *self.labels, self.variant.words) + model.tag_bias
        return losses.TAG_LOSSES[self.variant.tags](logits, positive, weight, **self.settings(self.variant.tags))

    def captions(self, vectors, ids, rng):
        texts = self.data.texts
        chosen = texts.draw(ids, rng, 0.0)
        logits = self.model.align_scale * vectors @ texts.vectors[chosen].t() + self.model.align_bias
        settings = self.settings(self.variant.align)
        return losses.ALIGN_LOSSES[self.variant.align](logits, *texts.relations(ids, chosen), **settings)

    def settings(self, loss: str) -> dict:
        """SPLC corrects after the first epoch only."""
        return {"begun": self.steps > self.epoch} if loss == "SPLC" else {}


def train(data: Data, variant, stage: loop.Stage) -> Small:
    torch.manual_seed(stage.seed)
    model = Small(data.pooled.shape[1], data.descriptions.shape[-1])
    captioned = data.corpus.captioned("train")
    others = np.setdiff1d(data.corpus.where("train"), captioned)
    scales = [p for name, p in model.named_parameters() if not name.startswith("mlp")]
    groups = [
        {"params": model.mlp.parameters(), "lr": 2e-3, "weight_decay": 0.05},
        {"params": scales, "lr": 1e-2, "weight_decay": 0.0},
    ]
    batches = Batches(captioned, np.zeros(0, int), others, SIZES)
    return loop.train(stage, model, groups, batches, Objective(data, model, variant, batches.steps), lambda line: None)


@torch.no_grad()
def measure(data: Data, model: Small, words: str) -> dict:
    """mAP on seen labels as trained, on kept-out ones by name and by descriptions; recall of captions. Report rows only."""
    figures = {"seen": mean_precision(data, model, data.seen, words)}
    by = "reweighted" if words == "name" else words
    figures["kept_out_name"] = mean_precision(data, model, data.kept_out, "name")
    figures["kept_out_descriptions"] = mean_precision(data, model, data.kept_out, by)
    numbers = [(t, k) for k, i in enumerate(data.captioned) for t in data.texts.full_of[i]]
    scores = data.texts.vectors[[t for t, _ in numbers]] @ vectors_of(data, model, data.captioned).t()
    ranks = evaluate.ranks(scores.numpy(), np.array([k for _, k in numbers]))
    return {k: round(v, 5) for k, v in (figures | evaluate.recall(ranks)).items()}


def vectors_of(data: Data, model: Small, ids) -> torch.Tensor:
    return model((data.pooled[ids] - data.mean) * data.scale)


def mean_precision(data: Data, model: Small, labels, words: str) -> float:
    """Mean over labels of the average precision over the report rows whose source labels them at all."""
    vectors, truth = vectors_of(data, model, data.report), data.corpus.positive[data.report]
    scores = model.cosines(vectors, data.descriptions[labels], data.absent[labels], words).numpy()
    found = []
    for k, label in enumerate(labels):
        rows = data.known[:, label]
        found.append(evaluate.average_precision(scores[rows, k], truth[rows, label]))
    return float(np.mean(found))
