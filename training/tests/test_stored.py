"""Features of one byte a value, and decoders of int8 weights: how far they are from what they stand for."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from training import bundle, decoder_graph, export_ram_plus, official_graphs, onnx_nodes, ram_plus
from training.model import Config, Decoder
from training.tests.exporting import SIZES, checkpoint, exported, run, session_of, sightline

TOKENS = 9


@pytest.fixture(scope="module")
def decoder():
    torch.manual_seed(1)
    made = Decoder(Config(dim=32, hidden=48, ffn=96, layers=2, text=32, decoder_heads=4, text_form="single"))
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=parameter.shape[-1] ** -0.5)
    return made.eval()


@pytest.mark.parametrize(
    "features, int8, off",
    [("f32", False, 1e-5), ("f16", False, 5e-3), ("i8", False, 0.05), ("f32", True, 0.1), ("i8", True, 0.15)],
)
def test_the_written_graph_is_the_ordinary_decoder(decoder, features, int8, off):
    """For any numbers of texts and images, before and after its constants are computed."""
    graph = decoder_graph.build(decoder, TOKENS, features, int8)
    sessions = [session_of(g.SerializeToString()) for g in (graph, onnx_nodes.settle(graph))]
    for texts, images in ((1, 1), (3, 5), (2, 1)):
        text, patches = torch.randn(texts, 32), torch.randn(images, TOKENS, 32)
        with torch.no_grad():
            wanted = decoder(text.unsqueeze(0), ram_plus.with_token0(patches)).numpy()
            state = decoder.state(text).numpy()
        names = ["patches", "scales"] if features == "i8" else ["patches"]
        stored = dict(zip(names, (t.numpy() for t in ram_plus.stored(patches, features)), strict=True))
        for session in sessions:
            logits, attention = session.run(["logits", "attention"], {"state": state, **stored})
            assert logits.shape == (images, texts) and np.abs(logits - wanted).max() < off
            assert attention.shape == (images, texts, TOKENS) and np.allclose(attention.sum(-1), 1, atol=1e-5)


def test_bytes_stand_for_what_they_were_made_of():
    patches = torch.randn(3, TOKENS, 16) * torch.logspace(-3, 3, TOKENS).unsqueeze(-1)
    patches[0, 0] = 0
    packed, scales = ram_plus.stored(patches, "i8")
    assert packed.dtype == torch.uint8 and scales.shape == (3, TOKENS)
    again = ram_plus.with_token0(packed, scales)[:, 1:]
    assert ((again - patches).abs() <= scales.unsqueeze(-1) / 2 + 1e-6).all()


def test_a_decoder_of_divided_patches_is_the_same(decoder):
    channels, patches, text = torch.logspace(-1, 1, 32), torch.randn(2, TOKENS, 32), torch.randn(3, 32)
    divided = ram_plus.divided(decoder, channels)
    assert torch.allclose(
        divided(text.unsqueeze(0), patches / channels), decoder(text.unsqueeze(0), patches), atol=1e-4
    )
    assert not torch.equal(divided.layers[0].key.weight, decoder.layers[0].key.weight)


@pytest.mark.parametrize("more", [[], ["--int8"]])
def test_a_bundle_of_bytes(tmp_path, more):
    weights, folders = checkpoint(), {}
    for features, flags in (("f32", []), ("i8", more)):
        (tmp_path / features).mkdir()
        folders[features] = exported(tmp_path / features, {"model": weights}, "--features", features, *flags)
    manifest = bundle.verify(folders["i8"])
    assert manifest["features"]["dtype"] == "i8" and manifest["decoder"]["weights"] == ("int8" if more else "f32")
    side = manifest["image"]["width"]
    pixels = np.random.default_rng(0).normal(size=(3, 3, side, side)).astype(np.float32)
    patches, vector = run(folders["f32"], "image_encoder", {"pixels": pixels})
    packed, scales, same = run(folders["i8"], "image_encoder", {"pixels": pixels})
    assert packed.shape == patches.shape and scales.shape == patches.shape[:2] and np.allclose(vector, same)
    given = {"f32": {"patches": patches}, "i8": {"patches": packed, "scales": scales}}
    logits, labels = {}, {}
    for features, folder in folders.items():
        state = run(folder, "query_state", {"text": weights["label_embed"][:4].numpy()})[0]
        logits[features] = run(folder, "decoder", {"state": state, **given[features]}, ["logits"])[0]
        labels[features] = run(folder, "label_scorer", {"global": vector, **given[features]})[0]
    assert labels["i8"].shape == (3, SIZES.labels)
    assert np.abs(labels["i8"] - labels["f32"]).max() < 0.1
    assert np.abs(logits["i8"] - logits["f32"]).max() < 0.2


def test_the_program_reads_bytes(tmp_path):
    """`sightline tag` gives the logits of the graphs."""
    folder = exported(tmp_path, {"model": checkpoint()}, "--features", "i8")
    side = bundle.verify(folder)["image"]["width"]
    pixels = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    line = json.loads(sightline("tag", "--bundle", folder, "--all", "--logits", "--json", tmp_path / "a.png"))
    mean, std = (np.array(v, np.float32) for v in (export_ram_plus.MEAN, export_ram_plus.STD))
    given = ((pixels.astype(np.float32) / 255 - mean) / std).transpose(2, 0, 1)[None]
    packed, scales, vector = run(folder, "image_encoder", {"pixels": given})
    wanted = run(folder, "label_scorer", {"patches": packed, "global": vector, "scales": scales})[0][0]
    found = {label["name"]: label["logit"] for label in line["labels"]}
    assert np.allclose([found[f"label {i}"] for i in range(SIZES.labels)], wanted, atol=0.02)


def test_the_graphs_for_bench_are_those_that_are_written_now(tmp_path):
    official_graphs.write(tmp_path)
    committed = sorted(file.name for file in official_graphs.FOLDER.iterdir())
    assert committed == sorted(file.name for file in tmp_path.iterdir())
    for name in committed:
        assert (tmp_path / name).read_bytes() == (official_graphs.FOLDER / name).read_bytes(), name
