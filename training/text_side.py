"""The text encoder and the tokenizer that a RAM++ bundle is given: the checkpoint holds neither."""

import shutil
from pathlib import Path

import onnx
import torch

from . import clip_text, clip_tokenizer, graphs


class TextSide:
    """The text encoder and its tokenizer, read before the long work begins and written with the rest."""

    def __init__(self, file: Path, tokenizer: Path | None, width: int):
        self.file, self.model, vocabulary = clip_text.find(file), None, 0
        if self.file.suffix == ".onnx":
            self.spec = onnx_spec(self.file, width)
        else:
            self.model = clip_text.read(self.file)
            vocabulary = self.model.embed.num_embeddings
            self.spec = {"max_tokens": self.model.positions.shape[0], "dim": self.model.project.shape[0]}
        if self.spec["dim"] != width:
            raise SystemExit(
                f"{self.file}: gives {self.spec['dim']} numbers a text, the checkpoint's descriptions have {width}"
            )
        self.tokenizer = clip_tokenizer.tokenizer_json(tokenizer or self.file.parent, vocabulary)

    def write(self, store: str, out: Path) -> None:
        (out / "tokenizer.json").write_text(self.tokenizer, encoding="utf-8")
        target = out / "text_encoder.onnx"
        if self.model is None:
            shutil.copyfile(self.file, target)
            return
        ids = torch.ones(2, min(5, self.spec["max_tokens"]), dtype=torch.long)
        dynamic = {"ids": {0: "B", 1: "L"}, "mask": {0: "B", 1: "L"}, "text": {0: "B"}}
        graphs.export(self.model, (ids, ids), target, ["ids", "mask"], ["text"], dynamic, store)


def onnx_spec(file: Path, width: int) -> dict:
    """The manifest's `text` of an exported text encoder; `width` where the graph leaves its own open."""
    try:
        graph = onnx.load(str(file), load_external_data=False).graph
    except Exception as reason:  # whatever the parser throws at bytes that are no ONNX
        raise SystemExit(f"{file}: not an ONNX file: {' '.join(str(reason).split())}") from None
    inputs, outputs = {i.name for i in graph.input}, {o.name: o for o in graph.output}
    if not {"ids", "mask"} <= inputs or "text" not in outputs:
        raise SystemExit(
            f"{file}: needs inputs ids and mask and output text, has {sorted(inputs)} and {sorted(outputs)}"
        )
    dims = outputs["text"].type.tensor_type.shape.dim
    return {"max_tokens": 77, "dim": (dims[-1].dim_value if dims else 0) or width}
