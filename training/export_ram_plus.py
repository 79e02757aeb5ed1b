"""An official RAM++ checkpoint -> a bundle.

    python -m training.export_ram_plus CHECKPOINT --labels names.txt --thresholds thresholds.txt
        [--labels-zh FILE] [--text-encoder FILE [--tokenizer FILE]] --out BUNDLE

Needs only training/requirements-export.txt. Without a text encoder (an ONNX file, ids and mask [B, L] -> text [B, 512],
L2-normalised) the bundle serves its labels and answers no free text: the checkpoint holds no text encoder.
"""

import argparse
import json
import shutil
from pathlib import Path

import onnx
import torch

from . import bundle, graphs, ram_plus

DTYPES = {"f16": torch.float16, "f32": torch.float32}
MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
UNFITTED = {"scale": 1.0, "bias": 0.0, "fitted_on": "nothing: the official sigmoid", "pairs": 0, "ece": None}
CARD = """# Model card: {name}

Exported from an official RAM++ checkpoint ("Inject Semantic Concepts into Image Tagging for Open-Set Recognition") with
{labels} labels of {descriptions} descriptions each. Image {size} x {size}, {tokens} patch tokens of {dim}; token 0, their mean, is
recomputed. Probabilities are the official sigmoids, trained with asymmetric loss and not calibrated; thresholds are the
official ones. {text} The checkpoint's own licence and data statement apply.
"""


def read_lines(file: Path) -> list:
    return [line.strip() for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]


def write_labels(target: Path, names: list, thresholds: list, chinese: list) -> None:
    """labels.jsonl; a Chinese name is an alias where no other label has it."""
    taken = {name.lower() for name in names}
    with open(target, "w", encoding="utf-8") as out:
        for i, name in enumerate(names):
            alias = chinese[i].lower() if chinese else ""
            aliases = [chinese[i]] if alias and alias not in taken else []
            taken.add(alias)
            entry = {
                "name": name,
                "aliases": aliases,
                "descriptions": ram_plus.DESCRIPTIONS,
                "threshold": float(thresholds[i]),
            }
            out.write(json.dumps(entry, ensure_ascii=False) + "\n")


def check_counts(weights: dict, names: list, thresholds: list, chinese: list) -> None:
    """Stops with both numbers when a list does not fit the checkpoint."""
    rows = weights["label_embed"].shape[0]
    wanted = rows // ram_plus.DESCRIPTIONS
    lists = (("labels", names), ("thresholds", thresholds), ("labels-zh", chinese or names))
    for what, found in lists:
        if len(found) != wanted:
            raise SystemExit(
                f"--{what} has {len(found)} lines, the checkpoint has {wanted} labels ({rows} descriptions)"
            )


def export_graphs(weights: dict, size: int, heads: int, features: str, store: str, out: Path) -> tuple:
    """Writes the four graphs that come out of the checkpoint; returns (grid side, decoder)."""
    encoder = ram_plus.ImageEncoder(weights, size, DTYPES[features]).eval()
    decoder = ram_plus.decoder_of(weights, heads)
    c, tokens = decoder.config, encoder.grid**2
    save = lambda *a, **k: graphs.export(*a, store=store, **k)  # noqa: E731
    save(encoder, torch.zeros(2, 3, size, size), out / "image_encoder.onnx", ["pixels"], ["patches", "global"])
    patches, texts = torch.randn(2, tokens, c.dim).to(DTYPES[features]), torch.randn(3, c.text)
    scorer = ram_plus.LabelScorer(decoder, weights["label_embed"], weights["reweight_scale"])
    save(scorer, (patches, torch.randn(2, c.text)), out / "label_scorer.onnx", ["patches", "global"], ["logits"])
    save(ram_plus.QueryState(decoder), texts, out / "query_state.onnx", ["text"], ["state"])
    save(
        ram_plus.TextDecoder(decoder), (decoder.state(texts).detach(), patches), out / "decoder.onnx",
        ["state", "patches"], ["logits", "attention"],
        dynamic={"state": {0: "Q"}, "patches": {0: "C"}, "logits": {0: "C", 1: "Q"}, "attention": {0: "C", 1: "Q"}},
    )  # fmt: skip
    return encoder.grid, decoder


