"""Joins the global vector's three MLPs into one that is a fifth of their size (`training.model.ImageHead`).

The MLPs need half of their units dropped and each other's errors to learn from few images; what they have learned together
needs neither. One MLP on both pooled features imitates them on all images, mirrored ones, and mixtures of two, of which
there is no end.
"""

import numpy as np
import torch
from torch.nn import functional as F

from . import loop
from .corpus import Corpus
from .labelstage import Rows
from .model import Model
from .stage1 import go_on

HIDDEN = 1024
MIXED = 0.5  # largest share of another image


class Seen:
    """What the MLPs see of every train row, plain and mirrored; f16 arrays [2 * N, ..] in memory, 6 KB an image."""

    def __init__(self, model: Model, corpus: Corpus, tuned: np.ndarray, batch: int = 64):
        """tuned: of `labelstage.tail_features`."""
        rows, image = corpus.where("train"), model.image
        widths = (model.config.text, model.config.text, model.config.pooled, model.config.pooled)
        self.arrays = [np.zeros((2 * len(rows), width), np.float16) for width in widths]
        for at in range(0, 2 * len(rows), batch):
            numbers = np.arange(at, min(at + batch, 2 * len(rows)))
            ids = rows[numbers // 2]
            tokens, pooled, logits = corpus.batch(ids, numbers % 2 == 1)
            both = pooled, torch.from_numpy(tuned[numbers % 2, ids].astype(np.float32))
            with torch.no_grad():
                beside = image.beside(image.standard_tokens(tokens), logits)
                features = [image.standardised(part) for part in both]
            for array, values in zip(self.arrays, (*beside, *features), strict=True):
                array[numbers] = values.numpy()

    def __call__(self, numbers) -> tuple:
        """named, attended, pooled, tuned f32."""
        return tuple(torch.from_numpy(array[numbers].astype(np.float32)) for array in self.arrays)

    def rows(self) -> Rows:
        """Batches over the numbers of all of them."""
        return Rows(np.arange(len(self.arrays[0])))


class Objective:
    """One minus the cosine between the two models' global vectors."""

    def __init__(self, model: Model, teacher: Model, seen: Seen):
        self.model, self.teacher, self.seen = model.image, teacher.image, seen

    def __call__(self, numbers, rng) -> tuple:
        share = torch.from_numpy(rng.random((len(numbers), 1)) * MIXED).float()
        both = zip(self.seen(numbers), self.seen(rng.permutation(numbers)), strict=True)
        given = [(1 - share) * one + share * other for one, other in both]
        with torch.no_grad():
            wanted = self.teacher.combined(*given)
        loss = (1 - F.cosine_similarity(self.model.combined(*given), wanted)).mean()
        return loss, {"apart": loss}


def train_joined(
    teacher: Model, corpus: Corpus, tuned: np.ndarray, stage: loop.Stage, report=print, look=None
) -> Model:
    """`teacher` with one MLP in the place of its three. tuned: of `labelstage.tail_features`."""
    torch.manual_seed(stage.seed)
    model, seen = go_on(teacher, joined_hidden=HIDDEN), Seen(teacher.eval(), corpus, tuned)
    wanted = [{"params": model.image.mlp.parameters(), "lr": 2e-3, "weight_decay": 0.01}]
    objective = Objective(model, teacher, seen)
    return loop.train(stage, model, wanted, seen.rows(), objective, report, look, active=[model.image.mlp])
