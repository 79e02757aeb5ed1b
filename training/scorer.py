"""The graphs of a bundle as PyTorch modules with the tensors that docs/bundle.md names."""

import copy

import torch
from torch import nn
from torch.nn import functional as F

from .model import Model
from .words import SLOTS, Words

REWEIGHT = 10.0  # factor on the cosines inside the softmax over a label's descriptions


class ImageEncoder(nn.Module):
    """pixels [B, 3, H, W] -> patches f16 [B, T + appended, D], global [B, E]."""

    def __init__(self, backbone, model: Model):
        super().__init__()
        self.backbone, self.head = backbone, model.image

    def forward(self, pixels):
        tokens, pooled, logits = self.backbone(pixels)
        patches, vector = self.head(tokens, pooled, logits)
        return patches.to(torch.float16), vector


class SingleQueryState(nn.Module):
    """One decoder query a text, as official RAM++ has it. text [B, E] -> state [B, S], vector [B, E]."""

    inputs = ["text"]

    def __init__(self, model: Model):
        super().__init__()
        self.model = model

    def forward(self, text):
        return self.model.decoder.state(text), self.model.adapter(text)


class SingleDecoder(nn.Module):
    """The folded two-layer decoder. state [Q, S], stored patches f16 -> logits [C, Q], attention [C, Q, T + appended]."""

    def __init__(self, model: Model):
        super().__init__()
        self.decoder, self.config = model.decoder, model.config

    def forward(self, state, patches):
        logits, attention = self.decoder.finish(state, patches[:, : self.config.tokens].to(torch.float32))
        return logits, F.pad(attention, (0, self.config.appended))


class WordsQueryState(nn.Module):
    """Sentence and content words. text [B, E], tokens [B, L, E], ids, mask [B, L] -> state [B, (1 + SLOTS) * (D + heads) + 1],
    vector [B, E]. The state is the queries u, then their weights times `scale`, then the text prior."""

    inputs = ["text", "tokens", "ids", "mask"]

    def __init__(self, model: Model, vocabulary: dict, scale: float = 1.0):
        super().__init__()
        self.model, self.words, self.scale = model, Words(vocabulary), scale

    def forward(self, text, tokens, ids, mask):
        words, present = self.words(ids, mask, tokens)
        u, weights = self.model.queries(text, words, present)
        prior = self.model.text_prior(text, present.sum(1)).unsqueeze(1)
        weights = weights.flatten(1) * (self.scale / self.model.config.match_heads)
        return torch.cat([u.flatten(1), weights, prior], 1), self.model.adapter(text)


class WordsDecoder(nn.Module):
    """state [Q, S], stored patches f16 -> logits [C, Q], attention [C, Q, T + appended] (of the queries, by their weights)."""

    def __init__(self, model: Model):
        super().__init__()
        self.matcher, self.dim, self.config = copy.deepcopy(model.matcher), model.config.dim, model.config
        self.matcher.gram = False

    def forward(self, state, patches):
        k, heads = 1 + SLOTS, self.matcher.heads
        u, weights = state[:, : k * self.dim], state[:, k * self.dim : -1]
        u, weights = u.reshape(-1, k, heads, self.dim // heads), weights.reshape(-1, k, heads)
        logits, attention = self.matcher(u, weights, patches[:, : self.config.tokens].to(torch.float32))
        share = (weights / weights.sum((1, 2), keepdim=True)).unsqueeze(0).unsqueeze(-1)
        attention = F.pad((attention * share).sum((2, 3)), (0, self.config.appended))
        return logits.sum(-1) + state[:, -1].unsqueeze(0), attention


class LabelScorer(nn.Module):
    """stored patches f16 [B, T + appended, D], global [B, E] -> logits [B, labels].

    Every label: its descriptions' cosines with the global vector, reweighted per image as RAM++ reweights (softmax over the
    descriptions of sharpness * cosine), through the label head.
    """

    def __init__(self, model: Model, descriptions, count):
        super().__init__()
        self.model = model
        self.count = descriptions.shape[1]  # n; rows past a label's own number repeat its first
        with torch.no_grad():
            adapted = model.adapter(descriptions.flatten(0, 1))
        self.descriptions = nn.Parameter(adapted, requires_grad=False)  # retrieval vectors [L * n, E]
        self.register_buffer("absent", (torch.arange(self.count)[None] >= count[:, None]).float() * -1e4)  # [L, n]

    def reweighted(self, vector):
        """Cosines [B, L]; the weights of a label's own descriptions sum to 1."""
        cosines = (vector @ self.descriptions.t()).unflatten(1, (-1, self.count))
        return (F.softmax(cosines * REWEIGHT + self.absent, -1) * cosines).sum(-1)

    def forward(self, patches, vector):
        config = self.model.config
        seen = patches.to(torch.float32)[:, config.tokens :].flatten(1)
        sizes = config.label_features, config.classes
        features, logits = seen[:, : sum(sizes)].split(sizes, 1)
        return self.model.labels(self.reweighted(vector), features, logits)
