"""The exporter of official checkpoints, on tiny random checkpoints of the official layout.

With SIGHTLINE_GOLDEN naming a folder of golden files (checkpoint.pth, golden.npz, tags.txt, thresholds.txt per subfolder)
the exported graphs are also compared with the official code's outputs.
"""

import os
import sys
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch

from training import bundle, export_ram_plus, ram_plus, ram_plus_layout

LABELS, EMBED, TEXT, HIDDEN, WINDOW = 5, 8, 16, 12, 2
SIDE = WINDOW * 4 * 2  # two stages, patches of 4: 16 pixels
GOLDEN = os.environ.get("SIGHTLINE_GOLDEN", "")


def checkpoint(hidden=HIDDEN) -> dict:
    """Random tensors under the official names: two stages of two blocks, two decoder layers."""
    torch.manual_seed(3)
    w = {}

    def linear(name, outputs, inputs, bias=True):
        w[name + ".weight"] = torch.randn(outputs, inputs) * 0.3
        if bias:
            w[name + ".bias"] = torch.randn(outputs) * 0.1

    def norm(name, width):
        w[name + ".weight"], w[name + ".bias"] = 1 + torch.randn(width) * 0.1, torch.randn(width) * 0.1

    v = "visual_encoder."
    w[v + "patch_embed.proj.weight"], w[v + "patch_embed.proj.bias"] = (
        torch.randn(EMBED, 3, 4, 4) * 0.2,
        torch.randn(EMBED),
    )
    norm(v + "patch_embed.norm", EMBED)
    for stage, width in enumerate((EMBED, 2 * EMBED)):
        for block in range(2):
            at = f"{v}layers.{stage}.blocks.{block}."
            norm(at + "norm1", width), norm(at + "norm2", width)
            linear(at + "attn.qkv", 3 * width, width), linear(at + "attn.proj", width, width)
            w[at + "attn.relative_position_bias_table"] = torch.randn((2 * WINDOW - 1) ** 2, 2)
            linear(at + "mlp.fc1", 4 * width, width), linear(at + "mlp.fc2", width, 4 * width)
    linear(v + "layers.0.downsample.reduction", 2 * EMBED, 4 * EMBED, bias=False)
    norm(v + "layers.0.downsample.norm", 4 * EMBED), norm(v + "norm", 2 * EMBED)
    linear("image_proj", TEXT, 2 * EMBED)
    for i in range(2):
        at = f"tagging_head.encoder.layer.{i}."
        for part, inputs in (("query", hidden), ("key", TEXT), ("value", TEXT)):
            linear(at + "crossattention.self." + part, hidden, inputs)
        linear(at + "crossattention.output.dense", hidden, hidden), norm(at + "crossattention.output.LayerNorm", hidden)
        linear(at + "intermediate.dense", 2 * hidden, hidden), linear(at + "output.dense", hidden, 2 * hidden)
        norm(at + "output.LayerNorm", hidden)
    if hidden != TEXT:
        linear("wordvec_proj", hidden, TEXT)
    linear("fc", 1, hidden)
    w["label_embed"] = torch.nn.functional.normalize(torch.randn(LABELS * ram_plus.DESCRIPTIONS, TEXT), dim=-1)
    w["reweight_scale"] = torch.tensor(1.1)
    return w


def exported(tmp_path, monkeypatch, saved, *more):
    """Runs the command; returns the bundle's folder."""
    torch.save(saved, tmp_path / "c.pth")
    (tmp_path / "names.txt").write_text("\n".join(f"label {i}" for i in range(LABELS)))
    (tmp_path / "thresholds.txt").write_text("\n".join(["0.65"] * LABELS))
    arguments = [
        "x",
        tmp_path / "c.pth",
        "--labels",
        tmp_path / "names.txt",
        "--thresholds",
        tmp_path / "thresholds.txt",
    ]
    monkeypatch.setattr(sys, "argv", [str(a) for a in [*arguments, "--out", tmp_path / "out", *more]])
    export_ram_plus.main()
    return tmp_path / "out"


def run(folder, name, given, outputs=None):
    session = ort.InferenceSession(str(folder / f"{name}.onnx"), providers=["CPUExecutionProvider"])
    return session.run(outputs, given)


