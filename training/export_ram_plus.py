"""An official RAM++ checkpoint -> a bundle (docs/ram-plus.md).

    python -m training.export_ram_plus CHECKPOINT --labels names.txt --thresholds thresholds.txt
        [--labels-zh FILE] [--text-encoder FILE [--tokenizer FILE]] --out BUNDLE

Needs only training/requirements-export.txt; --half also onnxruntime, tokenizers and Pillow. The checkpoint holds no text encoder: without --text-encoder (CLIP's ViT-B/16
in OpenAI's or Hugging Face's layout, or an ONNX file, ids and mask [B, L] -> text [B, E]) the bundle serves its labels
and answers no free text. The bundle is written beside its place and renamed: it is complete or not there.
"""

import argparse
import json
import signal
import sys
from pathlib import Path

import torch

from . import bundle, decoder_graph, graphs, onnx_nodes, outfolder, ram_plus, ram_plus_layout
from .label_lists import read_lists, write_labels
from .text_side import TextSide

WEIGHTS = ("f32", "f16")
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
UNFITTED = {"scale": 1.0, "bias": 0.0, "fitted_on": "nothing: the official sigmoid", "pairs": 0, "ece": None}
CARD = """# Model card: {name}

Exported from an official RAM++ checkpoint ("Inject Semantic Concepts into Image Tagging for Open-Set Recognition") with
{labels} labels of {descriptions} descriptions each. Image {size} x {size}, {tokens} patch tokens of {dim}; token 0, their mean, is
recomputed. Probabilities are the official sigmoids, trained with asymmetric loss and not calibrated; thresholds are the
official ones. {text} The checkpoint's own licence and data statement apply.
"""


def build(file: Path, weights: dict, size: int, heads: int, features: str) -> tuple:
    """The checkpoint as modules: image encoder, decoder, label scorer."""
    hidden = weights["fc.weight"].shape[-1]
    if heads < 1 or hidden % heads:
        raise SystemExit(f"--heads {heads} does not divide the decoder's width of {hidden}")
    try:
        encoder = ram_plus.ImageEncoder(weights, size, features).eval()
        decoder = ram_plus.decoder_of(weights, heads)
        if features == "i8":
            decoder = ram_plus.divided(decoder, encoder.channels)
        scorer = ram_plus.LabelScorer(decoder, weights["label_embed"], weights["reweight_scale"])
    except (RuntimeError, ValueError, IndexError, TypeError) as reason:
        raise SystemExit(
            f"{file}: the sizes of its tensors do not fit each other: {' '.join(str(reason).split())}"
        ) from None
    return encoder, decoder, scorer


def export_graphs(encoder, decoder, scorer, size: int, store: str, int8: bool, out: Path) -> None:
    """Writes the four graphs that come out of the checkpoint."""
    c, tokens = decoder.config, encoder.grid**2
    save = lambda *a: graphs.export(*a, store=store)  # noqa: E731
    patches, *scales = ram_plus.stored(torch.randn(2, tokens, c.dim), encoder.features)
    names = ["patches", "scales"] if scales else ["patches"]
    save(encoder, torch.zeros(2, 3, size, size), out / "image_encoder.onnx", ["pixels"], [*names, "global"])
    given = (patches, torch.randn(2, c.text), *scales)
    save(scorer, given, out / "label_scorer.onnx", ["patches", "global", *names[1:]], ["logits"])
    save(ram_plus.QueryState(decoder), torch.randn(3, c.text), out / "query_state.onnx", ["text"], ["state"])
    graph = onnx_nodes.settle(decoder_graph.build(decoder, tokens, encoder.features, int8))
    graphs.save(graph, out / "decoder.onnx", store)


