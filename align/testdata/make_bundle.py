"""Writes the bundle `tiny`: python make_bundle.py, from the repository's root (torch 2.4.1, onnx 1.16.2).

A RAM++ decoder with random weights and small widths. Free text goes through the folded form (query_state.onnx,
decoder.onnx), labels through the ordinary one (label_scorer.onnx); every label has one description, its name, so both
must give the same logits. Unlike the default bundle it stores f32 features, and its query state takes tokens and mask.
Beside it lies query_state_text.onnx, the same query state of a text's vector alone, as official RAM++ bundles have it.
"""

import json
import sys
import warnings
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

sys.path.insert(0, ".")
from training import bundle  # noqa: E402

TARGET = Path(__file__).with_name("tiny")
WORDS = ["dog", "cat", "beach", "flower", "red", "bridge", "snow"]
VOCABULARY = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS, "a", "on", "##s"]
SIDE, PATCH, WIDTH, HIDDEN, HEADS, LAYERS = 6, 2, 12, 16, 2, 2
TOKENS, HEAD = (SIDE // PATCH) ** 2, HIDDEN // HEADS
RESIDUAL = {"scale": 3.0, "bias": -0.5}


class Attention(nn.Module):
    """One layer's cross-attention and feed-forward, in both forms."""

    def __init__(self):
        super().__init__()
        self.query, self.out = nn.Linear(HIDDEN, HIDDEN), nn.Linear(HIDDEN, HIDDEN)
        self.key, self.value = nn.Linear(WIDTH, HIDDEN), nn.Linear(WIDTH, HIDDEN)
        self.up, self.down = nn.Linear(HIDDEN, 2 * HIDDEN), nn.Linear(2 * HIDDEN, HIDDEN)
        self.norm1, self.norm2 = nn.LayerNorm(HIDDEN, 1e-12), nn.LayerNorm(HIDDEN, 1e-12)

    def finish(self, h, attended):
        h = self.norm1(self.out(attended) + h)
        return self.norm2(self.down(F.gelu(self.up(h))) + h)

    def ordinary(self, h, patches):
        """h [C, Q, HIDDEN], patches [C, T, WIDTH]."""
        projected = self.query(h), self.key(patches), self.value(patches)
        q, k, v = (x.unflatten(-1, (HEADS, HEAD)).transpose(1, 2) for x in projected)
        a = (q @ k.transpose(-1, -2) / HEAD**0.5).softmax(-1)
        return self.finish(h, (a @ v).transpose(1, 2).flatten(2))

    def fold(self, h):
        """h [..., HIDDEN] -> the queries on the patches' side [..., HEADS, WIDTH]."""
        q = self.query(h).unflatten(-1, (HEADS, HEAD))
        return torch.einsum("...hd,hdw->...hw", q, self.key.weight.view(HEADS, HEAD, WIDTH)) / HEAD**0.5

    def folded(self, h, u, patches):
        """h [C, Q, HIDDEN], u [C, Q, HEADS, WIDTH] -> next h, attention [C, Q, HEADS, T]."""
        a = torch.einsum("cqhw,ctw->cqht", u, patches).softmax(-1)
        z = torch.einsum("cqht,ctw->cqhw", a, patches)
        o = torch.einsum("cqhw,hdw->cqhd", z, self.value.weight.view(HEADS, HEAD, WIDTH)).flatten(2) + self.value.bias
        return self.finish(h, o), a


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(len(VOCABULARY), WIDTH)
        self.conv = nn.Conv2d(3, WIDTH, PATCH, PATCH)
        self.project = nn.Linear(WIDTH, WIDTH)
        self.enter, self.leave = nn.Linear(WIDTH, HIDDEN), nn.Linear(HIDDEN, 1)
        self.layers = nn.ModuleList(Attention() for _ in range(LAYERS))

    def image(self, pixels):
        patches = self.conv(pixels).flatten(2).transpose(1, 2)
        return patches, F.normalize(self.project(patches.mean(1)), dim=-1)

    def sentence(self, tokens, mask):
        keep = mask.to(torch.float32).unsqueeze(-1)
        return F.normalize((tokens * keep).sum(1) / keep.sum(1), dim=-1)

    def text(self, ids, mask):
        tokens = self.words(ids)
        return self.sentence(tokens, mask), tokens

    def state(self, tokens, mask):
        vector = self.sentence(tokens, mask)
        return self.state_of_text(vector), vector

    def state_of_text(self, vector):
        h = F.relu(self.enter(vector))
        return torch.cat([h, self.layers[0].fold(h).flatten(1)], 1)

    def decode(self, state, patches):
        shared = torch.zeros_like(patches[:, :1, :1])  # gives the candidates' dimension
        h = state[:, :HIDDEN].unsqueeze(0) + shared
        u = (state[:, HIDDEN:].unsqueeze(0) + shared).unflatten(-1, (HEADS, WIDTH))
        for layer, after in zip(self.layers, [*self.layers[1:], None], strict=True):
            h, attention = layer.folded(h, u, patches)
            u = after.fold(h) if after is not None else u
        return self.leave(h).squeeze(-1), attention.mean(2)

    def label(self, descriptions):
        def score(patches, vector):
            h = F.relu(self.enter(descriptions)).unsqueeze(0) + torch.zeros_like(patches[:, :1, :1])
            for layer in self.layers:
                h = layer.ordinary(h, patches)
            return self.leave(h).squeeze(-1) + RESIDUAL["scale"] * vector @ descriptions.t() + RESIDUAL["bias"]

        return score


class Graph(nn.Module):
    """One function of the model as a module, which is what the exporter takes."""

    def __init__(self, model, function):
        super().__init__()
        self.model, self.function = model, function

    def forward(self, *given):
        return self.function(*given)


def tokenizer() -> dict:
    special = {w: {"id": w, "ids": [VOCABULARY.index(w)], "tokens": [w]} for w in ("[CLS]", "[SEP]")}
    steps = (("SpecialToken", "[CLS]"), ("Sequence", "A"), ("SpecialToken", "[SEP]"))
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": i, "content": w, **flags, "special": True} for i, w in enumerate(VOCABULARY[:4])],
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": True,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "special_tokens": special,
            "single": [{kind: {"id": name, "type_id": 0}} for kind, name in steps],
            "pair": [],
        },
        "decoder": None,
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": {w: i for i, w in enumerate(VOCABULARY)},
        },
    }


