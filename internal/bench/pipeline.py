"""What a user would write instead of Sightline, over the same bundle: Pillow, numpy, tokenizers and ONNX Runtime, in a straight line.

`sightline bench --python` runs it: python pipeline.py BUNDLE THREADS. Each line of stdin is one order, {"index": FOLDER} or
{"query": TEXT}; the answer is a line with the seconds that it took, and those of the processor. Needs onnxruntime, numpy, Pillow and tokenizers.
"""

import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime
import tokenizers
from PIL import Image, ImageOps

BATCH, CANDIDATES = 8, 200  # Sightline's defaults
FORMATS = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"}


class Pipeline:
    def __init__(self, bundle: Path, threads: int):
        self.manifest = json.loads((bundle / "bundle.json").read_text())
        self.calibration = json.loads((bundle / "calibration.json").read_text())
        self.tokenizer = tokenizers.Tokenizer.from_file(str(bundle / "tokenizer.json"))
        self.tokenizer.enable_truncation(self.manifest["text"]["max_tokens"])
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        names = ("image_encoder", "text_encoder", "query_state", "decoder", "label_scorer")
        self.graphs = {
            name: onnxruntime.InferenceSession(
                str(bundle / f"{name}.onnx"), options, providers=["CPUExecutionProvider"]
            )
            for name in names
        }

    def run(self, name: str, given: dict) -> dict:
        """The outputs of a graph by name; of `given` it takes what it knows."""
        graph = self.graphs[name]
        known = {i.name: given[i.name] for i in graph.get_inputs()}
        wanted = [o.name for o in graph.get_outputs() if o.name != "attention"]
        return dict(zip(wanted, graph.run(wanted, known), strict=True))

    def pixels(self, path: Path) -> np.ndarray:
        """One image [3, H, W] as the encoder takes it."""
        spec = self.manifest["image"]
        image = Image.open(path)
        if spec["orient"]:
            image = ImageOps.exif_transpose(image)
        if spec["alpha"] == "white" and image.has_transparency_data:
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
        image = image.convert("RGB").resize((spec["width"], spec["height"]), Image.BILINEAR)
        levels = np.asarray(image, np.float32) / 255
        return ((levels - np.float32(spec["mean"])) / np.float32(spec["std"])).transpose(2, 0, 1)

    def index(self, folder: Path) -> int:
        """Encodes and labels all images of the folder, stores the arrays in a file, and keeps them for queries."""
        files = sorted(f for f in folder.rglob("*") if f.suffix.lower() in FORMATS)
        patches, vectors, labels = [], [], []
        for at in range(0, len(files), BATCH):
            found = self.run("image_encoder", {"pixels": np.stack([self.pixels(f) for f in files[at : at + BATCH]])})
            patches.append(found["patches"])
            vectors.append(found["global"])
            labels.append(self.run("label_scorer", found)["logits"])
        self.files, self.patches, self.vectors = files, np.concatenate(patches), np.concatenate(vectors)
        with tempfile.TemporaryFile() as store:
            np.savez(store, patches=self.patches, vectors=self.vectors, labels=np.concatenate(labels))
        return len(files)

    def query(self, text: str) -> list:
        """The twenty likeliest images, likeliest first: (probability, path)."""
        ids = np.array([self.tokenizer.encode(text).ids], np.int64)
        given = {"ids": ids, "mask": np.ones_like(ids)}
        given |= self.run("text_encoder", given)
        given |= self.run("query_state", given)
        vector = given.get("vector", given["text"])[0]
        cosines = self.vectors @ vector
        near = np.argsort(-cosines)[:CANDIDATES]
        logits = self.run("decoder", {"state": given["state"], "patches": self.patches[near]})["logits"][:, 0]
        residual, scale = self.manifest["decoder"]["residual"], self.calibration["text"]
        logits = logits + residual["scale"] * cosines[near] + residual["bias"]
        found = 1 / (1 + np.exp(-(scale["scale"] * logits + scale["bias"])))
        order = np.argsort(-found)[:20]
        return [(float(found[i]), str(self.files[near[i]])) for i in order]


def main() -> None:
    pipeline = Pipeline(Path(sys.argv[1]), int(sys.argv[2]))
    for line in sys.stdin:
        order = json.loads(line)
        start, used = time.perf_counter(), time.process_time()
        if "index" in order:
            answer = {"images": pipeline.index(Path(order["index"]))}
        else:
            answer = {"best": pipeline.query(order["query"])}
        answer |= {"seconds": time.perf_counter() - start, "cpu": time.process_time() - used}
        answer["onnxruntime"] = onnxruntime.__version__
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