@pytest.mark.parametrize("hidden", [HIDDEN, TEXT])
def test_every_batch_size(tmp_path, monkeypatch, hidden):
    weights = checkpoint(hidden)
    folder = exported(tmp_path, monkeypatch, {"model": weights}, "--features", "f32")
    manifest = bundle.verify(folder)
    assert manifest["image"]["width"] == SIDE and manifest["features"]["token0"] == "mean" and manifest["text"] is None
    pixels = np.random.default_rng(0).normal(size=(5, 3, SIDE, SIDE)).astype(np.float32)
    patches, vector = run(folder, "image_encoder", {"pixels": pixels})
    logits = run(folder, "label_scorer", {"patches": patches, "global": vector})[0]
    assert logits.shape == (5, LABELS)
    for n in (1, 2, 3):
        part, part_vector = run(folder, "image_encoder", {"pixels": pixels[:n]})
        assert np.allclose(part, patches[:n], atol=1e-5)
        assert np.allclose(
            run(folder, "label_scorer", {"patches": part, "global": part_vector})[0], logits[:n], atol=1e-5
        )
    state = run(folder, "query_state", {"text": weights["label_embed"][:4].numpy()})[0]
    together = run(folder, "decoder", {"state": state, "patches": patches}, ["logits"])[0]
    for q, n in ((1, 5), (4, 1), (2, 3)):
        part = run(folder, "decoder", {"state": state[:q], "patches": patches[:n]}, ["logits"])[0]
        assert np.allclose(part, together[:n, :q], atol=1e-5)


def test_label_scorer_agrees_with_the_folded_decoder():
    """A label whose descriptions are all one text is that text."""
    weights = checkpoint()
    decoder = ram_plus.decoder_of(weights, 4)
    texts = weights["label_embed"][:3]
    scorer = ram_plus.LabelScorer(decoder, texts.repeat_interleave(ram_plus.DESCRIPTIONS, 0), weights["reweight_scale"])
    patches, vector = torch.randn(2, 4, TEXT), torch.randn(2, TEXT)
    folded, attention = ram_plus.TextDecoder(decoder)(ram_plus.QueryState(decoder)(texts), patches)
    assert torch.allclose(scorer(patches, vector), folded, atol=1e-5)
    assert attention.shape == (2, 3, 4)


def test_older_names_and_a_bare_state_dict(tmp_path):
    weights = checkpoint()
    old = {name.replace("tagging_head.", "vision_multi."): value for name, value in weights.items()}
    torch.save(old, tmp_path / "old.pth")
    assert set(ram_plus_layout.read(tmp_path / "old.pth")) == set(weights)


def test_lists_that_do_not_fit_are_refused(tmp_path, monkeypatch):
    weights = checkpoint()
    weights["label_embed"] = weights["label_embed"][: -ram_plus.DESCRIPTIONS]
    with pytest.raises(SystemExit, match="has 5 lines, the checkpoint has 4 labels"):
        exported(tmp_path, monkeypatch, {"model": weights})


@pytest.mark.skipif(
    not GOLDEN, reason="SIGHTLINE_GOLDEN names no folder of golden files: parity with the official code NOT checked"
)
@pytest.mark.parametrize("folder", sorted(Path(GOLDEN).iterdir()) if GOLDEN else [None], ids=lambda p: p and p.name)
def test_parity_with_the_official_code(folder, tmp_path, monkeypatch):
    arguments = [
        "x",
        folder / "checkpoint.pth",
        "--labels",
        folder / "tags.txt",
        "--thresholds",
        folder / "thresholds.txt",
    ]
    monkeypatch.setattr(sys, "argv", [str(a) for a in [*arguments, "--out", tmp_path, "--features", "f32"]])
    export_ram_plus.main()
    golden = np.load(folder / "golden.npz")
    mean, std = (np.array(v, np.float32)[:, None, None] for v in (export_ram_plus.MEAN, export_ram_plus.STD))
    pixels = (golden["image_u8"].astype(np.float32) / 255 - mean) / std
    patches, vector = run(tmp_path, "image_encoder", {"pixels": pixels})
    assert np.allclose(patches, golden["image_embeds"][:, 1:], atol=1e-4)
    logits = run(tmp_path, "label_scorer", {"patches": patches, "global": vector})[0]
    assert np.allclose(logits, golden["logits"], atol=1e-4)
    state = run(tmp_path, "query_state", {"text": golden["os1_label_embed"]})[0]
    open_set = run(tmp_path, "decoder", {"state": state, "patches": patches}, ["logits"])[0]
    assert np.allclose(open_set, golden["os1_logits"], atol=1e-4)
