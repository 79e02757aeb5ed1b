"""Official RAM++ checkpoints as PyTorch modules that export well: every size is read from the checkpoint's tensors.

Written from the published layout: a Swin transformer, a projection, and the tag decoder, which is `model.Decoder`. Shapes:
B images, T = patches without token 0, D = 512 projected, L labels, N = 51 descriptions a label.
"""

import copy
import re

import torch
from torch import nn
from torch.nn import functional as F

from .decoder_graph import TINY, ZERO
from .model import Config, Decoder
from .ram_plus_layout import DECODER, DESCRIPTIONS, LAYER, decoder_layers, depths, is_buffer, window_of


class SwinBlock(nn.Module):
    """Window attention, shifted or not, and an MLP, over a [B, side * side, width] map."""

    def __init__(self, width: int, heads: int, side: int, window: int, shift: int, hidden: int):
        super().__init__()
        self.width, self.heads, self.side = width, heads, side
        self.window, self.shift = (side, 0) if side <= window else (window, shift)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.fc1, self.fc2 = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.table = nn.Parameter(torch.zeros((2 * window - 1) ** 2, heads))
        self.register_buffer("relative", relative_positions(self.window, window), persistent=False)
        self.register_buffer("mask", shift_mask(side, self.window, self.shift), persistent=False)

    def forward(self, x):
        y = self.norm1(x).view(-1, self.side, self.side, self.width)
        if self.shift:
            y = torch.roll(y, (-self.shift, -self.shift), (1, 2))
        y = self.back(self.attend(self.windows(y)))
        if self.shift:
            y = torch.roll(y, (self.shift, self.shift), (1, 2))
        x = x + y.reshape(-1, self.side * self.side, self.width)
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))

    def windows(self, y):
        """[B, side, side, C] -> [B, windows, window * window, C]."""
        n, w = self.side // self.window, self.window
        y = y.view(-1, n, w, n, w, self.width).permute(0, 1, 3, 2, 4, 5)
        return y.reshape(-1, n * n, w * w, self.width)

    def back(self, y):
        """The inverse of `windows`."""
        n, w = self.side // self.window, self.window
        y = y.view(-1, n, n, w, w, self.width).permute(0, 1, 3, 2, 4, 5)
        return y.reshape(-1, self.side, self.side, self.width)

    def attend(self, y):
        """Attention inside each window; y [B, windows, M, C]."""
        count, size, each = y.shape[1], y.shape[2], self.width // self.heads
        qkv = self.qkv(y).view(-1, count, size, 3, self.heads, each).permute(3, 0, 1, 4, 2, 5)
        q, k, v = qkv.unbind(0)  # [B, windows, heads, M, each]
        bias = self.table[self.relative].permute(2, 0, 1)
        a = (q * each**-0.5) @ k.transpose(-1, -2) + bias + self.mask.unsqueeze(1)
        y = (F.softmax(a, -1) @ v).transpose(2, 3).reshape(-1, count, size, self.width)
        return self.proj(y)


def relative_positions(window: int, table: int) -> torch.Tensor:
    """Rows of the bias table [M, M] for pairs of positions in a window; the table is for windows of `table`."""
    at = torch.stack(torch.meshgrid(torch.arange(window), torch.arange(window), indexing="ij"), -1).view(-1, 2)
    delta = at[:, None] - at[None] + table - 1
    return delta[..., 0] * (2 * table - 1) + delta[..., 1]


def shift_mask(side: int, window: int, shift: int) -> torch.Tensor:
    """[windows, M, M]: -100 between cells that only the cyclic shift brought together; one zero where nothing is shifted."""
    n = side // window
    if not shift:
        return torch.zeros(1, 1, 1)
    stripe = torch.zeros(side, dtype=torch.long)
    stripe[side - window : side - shift], stripe[side - shift :] = 1, 2
    region = (stripe[:, None] * 3 + stripe[None]).view(n, window, n, window).permute(0, 2, 1, 3).reshape(n * n, -1)
    return (region[:, :, None] != region[:, None]).float() * -100.0


