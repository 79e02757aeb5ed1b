"""Adds graphs that compute in f16, for cards, to a bundle (docs/cuda.md):

    python -m training.half BUNDLE [--out FOLDER] [--images FOLDER] [--most N]

The f32 graphs stay: processors run them. Without --out the bundle is replaced by one that has both; an index that was made
with it stays valid, since both fingerprints are as they were. Needs onnx, onnxruntime, tokenizers and Pillow.
"""

import argparse
import shutil
from pathlib import Path

import onnx

from . import bundle, half_graphs, half_rounding, outfolder

GALLERY = Path(__file__).parents[1] / "gallery"
PICTURES = {".jpg", ".jpeg", ".png", ".webp"}
MOST = 32


def add(folder: Path, images: list, decoder: onnx.ModelProto | None = None) -> tuple:
    """Writes the f16 graphs into a bundle's folder and names them in its manifest; returns the manifest, and notes for a
    person. `decoder`: the decoder in f32 where the bundle's own multiplies bytes."""
    manifest = bundle.verify(folder)
    sources, others, notes = {}, {}, []
    for name in bundle.HALVES:
        if (folder / name).exists() and not (name == "decoder.onnx" and manifest["text"] is None):
            sources[name] = onnx.load(str(folder / name))
    if half_graphs.multiplies_bytes(sources.get("decoder.onnx", onnx.ModelProto())):
        sources["decoder.onnx"] = others["decoder.onnx"] = decoder
        if decoder is None:
            del sources["decoder.onnx"], others["decoder.onnx"]
            notes.append("decoder.onnx multiplies bytes, for CPUs: export with --half gives cards one that does not")
    graphs = {name: half_graphs.convert(model) for name, model in sources.items()}
    rounding = half_rounding.measure(folder, graphs, images, others)
    if faults := half_rounding.faults(rounding, manifest["labels"]):
        raise SystemExit(f"{manifest['name']} does not suit f16: {'; '.join(faults)}")
    for name, graph in graphs.items():
        onnx.save(graph, str(folder / bundle.HALVES[name]))
    manifest["half"] = {"graphs": {name: bundle.HALVES[name] for name in graphs}, "rounding": rounding}
    return bundle.write_manifest(folder, manifest), notes


def pictures(folder: Path, most: int) -> list:
    """At most so many images of a folder, from all over it."""
    found = sorted(file for file in folder.rglob("*") if file.suffix.lower() in PICTURES)
    if not found or most < 1:
        raise SystemExit(f"--images {folder}: there is no JPEG, PNG or WebP file to measure the rounding with")
    step = max(1, len(found) // most)
    return found[::step][:most]


def copied(source: Path, target: Path) -> None:
    """A bundle's files but those that are made anew."""
    for name in ("bundle.json", *bundle.verify(source)["files"]):
        if name not in bundle.HALVES.values():
            shutil.copyfile(source / name, target / name)
    manifest = bundle.read(target)
    manifest.pop("half", None)
    bundle.write_manifest(target, manifest)


def describe(manifest: dict, folder: Path) -> str:
    half, made = manifest["half"], manifest["files"]
    size = sum(made[name]["bytes"] for name in half["graphs"].values())
    r = half["rounding"]
    lines = [f"{', '.join(half['graphs'].values())}: {size / 1e6:.1f} MB"]
    lines.append(
        f"on {r['images']} images features are off by {r['features']:.2g} of their length, global vectors {r['global']:.2g}"
    )
    for kind in ("labels", "texts"):
        if of := r[kind]:
            lines.append(
                f"logits of {kind} by {of['largest']:.2g} at most, rms {of['rms']:.2g} (deviation {of['deviation']:.2g}), ranks {of['ranks']:.5f}"
            )
    return f"{folder}: " + "\n  ".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--out", type=Path, help="write the bundle with both here (default: in its place)")
    parser.add_argument("--images", type=Path, default=GALLERY, help="measure with images of this folder")
    parser.add_argument("--most", type=int, default=MOST, help="images to measure with at most")
    args = parser.parse_args()
    images = pictures(args.images, args.most)
    out = args.out or args.bundle
    try:
        with outfolder.replacing(out) as made:
            copied(args.bundle, made)
            manifest, notes = add(made, images)
    except (OSError, ValueError) as reason:
        raise SystemExit(f"{args.bundle}: no f16 graphs were made: {reason}") from None
    print("\n".join([describe(manifest, out), *notes]))


if __name__ == "__main__":
    main()