def main() -> None:
    warnings.simplefilter("ignore")
    torch.manual_seed(7)
    model = Model().eval()
    for p in model.parameters():
        p.data = torch.randn_like(p) * 0.5
    TARGET.mkdir(exist_ok=True)
    size = HIDDEN + HEADS * WIDTH
    ids = torch.tensor([[2, 4, 3], [2, 5, 3]])
    mask = torch.ones_like(ids)
    patches, vector = torch.randn(2, TOKENS, WIDTH), torch.randn(2, WIDTH)
    names = torch.tensor([[2, VOCABULARY.index(w), 3] for w in WORDS])
    descriptions = model.text(names, torch.ones_like(names))[0].detach()

    def export(name, function, example, inputs, outputs, dynamic):
        torch.onnx.export(
            Graph(model, function),
            example,
            str(TARGET / f"{name}.onnx"),
            opset_version=17,
            input_names=inputs,
            output_names=outputs,
            dynamic_axes={n: {i: a for i, a in enumerate(axes)} for n, axes in dynamic.items()},
        )

    export(
        "image_encoder",
        model.image,
        torch.randn(2, 3, SIDE, SIDE),
        ["pixels"],
        ["patches", "global"],
        {"pixels": "B", "patches": "B", "global": "B"},
    )
    export(
        "text_encoder",
        model.text,
        (ids, mask),
        ["ids", "mask"],
        ["text", "tokens"],
        {"ids": "BL", "mask": "BL", "text": "B", "tokens": "BL"},
    )
    export(
        "query_state",
        model.state,
        (model.words(ids).detach(), mask),
        ["tokens", "mask"],
        ["state", "vector"],
        {"tokens": "BL", "mask": "BL", "state": "B", "vector": "B"},
    )
    export(
        "../query_state_text",
        model.state_of_text,
        descriptions[:2],
        ["text"],
        ["state"],
        {"text": "B", "state": "B"},
    )
    export(
        "decoder",
        model.decode,
        (torch.randn(3, size), patches),
        ["state", "patches"],
        ["logits", "attention"],
        {"state": "Q", "patches": "C", "logits": "CQ", "attention": "CQ"},
    )
    export(
        "label_scorer",
        model.label(descriptions),
        (patches, vector),
        ["patches", "global"],
        ["logits"],
        {"patches": "B", "global": "B", "logits": "B"},
    )

    def write(name, text):
        (TARGET / name).write_text(text, encoding="utf-8")

    write("tokenizer.json", json.dumps(tokenizer(), indent=1) + "\n")
    labels = [{"name": w, "aliases": [], "descriptions": 1, "threshold": 0.5} for w in WORDS]
    write("labels.jsonl", "".join(json.dumps(label) + "\n" for label in labels))
    fitted = {"fitted_on": "nothing", "pairs": 0, "ece": None}
    write(
        "calibration.json",
        json.dumps(
            {
                "labels": {"scale": 1.5, "bias": 0.25, **fitted},
                "text": {"scale": 0.8, "bias": -0.3, **fitted},
                "match_threshold": 0.5,
            },
            indent=1,
        )
        + "\n",
    )
    write("MODEL_CARD.md", "# tiny\n\nRandom weights, for tests.\n")
    side = SIDE // PATCH
    bundle.write_manifest(
        TARGET,
        {
            "name": "tiny",
            "version": "0.0.1",
            "licence": "Apache-2.0",
            "description": "random weights, for tests",
            "image": {
                "width": SIDE,
                "height": SIDE,
                "resize": "stretch",
                "filter": "bilinear-antialias",
                "mean": [0.5, 0.5, 0.5],
                "std": [0.5, 0.5, 0.5],
                "alpha": "white",
                "orient": True,
            },
            "features": {
                "tokens": TOKENS,
                "dim": WIDTH,
                "dtype": "f32",
                "grid": [side, side],
                "token0": "none",
                "global": WIDTH,
            },
            "text": {"max_tokens": 8, "dim": WIDTH},
            "decoder": {
                "state": size,
                "form": "single",
                "layers": LAYERS,
                "hidden": HIDDEN,
                "heads": HEADS,
                "attention": True,
                "residual": RESIDUAL,
            },
            "labels": len(WORDS),
        },
    )


if __name__ == "__main__":
    main()
