"""Stage 2: fits the patch branches and the text queries as residuals on a dot product.

Each training image's dot product comes from a stage-1 model that has not seen it (cross-fitting): stage 1 overfits its
images, and a decoder trained on top of that learns nothing.
"""

import numpy as np
import torch

from . import evaluate, loop, losses
from .batches import Texts
from .corpus import Corpus, fold_of
from .model import Model
from .stage1 import batches_of, global_vectors

SIZES = (160, 32, 1)  # rows of a batch, as in stage 1; those without telling texts are not used
DOT = 0.5  # share of the dot product: with all of it the queries learn little, with nothing of it they learn it again
SOFT = 0.3  # weight of the cross entropy against the text encoder's own similarities
PHRASE = 0.2  # share of captioned rows that are paired with a short phrase instead


class WordStore:
    """Sentence vectors, word vectors and presence of every text, in the order of `Texts`."""

    def __init__(self, corpus: Corpus, texts: Texts):
        self.shift = texts.shift
        self.full = corpus.words(texts.texts[: texts.shift])
        self.short = corpus.words(texts.texts[texts.shift :])
        self.sentences = texts.vectors

    def __call__(self, numbers: np.ndarray) -> tuple:
        """sentence [B, E], words [B, SLOTS, E], present [B, SLOTS]."""
        numbers = np.asarray(numbers)
        long = numbers < self.shift
        words = np.empty((len(numbers), *self.full[0].shape[1:]), np.float32)
        present = np.empty((len(numbers), words.shape[1]), np.float32)
        words[long], present[long] = self.full[0][numbers[long]], self.full[1][numbers[long]]
        words[~long], present[~long] = (
            self.short[0][numbers[~long] - self.shift],
            self.short[1][numbers[~long] - self.shift],
        )
        return self.sentences[numbers], torch.from_numpy(words), torch.from_numpy(present)

    def mean(self) -> torch.Tensor:
        """Mean word vector over a sample."""
        sample = slice(0, min(20000, self.shift))
        words = np.asarray(self.full[0][sample], np.float32)
        return torch.from_numpy(words[self.full[1][sample]].mean(0))


class CrossFitted:
    """Global vectors and adapters of models that did not train on the image in question."""

    def __init__(self, corpus: Corpus, folds: list, final: Model):
        self.models = folds
        count, width = len(corpus.rows), final.config.text
        self.vectors = torch.zeros(count, width)
        self.fold = np.zeros(count, int)
        for i in corpus.captioned("train"):
            self.fold[i] = fold_of(corpus.rows[i].file, len(folds))
        for f, model in enumerate(folds):
            ids = np.array([i for i in corpus.where("train") if self.fold[i] == f])
            self.vectors[ids] = global_vectors(model, corpus, ids)

    @torch.no_grad()
    def cosines(self, ids: np.ndarray, raw: torch.Tensor, scaled: bool = False) -> torch.Tensor:
        """Dot products [images, texts] of rows with text vectors, times the models' scales where they shall be."""
        out = torch.empty(len(ids), len(raw))
        for f, model in enumerate(self.models):
            mine = np.flatnonzero(self.fold[ids] == f)
            if len(mine):
                scale = model.log_scale.exp() if scaled else 1
                out[mine] = scale * self.vectors[ids[mine]] @ model.adapter(raw).t()
        return out

    def dots(self, ids: np.ndarray, raw: torch.Tensor) -> torch.Tensor:
        """Scaled dot products [images, texts] of rows with text vectors."""
        return self.cosines(ids, raw, scaled=True)


def groups(model: Model) -> list:
    """What stage 2 changes: everything that stage 1 left alone."""
    parts = (model.image.patch_branches, model.image.to_patches, model.queries, model.matcher)
    return [{"params": [p for part in parts for p in part.parameters()], "lr": 1e-3, "weight_decay": 0.03}]


