"""A training run -> a bundle.

python -m training.export RUN --out BUNDLE
"""

import argparse
import json
import shutil
from pathlib import Path

import torch

from . import backbone, bundle, card, graphs, labels, preprocessing, scorer, text
from .fit import SENTENCE, Fitted
from .model import Config, Model

NAME, VERSION = "sightline-default", "0.4.0"
LICENCE = "weights: non-commercial research (trained in part on research-only images, see MODEL_CARD.md)"
OWN_LICENCE = "weights: as the licences of the training images allow (see MODEL_CARD.md)"
FITTED_ON = {
    "labels": "label names on the tuning rows (docs/training.md says which those are)",
    "text": "captions, phrases, label names and nonsense on the same rows",
}
DESCRIPTION = "EfficientNet-Lite2 backbone, window-attention head, cross-attention alignment decoder, MiniLM texts"


def description_vectors(label_set: list, encoder) -> tuple:
    """Texts of the label set -> vectors [L, n, 384] f32, count [L]."""
    lists = [label.descriptions() for label in label_set]
    n = max(map(len, lists))
    flat = encoder([t for texts in lists for t in texts + [texts[0]] * (n - len(texts))])
    return torch.from_numpy(flat).view(len(lists), n, -1), torch.tensor([len(texts) for texts in lists])


def write_labels(target: Path, label_set: list, fitted: Fitted) -> None:
    """labels.jsonl; labels with few tuning rows share one threshold."""
    with open(target, "w", encoding="utf-8") as out:
        for label in label_set:
            entry = {
                "name": label.name,
                "aliases": label.aliases,
                "descriptions": len(label.descriptions()),
                "threshold": round(float(fitted.label_thresholds.get(label.name, fitted.label_threshold)), 3),
            }
            out.write(json.dumps(entry, ensure_ascii=False) + "\n")


def export_image_encoder(model: Model, target: Path, pretrained: bool = True) -> None:
    encoder = scorer.ImageEncoder(backbone.Backbone(pretrained), model)
    graphs.export(
        encoder,
        torch.zeros(2, 3, preprocessing.SIZE, preprocessing.SIZE),
        target,
        ["pixels"],
        ["patches", "global"],
        store="int8",
    )


def export_text_side(model: Model, vocabulary: dict, folder: Path, scale: float = 1.0) -> int:
    """Writes query_state.onnx and decoder.onnx in the form that the model's config names; returns the state's width.

    `scale`: of the matcher's logit, in the words form.
    """
    c, length = model.config, 7
    text_vectors = torch.nn.functional.normalize(torch.randn(2, c.text), dim=-1)
    ids = torch.randint(1000, max(vocabulary.values()), (2, length))
    given = {"text": text_vectors, "tokens": torch.randn(2, length, c.text), "ids": ids, "mask": torch.ones_like(ids)}
    if c.text_form == "words":
        state, decoder = scorer.WordsQueryState(model, vocabulary, scale), scorer.WordsDecoder(model)
    else:
        state, decoder = scorer.SingleQueryState(model), scorer.SingleDecoder(model)
    example = tuple(given[name] for name in state.inputs)
    dynamic = {name: {0: "B"} if name == "text" else {0: "B", 1: "L"} for name in state.inputs}
    dynamic |= {"state": {0: "B"}, "vector": {0: "B"}}
    outputs = ["state", "vector"]
    graphs.export(state, example, folder / "query_state.onnx", state.inputs, outputs, dynamic, store="int8")
    states = state.eval()(*example)[0].detach()
    graphs.export(
        decoder,
        (states, torch.randn(3, c.tokens + c.appended, c.dim).to(torch.float16)),
        folder / "decoder.onnx",
        ["state", "patches"],
        ["logits", "attention"],
        dynamic={"state": {0: "Q"}, "patches": {0: "C"}, "logits": {0: "C", 1: "Q"}, "attention": {0: "C", 1: "Q"}},
    )
    return states.shape[1]


def export_label_scorer(model: Model, descriptions, count, target: Path) -> None:
    c = model.config
    example = (
        torch.randn(2, c.tokens + c.appended, c.dim).to(torch.float16),
        torch.nn.functional.normalize(torch.randn(2, c.text), dim=-1),
    )
    labeller = scorer.LabelScorer(model, descriptions, count)
    graphs.export(labeller, example, target, ["patches", "global"], ["logits"], store="int8")


def load_run(file: Path) -> tuple:
    """RUN/model.pt -> model, Fitted, labels, the rest."""
    saved = torch.load(file, weights_only=True)
    model = Model(Config(**saved["config"]))
    model.load_state_dict(saved["model"])
    fitted = Fitted(**saved["fitted"])
    return model.eval(), fitted, [labels.Label(**label) for label in saved["labels"]], saved


