"""Reference outputs of a bundle's graphs, through ONNX Runtime alone, for comparing readers against.

    python -m training.reference BUNDLE IMAGE... [--query TEXT]... [--top 10]

Prints one JSON document: per image the global vector, the patches' SHA-256 and first values, the best labels with their
logits and probabilities; per query its vector, and the logit and probability on every image.
"""

import argparse
import hashlib
import json
from pathlib import Path

import numpy as np

from . import data
from .text import Encoder


class Bundle:
    """A bundle's sessions and tables; one thread each unless told otherwise."""

    def __init__(self, folder: Path, threads: int = 1):
        import onnxruntime as ort

        self.folder = Path(folder)
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads

        def session(name: str):
            return ort.InferenceSession(str(self.folder / f"{name}.onnx"), options, providers=["CPUExecutionProvider"])

        self.manifest = json.loads((self.folder / "bundle.json").read_text(encoding="utf-8"))
        self.calibration = json.loads((self.folder / "calibration.json").read_text(encoding="utf-8"))
        lines = (self.folder / "labels.jsonl").read_text(encoding="utf-8").splitlines()
        self.labels = [json.loads(line) for line in lines]
        self.image_encoder, self.label_scorer = session("image_encoder"), session("label_scorer")
        self.query_state = self.decoder = self.text_encoder = None
        if self.manifest["text"] is None:
            return
        self.query_state, self.decoder = session("query_state"), session("decoder")
        tokenizer = (self.folder / "tokenizer.json").read_text(encoding="utf-8")
        self.text_encoder = Encoder(self.folder / "text_encoder.onnx", tokenizer, threads)

    def images(self, files: list, batch: int = 8) -> tuple:
        """Files -> patches [N, T, D] as stored, global [N, E]."""
        patches, vectors = [], []
        for at in range(0, len(files), batch):
            pixels = data.normalise(np.stack([data.load_pixels(f) for f in files[at : at + batch]]))
            p, v = self.image_encoder.run(["patches", "global"], {"pixels": pixels})
            patches.append(p)
            vectors.append(v)
        return np.concatenate(patches), np.concatenate(vectors)

    def queries(self, texts: list, batch: int = 32) -> tuple:
        """Texts -> state [Q, S], vector [Q, E]. Batched by length: neither graph lets padding reach a text."""
        wanted = [i.name for i in self.query_state.get_inputs()]
        outputs = [o.name for o in self.text_encoder.session.get_outputs()]
        states = vectors = None
        for chosen, ids, mask in self.text_encoder.batches(texts, batch):
            given = dict(zip(outputs, self.text_encoder.session.run(outputs, {"ids": ids, "mask": mask}), strict=True))
            given |= {"ids": ids, "mask": mask}
            made = self.query_state.run(None, {n: given[n] for n in wanted})
            made = dict(zip((o.name for o in self.query_state.get_outputs()), made, strict=True))
            state, vector = made["state"], made.get("vector", given["text"])
            if states is None:
                states = np.zeros((len(texts), state.shape[1]), np.float32)
                vectors = np.zeros((len(texts), vector.shape[1]), np.float32)
            states[chosen], vectors[chosen] = state, vector
        return states, vectors

    def text_logits(self, state, vector, patches, vectors) -> np.ndarray:
        """Final logits [Q, C] of free text: decoder + scale * dot + bias."""
        residual = self.manifest["decoder"]["residual"]
        decoded = self.decoder.run(["logits"], {"state": state, "patches": patches})[0]
        return decoded.T + residual["scale"] * vector @ vectors.T + residual["bias"]

    def label_logits(self, patches, vectors, batch: int = 32) -> np.ndarray:
        """Final logits [N, labels]."""
        found = []
        for at in range(0, len(patches), batch):
            given = {"patches": patches[at : at + batch], "global": vectors[at : at + batch]}
            found.append(self.label_scorer.run(["logits"], given)[0])
        return np.concatenate(found)

    def probability(self, logits: np.ndarray, kind: str) -> np.ndarray:
        """kind: `labels` or `text`."""
        fitted = self.calibration[kind]
        return 1 / (1 + np.exp(-(fitted["scale"] * logits + fitted["bias"])))


def describe(bundle: Bundle, files: list, queries: list, top: int) -> dict:
    """The document that `main` prints."""
    patches, vectors = bundle.images(files)
    logits = bundle.label_logits(patches, vectors)
    p = bundle.probability(logits, "labels")
    images = []
    for k, file in enumerate(files):
        best = np.argsort(-logits[k])[:top]
        images.append(
            {
                "file": str(file),
                "patches_sha256": hashlib.sha256(patches[k].tobytes()).hexdigest(),
                "patches_first": patches[k].ravel()[:8].astype(float).tolist(),
                "global": vectors[k].astype(float).tolist(),
                "labels": [
                    {"name": bundle.labels[i]["name"], "logit": float(logits[k, i]), "probability": float(p[k, i])}
                    for i in best
                ],
            }
        )
    answers = []
    if queries:
        state, vector = bundle.queries(queries)
        scores = bundle.text_logits(state, vector, patches, vectors)
        chance = bundle.probability(scores, "text")
        for q, text in enumerate(queries):
            answers.append(
                {
                    "query": text,
                    "vector": vector[q].astype(float).tolist(),
                    "logits": scores[q].astype(float).tolist(),
                    "probabilities": chance[q].astype(float).tolist(),
                }
            )
    return {"images": images, "queries": answers}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("images", type=Path, nargs="+")
    parser.add_argument("--query", action="append", default=[])
    parser.add_argument("--top", type=int, default=10)
    args = parser.parse_args()
    print(json.dumps(describe(Bundle(args.bundle), args.images, args.query, args.top), indent=1))


if __name__ == "__main__":
    main()