class Objective:
    """The loss of a batch, for each head as if it were alone: InfoNCE of dot product + text queries over the paired rows."""

    def __init__(self, model: Model, corpus: Corpus, texts: Texts, words: WordStore, fitted: CrossFitted):
        self.model, self.corpus, self.texts, self.words, self.fitted = model, corpus, texts, words, fitted

    def __call__(self, batch: tuple, rng) -> tuple:
        """(rows that are paired with texts, other rows) -> (loss, its parts)."""
        paired = batch[0]
        patches = self.patches(paired, rng)
        chosen = self.texts.draw(paired, rng, PHRASE)
        positive, ignored = self.texts.relations(paired, chosen)
        sentence, word, present = self.words(chosen)
        present = present * (torch.rand(present.shape) > 0.15).float()
        matched = self.model.matcher.logits(*self.model.queries(sentence, word, present), patches)
        dots = DOT * self.fitted.dots(paired, sentence)
        logits = [dots + head for head in matched.unbind(-1)]
        alike = sentence @ sentence.t()
        parts = {
            "captions": sum(losses.contrastive(x, positive, ignored) for x in logits),
            "soft": sum(losses.soft_contrastive(x, alike) for x in logits),
        }
        return parts["captions"] + SOFT * parts["soft"], parts

    def patches(self, ids, rng):
        """Patches of rows, half of them mirrored and a tenth of the tokens left out."""
        tokens, _, _ = self.corpus.batch(ids, rng.random(len(ids)) < 0.5)
        keep = (torch.rand(tokens.shape[:2]) > 0.1).float().unsqueeze(-1)
        with torch.autocast("cpu", torch.bfloat16):
            patches = self.model.image.patches(tokens, keep)
        return patches.float()


def train_stage2(
    model: Model, corpus: Corpus, texts: Texts, words: WordStore, fitted: CrossFitted, stage: loop.Stage, report=print
) -> Model:
    """Trains everything of `model` that stage 1 left alone; stage 1's part stays frozen."""
    torch.manual_seed(stage.seed)
    if not model.queries.word_mean.any():  # else the model goes on from a finished one
        model.queries.word_mean.copy_(words.mean())
    objective = Objective(model, corpus, texts, words, fitted)

    def look(average):
        return tune_rerank(average, corpus, texts, words)

    batches = batches_of(corpus, sizes=SIZES)
    return loop.train(stage, model, groups(model), batches, objective, report, look)


@torch.no_grad()
def encode(model: Model, corpus: Corpus, ids: np.ndarray, batch: int = 128) -> tuple:
    """Patches as they are stored, rounded [N, T + appended, D], and global vectors [N, E]."""
    model.eval()
    patches, vectors = [], []
    for at in range(0, len(ids), batch):
        p, v = model.image(*corpus.batch(ids[at : at + batch]))
        patches.append(p.to(torch.float16).float())
        vectors.append(v)
    return torch.cat(patches), torch.cat(vectors)


@torch.no_grad()
def text_scores(model, words_of, numbers, patches, vectors, batch: int = 32) -> tuple:
    """(dot [texts, images] times the residual scale, matcher logits [texts, images]); patches as they are stored."""
    dots, matched, patches = [], [], patches[:, : model.config.tokens]
    for at in range(0, len(numbers), batch):
        sentence, word, present = words_of(numbers[at : at + batch])
        u, weights = model.queries(sentence, word, present)
        matched.append(model.matcher.logits(u, weights, patches).mean(-1).t())
        dots.append(model.log_scale.exp() * model.adapter(sentence) @ vectors.t())
    return torch.cat(dots).numpy(), torch.cat(matched).numpy()


def tune_rerank(model, corpus, texts, words) -> dict:
    """Recall of the dot product and of dot + matcher on the captioned tuning rows."""
    model.eval()
    captioned = corpus.captioned("tune")
    patches, vectors = encode(model, corpus, captioned)
    numbers = [(t, k) for k, i in enumerate(captioned) for t in texts.full_of[i]]
    owner = np.array([k for _, k in numbers])
    dots, matched = text_scores(model, words, [t for t, _ in numbers], patches, vectors)
    figures = {"dot": list(evaluate.recall(evaluate.ranks(dots, owner)).values())}
    for gate in (0.5, 1.0):
        figures[f"gate {gate}"] = list(evaluate.recall(evaluate.ranks(dots + gate * matched, owner)).values())
    return {k: [round(x, 4) for x in v] for k, v in figures.items() if None not in v}
