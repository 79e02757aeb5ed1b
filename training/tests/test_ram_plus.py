"""The exporter of official checkpoints, on tiny random checkpoints of the official layout."""

import json
import math

import numpy as np
import pytest
import torch

from training import bundle, ram_plus, ram_plus_layout
from training.tests.exporting import SIDE, SIZES, checkpoint, exported, run


@pytest.mark.parametrize(
    "sizes", [{}, {"hidden": SIZES.text}, {"labels": 5, "window": 2, "depths": (2, 2, 4), "heads": (1, 2, 4)}]
)
def test_every_batch_size(tmp_path, sizes):
    weights = checkpoint(**sizes)
    folder = exported(tmp_path, {"model": weights}, "--features", "f32")
    manifest = bundle.verify(folder)
    side = manifest["image"]["width"]
    assert side == SIDE * 2 ** (len(sizes.get("depths", (2, 2))) - 2)
    assert manifest["features"]["token0"] == "mean" and manifest["text"] is None
    assert manifest["decoder"]["form"] == "single" and math.isclose(
        manifest["decoder"]["reweight"], math.exp(1.1), rel_tol=1e-6
    )
    pixels = np.random.default_rng(0).normal(size=(5, 3, side, side)).astype(np.float32)
    patches, vector = run(folder, "image_encoder", {"pixels": pixels})
    logits = run(folder, "label_scorer", {"patches": patches, "global": vector})[0]
    assert logits.shape == (5, SIZES.labels)
    for n in (1, 2, 3):
        part, part_vector = run(folder, "image_encoder", {"pixels": pixels[:n]})
        assert np.allclose(part, patches[:n], atol=1e-5)
        scored = run(folder, "label_scorer", {"patches": part, "global": part_vector})[0]
        assert np.allclose(scored, logits[:n], atol=1e-5)
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
    repeated = texts.repeat_interleave(ram_plus_layout.DESCRIPTIONS, 0)
    scorer = ram_plus.LabelScorer(decoder, repeated, weights["reweight_scale"])
    patches, vector = torch.randn(2, 4, SIZES.text), torch.randn(2, SIZES.text)
    folded, _ = decoder.finish(ram_plus.QueryState(decoder)(texts), ram_plus.with_token0(patches))
    assert torch.allclose(scorer(patches, vector), folded, atol=1e-5)


def test_older_names_and_a_bare_state_dict_give_the_same_bundle(tmp_path):
    weights = checkpoint()
    old = {name.replace("tagging_head.", "vision_multi."): value for name, value in weights.items()}
    for folder in ("new", "old"):
        (tmp_path / folder).mkdir()
    new = bundle.verify(
        exported(tmp_path / "new", {"model": weights, "optimizer": {}, "config": {"a": [1]}, "epoch": 7})
    )
    assert bundle.verify(exported(tmp_path / "old", old))["files"] == new["files"]


def test_half_precision_checkpoints_and_stored_buffers(tmp_path):
    weights = checkpoint()
    weights |= buffers(side=4)
    half = {name: value.half() if value.is_floating_point() else value for name, value in weights.items()}
    manifest = bundle.verify(exported(tmp_path, {"model": half}))
    assert manifest["image"]["width"] == SIDE


def test_a_stored_mask_tells_the_image_size(tmp_path):
    """Four windows of two in a row: twice the size that the windows alone imply."""
    manifest = bundle.verify(exported(tmp_path, {"model": checkpoint() | buffers(side=8)}))
    assert manifest["image"]["width"] == 2 * SIDE and manifest["features"]["grid"] == [4, 4]


def buffers(side: int) -> dict:
    """What the official code stores besides the weights, for a first stage of `side` patches."""
    at, window = "visual_encoder.layers.0.blocks.", SIZES.window
    mask = torch.zeros((side // window) ** 2, window**2, window**2)
    index = torch.zeros(window**2, window**2, dtype=torch.long)
    return {at + "1.attn_mask": mask, at + "0.attn.relative_position_index": index}


def test_weights_of_16_bits_change_little(tmp_path):
    weights = checkpoint(embed=32, hidden=32, ffn=64)
    logits = []
    for kind in ("f32", "f16"):
        (tmp_path / kind).mkdir()
        folder = exported(tmp_path / kind, {"model": weights}, "--weights", kind)
        pixels = np.random.default_rng(0).normal(size=(2, 3, SIDE, SIDE)).astype(np.float32)
        patches, vector = run(folder, "image_encoder", {"pixels": pixels})
        assert patches.dtype == np.float16
        logits.append(run(folder, "label_scorer", {"patches": patches, "global": vector})[0])
    assert np.allclose(*logits, atol=2e-2)


def test_chinese_names_become_aliases(tmp_path):
    chinese = ["狗", "label 0", "狗", "猫", "海"]
    (tmp_path / "zh.txt").write_text("\n".join(chinese), encoding="utf-8")
    folder = exported(tmp_path, {"model": checkpoint()}, "--labels-zh", tmp_path / "zh.txt")
    lines = [json.loads(line) for line in (folder / "labels.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["aliases"] for line in lines] == [["狗"], [], [], ["猫"], ["海"]]
    assert lines[0] == {"name": "label 0", "aliases": ["狗"], "descriptions": 51, "threshold": 0.65}
