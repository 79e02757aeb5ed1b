"""Stage 2: fits the patch branch, the text queries and the label decoder as residuals on a dot product.

Each training image's dot product comes from a stage-1 model that has not seen it (cross-fitting): stage 1 overfits its
images, and a decoder trained on top of that learns nothing.
"""

import json
import math
import time
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from . import evaluate, losses
from .corpus import PAIRED, Corpus, fold_of
from .model import Model
from .train import Average, Texts, global_vectors

CAPTIONED, PAIRS, OTHERS = 160, 32, 64
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
        self.fold = np.array([fold_of(r.file, len(folds)) if r.source == "flickr8k" else 0 for r in corpus.rows])
        for f, model in enumerate(folds):
            ids = np.array([i for i in corpus.where("train") if self.fold[i] == f])
            self.vectors[ids] = global_vectors(model, corpus, ids)

    @torch.no_grad()
    def dots(self, ids: np.ndarray, raw: torch.Tensor) -> torch.Tensor:
        """Scaled dot products [images, texts] of rows with text vectors."""
        out = torch.empty(len(ids), len(raw))
        for f, model in enumerate(self.models):
            mine = np.flatnonzero(self.fold[ids] == f)
            if len(mine):
                out[mine] = model.log_scale.exp() * self.vectors[ids[mine]] @ model.adapter(raw).t()
        return out


def draw_labels(positive, prior, rng_labels: int) -> torch.Tensor:
    """Labels to decode an image against [B, LABELS_DRAWN]: positives, then those with the highest noisy prior."""
    noisy = prior + torch.empty_like(prior).exponential_() * 3 + positive.float() * 1e3
    return noisy.topk(rng_labels, 1)[1]


def train_stage2(
    model: Model,
    corpus: Corpus,
    texts: Texts,
    words: WordStore,
    fitted: CrossFitted,
    out: Path,
    epochs: int,
    seed: int,
    report=print,
):
    """Trains everything of `model` that stage 1 left alone; stage 1's part stays frozen."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model.queries.word_mean.copy_(words.mean())
    wanted = [
        *model.image.patch_branch.parameters(),
        *model.image.to_patches.parameters(),
        *model.queries.parameters(),
        *model.matcher.parameters(),
        *model.decoder.parameters(),
    ]
    for p in model.parameters():
        p.requires_grad_(False)
    for p in wanted:
        p.requires_grad_(True)
    optimiser = torch.optim.AdamW(wanted, lr=1e-3, weight_decay=0.02)
    captioned = corpus.where("train", "flickr8k")
    pairs = np.array([i for i in corpus.where("train", *(PAIRED - {"flickr8k"})) if texts.full_of[i]])
    rest = np.setdiff1d(corpus.where("train"), captioned)
    names = corpus.label_texts()[0][:, 0]
    member = torch.from_numpy(corpus.class_membership())
    steps_per_epoch = max(1, len(captioned) // CAPTIONED)
    total, step, begun = epochs * steps_per_epoch, 0, time.time()
    average = Average(model, 0.98)
    for epoch in range(epochs):
        order, sums = rng.permutation(captioned), np.zeros(2)
        model.train()
        for k in range(steps_per_epoch):
            lr = 1e-3 * (min(1, (step + 1) / 30) * 0.5 * (1 + math.cos(math.pi * step / total)) + 0.01)
            optimiser.param_groups[0]["lr"] = lr
            paired = np.concatenate(
                [order[k * CAPTIONED : (k + 1) * CAPTIONED], rng.choice(pairs, PAIRS, replace=False)]
            )
            ids = np.concatenate([paired, rng.choice(rest, OTHERS, replace=False)])
            parts = stage2_losses(model, corpus, texts, words, fitted, paired, ids, names, member, rng)
            loss = parts[0] + 0.1 * parts[1]
            optimiser.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(wanted, 1.0)
            optimiser.step()
            step += 1
            average.update(model, step)
            sums += [float(p.detach()) for p in parts]
        line = {
            "stage": 2,
            "epoch": epoch + 1,
            "seconds": round(time.time() - begun),
            "loss": [round(x, 3) for x in sums / steps_per_epoch],
        }
        if epoch % 3 == 2 or epoch + 1 == epochs:
            line.update(tune_rerank(average.model, corpus, texts, words))
        report(json.dumps(line))
        torch.save(average.model.state_dict(), out / "stage2.state")  # to look at a running stage
    return average.model


def stage2_losses(model, corpus, texts, words, fitted, paired, ids, names, member, rng) -> tuple:
    """(InfoNCE of dot + text queries over the paired rows, asymmetric loss of dot + label decoder over all)."""
    tokens, _, logits = corpus.batch(ids, rng.random(len(ids)) < 0.5)
    keep = (torch.rand(tokens.shape[:2]) > 0.1).float().unsqueeze(-1)
    with torch.autocast("cpu", torch.bfloat16):
        patches = model.image.patches((tokens - model.image.token_mean) * model.image.token_scale * keep)
    patches = patches.float()
    chosen = texts.draw(paired, rng, PHRASE)
    positive, ignored = texts.relations(paired, chosen)
    sentence, word, present = words(chosen)
    present = present * (torch.rand(present.shape) > 0.15).float()
    u, weights = model.queries(sentence, word, present)
    matched, _ = model.matcher(u, weights, patches[: len(paired)])
    caption = losses.contrastive(fitted.dots(paired, sentence) + matched, positive, ignored)

    tagged = slice(len(paired) // 2, None)  # half of the paired rows and all others: labels cost the most
    ids, patches, logits = ids[tagged], patches[tagged], logits[tagged]
    truth = torch.from_numpy(corpus.positive[ids])
    with torch.no_grad():
        base = model.tag_scale / model.log_scale.exp() * fitted.dots(ids, names) + model.tag_bias
    labels = draw_labels(truth, base, LABELS_DRAWN)
    decoded = model.decoder(names[labels], patches)
    seen = (F.softmax(logits, 1) @ member) > 0.05
    weight = (torch.from_numpy(corpus.negative_weight[corpus.source_id[ids]]) * ~seen).gather(1, labels)
    tags = losses.asymmetric(base.gather(1, labels) + decoded, truth.gather(1, labels), weight)
    return caption, tags


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
        matched.append(model.matcher(u, weights, patches)[0].t())
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
    flickr = corpus.where("tune", "flickr8k")
    patches, vectors = encode(model, corpus, flickr)
    numbers = [(t, k) for k, i in enumerate(flickr) for t in texts.full_of[i]]
    owner = np.array([k for _, k in numbers])
    dots, matched = text_scores(model, words, [t for t, _ in numbers], patches, vectors)
    figures = {"dot": list(evaluate.recall(evaluate.ranks(dots, owner)).values())}
    figures["both"] = list(evaluate.recall(evaluate.ranks(dots + matched, owner)).values())
    names = corpus.label_texts()[0][:, 0]
    for source in ("corel5k", "tiny-imagenet"):
        rows = corpus.where("tune", source)
        if len(rows):
            cosines, decoded = label_logits(model, names, *encode(model, corpus, rows))
            truth = corpus.positive[rows]
            scale = float(model.tag_scale)
            figures[source] = [
                evaluate.mean_average_precision(scale * cosines + g * decoded, truth)[0] for g in (0, 0.5, 1)
            ]
    return {k: [round(x, 4) for x in v] for k, v in figures.items()}
