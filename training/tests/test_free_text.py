"""A bundle with a text encoder answers free text in the program as its parts do in Python."""

import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from tokenizers import Tokenizer
from transformers import CLIPTextConfig, CLIPTextModelWithProjection

from training import bundle, export_ram_plus
from training.tests import exporting
from training.tests.test_clip_tokenizer import SMALL

QUERIES = [
    "a dog on the beach",
    "Don't  STOP, 12 dogs!",
    "東京 naïve café 😀",
    "a photo of a red bicycle near an old bridge " * 9,
]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A bundle of a random checkpoint and a random text encoder with the small vocabulary."""
    folder = tmp_path_factory.mktemp("free")
    words = len(json.loads(SMALL.read_text(encoding="utf-8"))["model"]["vocab"])
    torch.manual_seed(2)
    config = CLIPTextConfig(
        vocab_size=words,
        hidden_size=64,
        intermediate_size=96,
        projection_dim=exporting.SIZES.text,
        num_hidden_layers=1,
        num_attention_heads=1,
    )
    CLIPTextModelWithProjection(config).save_pretrained(folder / "clip")
    shutil.copyfile(SMALL, folder / "clip" / "tokenizer.json")
    return exporting.exported(
        folder, {"model": exporting.checkpoint()}, "--features", "f32", "--text-encoder", folder / "clip"
    )


def test_search_gives_the_official_arithmetic(made, tmp_path):
    assert bundle.verify(made)["text"] == {"max_tokens": 77, "dim": exporting.SIZES.text}
    rng, side = np.random.default_rng(4), exporting.SIDE
    pixels = rng.integers(0, 256, (3, side, side, 3), dtype=np.uint8)
    (tmp_path / "photos").mkdir()
    for i, image in enumerate(pixels):
        Image.fromarray(image).save(tmp_path / "photos" / f"{i}.png")
    where = ["--bundle", made, "--data", tmp_path / "data"]
    exporting.sightline("index", tmp_path / "photos", "--quiet", *where)
    wanted = probabilities(made, pixels)
    for query, row in zip(QUERIES, wanted, strict=True):
        reply = json.loads(exporting.sightline("search", "--plain", query, "--min-probability", "0", "--json", *where))
        found = {hit["path"][-5:]: hit["probability"] for hit in reply["results"]}
        assert found == pytest.approx({f"{i}.png": p for i, p in enumerate(row)}, abs=1e-4), query


def probabilities(made, pixels) -> np.ndarray:
    """[queries, images], from the graphs and the reference tokenizer."""
    tokenizer = Tokenizer.from_file(str(made / "tokenizer.json"))
    tokenizer.enable_truncation(77)
    mean, std = (np.array(v, np.float32) for v in (export_ram_plus.MEAN, export_ram_plus.STD))
    prepared = ((pixels.astype(np.float32) / 255 - mean) / std).transpose(0, 3, 1, 2)
    patches = exporting.run(made, "image_encoder", {"pixels": prepared}, ["patches"])[0]
    rows = []
    for query in QUERIES:
        ids = np.array([tokenizer.encode(query).ids])
        text = exporting.run(made, "text_encoder", {"ids": ids, "mask": np.ones_like(ids)})[0]
        state = exporting.run(made, "query_state", {"text": text})[0]
        logits = exporting.run(made, "decoder", {"state": state, "patches": patches}, ["logits"])[0]
        rows.append(1 / (1 + np.exp(-logits[:, 0])))
    return np.array(rows)


def test_an_encoder_of_another_width_is_refused(made, tmp_path):
    with pytest.raises(SystemExit, match="gives 16 numbers a text, the checkpoint's descriptions have 24"):
        exporting.exported(tmp_path, {"model": exporting.checkpoint(text=24)}, "--text-encoder", made.parent / "clip")


def test_an_exported_encoder_is_taken_as_it_is(made, tmp_path):
    shutil.copyfile(made / "tokenizer.json", tmp_path / "tokenizer.json")
    shutil.copyfile(made / "text_encoder.onnx", tmp_path / "text.onnx")
    again = exporting.exported(
        tmp_path, {"model": exporting.checkpoint()}, "--features", "f32", "--text-encoder", tmp_path / "text.onnx"
    )
    assert bundle.verify(again)["scoring_fingerprint"] == bundle.verify(made)["scoring_fingerprint"]
    with pytest.raises(SystemExit, match="needs inputs ids and mask and output text, has"):
        exporting.exported(tmp_path, {"model": exporting.checkpoint()}, "--text-encoder", made / "decoder.onnx")
    (tmp_path / "bad.onnx").write_bytes(b"no graph")
    with pytest.raises(SystemExit, match="bad.onnx: not an ONNX file"):
        exporting.exported(tmp_path, {"model": exporting.checkpoint()}, "--text-encoder", tmp_path / "bad.onnx")
