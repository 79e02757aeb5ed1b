"""How far the f16 graphs of a bundle are off from its f32 graphs, rounded as on a card, on photographs and label names."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
from PIL import Image

from . import half_graphs, reference

BATCH = 4
TEXTS = 64
ZERO = 128  # what stands for 0 in features of dtype i8
# What a conversion may cost; more than that is no rounding but a graph that f16 does not suit.
FEATURES = 0.01  # length of the error by the length of the features
LOGITS = 0.04  # root mean square of the error by the deviation of the logits
RANKS = 0.999  # Spearman's correlation, of rows of at least MANY: of fewer, one exchange of neighbours is over it
MANY = 20


def measure(folder: Path, graphs: dict, files: list, sources: dict | None = None) -> dict:
    """The manifest's `half.rounding`. `graphs`: name of an f32 graph's file -> f16 graph; `sources`: f32 graphs that they are
    compared with where those are not the bundle's own."""
    plain = reference.Bundle(folder, threads=0)
    queries = plain.queries([label["name"] for label in plain.labels[:TEXTS]]) if "decoder.onnx" in graphs else None
    card = {name: session(half_graphs.as_on_a_card(graph)) for name, graph in graphs.items()}
    right = {name: session(graph) for name, graph in (sources or {}).items()}
    wanted = answers(plain, right, files, queries)
    found = answers(plain, card, files, queries)
    rounding = {"images": len(files)}
    rounding |= {kind: relative(wanted[kind], found[kind]) for kind in ("features", "global")}
    return rounding | {kind: logits(wanted[kind], found[kind]) for kind in ("labels", "texts")}


def session(model: onnx.ModelProto) -> ort.InferenceSession:
    return ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])


def answers(plain: reference.Bundle, card: dict, files: list, queries) -> dict:
    """What a bundle makes of images from the pixels on: features [N, T, D], global [N, E], labels [N, L], texts [Q, N].
    Graphs that are in `card` take the place of the bundle's own."""
    encode, score = (card.get(f"{name}.onnx", getattr(plain, name)) for name in ("image_encoder", "label_scorer"))
    decode = card.get("decoder.onnx", plain.decoder)
    kinds = {"features": [], "global": [], "labels": [], "texts": []}
    for at in range(0, len(files), BATCH):
        given = {"pixels": np.stack([pixels(file, plain.manifest["image"]) for file in files[at : at + BATCH]])}
        given |= run(encode, given)
        kinds["features"].append(features(given))
        kinds["global"].append(given["global"])
        kinds["labels"].append(run(score, given)["logits"])
        if queries:
            state, vector = queries
            residual = plain.manifest["decoder"]["residual"]["scale"] * given["global"] @ vector.T
            kinds["texts"].append(run(decode, given | {"state": state})["logits"] + residual)
    found = {kind: np.concatenate(parts) for kind, parts in kinds.items() if parts}
    return {"texts": None} | found | ({"texts": found["texts"].T} if queries else {})


def run(graph: ort.InferenceSession, given: dict) -> dict:
    """All outputs of a graph by name; of what is given it takes what it has inputs for."""
    names = [output.name for output in graph.get_outputs() if output.name != "attention"]
    wanted = {value.name: given[value.name] for value in graph.get_inputs()}
    return dict(zip(names, graph.run(names, wanted), strict=True))


def pixels(file: Path, spec: dict) -> np.ndarray:
    """[3, H, W] f32; transparency and orientation do not matter here."""
    with Image.open(file) as image:
        small = image.convert("RGB").resize((spec["width"], spec["height"]), Image.BILINEAR)
    scaled = (np.asarray(small, np.float32) / 255 - np.float32(spec["mean"])) / np.float32(spec["std"])
    return scaled.transpose(2, 0, 1)


def features(given: dict) -> np.ndarray:
    """Stored patches as numbers."""
    wide = given["patches"].astype(np.float32)
    return (wide - ZERO) * given["scales"][..., None] if "scales" in given else wide


def relative(wanted: np.ndarray, found: np.ndarray) -> float:
    return rounded(np.linalg.norm(found - wanted) / np.linalg.norm(wanted))


def logits(wanted, found) -> dict | None:
    """Errors of logits [rows, columns], and whether each row is in the same order."""
    if wanted is None:
        return None
    error, places = np.abs(found - wanted), [np.argsort(np.argsort(x)).astype(float) for x in (wanted, found)]
    ranks = 1.0
    if wanted.shape[1] > 1:
        centred = [p - p.mean(1, keepdims=True) for p in places]
        ranks = float(np.mean(np.sum(centred[0] * centred[1], 1) / np.sum(centred[0] ** 2, 1)))
    return {
        "largest": rounded(error.max()),
        "rms": rounded(np.sqrt(np.mean(error**2))),
        "deviation": rounded(wanted.std()),
        "ranks": rounded(ranks if np.isfinite(found).all() else 0),
    }


def rounded(value) -> float:
    """Five digits; what is no number is infinite, and refused."""
    return float(f"{value:.5g}") if np.isfinite(value) else float("inf")


def faults(rounding: dict, labels: int) -> list:
    """What is over its limit, for a person. `labels`: how many the bundle has."""
    found, columns = [], {"labels": labels, "texts": rounding["images"]}
    for kind in ("features", "global"):
        if rounding[kind] > FEATURES:
            found.append(f"{kind} are off by {rounding[kind]:.2g} of their length, the limit is {FEATURES}")
    for kind in ("labels", "texts"):
        of = rounding[kind]
        if of and of["rms"] > LOGITS * of["deviation"]:
            found.append(
                f"logits of {kind} are off by {of['rms']:.2g} (rms), the limit is {LOGITS * of['deviation']:.2g}"
            )
        if of and of["ranks"] < RANKS and columns[kind] >= MANY:
            found.append(f"{kind} are ranked otherwise: correlation {of['ranks']:.5f}, the limit is {RANKS}")
    return found
