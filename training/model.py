"""The trained parts of the default model (shapes: B images, T = 49 tokens, D patch width, E = 384 text width).

* `ImageHead`: backbone maps -> patches [B, T, D] and a global vector [B, E]. The two come from separate window-attention
  branches: tokens that were fitted to captions for retrieval leave a decoder nothing to add.
* `TextAdapter`: a text's vector -> its retrieval vector (`vector` of query_state.onnx).
* `Decoder`: RAM++'s alignment decoder, two layers of cross-attention and feed-forward without self-attention, in the
  ordinary form and in the folded form of one query per (text, image) pair. The two are equal up to rounding.
* `TextQueries` and `TokenMatcher` (training.words): a text as several queries, for free text.
"""

import math
from dataclasses import asdict, dataclass

import torch
from torch import nn
from torch.nn import functional as F

from . import backbone
from .labelhead import LabelHead
from .tail import Tail
from .words import TextPrior, TextQueries, TokenMatcher, crowd


@dataclass
class Config:
    """Every size of a model; stored in the run and copied into the manifest where the server needs it."""

    dim: int = 256  # D, width of the stored patches
    width: int = 256  # of the branches
    heads: int = 8
    blocks: int = 1  # per branch
    match_heads: int = 2  # of the text queries; each has a branch of its own and a part of D
    text: int = 384  # E
    hidden: int = 256  # of the decoder
    decoder_heads: int = 4
    ffn: int = 512
    layers: int = 2
    adapter: int = 256
    pooled_hidden: int = 2048
    second_hidden: int = 1024
    second: bool = False  # whether a second, separately trained pooled MLP is averaged into the global vector
    global_tokens: bool = True  # whether the global vector also attends to tokens, or is a function of pooled features
    tuned: bool = False  # whether a fine-tuned copy of the backbone's tail, with an MLP of its own, is averaged in, too
    joined_hidden: int = 0  # of the one MLP that stands for all three; none before it is trained
    text_form: str = "words"  # free text: "words" (several queries, TokenMatcher) or "single" (the folded decoder)
    tokens: int = backbone.TOKENS
    token_width: int = backbone.TOKEN_WIDTH
    pooled: int = backbone.POOLED
    classes: int = backbone.CLASSES
    labels: int = 0  # of the label head; none before it is trained
    label_hidden: int = 512  # of its probe

    def as_dict(self) -> dict:
        return asdict(self)

    @property
    def label_features(self) -> int:
        """Width of the label head's probe: the pooled features, and those of the tail where there is one."""
        return self.pooled * (2 if self.tuned else 1)

    @property
    def appended(self) -> int:
        """Rows of stored patches that hold what the label head sees, after those of the grid."""
        return -(-(self.label_features + self.classes) // self.dim)


class WindowBlock(nn.Module):
    """A Swin block whose one window is the whole map: attention with relative position bias, then an MLP."""

    def __init__(self, width: int, heads: int, side: int, dropout: float):
        super().__init__()
        self.heads, self.width = heads, width
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Dropout(dropout), nn.Linear(2 * width, width)
        )
        self.drop = nn.Dropout(dropout)
        self.table = nn.Parameter(torch.zeros((2 * side - 1) ** 2, heads))
        at = torch.stack(torch.meshgrid(torch.arange(side), torch.arange(side), indexing="ij"), -1).view(-1, 2)
        delta = at[:, None] - at[None] + side - 1
        self.register_buffer("relative", delta[..., 0] * (2 * side - 1) + delta[..., 1], persistent=False)

    def forward(self, x):
        t = self.relative.shape[0]
        q, k, v = (
            self.qkv(self.norm1(x))
            .view(-1, t, 3, self.heads, self.width // self.heads)
            .permute(2, 0, 3, 1, 4)
            .unbind(0)
        )
        bias = self.table[self.relative].permute(2, 0, 1)
        a = F.softmax(q @ k.transpose(-1, -2) * (self.width // self.heads) ** -0.5 + bias, -1)
        x = x + self.drop(self.out((a @ v).transpose(1, 2).reshape(-1, t, self.width)))
        return x + self.drop(self.mlp(self.norm2(x)))


class Branch(nn.Module):
    """Standardised backbone tokens [B, T, 832] -> [B, T, width]."""

    def __init__(self, config: Config, dropout: float = 0.1):
        super().__init__()
        side = math.isqrt(config.tokens)
        self.project = nn.Linear(config.token_width, config.width)
        self.blocks = nn.Sequential(
            *(WindowBlock(config.width, config.heads, side, dropout) for _ in range(config.blocks))
        )
        self.norm = nn.LayerNorm(config.width)

    def forward(self, tokens):
        return self.norm(self.blocks(self.project(tokens)))


def pooled_mlp(config: Config, hidden: int) -> nn.Sequential:
    """Pooled features -> text space; wide, and half of it dropped at a time, which is worth an average of several."""
    return nn.Sequential(
        nn.Dropout(0.5), nn.Linear(config.pooled, hidden), nn.GELU(), nn.Dropout(0.5), nn.Linear(hidden, config.text)
    )


def joined_mlp(config: Config) -> nn.Sequential:
    """Both pooled features -> text space. It imitates three MLPs on any image, so that nothing has to be dropped."""
    hidden = config.joined_hidden
    return nn.Sequential(nn.Linear(2 * config.pooled, hidden), nn.GELU(), nn.Linear(hidden, config.text))


class ImageHead(nn.Module):
    """tokens [B, T, 832], pooled [B, 1280], logits [B, 1000] -> stored patches [B, T + appended, D], global [B, E]."""

    def __init__(self, config: Config):
        super().__init__()
        self.config = config
        self.global_tokens = config.global_tokens
        self.register_buffer("token_mean", torch.zeros(config.token_width))
        self.register_buffer("token_scale", torch.ones(config.token_width))
        self.register_buffer("pooled_mean", torch.zeros(config.pooled))
        self.register_buffer("pooled_scale", torch.ones(config.pooled))
        self.patch_branches = nn.ModuleList(Branch(config, 0.2) for _ in range(config.match_heads))
        self.to_patches = nn.ModuleList(
            nn.Linear(config.width, config.dim // config.match_heads) for _ in range(config.match_heads)
        )
        self.global_branch = Branch(config)
        self.attend, self.attended = nn.Linear(config.width, 4), nn.Linear(4 * config.width, config.text)
        joined = config.joined_hidden > 0
        self.mlp = joined_mlp(config) if joined else pooled_mlp(config, config.pooled_hidden)
        self.second = pooled_mlp(config, config.second_hidden) if config.second and not joined else None
        self.tail = Tail(backbone.Backbone(pretrained=False)) if config.tuned else None
        self.tuned = pooled_mlp(config, config.pooled_hidden) if config.tuned and not joined else None
        self.class_texts = nn.Linear(config.classes, config.text, bias=False)
        self.class_sharpness = nn.Parameter(torch.tensor(0.7))

    def forward(self, tokens, pooled, logits):
        tuned = self.tuned_features(tokens)
        vector = self.vector(self.standard_tokens(tokens), pooled, logits, tuned)
        return self.stored(self.patches(tokens), self.label_features(pooled, tuned), logits), vector

    def global_vector(self, tokens, pooled, logits):
        """Global vector [B, E] of what the backbone says."""
        return self.vector(self.standard_tokens(tokens), pooled, logits, self.tuned_features(tokens))

    def tuned_features(self, tokens):
        """The tuned tail's pooled features [B, 1280], where there is a tail."""
        return self.tail(tokens) if self.config.tuned else None

    def standard_tokens(self, tokens):
        """The backbone's tokens with mean 0 and deviation 1 over the train rows."""
        return (tokens - self.token_mean) * self.token_scale

    def patches(self, tokens, keep=1.0):
        """The backbone's tokens -> patches, each head's part of length sqrt(D / heads). keep [B, T, 1]: 0 for tokens that
        training leaves out."""
        tokens = self.standard_tokens(tokens) * keep
        parts = [to(branch(tokens)) for branch, to in zip(self.patch_branches, self.to_patches, strict=True)]
        return torch.cat([F.normalize(p, dim=-1) * p.shape[-1] ** 0.5 for p in parts], -1)

    def standardised(self, pooled):
        """Pooled features with mean 0 and deviation 1 over the train rows."""
        return (pooled - self.pooled_mean) * self.pooled_scale

    def label_features(self, pooled, tuned=None):
        """What the label head's probe sees [B, label_features]: pooled features, standardised, and those of the tuned tail."""
        both = [pooled] if tuned is None else [pooled, tuned]
        return torch.cat([self.standardised(features) for features in both], 1)

    def stored(self, patches, label_features, logits):
        """Patches [B, T, D] and what the label head sees -> what is stored of an image [B, T + appended, D]: the second in rows
        that no text attends to."""
        seen = torch.cat([label_features, logits], 1)
        padding = self.config.appended * self.config.dim - seen.shape[1]
        return torch.cat([patches, F.pad(seen, (0, padding)).view(-1, self.config.appended, self.config.dim)], 1)

    def beside(self, tokens, logits):
        """What the global vector holds beside the MLPs' opinions, [B, E] each: class names weighted by the posterior, and those
        with the attention-pooled tokens."""
        named = self.class_texts(F.softmax(logits * self.class_sharpness, -1))
        if not self.global_tokens:
            return named, named
        x = self.global_branch(tokens)
        weights = F.softmax(self.attend(x), 1)  # [B, T, 4]
        return named, named + self.attended((weights.transpose(1, 2) @ x).flatten(1))

    def vector(self, tokens, pooled, logits, tuned=None):
        """Global vector [B, E] of standardised tokens. tuned [B, P]: the tuned tail's pooled features, where there is one."""
        tuned = None if tuned is None else self.standardised(tuned)
        return self.combined(*self.beside(tokens, logits), self.standardised(pooled), tuned)

    def combined(self, named, attended, pooled, tuned):
        """What is beside the MLPs plus their opinions of standardised features, normalised: of the first MLP, averaged with
        the second's, and that with the one of the tuned tail; or of the one MLP that was joined of the three."""
        if self.config.joined_hidden:
            return F.normalize(attended + self.mlp(torch.cat([pooled, tuned], 1)), dim=-1)
        vector = F.normalize(attended + self.mlp(pooled), dim=-1)
        if self.second is not None:
            vector = F.normalize(vector + F.normalize(named + self.second(pooled), dim=-1), dim=-1)
        if self.tuned is not None:
            vector = F.normalize(vector + F.normalize(named + self.tuned(tuned), dim=-1), dim=-1)
        return vector


def label_head(config: Config) -> LabelHead:
    return LabelHead(config.label_features, config.label_hidden, config.classes, config.labels)


class TextAdapter(nn.Module):
    """A text's vector -> its retrieval vector, normalised; the identity before training."""

    def __init__(self, config: Config):
        super().__init__()
        self.up, self.down = nn.Linear(config.text, config.adapter), nn.Linear(config.adapter, config.text)
        self.drop = nn.Dropout(0.1)
        nn.init.zeros_(self.down.weight)
        nn.init.zeros_(self.down.bias)

    def forward(self, text):
        return F.normalize(text + self.down(self.drop(F.gelu(self.up(text)))), dim=-1)


class DecoderLayer(nn.Module):
    """h = LN(dense(crossattn(h, patches)) + h); h = LN(dense(gelu(dense(h))) + h)."""

    def __init__(self, config: Config):
        super().__init__()
        h = config.hidden
        self.heads, self.size = config.decoder_heads, h // config.decoder_heads
        self.query, self.key, self.value = nn.Linear(h, h), nn.Linear(config.dim, h), nn.Linear(config.dim, h)
        self.out, self.up, self.down = nn.Linear(h, h), nn.Linear(h, config.ffn), nn.Linear(config.ffn, h)
        self.norm1, self.norm2 = nn.LayerNorm(h, eps=1e-12), nn.LayerNorm(h, eps=1e-12)
        self.drop = nn.Dropout(0.1)

    def feed_forward(self, h, attended):
        """The layer after its attention: residual, norm, feed-forward, residual, norm."""
        h = self.norm1(self.drop(self.out(attended)) + h)
        return self.norm2(self.drop(self.down(F.gelu(self.up(h)))) + h)

    def forward(self, h, patches):
        """Ordinary form. h [B, Q, H], patches [B, T, D] -> h [B, Q, H], attention [B, heads, Q, T]."""
        n, q = patches.shape[1], h.shape[1]
        queries = self.query(h).view(-1, q, self.heads, self.size).transpose(1, 2)
        keys = self.key(patches).view(-1, n, self.heads, self.size).transpose(1, 2)
        values = self.value(patches).view(-1, n, self.heads, self.size).transpose(1, 2)
        a = F.softmax(queries @ keys.transpose(-1, -2) * self.size**-0.5, -1)
        return self.feed_forward(h, (a @ values).transpose(1, 2).reshape(-1, q, self.heads * self.size)), a

    def fold(self, h):
        """Layer queries on the patch side. h [..., H] -> u [..., heads, D] (DESIGN, section 3)."""
        q = self.query(h).unflatten(-1, (self.heads, self.size)).unsqueeze(-2)
        k = self.key.weight.view(self.heads, self.size, -1)
        return (q @ k).squeeze(-2) * self.size**-0.5

    def folded(self, h, u, patches):
        """Folded form. h [C, Q, H], u [C or 1, Q, heads, D], patches [C, T, D] -> as `forward`."""
        q, d = u.shape[1], patches.shape[-1]
        scores = u.reshape(-1, q * self.heads, d) @ patches.transpose(1, 2)  # [C, Q * heads, T]
        a = F.softmax(scores, -1)
        z = (a @ patches).view(-1, q, self.heads, 1, d)
        v = self.value.weight.view(self.heads, self.size, d)
        o = (z @ v.transpose(1, 2)).squeeze(-2).flatten(-2) + self.value.bias
        return self.feed_forward(h, o), a


class Decoder(nn.Module):
    """Text vectors [.., E] and patches -> logits."""

    def __init__(self, config: Config):
        super().__init__()
        self.config = config
        self.wordvec_proj = nn.Linear(config.text, config.hidden)
        self.layers = nn.ModuleList(DecoderLayer(config) for _ in range(config.layers))
        self.fc = nn.Linear(config.hidden, 1)
        nn.init.zeros_(self.fc.weight)
        nn.init.zeros_(self.fc.bias)

    def queries(self, text):
        """Text vectors -> decoder queries [.., H]."""
        return F.relu(self.wordvec_proj(text))

    def forward(self, text, patches):
        """Ordinary form: text [B or 1, Q, E], patches [B, T, D] -> logits [B, Q]."""
        h = self.queries(text).expand(patches.shape[0], -1, -1)
        for layer in self.layers:
            h, _ = layer(h, patches)
        return self.fc(h).squeeze(-1)

    def state(self, text):
        """text [B, E] -> state [B, H + heads * D]: the residual stream and layer 1's folded queries."""
        h = self.queries(text)
        return torch.cat([h, self.layers[0].fold(h).flatten(-2)], -1)

    def finish(self, state, patches):
        """state [Q, S], patches [C, T, D] -> logits [C, Q], attention [C, Q, T] (last layer, mean of the heads)."""
        c = self.config
        h, u = state[:, : c.hidden], state[:, c.hidden :].view(-1, c.decoder_heads, c.dim)
        h = h.unsqueeze(0) + torch.zeros_like(patches[:, :1, :1])  # [C, Q, H]
        h, a = self.layers[0].folded(h, u.unsqueeze(0), patches)
        for layer in self.layers[1:]:
            h, a = layer.folded(h, layer.fold(h), patches)
        attention = a.view(-1, state.shape[0], c.decoder_heads, patches.shape[1]).mean(2)
        return self.fc(h).squeeze(-1), attention


CROWD = 256  # images that a text's general level is read from


class Model(nn.Module):
    """Everything that training changes."""

    def __init__(self, config: Config):
        super().__init__()
        self.config = config
        self.image, self.adapter, self.decoder = ImageHead(config), TextAdapter(config), Decoder(config)
        self.prior = TextPrior(config.text)
        self.register_buffer("crowd", torch.zeros(CROWD, config.text))  # global vectors of tuning rows
        self.labels = label_head(config) if config.labels else None
        self.queries = TextQueries(config.text, config.dim, config.match_heads)
        self.matcher = TokenMatcher(config.dim, config.match_heads)
        self.log_scale = nn.Parameter(
            torch.tensor(math.log(20.0))
        )  # residual scale s, also the contrastive temperature
        self.tag_scale, self.tag_bias = nn.Parameter(torch.tensor(15.0)), nn.Parameter(torch.tensor(-8.0))
        self.class_scale = nn.Parameter(torch.tensor(20.0))  # of the distillation's cosine

    def crowd_level(self, sentence):
        """Sentence vectors [B, E] -> what each text scores on the crowd [B, 3] (words.crowd)."""
        return crowd(self.log_scale.exp() * self.adapter(sentence) @ self.crowd.t())

    def text_prior(self, sentence, words):
        """Sentence vectors [B, E] and numbers of content words [B] -> the number that is added to each text's logits [B]."""
        return self.prior(sentence, words, self.crowd_level(sentence))
