"""A text as several queries: its sentence vector and at most SLOTS content words (TRAINING lesson 5).

Everything here is tensor arithmetic over `ids`, `mask` and the text encoder's `tokens`, so that query_state.onnx can do
it and the server needs to know nothing about words.
"""

import torch
from torch import nn
from torch.nn import functional as F

from .wordlists import split_words

SLOTS = 10
SPECIAL = 1000  # ids below are padding, marks of the tokenizer and unused entries
FUNCTION_WORDS = set(
    split_words(
        """
    a an the this that these those some any each every another other such both all no not of in on at with and or but by
    to from for into onto over under near through while is are was were be being been am has have had do does did its it
    he she they them him her his their there here who which what where when as up down out off along around across
    behind beside between against toward towards during after before above below next front very just about also than
    then so too can could will would may might must i me my we us our you your s t something someone looks look looking
    photo picture image photograph
    """
    )
)


def vocabulary_flags(vocabulary: dict) -> tuple:
    """token -> id of a WordPiece vocabulary; returns bool [V] continues-a-word and bool [V] starts-a-content-word."""
    size = max(vocabulary.values()) + 1
    continues, content = torch.zeros(size, dtype=torch.bool), torch.zeros(size, dtype=torch.bool)
    for token, i in vocabulary.items():
        if token.startswith("##"):
            continues[i] = True
        elif i >= SPECIAL and token not in FUNCTION_WORDS and any(ch.isalnum() for ch in token):
            content[i] = len(token) > 1 or not token.isascii()
    return continues, content


class Words(nn.Module):
    """ids, mask [B, L], tokens [B, L, E] -> word vectors [B, SLOTS, E], each the mean of its pieces, and present
    [B, SLOTS]."""

    def __init__(self, vocabulary: dict):
        super().__init__()
        continues, content = vocabulary_flags(vocabulary)
        self.register_buffer("kind", continues.to(torch.uint8) * 2 + content.to(torch.uint8))

    def forward(self, ids, mask, tokens):
        kind = self.kind[ids].to(torch.int64) * mask
        first = (kind == 1).to(torch.float32)  # starts a content word
        starts = (kind != 2).to(torch.float32)
        word = torch.cumsum(starts, 1)
        same = (word.unsqueeze(2) == word.unsqueeze(1)).to(torch.float32)  # [B, L, L]
        inside = (same * first.unsqueeze(1)).amax(2) * mask.to(torch.float32)  # piece of a content word
        slot = torch.cumsum(first, 1)
        wanted = torch.arange(1, SLOTS + 1, device=ids.device, dtype=torch.float32)
        pick = (slot.unsqueeze(1) == wanted[None, :, None]).to(torch.float32) * inside.unsqueeze(1)  # [B, SLOTS, L]
        count = pick.sum(2, keepdim=True)
        return pick @ tokens / count.clamp(min=1), (count.squeeze(2) > 0).to(torch.float32)


class TextQueries(nn.Module):
    """Sentence and words -> queries u [B, 1 + SLOTS, heads, D / heads] of length one, and their weights
    [B, 1 + SLOTS, heads]."""

    def __init__(self, text: int, dim: int, heads: int):
        super().__init__()
        self.heads = heads
        self.sentence, self.word = nn.Linear(text, dim), nn.Linear(text, dim)
        self.context = nn.Linear(text, dim, bias=False)
        self.gate_sentence, self.gate_word = nn.Linear(text, heads), nn.Linear(text, heads)
        self.register_buffer("word_mean", torch.zeros(text))
        self.drop = nn.Dropout(0.2)
        for gate, start in ((self.gate_sentence, 2.0), (self.gate_word, 0.5)):
            nn.init.zeros_(gate.weight)
            nn.init.constant_(gate.bias, start)

    def forward(self, sentence, words, present):
        words = F.normalize(words - self.word_mean, dim=-1)
        s, w = self.drop(sentence), self.drop(words)
        u = torch.cat([self.sentence(s).unsqueeze(1), self.word(w) + self.context(s).unsqueeze(1)], 1)
        gates = torch.cat(
            [
                F.softplus(self.gate_sentence(sentence)).unsqueeze(1),
                F.softplus(self.gate_word(words)) * present.unsqueeze(2),
            ],
            1,
        )
        return F.normalize(u.unflatten(-1, (self.heads, -1)), dim=-1), gates


