"""Writes the bundle `bytes`: python make_bytes.py, from the repository's root (torch 2.4.1, onnx 1.16.2, onnxruntime 1.19.2).

An official RAM++ checkpoint of small sizes with random weights, through the exporter, with features of one byte a value and a
decoder of int8 weights. Its text encoder and tokenizer are those of the bundle `tiny`. All 51 descriptions of a label are its
name, so a label's logit (ordinary form, f32 weights) and that of its name as free text (folded form, int8 weights) differ by
rounding only.
"""

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import onnxruntime as ort
import torch

sys.path.insert(0, ".")
from training import export_ram_plus, ram_plus_layout, random_checkpoint  # noqa: E402

HERE = Path(__file__).parent
TINY = HERE / "tiny"


def texts(names: list) -> torch.Tensor:
    """The names' vectors [N, E]."""
    vocabulary = json.loads((TINY / "tokenizer.json").read_text(encoding="utf-8"))["model"]["vocab"]
    ids = np.array([[vocabulary["[CLS]"], vocabulary[name], vocabulary["[SEP]"]] for name in names], np.int64)
    session = ort.InferenceSession(str(TINY / "text_encoder.onnx"), providers=["CPUExecutionProvider"])
    return torch.from_numpy(session.run(["text"], {"ids": ids, "mask": np.ones_like(ids)})[0])


def main() -> None:
    names = [json.loads(line)["name"] for line in (TINY / "labels.jsonl").read_text(encoding="utf-8").splitlines()]
    vectors = texts(names)
    sizes = random_checkpoint.Sizes(text=vectors.shape[1], hidden=16, ffn=32, labels=len(names))
    weights = random_checkpoint.make(sizes)
    weights["label_embed"] = vectors.repeat_interleave(ram_plus_layout.DESCRIPTIONS, 0)
    with tempfile.TemporaryDirectory() as folder:
        lists = Path(folder)
        torch.save({"model": weights}, lists / "checkpoint.pth")
        (lists / "names.txt").write_text("\n".join(names), encoding="utf-8")
        (lists / "thresholds.txt").write_text("\n".join(["0.5"] * len(names)), encoding="utf-8")
        sys.argv = [
            "export_ram_plus", str(lists / "checkpoint.pth"), "--labels", str(lists / "names.txt"),
            "--thresholds", str(lists / "thresholds.txt"), "--text-encoder", str(TINY / "text_encoder.onnx"),
            "--tokenizer", str(TINY / "tokenizer.json"), "--features", "i8", "--int8", "--name", "bytes",
            "--out", str(HERE / "bytes"),
        ]  # fmt: skip
        export_ram_plus.main()


if __name__ == "__main__":
    main()