def manifest_of(name: str, size: int, int8: bool, labels: int, text, encoder, decoder, scorer) -> dict:
    c, grid = decoder.config, encoder.grid
    return {
        "name": name, "version": "1", "licence": "that of the checkpoint", "description": "exported from an official RAM++ checkpoint",
        "image": {
            "width": size, "height": size, "resize": "stretch", "filter": "bilinear-antialias", "mean": MEAN, "std": STD,
            "alpha": "drop", "orient": False,
        },
        "features": {
            "tokens": grid**2, "dim": c.dim, "dtype": encoder.features, "grid": [grid, grid], "token0": "mean", "global": c.text,
        },
        "text": text.spec if text else None,
        "decoder": {
            "state": c.hidden + c.decoder_heads * c.dim, "form": "single", "layers": c.layers, "hidden": c.hidden,
            "heads": c.decoder_heads, "attention": True, "residual": {"scale": 0.0, "bias": 0.0}, "reweight": scorer.sharpness,
            "weights": "int8" if int8 else "f32",
        },
        "labels": labels,
    }  # fmt: skip


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--labels", type=Path, required=True, help="label names, one a line")
    parser.add_argument("--thresholds", type=Path, required=True, help="one number a line")
    parser.add_argument("--labels-zh", type=Path, help="Chinese names, one a line, become aliases")
    parser.add_argument("--text-encoder", type=Path, help="CLIP's checkpoint, a folder that holds one, or an ONNX file")
    parser.add_argument(
        "--tokenizer",
        type=Path,
        help="tokenizer.json, a folder with vocab.json and merges.txt, or OpenAI's .txt.gz (default: beside the text encoder)",
    )
    parser.add_argument("--out", type=Path, required=True, help="the bundle's folder: new, empty or an older bundle")
    parser.add_argument("--name", default="ram-plus")
    parser.add_argument("--image-size", type=int, help="pixels (default: what the checkpoint's windows imply)")
    parser.add_argument("--heads", type=int, default=4, help="of the decoder; a checkpoint does not say")
    parser.add_argument("--features", choices=decoder_graph.TYPES, default="f16", help="type of the stored patches")
    parser.add_argument("--weights", choices=WEIGHTS, default="f32", help="type in which weights are stored")
    parser.add_argument("--int8", action="store_true", help="free text through a decoder of int8 weights, for CPUs")
    parser.add_argument("--half", action="store_true", help="add graphs that compute in f16, for cards (docs/cuda.md)")
    parser.add_argument("--half-images", type=Path, help="measure their rounding with images of this folder")
    parser.add_argument("--ignore-unexpected", action="store_true", help="leave out tensors that RAM++ does not have")
    args = parser.parse_args()
    if args.tokenizer and not args.text_encoder:
        parser.error("--tokenizer needs --text-encoder")
    return args


def add_half(out: Path, encoder, decoder, images: Path | None) -> dict:
    """The bundle with f16 graphs; its decoder for cards multiplies no bytes, whatever that for CPUs does."""
    try:
        from . import half
    except ImportError as reason:
        raise SystemExit(f"--half: {reason}; install training/requirements.txt, or leave it out") from None
    plain = onnx_nodes.settle(decoder_graph.build(decoder, encoder.grid**2, encoder.features, False, wide=True))
    return half.add(out, half.pictures(images or half.GALLERY, half.MOST), plain)[0]


def about_text(text) -> str:
    return "Free text goes through the given text encoder." if text else "No text encoder: labels only."


def write(args, modules: tuple, size: int, text, names: list, thresholds: list, chinese: list) -> dict:
    """Writes the whole bundle; returns its manifest."""
    with outfolder.replacing(args.out) as out:
        export_graphs(*modules, size, args.weights, args.int8, out)
        if text:
            text.write(args.weights, out)
        write_labels(out / "labels.jsonl", names, thresholds, chinese)
        calibration = {"labels": UNFITTED, "text": UNFITTED, "match_threshold": 0.5}
        (out / "calibration.json").write_text(json.dumps(calibration, indent=2) + "\n", encoding="utf-8")
        manifest = manifest_of(args.name, size, args.int8, len(names), text, *modules)
        spec = manifest["features"]
        card = CARD.format(
            name=args.name, labels=len(names), descriptions=ram_plus_layout.DESCRIPTIONS, size=size,
            tokens=spec["tokens"], dim=spec["dim"], text=about_text(text),
        )  # fmt: skip
        (out / bundle.CARD).write_text(card, encoding="utf-8")
        manifest = bundle.write_manifest(out, manifest)
        return add_half(out, *modules[:2], args.half_images) if args.half else manifest


def main() -> None:
    args = arguments()
    outfolder.check(args.out)
    weights = ram_plus_layout.read(args.checkpoint, args.ignore_unexpected)
    names, thresholds, chinese = read_lists(args, weights)
    size = args.image_size or ram_plus_layout.image_size(weights)
    ram_plus_layout.check_size(size, weights)
    modules = build(args.checkpoint, weights, size, args.heads, args.features)
    text = TextSide(args.text_encoder, args.tokenizer, modules[1].config.text) if args.text_encoder else None
    try:
        manifest = write(args, modules, size, text, names, thresholds, chinese)
    except OSError as reason:
        raise SystemExit(f"--out {args.out}: cannot be written, and is as it was: {reason}") from None
    total = sum(f["bytes"] for f in manifest["files"].values())
    print(f"{args.out}: {len(names)} labels, {total / 1e6:.1f} MB. {about_text(text)}")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that a stopped run removes what it has begun
    main()