def calibration(fitted: Fitted, figures: dict) -> dict:
    """calibration.json."""

    def entry(kind: str, values: tuple) -> dict:
        return {
            "scale": round(values[0], 6),
            "bias": round(values[1], 6),
            "fitted_on": FITTED_ON[kind],
            "pairs": fitted.pairs.get(kind, 0),
            "ece": figures.get(f"ece_{kind}"),
        }

    return {
        "labels": entry("labels", fitted.label_calibration),
        "text": entry("text", fitted.text_calibration),
        "match_threshold": round(fitted.match_threshold, 3),
        "sentence": {"words": SENTENCE, "match_threshold": round(fitted.sentence_threshold, 3)},
    }


def write_bundle(
    model: Model,
    fitted: Fitted,
    label_set: list,
    encoder,
    out: Path,
    text_encoder: Path,
    figures: dict,
    about: str,
    name: str = NAME,
    licence: str = LICENCE,
) -> dict:
    """Writes all files of a bundle; returns the manifest. `figures`: held-out measurements, `about`: the model card."""
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    c = model.config
    shutil.copyfile(text_encoder, out / "text_encoder.onnx")
    (out / "tokenizer.json").write_text(text.tokenizer_json(), encoding="utf-8")
    export_image_encoder(model, out / "image_encoder.onnx")
    state = export_text_side(model, encoder.vocabulary(), out, fitted.match_gate * fitted.text_scale)
    descriptions, count = description_vectors(label_set, encoder)
    export_label_scorer(model, descriptions, count, out / "label_scorer.onnx")
    write_labels(out / "labels.jsonl", label_set, fitted)
    (out / "calibration.json").write_text(json.dumps(calibration(fitted, figures), indent=2) + "\n", encoding="utf-8")
    (out / bundle.CARD).write_text(about, encoding="utf-8")
    side = int(c.tokens**0.5)
    scale = float(model.log_scale.detach().exp()) * fitted.text_scale
    return bundle.write_manifest(
        out,
        {
            "name": name,
            "version": VERSION,
            "licence": licence,
            "description": DESCRIPTION,
            "image": {
                "width": preprocessing.SIZE,
                "height": preprocessing.SIZE,
                "resize": "stretch",
                "filter": "bilinear-antialias",
                "mean": list(preprocessing.MEAN),
                "std": list(preprocessing.STD),
                "alpha": "white",
                "orient": True,
            },
            "features": {
                "tokens": c.tokens + c.appended,
                "appended": c.appended,
                "dim": c.dim,
                "dtype": "f16",
                "grid": [side, side],
                "token0": "none",
                "global": c.text,
            },
            "text": {"max_tokens": text.MAX_TOKENS, "dim": c.text},
            "decoder": {
                "state": state,
                "form": c.text_form,
                "layers": c.layers,
                "hidden": c.hidden,
                "heads": c.decoder_heads,
                "attention": True,
                "reweight": scorer.REWEIGHT,
                "residual": {"scale": round(scale, 6), "bias": 0.0},
            },
            "labels": len(label_set),
        },
    )


def main(arguments: list = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("run", type=Path, help="a run's folder, with model.pt")
    parser.add_argument("--out", type=Path, required=True, help="the bundle's folder")
    parser.add_argument("--text-encoder", type=Path, help="an exported text_encoder.onnx to keep byte for byte")
    parser.add_argument("--figures", type=Path, help="what training.evaluate printed, for the model card")
    parser.add_argument("--licences", type=Path, help="licences.json of the data folder, for the model card")
    parser.add_argument("--name", default=NAME, help=f"the bundle's name ({NAME})")
    args = parser.parse_args(arguments)
    if not (args.run / "model.pt").exists():
        raise SystemExit(f"{args.run}: no model.pt; the run is not finished: go on with training.train --resume")
    torch.manual_seed(0)
    model, fitted, label_set, saved = load_run(args.run / "model.pt")
    text_encoder = args.text_encoder or args.run / "text_encoder.onnx"
    if not text_encoder.exists():
        text.export(text_encoder)
    encoder = text.Encoder(text_encoder, text.tokenizer_json())
    figures = json.loads(args.figures.read_text()) if args.figures else {}
    licences = json.loads(args.licences.read_text()) if args.licences else {}
    about = card.write(saved, fitted, figures, licences, len(label_set), args.name)
    errors, licence = figures.get("calibration", {}), LICENCE if saved["research_only"] else OWN_LICENCE
    manifest = write_bundle(
        model, fitted, label_set, encoder, args.out, text_encoder, errors, about, args.name, licence
    )
    total = sum(f["bytes"] for f in manifest["files"].values())
    print(
        f"{args.out}: {total / 1e6:.1f} MB, feature fingerprint {manifest['feature_fingerprint'][:12]}, scoring {manifest['scoring_fingerprint'][:12]}"
    )


if __name__ == "__main__":
    main()
