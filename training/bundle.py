"""Writes the bundle's manifest (docs/bundle.md): file hashes, the two fingerprints, the checksum.

Both fingerprints are the SHA-256 of canonical JSON (sorted keys, no spaces, UTF-8):
* feature: {"image", "features", "files": {"image_encoder.onnx": sha256}};
* scoring: {"text", "decoder", "labels", "files": {name: sha256}} over text_encoder.onnx, tokenizer.json,
  query_state.onnx, decoder.onnx, label_scorer.onnx, labels.jsonl and calibration.json, as far as the bundle has them.
"""

import hashlib
import json
from pathlib import Path

FEATURE_FILES = ("image_encoder.onnx",)
SCORING_FILES = (
    "text_encoder.onnx",
    "tokenizer.json",
    "query_state.onnx",
    "decoder.onnx",
    "label_scorer.onnx",
    "labels.jsonl",
    "calibration.json",
)
CARD = "MODEL_CARD.md"
HALVES = {f"{name}.onnx": f"{name}.f16.onnx" for name in ("image_encoder", "decoder", "label_scorer")}  # for cards
MADE = ("format", "files", "feature_fingerprint", "scoring_fingerprint", "checksum")  # keys that are computed
ZEROS = "0" * 64


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def canonical(value) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digests(folder: Path) -> dict:
    """name -> {bytes, sha256} of every file of the bundle but the manifest."""
    found = {}
    for name in (*FEATURE_FILES, *SCORING_FILES, CARD, *HALVES.values()):
        file = Path(folder) / name
        if file.exists():
            content = file.read_bytes()
            found[name] = {"bytes": len(content), "sha256": sha256(content)}
    return found


def fingerprints(manifest: dict) -> tuple:
    """(feature, scoring) of a manifest that has its `files`."""
    hashes = {name: entry["sha256"] for name, entry in manifest["files"].items()}
    feature = {k: manifest[k] for k in ("image", "features")}
    feature["files"] = {n: hashes[n] for n in FEATURE_FILES}
    scoring = {k: manifest[k] for k in ("text", "decoder", "labels")}
    scoring["files"] = {n: hashes[n] for n in SCORING_FILES if n in hashes}
    return sha256(canonical(feature)), sha256(canonical(scoring))


def write_manifest(folder: Path, manifest: dict) -> dict:
    """Completes `manifest` (files, fingerprints and checksum are computed) and writes bundle.json."""
    given = {key: value for key, value in manifest.items() if key not in MADE}
    manifest = {"format": 1, **given, "files": digests(folder)}
    manifest["feature_fingerprint"], manifest["scoring_fingerprint"] = fingerprints(manifest)
    manifest["checksum"] = ZEROS
    body = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    manifest["checksum"] = sha256(body.encode())
    (Path(folder) / "bundle.json").write_text(body.replace(ZEROS, manifest["checksum"]), encoding="utf-8")
    return manifest


def read(folder: Path) -> dict:
    """The manifest as it is written."""
    return json.loads((Path(folder) / "bundle.json").read_text(encoding="utf-8"))


def verify(folder: Path) -> dict:
    """Reads a bundle's manifest and checks every hash; raises ValueError with what differs."""
    body = (Path(folder) / "bundle.json").read_text(encoding="utf-8")
    manifest = json.loads(body)
    if sha256(body.replace(manifest["checksum"], ZEROS).encode()) != manifest["checksum"]:
        raise ValueError("bundle.json: checksum differs")
    if digests(folder) != manifest["files"]:
        raise ValueError("a file of the bundle differs from the manifest")
    if fingerprints(manifest) != (manifest["feature_fingerprint"], manifest["scoring_fingerprint"]):
        raise ValueError("a fingerprint differs")
    return manifest