def copy_text_encoder(file: Path, tokenizer: Path, out: Path) -> dict:
    """Checks and copies the text side; returns the manifest's `text`."""
    graph = onnx.load(str(file), load_external_data=False).graph
    inputs, outputs = {i.name for i in graph.input}, {o.name: o for o in graph.output}
    if not {"ids", "mask"} <= inputs or "text" not in outputs:
        raise SystemExit(
            f"{file}: needs inputs ids and mask and output text, has {sorted(inputs)} and {sorted(outputs)}"
        )
    if not tokenizer.exists():
        raise SystemExit(f"{tokenizer}: no tokenizer.json; name it with --tokenizer")
    shutil.copyfile(file, out / "text_encoder.onnx")
    shutil.copyfile(tokenizer, out / "tokenizer.json")
    width = outputs["text"].type.tensor_type.shape.dim[-1].dim_value
    return {"max_tokens": 77, "dim": width or 512}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--labels", type=Path, required=True, help="label names, one a line")
    parser.add_argument("--thresholds", type=Path, required=True, help="one number a line")
    parser.add_argument("--labels-zh", type=Path, help="Chinese names, one a line, become aliases")
    parser.add_argument("--text-encoder", type=Path)
    parser.add_argument("--tokenizer", type=Path, help="tokenizer.json (default: beside the text encoder)")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--name", default="ram-plus")
    parser.add_argument("--image-size", type=int, help="pixels (default: what the checkpoint's windows imply)")
    parser.add_argument("--heads", type=int, default=4, help="of the decoder; a checkpoint does not say")
    parser.add_argument("--features", choices=DTYPES, default="f16", help="type of the stored patches")
    parser.add_argument("--weights", choices=DTYPES, default="f32", help="type in which weights are stored")
    args = parser.parse_args()

    weights = ram_plus.read_checkpoint(args.checkpoint)
    names, thresholds = read_lines(args.labels), read_lines(args.thresholds)
    chinese = read_lines(args.labels_zh) if args.labels_zh else []
    check_counts(weights, names, thresholds, chinese)
    args.out.mkdir(parents=True, exist_ok=True)
    size = args.image_size or ram_plus.image_size(weights)
    grid, decoder = export_graphs(weights, size, args.heads, args.features, args.weights, args.out)
    text = None
    if args.text_encoder:
        text = copy_text_encoder(
            args.text_encoder, args.tokenizer or args.text_encoder.parent / "tokenizer.json", args.out
        )
    write_labels(args.out / "labels.jsonl", names, thresholds, chinese)
    calibration = {"labels": UNFITTED, "text": UNFITTED, "match_threshold": 0.5}
    (args.out / "calibration.json").write_text(json.dumps(calibration, indent=2) + "\n", encoding="utf-8")
    about = "Free text goes through the given text encoder." if text else "No text encoder: labels only."
    c = decoder.config
    card = CARD.format(
        name=args.name,
        labels=len(names),
        descriptions=ram_plus.DESCRIPTIONS,
        size=size,
        tokens=grid**2,
        dim=c.dim,
        text=about,
    )
    (args.out / bundle.CARD).write_text(card, encoding="utf-8")
    manifest = bundle.write_manifest(args.out, {
        "name": args.name, "version": "1", "licence": "that of the checkpoint", "description": "exported from an official RAM++ checkpoint",
        "image": {
            "width": size, "height": size, "resize": "stretch", "filter": "bilinear-antialias", "mean": MEAN, "std": STD,
            "alpha": "drop", "orient": False,
        },
        "features": {
            "tokens": grid**2, "dim": c.dim, "dtype": args.features, "grid": [grid, grid], "token0": "mean", "global": c.text,
        },
        "text": text,
        "decoder": {
            "state": c.hidden + c.decoder_heads * c.dim, "layers": c.layers, "hidden": c.hidden, "heads": c.decoder_heads,
            "attention": True, "residual": {"scale": 0.0, "bias": 0.0},
        },
        "labels": len(names),
    })  # fmt: skip
    total = sum(f["bytes"] for f in manifest["files"].values())
    print(f"{args.out}: {len(names)} labels, {total / 1e6:.1f} MB. {about}")


if __name__ == "__main__":
    main()
