"""The manifest: hashes, fingerprints and the checksum over itself."""

import json

import pytest

from training import bundle

HEAD = {
    "name": "x",
    "version": "1",
    "licence": "none",
    "description": "d",
    "image": {"width": 8},
    "features": {"dim": 4},
    "text": {"dim": 4},
    "decoder": {"state": 4},
    "labels": 1,
}


@pytest.fixture
def folder(tmp_path):
    for name in (*bundle.FEATURE_FILES, *bundle.SCORING_FILES, bundle.CARD):
        (tmp_path / name).write_bytes(name.encode())
    bundle.write_manifest(tmp_path, HEAD)
    return tmp_path


def test_verifies(folder):
    manifest = bundle.verify(folder)
    body = (folder / "bundle.json").read_text()
    assert bundle.sha256(body.replace(manifest["checksum"], "0" * 64).encode()) == manifest["checksum"]
    assert manifest["format"] == 1 and set(manifest["files"]) >= {"decoder.onnx", "labels.jsonl"}


@pytest.mark.parametrize("name", [*bundle.FEATURE_FILES, *bundle.SCORING_FILES, bundle.CARD])
def test_a_changed_byte_is_found(folder, name):
    (folder / name).write_bytes(b"other")
    with pytest.raises(ValueError):
        bundle.verify(folder)


def test_a_changed_manifest_is_found(folder):
    body = (folder / "bundle.json").read_text().replace('"version": "1"', '"version": "2"')
    (folder / "bundle.json").write_text(body)
    with pytest.raises(ValueError, match="checksum"):
        bundle.verify(folder)


def test_what_the_fingerprints_cover(folder):
    before = json.loads((folder / "bundle.json").read_text())
    (folder / "decoder.onnx").write_bytes(b"other")
    after = bundle.write_manifest(folder, HEAD)
    assert after["feature_fingerprint"] == before["feature_fingerprint"]
    assert after["scoring_fingerprint"] != before["scoring_fingerprint"]
    (folder / "image_encoder.onnx").write_bytes(b"other")
    last = bundle.write_manifest(folder, HEAD)
    assert last["feature_fingerprint"] != after["feature_fingerprint"]
    assert last["scoring_fingerprint"] == after["scoring_fingerprint"]
    (folder / bundle.CARD).write_bytes(b"other")
    card = bundle.write_manifest(folder, HEAD)
    assert card["scoring_fingerprint"] == last["scoring_fingerprint"] and card["checksum"] != last["checksum"]
