"""Fine-tunes a copy of the backbone's last blocks (`training.tail`) for captions and labels, when all else is trained.

It starts from everything that the other stages made and changes nothing of it: the tail learns with an MLP into text space
of its own, whose opinion is then averaged with those on the frozen features. Half of what it learns from 5,000 captioned
images is those images, and the frozen half is what keeps the sum general. A label probe keeps it from forgetting what no
caption says, and most rows of a batch are uncaptioned ones for its sake. The probe is thrown away: the label head learns again
from the finished tail's features (`training.labelstage`).

It is done twice with other random numbers, and the weights are averaged: models fine-tuned from one start are good half way
between each other, too (Wortsman et al. 2022, "Model soups", section 3), and that costs nothing when images are encoded.
"""

import copy

import numpy as np
import torch
from torch import nn

from . import loop
from .align import CrossFitted
from .backbone import Backbone, stride16
from .batches import Texts
from .corpus import Corpus
from .labelstage import cross_entropy, truth_of
from .model import Model
from .stage1 import Objective as Joint
from .stage1 import Recipe, batches_of, go_on, tune_figures
from .tail import CHUNK, Tail

SEEDS = 2  # fine-tuned tails whose weights are averaged
SIZES = (128, 32, 256)  # rows of a batch, as in stage 1
RECIPE = Recipe(tags=0.02, distilled=0.5, phrase=0.12, mix=0.5)
PROBE = 0.5  # weight of the label probe's binary cross entropy
KEPT = 0.9  # chance with which an image takes what a block adds
CROPPED, SIDES = 0.7, (12, 14, 16)  # how many chunks see a part of the map only, and how large a part
DROPPED = 0.1  # share of the map's cells that are left out


class Tuned(nn.Module):
    """What is trained: the tail, its MLP (in a model whose global vector is that MLP's alone), a label probe."""

    def __init__(self, finished: Model, init: Model = None):
        """init: a finished model whose tail and MLP to start from instead of the backbone's and `finished`'s."""
        super().__init__()
        self.alone = go_on(finished, global_tokens=False, second=False, tuned=False)
        self.tail = Tail(Backbone())
        if init is not None and init.config.tuned:
            self.tail.load_state_dict(init.image.tail.state_dict())
            self.alone.image.mlp.load_state_dict(init.image.tuned.state_dict())
        self.probe = copy.deepcopy(finished.labels.probe)
        self.drop = nn.Dropout(0.3)

    def groups(self) -> list:
        return [
            {"params": self.tail.parameters(), "lr": 1e-3, "weight_decay": 0.02},
            {"params": self.alone.image.mlp.parameters(), "lr": 5e-4, "weight_decay": 0.05},
            {"params": self.probe.parameters(), "lr": 3e-4, "weight_decay": 0.05},
        ]

    def trained(self) -> list:
        """The modules in training mode."""
        return [self.tail, self.alone.image.mlp, self.drop]

    def averaged_into(self, finished: Model) -> Model:
        """`finished` with the tail's opinion averaged into the global vector."""
        both = go_on(finished, tuned=True)
        both.image.tail.load_state_dict(self.tail.state_dict())
        both.image.tuned.load_state_dict(self.alone.image.mlp.state_dict())
        return both.eval()


class Objective(Joint):
    """Stage 1's joint loss on the tail's features, and binary cross entropy of the label head with the tail's probe."""

    def __init__(self, tuned: Tuned, corpus: Corpus, texts: Texts, fitted: CrossFitted, recipe: Recipe = RECIPE):
        super().__init__(tuned.alone, corpus, texts, recipe)
        self.tuned, self.fitted = tuned, fitted

    def __call__(self, batch: tuple, rng) -> tuple:
        """(rows that are paired with texts, other rows) -> (loss, its parts)."""
        loss, parts = super().__call__(batch, rng)
        parts["labels"] = self.labels(np.concatenate(batch))
        return loss + PROBE * parts["labels"], parts

    def features(self, ids, rng) -> tuple:
        """As stage 1's without tokens, the pooled features being those of the tail; kept for `labels`."""
        tokens, _, self.logits = self.corpus.batch(ids, rng.random(len(ids)) < 0.5)
        self.pooled = augmented(self.tuned.tail, tokens, rng)
        return None, None, self.pooled, self.logits

    def vectors(self, image, tokens, keep, pooled, logits):
        """Global vectors of rows; in full precision, as the tail's features are."""
        return image.vector(None, pooled, logits)

    def labels(self, ids):
        head, image = self.tuned.alone.labels, self.tuned.alone.image
        with torch.no_grad():
            base = head.base(self.fitted.cosines(ids, self.names), self.logits)
        found = base + self.tuned.probe(self.tuned.drop(image.standardised(self.pooled)))
        truth, weight = truth_of(self.corpus, ids, self.logits, self.member)
        return cross_entropy(found, truth.float(), weight)


def augmented(tail: Tail, tokens, rng):
    """Pooled features [B, 1280] of rows in chunks of their own part of the map each, some of its cells left out."""
    x = stride16(tokens).contiguous(memory_format=torch.channels_last)
    order, found = rng.permutation(len(x)), []
    for at in range(0, len(x), CHUNK):
        part = x[order[at : at + CHUNK]]
        if rng.random() < CROPPED:
            part = cropped(part, rng)
        cells = torch.rand(len(part), 1, *part.shape[2:]) > DROPPED
        found.append(tail.of_map(part * cells, KEPT))
    return torch.cat(found)[np.argsort(order)]


def cropped(x, rng):
    """A random part of maps [B, C, H, W]; of a smaller map in proportion."""
    sides = [min(int(rng.choice(SIDES)), full) for full in x.shape[2:]]
    top, left = (int(rng.integers(full - side + 1)) for full, side in zip(x.shape[2:], sides, strict=True))
    part = x[:, :, top : top + sides[0], left : left + sides[1]]
    return part.contiguous(memory_format=torch.channels_last)


def train_tail(
    finished: Model,
    corpus: Corpus,
    texts: Texts,
    fitted: CrossFitted,
    stage: loop.Stage,
    init: Model = None,
    report=print,
) -> Model:
    """`finished` with a fine-tuned tail averaged in."""
    torch.manual_seed(stage.seed)
    tuned = Tuned(finished, init)
    objective = Objective(tuned, corpus, texts, fitted)

    def look(average):
        return tune_figures(average.averaged_into(finished), corpus, texts)

    batches = batches_of(corpus, sizes=SIZES)
    trained = loop.train(stage, tuned, tuned.groups(), batches, objective, report, look, active=tuned.trained())
    return trained.averaged_into(finished)


def soup(models: list) -> Model:
    """The model whose weights are the means of those of `models`, which differ in their tails only."""
    states = [model.state_dict() for model in models]
    made = copy.deepcopy(models[0])
    mean = {k: sum(s[k] for s in states) / len(states) for k, v in states[0].items() if v.dtype.is_floating_point}
    made.load_state_dict({**states[0], **mean})
    return made.eval()
