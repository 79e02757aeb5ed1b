"""Parity with the official code, on its own outputs: SIGHTLINE_GOLDEN names a folder of folders with checkpoint.pth,
golden.npz, golden.json, tags.txt and thresholds.txt. `make test-training` names it (GOLDEN=../shared/golden)."""

import json

import numpy as np
import onnx
import pytest
from PIL import Image

from training import bundle, export_ram_plus, half_graphs, half_rounding
from training.tests import exporting
from training.tests.conftest import golden_folders


@pytest.fixture(scope="module", params=golden_folders(), ids=lambda folder: folder.name)
def golden(request):
    """The folder of a golden file; a missing one fails, since silence would look like parity."""
    file = request.param / "checkpoint.pth"
    assert file.exists(), f"{file} is missing: `make test-training GOLDEN=` runs without parity, and says so"
    return request.param


@pytest.fixture(scope="module")
def exported(golden, tmp_path_factory):
    """The bundle with features of 32 bits."""
    out = tmp_path_factory.mktemp(golden.name) / "bundle"
    lists = [golden / "tags.txt", golden / "thresholds.txt"]
    return exporting.export(golden / "checkpoint.pth", *lists, out, "--features", "f32")


@pytest.fixture(scope="module")
def official(golden):
    return np.load(golden / "golden.npz")


@pytest.fixture(scope="module")
def encoded(exported, official):
    mean, std = (np.array(v, np.float32)[:, None, None] for v in (export_ram_plus.MEAN, export_ram_plus.STD))
    pixels = (official["image_u8"].astype(np.float32) / 255 - mean) / std
    return exporting.run(exported, "image_encoder", {"pixels": pixels})


def test_patches_and_labels(exported, official, encoded):
    patches, vector = encoded
    assert np.abs(patches - official["image_embeds"][:, 1:]).max() < 1e-4
    logits = exporting.run(exported, "label_scorer", {"patches": patches, "global": vector})[0]
    assert np.abs(logits - official["logits"]).max() < 1e-4


def test_patches_and_labels_in_f16(exported, official, encoded):
    """With every rounding of a card."""
    card = {}
    for name in ("image_encoder", "label_scorer"):
        half = half_graphs.convert(onnx.load(str(exported / f"{name}.onnx")))
        card[name] = exporting.session_of(half_graphs.as_on_a_card(half).SerializeToString())
    mean, std = (np.array(v, np.float32)[:, None, None] for v in (export_ram_plus.MEAN, export_ram_plus.STD))
    patches, vector = card["image_encoder"].run(
        None, {"pixels": (official["image_u8"].astype(np.float32) / 255 - mean) / std}
    )
    wanted = official["image_embeds"][:, 1:]
    assert np.linalg.norm(patches - wanted) < half_rounding.FEATURES * np.linalg.norm(wanted)
    logits = card["label_scorer"].run(None, {"patches": patches, "global": vector})[0]
    error = np.sqrt(np.mean((logits - official["logits"]) ** 2))
    assert error < half_rounding.LOGITS * official["logits"].std()


def test_open_set_of_one_description(exported, official, encoded):
    state = exporting.run(exported, "query_state", {"text": official["os1_label_embed"]})[0]
    logits = exporting.run(exported, "decoder", {"state": state, "patches": encoded[0]}, ["logits"])[0]
    assert np.abs(logits - official["os1_logits"]).max() < 1e-4


def test_open_set_of_many_descriptions(exported, official, encoded):
    """Reweighted per image by what the manifest says, then one decoder query a label."""
    patches, vector = encoded
    sharpness = bundle.verify(exported)["decoder"]["reweight"]
    texts = official["os51_label_embed"].reshape(-1, 51, official["os51_label_embed"].shape[1])
    for image in range(len(patches)):
        scores = np.exp(sharpness * (texts @ vector[image]))
        weights = scores / scores.sum(1, keepdims=True)
        assert np.abs(weights - official["os51_weights"][image]).max() < 1e-4
        state = exporting.run(exported, "query_state", {"text": np.einsum("ln,lne->le", weights, texts)})[0]
        given = {"state": state, "patches": patches[image : image + 1]}
        logits = exporting.run(exported, "decoder", given, ["logits"])[0]
        assert np.abs(logits[0] - official["os51_logits"][image]).max() < 1e-4


@pytest.mark.parametrize("features", ["f32", "f16"])
def test_the_program_tags_as_the_official_code(golden, official, exported, tmp_path, features):
    """Pixels of the model's size, so that nothing is resized."""
    if features == "f16":
        lists = [golden / "tags.txt", golden / "thresholds.txt"]
        exported = exporting.export(golden / "checkpoint.pth", *lists, tmp_path / "f16")
    images = [tmp_path / f"{i}.png" for i in range(len(official["image_u8"]))]
    for image, pixels in zip(images, official["image_u8"], strict=True):
        Image.fromarray(pixels.transpose(1, 2, 0)).save(image)
    out = exporting.sightline("tag", "--bundle", exported, "--all", "--logits", "--json", *images)
    names = (golden / "tags.txt").read_text(encoding="utf-8").splitlines()
    printed = json.loads((golden / "golden.json").read_text(encoding="utf-8"))["tags_predicted"]
    lines = [json.loads(line) for line in out.splitlines()]
    assert len(lines) == len(images)
    for line, logits, tags in zip(lines, official["logits"], printed, strict=True):
        found = {label["name"]: label["logit"] for label in line["labels"]}
        assert np.abs(np.array([found[name] for name in names]) - logits).max() < 1e-3
        assert {tag["name"] for tag in line["tags"]} == set(tags.split(" | "))