class Merge(nn.Module):
    """Joins 2 x 2 cells: [B, side * side, C] -> [B, side * side / 4, 2C]."""

    def __init__(self, width: int, side: int):
        super().__init__()
        self.width, self.side = width, side
        self.norm, self.reduction = nn.LayerNorm(4 * width), nn.Linear(4 * width, 2 * width, bias=False)

    def forward(self, x):
        half = self.side // 2
        x = x.view(-1, half, 2, half, 2, self.width).permute(0, 1, 3, 4, 2, 5)  # column within the cell before the row
        return self.reduction(self.norm(x.reshape(-1, half * half, 4 * self.width)))


class ImageEncoder(nn.Module):
    """pixels [B, 3, S, S] -> patches [B, T, D] without token 0, as they are stored, and global [B, D]: token 0, normalised."""

    def __init__(self, weights: dict, size: int, features: str = "f16"):
        super().__init__()
        self.features, self.channels = features, channel_factors(weights)
        conv = weights["visual_encoder.patch_embed.proj.weight"]
        self.embed = nn.Conv2d(3, conv.shape[0], conv.shape[-1], conv.shape[-1])
        self.embed_norm = nn.LayerNorm(conv.shape[0])
        self.stages, self.merges = nn.ModuleList(), nn.ModuleList()
        width, side = conv.shape[0], size // conv.shape[-1]
        for stage, depth in enumerate(depths(weights)):
            blocks = []
            for block in range(depth):
                at = f"visual_encoder.layers.{stage}.blocks.{block}."
                table, fc1 = weights[at + "attn.relative_position_bias_table"], weights[at + "mlp.fc1.weight"]
                window = window_of(table)
                blocks.append(
                    SwinBlock(width, table.shape[1], side, window, window // 2 if block % 2 else 0, fc1.shape[0])
                )
            self.stages.append(nn.Sequential(*blocks))
            if f"visual_encoder.layers.{stage}.downsample.reduction.weight" in weights:
                self.merges.append(Merge(width, side))
                width, side = 2 * width, side // 2
        self.grid, self.norm = side, nn.LayerNorm(width)
        self.image_proj = nn.Linear(width, weights["image_proj.weight"].shape[0])
        self.load_state_dict(swin_state(weights), assign=True)  # no second copy of a gigabyte

    def forward(self, pixels):
        x = self.embed_norm(self.embed(pixels).flatten(2).transpose(1, 2))
        for i, stage in enumerate(self.stages):
            x = stage(x)
            if i < len(self.merges):
                x = self.merges[i](x)
        patches = self.image_proj(self.norm(x))
        vector = F.normalize(patches.mean(1), dim=-1)
        if self.features == "i8":
            patches = patches / self.channels
        return *stored(patches, self.features), vector


def channel_factors(weights: dict) -> torch.Tensor:
    """How far each channel of the patches spreads [D], by the weights alone: what comes out of the last layer norm spreads
    as far as the norm's own weights, and each channel is a projection of that."""
    return (weights["image_proj.weight"] * weights["visual_encoder.norm.weight"]).norm(dim=1).clamp(min=1e-6)


def divided(decoder: Decoder, channels: torch.Tensor) -> Decoder:
    """The same decoder for patches that were divided by `channels`."""
    same = copy.deepcopy(decoder)
    for layer in same.layers:
        for projection in (layer.key, layer.value):
            projection.weight.data = projection.weight.data * channels
    return same


def swin_state(weights: dict) -> dict:
    """The checkpoint's image side under the names of `ImageEncoder`; buffers are recomputed, so they may be missing."""
    renamed = {}
    for name, value in weights.items():
        if name.startswith("image_proj."):
            renamed[name] = value
        if not name.startswith("visual_encoder.") or is_buffer(name):
            continue
        name = name.removeprefix("visual_encoder.")
        name = re.sub(r"^patch_embed\.proj\.", "embed.", name)
        name = re.sub(r"^patch_embed\.norm\.", "embed_norm.", name)
        name = re.sub(r"^layers\.(\d+)\.downsample\.", r"merges.\1.", name)
        name = re.sub(r"^layers\.(\d+)\.blocks\.", r"stages.\1.", name)
        name = name.replace("attn.relative_position_bias_table", "table")
        renamed[re.sub(r"\.(attn|mlp)\.", ".", name)] = value
    return renamed


def decoder_of(weights: dict, heads: int) -> Decoder:
    """The tag decoder of a checkpoint."""
    layers = decoder_layers(weights)
    key, up = weights[DECODER + "0.crossattention.self.key.weight"], weights[DECODER + "0.intermediate.dense.weight"]
    text = weights["label_embed"].shape[1]
    config = Config(
        dim=key.shape[1],
        hidden=key.shape[0],
        ffn=up.shape[0],
        layers=layers,
        text=text,
        decoder_heads=heads,
        text_form="single",
    )
    state = {name: weights[name] for name in ("fc.weight", "fc.bias")}
    # Without the projection texts and hidden states are equally wide, and it is the identity.
    state["wordvec_proj.weight"] = weights.get("wordvec_proj.weight", torch.eye(text))
    state["wordvec_proj.bias"] = weights.get("wordvec_proj.bias", torch.zeros(key.shape[0]))
    for i in range(layers):
        for ours, theirs in LAYER.items():
            for part in ("weight", "bias"):
                state[f"layers.{i}.{ours}.{part}"] = weights[f"{DECODER}{i}.{theirs}.{part}"]
    decoder = Decoder(config)
    decoder.load_state_dict(state, assign=True)
    return decoder.eval()


def with_token0(patches, scales=None):
    """Patches [B, T, D] as they are stored -> f32 [B, 1 + T, D]: token 0 is the mean of the others."""
    patches = patches.to(torch.float32)
    if scales is not None:
        patches = (patches - ZERO) * scales.unsqueeze(-1)
    return torch.cat([patches.mean(1, keepdim=True), patches], 1)


def stored(patches, features: str) -> tuple:
    """Patches [B, T, D] as they are stored. i8: bytes, 128 for 0, and each token's scale [B, T]."""
    if features != "i8":
        return (patches.to({"f16": torch.float16, "f32": torch.float32}[features]),)
    scales = patches.abs().amax(-1).clamp(min=TINY) / 127
    return (patches / scales.unsqueeze(-1)).round().add(ZERO).to(torch.uint8), scales


class LabelScorer(nn.Module):
    """patches [B, T, D], global [B, D], for i8 scales [B, T] -> logits [B, L]: descriptions reweighted per image, every label
    decoded."""

    def __init__(self, decoder: Decoder, label_embed: torch.Tensor, reweight_scale: torch.Tensor):
        super().__init__()
        self.decoder = decoder
        self.descriptions = nn.Parameter(label_embed.view(-1, DESCRIPTIONS, label_embed.shape[1]), requires_grad=False)
        self.sharpness = float(reweight_scale.exp())

    def forward(self, patches, vector, scales=None):
        cosines = self.descriptions @ vector.t()  # [L, N, B]: transposed descriptions would be stored as a second copy
        weights = F.softmax(cosines * self.sharpness, 1)
        texts = (weights.transpose(1, 2) @ self.descriptions).transpose(0, 1)  # [B, L, E]
        return self.decoder(texts, with_token0(patches, scales))


class QueryState(nn.Module):
    """text [B, E] -> state [B, S]."""

    inputs = ["text"]

    def __init__(self, decoder: Decoder):
        super().__init__()
        self.decoder = decoder

    def forward(self, text):
        return self.decoder.state(text)