class TextPrior(nn.Module):
    """Sentence vector [B, E], number of content words [B], crowd [B, 3] -> one number per text [B]."""

    def __init__(self, text: int = 384, hidden: int = 48):
        super().__init__()
        self.up, self.down, self.level = nn.Linear(text + 2, hidden), nn.Linear(hidden, 1), nn.Linear(3, 1, bias=False)
        self.length = nn.Parameter(torch.zeros(SLOTS + 1))  # by the number of content words
        for zero in (self.down.weight, self.down.bias, self.level.weight):
            nn.init.zeros_(zero)

    def forward(self, sentence, words, crowd):
        """`words`: how many content words the text has; `crowd`: what it scores on a crowd of images (see `crowd`)."""
        extra = torch.stack([words / 5, torch.exp(-words)], 1)
        learned = self.down(torch.tanh(self.up(torch.cat([sentence * 4, extra], 1))))
        return (learned + self.level(crowd / 5)).squeeze(1) + self.length[words.long().clamp(0, SLOTS)]


def crowd(scores) -> torch.Tensor:
    """Scores [B, K] of a text on K images -> mean, standard deviation and mean of the best twentieth [B, 3].

    A text that scores high on everything must score higher on the image that it fits, and the other way round: hubs, as
    in the normalisation of retrieval by a query bank (Bogolin et al. 2022, "Cross modal retrieval with querybank
    normalisation", section 3).
    """
    mean = scores.mean(1)
    spread = ((scores - mean.unsqueeze(1)) ** 2).mean(1).clamp_min(1e-9).sqrt()
    return torch.stack([mean, spread, scores.topk(max(scores.shape[1] // 20, 1), 1).values.mean(1)], 1)


class TokenMatcher(nn.Module):
    """One cross-attention a query and head: how well the mean of the tokens that a query attends to points its way.

    a = softmax(sharpness * u . v) over the tokens; score = cosine(u, sum a v); logit = sum of weight * score. `patches` are
    the tokens v, each head's part of length one times sqrt(D / heads). The heads are trained as if each were alone
    (training.align) and averaged: what they get wrong differs. For many queries an image (training) the Gram matrix of the
    tokens gives the length of their mean: T * T instead of T * D multiply-adds a query, once it is there.
    """

    def __init__(self, dim: int, heads: int):
        super().__init__()
        self.size, self.heads, self.gram = dim // heads, heads, True
        self.log_sharpness = nn.Parameter(torch.full((heads, 1, 1), 2.08))  # 8

    def forward(self, u, weights, patches):
        """u [Q, K, heads, size], weights [Q, K, heads], patches [C, T, D] -> logits [C, Q, heads],
        attention [C, Q, K, heads, T]."""
        k = u.shape[1]
        score, a = self.score(u.flatten(0, 1), patches)
        score = score.unflatten(1, (-1, k))  # [C, Q, K, heads]
        return (score * weights).sum(2), a.unflatten(1, (-1, k))

    def logits(self, u, weights, patches):
        """The logits alone, without the work for words that a text does not have: half of it, in training."""
        text, slot = (weights.detach().sum(-1) > 0).nonzero(as_tuple=True)
        score, _ = self.score(u[text, slot], patches)
        empty = score.new_zeros(score.shape[0], u.shape[0], self.heads)
        return empty.index_add(1, text, score * weights[text, slot])

    def score(self, queries, patches):
        """queries [N, heads, size] -> score [C, N, heads], attention [C, N, heads, T]."""
        v = patches.unflatten(-1, (self.heads, self.size)).transpose(1, 2) * self.size**-0.5  # [C, heads, T, size]
        dots = queries.transpose(0, 1) @ v.transpose(-1, -2)  # [C, heads, N, T]
        a = F.softmax(dots * self.log_sharpness.exp(), -1)
        square = ((a @ (v @ v.transpose(-1, -2))) * a).sum(-1) if self.gram else (a @ v).square().sum(-1)
        length = square.clamp(min=1e-6).sqrt()
        return ((a * dots).sum(-1) / length).transpose(1, 2), a.transpose(1, 2)
