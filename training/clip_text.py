"""CLIP's text encoder, from a file in OpenAI's layout or in Hugging Face's, as a module that exports well.

ids, mask [B, L] -> text [B, E], L2-normalised. The text is pooled at the highest id that the mask shows, which is the
end-of-text token; attention is causal, so that what stands behind that token changes nothing. Sizes come from the tensors.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from . import checkpoint

HEAD = 64  # width of an attention head in every released CLIP text encoder
NEVER = -1e4  # added to the scores of positions that a position must not see
ACTIVATIONS = {"quick_gelu": lambda x: x * torch.sigmoid(1.702 * x), "gelu": F.gelu}
WEIGHTS = ("model.safetensors", "pytorch_model.bin")  # in a folder, as Hugging Face names them


@dataclass
class Layout:
    """Where a file keeps each part. `qkv` are the names that are joined to one projection of queries, keys and values."""

    name: str
    embed: str
    positions: str
    layer: str  # in front of a layer's number
    parts: dict  # of a layer: ours -> theirs
    qkv: list
    norm: str
    project: str
    transposed: bool  # the projection is stored as [width, E]
    others: str  # what else such a file holds: the image side, buffers

    def names(self, layers: int) -> dict:
        """Our parameter -> the names of the tensors that it is made of."""
        found = {"embed.weight": [self.embed], "positions": [self.positions], "project": [self.project]}
        for part in ("weight", "bias"):
            found[f"norm.{part}"] = [f"{self.norm}.{part}"]
            for i in range(layers):
                at = f"{self.layer}{i}."
                found[f"layers.{i}.qkv.{part}"] = [at + name.format(part) for name in self.qkv]
                for ours, theirs in self.parts.items():
                    found[f"layers.{i}.{ours}.{part}"] = [f"{at}{theirs}.{part}"]
        return found


OPENAI = Layout(
    name="OpenAI", embed="token_embedding.weight", positions="positional_embedding", layer="transformer.resblocks.",
    parts={"norm1": "ln_1", "out": "attn.out_proj", "norm2": "ln_2", "up": "mlp.c_fc", "down": "mlp.c_proj"},
    qkv=["attn.in_proj_{}"], norm="ln_final", project="text_projection", transposed=True,
    others=r"visual\..*|logit_scale|input_resolution|context_length|vocab_size|attn_mask",
)  # fmt: skip
HUGGING_FACE = Layout(
    name="Hugging Face", embed="text_model.embeddings.token_embedding.weight",
    positions="text_model.embeddings.position_embedding.weight", layer="text_model.encoder.layers.",
    parts={"norm1": "layer_norm1", "out": "self_attn.out_proj", "norm2": "layer_norm2", "up": "mlp.fc1", "down": "mlp.fc2"},
    qkv=["self_attn.q_proj.{}", "self_attn.k_proj.{}", "self_attn.v_proj.{}"], norm="text_model.final_layer_norm",
    project="text_projection.weight", transposed=False,
    others=r"vision_model\..*|visual_projection\..*|logit_scale|text_model\.embeddings\.position_ids",
)  # fmt: skip


class Layer(nn.Module):
    """Causal self-attention and an MLP, layer norms before each."""

    def __init__(self, width: int, heads: int, hidden: int, activation: str):
        super().__init__()
        self.width, self.heads, self.activation = width, heads, ACTIVATIONS[activation]
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x, hidden):
        size = self.width // self.heads
        q, k, v = self.qkv(self.norm1(x)).view(-1, x.shape[1], 3, self.heads, size).permute(2, 0, 3, 1, 4).unbind(0)
        a = F.softmax(q @ k.transpose(-1, -2) * size**-0.5 + hidden, -1)
        x = x + self.out((a @ v).transpose(1, 2).reshape(-1, x.shape[1], self.width))
        return x + self.down(self.activation(self.up(self.norm2(x))))


class ClipText(nn.Module):
    """ids, mask i64 [B, L] -> text f32 [B, E]."""

    def __init__(self, sizes: dict, heads: int, activation: str):
        super().__init__()
        (vocabulary, width), (context, _) = sizes["embed.weight"], sizes["positions"]
        layers = sum(name.endswith("up.bias") for name in sizes)
        self.embed = nn.Embedding(vocabulary, width)
        self.positions = nn.Parameter(torch.zeros(context, width))
        hidden = sizes["layers.0.up.bias"][0]
        self.layers = nn.ModuleList(Layer(width, heads, hidden, activation) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.project = nn.Parameter(torch.zeros(sizes["project"]))
        self.register_buffer("future", torch.full((context, context), NEVER).triu(1), persistent=False)

    def forward(self, ids, mask):
        length = ids.shape[1]
        x = self.embed(ids) + self.positions[:length]
        for layer in self.layers:
            x = layer(x, self.future[:length, :length])
        end = (ids * mask).to(torch.int32).argmax(1)[:, None, None].expand(-1, 1, x.shape[2])
        return F.normalize(F.linear(self.norm(x.gather(1, end).squeeze(1)), self.project), dim=-1)


def find(path: Path) -> Path:
    """The file with the weights, where a folder is named."""
    if not path.is_dir():
        return path
    found = [path / name for name in WEIGHTS if (path / name).exists()]
    found += sorted(file for file in path.iterdir() if file.suffix in (".safetensors", ".bin", ".pt", ".pth", ".onnx"))
    if not found:
        raise SystemExit(
            f"{path}: a folder without a text encoder: neither {' nor '.join(WEIGHTS)} nor another file of weights"
        )
    return found[0]


def read(file: Path) -> ClipText:
    """The text encoder of a file; SystemExit says what is wrong with it."""
    tensors = checkpoint.read_tensors(file)
    layout = next((form for form in (OPENAI, HUGGING_FACE) if form.embed in tensors), None)
    if layout is None:
        raise SystemExit(
            f"{file}: no CLIP text encoder: it has neither {OPENAI.embed} nor {HUGGING_FACE.embed}; its {len(tensors)} tensors"
            f" begin with {', '.join(list(tensors)[:3])}"
        )
    state = joined(file, tensors, layout)
    settings = config_beside(file) if layout is HUGGING_FACE else {}
    width = state["embed.weight"].shape[1]
    heads = settings.get("num_attention_heads") or max(1, width // HEAD)
    activation = settings.get("hidden_act", "quick_gelu")
    if activation not in ACTIVATIONS or width % heads:
        raise SystemExit(
            f"{file}: activation {activation!r}, {heads} heads and width {width} are not supported: known are {', '.join(ACTIVATIONS)}, heads must divide the width"
        )
    try:
        model = ClipText({name: tuple(value.shape) for name, value in state.items()}, heads, activation)
        model.load_state_dict(state)
    except (RuntimeError, ValueError, IndexError, TypeError) as reason:
        raise SystemExit(
            f"{file}: the sizes of its tensors do not fit each other: {' '.join(str(reason).split())}"
        ) from None
    return model.eval()


def joined(file: Path, tensors: dict, layout: Layout) -> dict:
    """Our parameters as f32; every name that is missing or not known is listed."""
    found = [re.match(re.escape(layout.layer) + r"(\d\d?)\.", name) for name in tensors]
    names = layout.names(1 + max((int(m[1]) for m in found if m), default=0))
    wanted = {name for parts in names.values() for name in parts}
    missing = wanted - set(tensors)
    unexpected = {name for name in tensors if name not in wanted and not re.fullmatch(layout.others, name)}
    problems = [f"missing {checkpoint.listed(missing)}"] if missing else []
    problems += [f"unexpected {checkpoint.listed(unexpected)}"] if unexpected else []
    problems = problems or [
        f"NaN or infinite {checkpoint.listed(b)}" for b in [checkpoint.not_finite({n: tensors[n] for n in wanted})] if b
    ]
    if problems:
        raise SystemExit(f"{file}: not a complete text encoder in {layout.name}'s layout: " + "; ".join(problems))
    state = {ours: torch.cat([tensors[name].float() for name in theirs]) for ours, theirs in names.items()}
    if layout.transposed:
        state["project"] = state["project"].t().contiguous()
    return state


def config_beside(file: Path) -> dict:
    """The text part of Hugging Face's config.json, where one lies beside the weights."""
    config = file.parent / "config.json"
    if not config.exists():
        return {}
    try:
        settings = json.loads(config.read_text(encoding="utf-8"))
        return settings.get("text_config", settings)
    except (ValueError, AttributeError) as reason:
        raise SystemExit(f"{config}: not the JSON of a CLIP model: {reason}") from None
