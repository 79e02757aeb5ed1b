"""What a training step sees: which rows, and which text of each."""

import numpy as np
import torch
from torch.nn import functional as F

from .corpus import Corpus

LEAST_STEPS = 10  # of an epoch, however few rows there are
CLOSE = 0.75  # cosine above which another image's text may well fit this one too


class Batches:
    """Captioned rows, each about once an epoch, with some uncaptioned rows whose texts tell them apart and some others."""

    def __init__(self, captioned: np.ndarray, pairs: np.ndarray, rest: np.ndarray, sizes: tuple):
        """sizes: rows of a step from each of the three, as far as there are so many."""
        self.captioned, self.pairs, self.rest = captioned, pairs, rest
        self.sizes = tuple(min(n, len(g)) for n, g in zip(sizes, (captioned, pairs, rest), strict=True))
        self.steps = max(LEAST_STEPS, len(captioned) // self.sizes[0])

    def epoch(self, rng):
        """Yields (rows that are paired with texts, other rows) for every step."""
        n, p, o = self.sizes
        passes = -(-self.steps * n // len(self.captioned))
        order = np.concatenate([rng.permutation(self.captioned) for _ in range(passes)])
        for k in range(self.steps):
            paired = np.concatenate([order[k * n : (k + 1) * n], rng.choice(self.pairs, p, replace=False)])
            yield paired, rng.choice(self.rest, o, replace=False)


class Texts:
    """Every text that a row can be paired with: captions or tag lists first, then phrases."""

    def __init__(self, corpus: Corpus, phrases: bool = True):
        full, self.full_of = corpus.texts_of_rows()
        short, self.short_of = corpus.phrases_of_rows() if phrases else ([], [[] for _ in corpus.rows])
        self.shift = len(full)
        self.texts = full + short
        self.vectors = torch.from_numpy(np.concatenate([corpus.vectors(full), corpus.vectors(short)]))
        self.owned = [set(a) | {self.shift + b for b in s} for a, s in zip(self.full_of, self.short_of, strict=True)]

    def draw(self, ids: np.ndarray, rng, phrase: float) -> np.ndarray:
        """One text number per row; a phrase instead of a whole text with the given chance."""
        chosen = []
        for i in ids:
            short = self.short_of[i]
            if short and rng.random() < phrase:
                chosen.append(self.shift + short[rng.integers(len(short))])
            else:
                chosen.append(self.full_of[i][rng.integers(len(self.full_of[i]))])
        return np.array(chosen)

    def mixed(self, ids: np.ndarray, chosen: np.ndarray, rng, mix: float) -> torch.Tensor:
        """Vectors of the drawn texts, each mixed with up to `mix` of another text of the same row."""
        others = [self.full_of[i][rng.integers(len(self.full_of[i]))] for i in ids]
        share = torch.from_numpy(rng.random((len(ids), 1)) * mix).float()
        return F.normalize((1 - share) * self.vectors[chosen] + share * self.vectors[others], dim=-1)

    def relations(self, ids: np.ndarray, chosen: np.ndarray) -> tuple:
        """positive, ignored bool [B, B]: whose text is whose, and which pairs are likely false negatives.

        A pair is ignored when the text is very close to one of the image's own texts.
        """
        positive = torch.tensor([[t in self.owned[i] for t in chosen] for i in ids])
        texts = self.vectors[chosen]
        close = torch.zeros(len(ids), len(chosen))
        for k in range(max(len(self.full_of[i]) for i in ids)):
            own = [self.full_of[i][k % len(self.full_of[i])] for i in ids]
            close = torch.maximum(close, self.vectors[own] @ texts.t())
        return positive, close > CLOSE
