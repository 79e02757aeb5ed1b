"""Checkpoints of the official RAM++ layout with random weights: the official ones cannot be had everywhere.

Tests export small ones, training.full_size one of the released model's size.
"""

from dataclasses import dataclass

import torch
from torch.nn import functional as F

from .ram_plus_layout import BIAS_TABLE, BLOCK, DECODER, DESCRIPTIONS, LAYER


@dataclass
class Sizes:
    """Two stages of two blocks by default; `OFFICIAL` are those of ram_plus_swin_large_14m."""

    embed: int = 8
    depths: tuple = (2, 2)
    heads: tuple = (2, 2)
    window: int = 2
    text: int = 16  # D = E, width of the projected patches and of the descriptions
    hidden: int = 12  # of the decoder
    ffn: int = 24
    layers: int = 2
    labels: int = 5


OFFICIAL = Sizes(192, (2, 2, 18, 2), (6, 12, 24, 48), 12, 512, 768, 3072, 2, 4585)


def make(sizes: Sizes, seed: int = 3) -> dict:
    """Random tensors under the official names, without the buffers."""
    random = Random(seed)
    image_side(random, sizes)
    s = sizes
    widths = {
        "query": (s.hidden, s.hidden),
        "key": (s.hidden, s.text),
        "value": (s.hidden, s.text),
        "out": (s.hidden, s.hidden),
    }
    widths |= {"up": (s.ffn, s.hidden), "down": (s.hidden, s.ffn)}
    for layer in range(s.layers):
        for part, name in LAYER.items():
            at = f"{DECODER}{layer}.{name}"
            random.linear(at, *widths[part]) if part in widths else random.norm(at, s.hidden)
    if s.hidden != s.text:
        random.linear("wordvec_proj", s.hidden, s.text)
    random.linear("fc", 1, s.hidden)
    random.tensors["label_embed"] = F.normalize(random.normal(s.labels * DESCRIPTIONS, s.text), dim=-1)
    random.tensors["reweight_scale"] = torch.tensor(1.1)
    return random.tensors


def encoder(sizes: Sizes, seed: int = 3) -> dict:
    """The tensors of the image side alone."""
    random = Random(seed)
    image_side(random, sizes)
    return random.tensors


def image_side(random, sizes: Sizes) -> None:
    """The Swin transformer and the projection of its patches."""
    at = "visual_encoder."
    random.tensors[at + "patch_embed.proj.weight"] = random.normal(sizes.embed, 3, 4, 4) * 0.2
    random.tensors[at + "patch_embed.proj.bias"] = random.normal(sizes.embed)
    random.norm(at + "patch_embed.norm", sizes.embed)
    width = sizes.embed
    for stage, (depth, heads) in enumerate(zip(sizes.depths, sizes.heads, strict=True)):
        for block in range(depth):
            random.block(f"{at}layers.{stage}.blocks.{block}.", width, heads, sizes.window)
        if stage + 1 < len(sizes.depths):
            down = f"{at}layers.{stage}.downsample."
            random.norm(down + "norm", 4 * width)
            random.linear(down + "reduction", 2 * width, 4 * width, bias=False)
            width *= 2
    random.norm(at + "norm", width)
    random.linear("image_proj", sizes.text, width)


class Random:
    """Fills a dict of tensors with numbers that keep a network's values at about one."""

    def __init__(self, seed: int):
        self.generator, self.tensors = torch.Generator().manual_seed(seed), {}

    def normal(self, *shape) -> torch.Tensor:
        return torch.randn(shape, generator=self.generator)

    def linear(self, name: str, outputs: int, inputs: int, bias: bool = True) -> None:
        self.tensors[name + ".weight"] = self.normal(outputs, inputs) / inputs**0.5
        if bias:
            self.tensors[name + ".bias"] = self.normal(outputs) * 0.1

    def norm(self, name: str, width: int) -> None:
        self.tensors[name + ".weight"] = 1 + self.normal(width) * 0.1
        self.tensors[name + ".bias"] = self.normal(width) * 0.1

    def block(self, at: str, width: int, heads: int, window: int) -> None:
        shapes = {
            "attn.qkv": (3 * width, width),
            "attn.proj": (width, width),
            "mlp.fc1": (4 * width, width),
            "mlp.fc2": (width, 4 * width),
        }
        for part in BLOCK:
            self.linear(at + part, *shapes[part]) if part in shapes else self.norm(at + part, width)
        self.tensors[at + BIAS_TABLE] = self.normal((2 * window - 1) ** 2, heads)
