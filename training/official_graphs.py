"""Writes the decoder's graphs at the official size, without their weights, for `sightline bench`:

    python -m training.official_graphs [FOLDER]    (default: internal/bench/graphs)

Every weight is a reference into weights.bin beside the graphs, which bench fills with random numbers. All forms read the same
numbers: what a form makes of them (folded, merged, rounded weights) are nodes that ONNX Runtime computes when it loads the
graph. weights.json lists the tensors in the order in which they lie in weights.bin, as f32.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto
from onnx.external_data_helper import set_external_data
from torch import nn

from . import decoder_graph, graphs, ram_plus, random_checkpoint
from .model import Config, Decoder
from .onnx_nodes import Nodes

FOLDER = Path(__file__).parents[1] / "internal" / "bench" / "graphs"
TOKENS = 144  # stored of an image of 384 pixels
HEADS = 4
WEIGHTS = "weights.bin"
FORMS = [(features, int8) for features in decoder_graph.TYPES for int8 in (False, True)]


class Ordinary(nn.Module):
    """text [Q, E], all tokens [C, 1 + T, D] -> logits [C, Q]: every candidate's keys and values, as in the official code."""

    def __init__(self, decoder: Decoder):
        super().__init__()
        self.decoder = decoder

    def forward(self, text, patches):
        return self.decoder(text.unsqueeze(0), patches)


class Stored(nn.Module):
    """features [C, T, D] -> as they are stored."""

    def __init__(self, features: str):
        super().__init__()
        self.features = features

    def forward(self, features):
        return ram_plus.stored(features, self.features)


class Spread(nn.Module):
    """features [B, T, D] -> how far each channel spreads [D]."""

    def forward(self, features):
        return features.float().square().mean((0, 1)).clamp(min=1e-12).sqrt()


class Through(nn.Module):
    """features [B, T, D] and how far their channels spread [D] -> what is left of the features when they are stored as bytes."""

    def forward(self, features, spread):
        packed, scales = ram_plus.stored(features.float() / spread, "i8")
        return (ram_plus.with_token0(packed, scales)[:, 1:] * spread).to(features.dtype)


def official() -> Decoder:
    """A decoder of the official size. Its numbers do not matter, but differ: the tracer keeps equal tensors once."""
    s = random_checkpoint.OFFICIAL
    config = Config(
        dim=s.text, hidden=s.hidden, ffn=s.ffn, layers=s.layers, text=s.text, decoder_heads=HEADS, text_form="single"
    )
    decoder = Decoder(config).eval()
    for number, parameter in enumerate(decoder.parameters()):
        nn.init.constant_(parameter, number)
    return decoder


def sgemm() -> onnx.ModelProto:
    """One large product: what the machine can do at best."""
    g = Nodes()
    g.named(g("MatMul", "a", "b"), "product")
    matrix = lambda *shape: (TensorProto.FLOAT, list(shape))  # noqa: E731
    return g.model({"a": matrix("M", "K"), "b": matrix("K", "N")}, {"product": matrix("M", "N")})


def hollow(model: onnx.ModelProto, tensors: dict) -> onnx.ModelProto:
    """Replaces the weights by references: tensors are name -> (offset, length) in bytes."""
    model.producer_version = ""
    for tensor in model.graph.initializer:
        if (name := tensor.name.removeprefix("decoder.")) in tensors:
            tensor.ClearField("float_data")
            tensor.raw_data = b""
            set_external_data(tensor, WEIGHTS, *tensors[name])
            tensor.ClearField("raw_data")
    return model


def write(folder: Path) -> None:
    decoder = official()
    c = decoder.config
    shapes = {name: list(value.shape) for name, value in decoder.state_dict().items()}
    lengths = [4 * int(np.prod(shape)) for shape in shapes.values()]
    offsets = np.cumsum([0, *lengths[:-1]]).tolist()
    tensors = dict(zip(shapes, zip(offsets, lengths, strict=True), strict=True))
    folder.mkdir(parents=True, exist_ok=True)
    lines = ",\n  ".join(json.dumps({"name": name, "shape": shape}) for name, shape in shapes.items())
    (folder / "weights.json").write_text(f"[\n  {lines}\n]\n", encoding="utf-8")
    texts, patches = torch.zeros(3, c.text), torch.zeros(2, TOKENS, c.dim)
    half = patches.half()
    for name, module, example, inputs, outputs in (
        (
            "ordinary",
            Ordinary(decoder),
            (texts, ram_plus.with_token0(patches)),
            {"text": "Q", "patches": "C"},
            ["logits"],
        ),
        ("query_state", ram_plus.QueryState(decoder), texts, {"text": "Q"}, ["state"]),
        ("store_f16", Stored("f16"), patches, {"features": "C"}, ["patches"]),
        ("store_i8", Stored("i8"), patches, {"features": "C"}, ["patches", "scales"]),
        ("spread", Spread(), half, {"features": "BTD"}, ["spread"]),
        ("through_i8", Through(), (half, torch.ones(c.dim)), {"features": "BTD", "spread": "D"}, ["same"]),
    ):
        target, axes = folder / f"{name}.onnx", {**inputs, **dict.fromkeys(outputs, "N")}
        dynamic = {value: dict(enumerate(axes)) for value, axes in axes.items()}
        graphs.export(module, example, target, list(inputs), outputs, dynamic, store="f32", fold=False)
        onnx.save(hollow(onnx.load(str(target)), tensors), str(target))
    for features, int8 in FORMS:
        graph = hollow(decoder_graph.build(decoder, TOKENS, features, int8), tensors)
        onnx.save(graph, str(folder / f"folded_{features}{'_int8' if int8 else ''}.onnx"))
    onnx.save(sgemm(), str(folder / "sgemm.onnx"))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER)
    write(parser.parse_args().folder)
