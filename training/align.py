"""Stage 2: fits the patch branch, the text queries and the label decoder as residuals on a dot product.

Each training image's dot product comes from a stage-1 model that has not seen it (cross-fitting): stage 1 overfits its
images, and a decoder trained on top of that learns nothing.
"""

import numpy as np
import torch
from torch.nn import functional as F

from . import evaluate, loop, losses
from .batches import Texts
from .corpus import Corpus, fold_of
from .model import Model
from .stage1 import batches_of, global_vectors

SIZES = (160, 32, 64)  # rows of a batch, as in stage 1
TAGS = 0.1  # weight of the asymmetric loss
PHRASE = 0.2  # share of captioned rows that are paired with a short phrase instead
LABELS_DRAWN = 24  # labels an image is decoded against: its own, then the hardest and random ones


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


def draw_labels(positive, prior, rng_labels: int) -> torch.Tensor:
    """Labels to decode an image against [B, LABELS_DRAWN]: positives, then those with the highest noisy prior."""
    noisy = prior + torch.empty_like(prior).exponential_() * 3 + positive.float() * 1e3
    return noisy.topk(rng_labels, 1)[1]


def groups(model: Model) -> list:
    """What stage 2 changes: everything that stage 1 left alone."""
    parts = (model.image.patch_branches, model.image.to_patches, model.queries, model.matcher, model.decoder)
    wanted = [{"params": [p for part in parts for p in part.parameters()], "lr": 1e-3, "weight_decay": 0.02}]
    if model.image.tail is not None:
        wanted.append({"params": list(model.image.tail.parameters()), "lr": 1e-4, "weight_decay": 0.02})
    return wanted


class Objective:
    """The loss of a batch: InfoNCE of dot product + text queries over the paired rows, asymmetric loss of dot product +
    label decoder over half of the paired rows and all others (labels cost the most)."""

    def __init__(self, model: Model, corpus: Corpus, texts: Texts, words: WordStore, fitted: CrossFitted):
        self.model, self.corpus, self.texts, self.words, self.fitted = model, corpus, texts, words, fitted
        self.names = corpus.label_texts()[0][:, 0]
        self.member = torch.from_numpy(corpus.class_membership())

    def __call__(self, batch: tuple, rng) -> tuple:
        """(rows that are paired with texts, other rows) -> (loss, its parts)."""
        paired, ids = batch[0], np.concatenate(batch)
        patches, logits = self.patches(ids, rng)
        tagged = slice(len(paired) // 2, None)
        parts = {
            "captions": self.captions(patches[: len(paired)], paired, rng),
            "tags": self.tags(patches[tagged], ids[tagged], logits[tagged]),
        }
        return parts["captions"] + TAGS * parts["tags"], parts

    def patches(self, ids, rng) -> tuple:
        """Patches of rows, half of them mirrored and a tenth of the tokens left out; the ImageNet logits."""
        image = self.model.image
        tokens, _, logits = self.corpus.batch(ids, rng.random(len(ids)) < 0.5)
        keep = (torch.rand(tokens.shape[:2]) > 0.1).float().unsqueeze(-1)
        with torch.autocast("cpu", torch.bfloat16):
            patches = image.patches(tokens, keep)
        return patches.float(), logits

    def captions(self, patches, paired, rng):
        chosen = self.texts.draw(paired, rng, PHRASE)
        positive, ignored = self.texts.relations(paired, chosen)
        sentence, word, present = self.words(chosen)
        present = present * (torch.rand(present.shape) > 0.15).float()
        matched, _ = self.model.matcher(*self.model.queries(sentence, word, present), patches)
        dots = self.fitted.dots(paired, sentence)
        return sum(losses.contrastive(dots + head, positive, ignored) for head in matched.unbind(-1))

    def tags(self, patches, ids, logits):
        model, corpus = self.model, self.corpus
        truth = torch.from_numpy(corpus.positive[ids])
        with torch.no_grad():
            base = model.tag_scale / model.log_scale.exp() * self.fitted.dots(ids, self.names) + model.tag_bias
        labels = draw_labels(truth, base, LABELS_DRAWN)
        decoded = model.decoder(self.names[labels], patches)
        seen = (F.softmax(logits, 1) @ self.member) > 0.05
        weight = (torch.from_numpy(corpus.negative_weight[corpus.source_id[ids]]) * ~seen).gather(1, labels)
        return losses.asymmetric(base.gather(1, labels) + decoded, truth.gather(1, labels), weight)


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
    """Patches rounded as they are stored [N, T, D] and global vectors [N, E]."""
    model.eval()
    patches, vectors = [], []
    for at in range(0, len(ids), batch):
        p, v = model.image(*corpus.batch(ids[at : at + batch]))
        patches.append(p.to(torch.float16).float())
        vectors.append(v)
    return torch.cat(patches), torch.cat(vectors)


@torch.no_grad()
def text_scores(model, words_of, numbers, patches, vectors, batch: int = 32) -> tuple:
    """(dot [texts, images] times the residual scale, matcher logits [texts, images])."""
    dots, matched = [], []
    for at in range(0, len(numbers), batch):
        sentence, word, present = words_of(numbers[at : at + batch])
        u, weights = model.queries(sentence, word, present)
        matched.append(model.matcher(u, weights, patches)[0].mean(-1).t())
        dots.append(model.log_scale.exp() * model.adapter(sentence) @ vectors.t())
    return torch.cat(dots).numpy(), torch.cat(matched).numpy()


@torch.no_grad()
def label_logits(model, names, patches, vectors, batch: int = 32) -> tuple:
    """(cosine [images, L], decoder logits [images, L]) of label texts [L, E]."""
    cosines = vectors @ model.adapter(names).t()
    decoded = [model.decoder(names.unsqueeze(0), patches[at : at + batch]) for at in range(0, len(patches), batch)]
    return cosines.numpy(), torch.cat(decoded).numpy()


def tune_rerank(model, corpus, texts, words) -> dict:
    """Recall of the dot product and of dot + matcher, mAP of the dot product and of dot + decoder, on tuning rows."""
    model.eval()
    captioned = corpus.captioned("tune")
    patches, vectors = encode(model, corpus, captioned)
    numbers = [(t, k) for k, i in enumerate(captioned) for t in texts.full_of[i]]
    owner = np.array([k for _, k in numbers])
    dots, matched = text_scores(model, words, [t for t, _ in numbers], patches, vectors)
    figures = {"dot": list(evaluate.recall(evaluate.ranks(dots, owner)).values())}
    figures["both"] = list(evaluate.recall(evaluate.ranks(dots + matched, owner)).values())
    names = corpus.label_texts()[0][:, 0]
    for source in corpus.judged("tune"):
        rows = corpus.where("tune", source)
        cosines, decoded = label_logits(model, names, *encode(model, corpus, rows))
        scores = [float(model.tag_scale) * cosines + g * decoded for g in (0, 0.5, 1)]
        figures[source] = [evaluate.mean_average_precision(s, corpus.positive[rows])[0] for s in scores]
    return {k: [round(x, 4) for x in v] for k, v in figures.items() if None not in v}
