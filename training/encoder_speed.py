"""The official-layout image encoder in PyTorch beside its graphs in ONNX Runtime (docs/cuda.md):

    python -m training.encoder_speed [--device auto|cuda|cpu] [--batches 1,8,32] [--repeat N] [--checkpoint FILE] [--json FILE]

On a card PyTorch computes in half precision and ONNX Runtime runs the f16 and the f32 graph; on a processor both compute in
f32, as a rehearsal. All forms run in turn on the same images, the least wall time of each counts, and every run begins and
ends with its images and features in the memory of the host. Weights are random, of the official size, unless a checkpoint is
named: the time does not depend on them. A card needs a PyTorch with CUDA and onnxruntime-gpu.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import torch

from . import graphs, half_graphs, ram_plus, ram_plus_layout, random_checkpoint

PROVIDERS = {"cuda": "CUDAExecutionProvider", "cpu": "CPUExecutionProvider"}
OUTPUTS = ["patches", "global"]


def chosen(device: str) -> str:
    """cuda or cpu; cuda has to be there for both, since otherwise the comparison would be none."""
    torch_has, ort_has = torch.cuda.is_available(), PROVIDERS["cuda"] in ort.get_available_providers()
    if device == "cuda" and not (torch_has and ort_has):
        raise SystemExit(
            f"--device cuda: PyTorch {torch.__version__} {'has' if torch_has else 'has no'} CUDA, "
            f"ONNX Runtime {ort.__version__} {'has' if ort_has else 'has no'} CUDA provider; both are needed"
        )
    return "cuda" if device != "cpu" and torch_has and ort_has else "cpu"


def session(model: onnx.ModelProto, folder: Path, device: str) -> ort.InferenceSession:
    file = folder / "graph.onnx"  # a file: large models do not pass as bytes
    onnx.save(model, str(file))
    options = ort.SessionOptions()
    made = ort.InferenceSession(str(file), options, providers=[PROVIDERS[device]])
    if PROVIDERS[device] not in made.get_providers():
        raise SystemExit(f"ONNX Runtime does not run the graph with {PROVIDERS[device]}")
    return made


def in_torch(encoder: ram_plus.ImageEncoder, device: str):
    """pixels [B, 3, S, S] f32 of the host -> features of the host, in half precision on a card."""
    dtype = torch.float16 if device == "cuda" else torch.float32
    encoder = encoder.to(device, dtype)

    def run(pixels: np.ndarray) -> list:
        with torch.inference_mode():
            return [out.float().cpu().numpy() for out in encoder(torch.from_numpy(pixels).to(device, dtype))]

    return run


def in_runtime(model: onnx.ModelProto, folder: Path, device: str):
    graph = session(model, folder, device)
    return lambda pixels: graph.run(OUTPUTS, {"pixels": pixels})


def forms(weights: dict, size: int, device: str, folder: Path) -> dict:
    """Every form as a function of pixels [B, 3, S, S]; features are f16 as stored, or f32 in a rehearsal."""
    encoder = ram_plus.ImageEncoder(weights, size, "f16" if device == "cuda" else "f32").eval()
    file = folder / "encoder.onnx"
    graphs.export(encoder, torch.zeros(2, 3, size, size), file, ["pixels"], OUTPUTS, store="f32")
    model = onnx.load(str(file))
    made = {"onnxruntime_f32": in_runtime(model, folder, device)}
    if device == "cuda":
        made["onnxruntime_f16"] = in_runtime(half_graphs.convert(model), folder, device)
    made["pytorch"] = in_torch(encoder, device)  # last: it moves and narrows the module's own weights
    return made


def least(functions: dict, pixels: np.ndarray, repeat: int) -> dict:
    """The least wall time of each in seconds; two rounds more come first, for what is done once for every size."""
    best = dict.fromkeys(functions, float("inf"))
    for turn in range(repeat + 2):
        for name, function in functions.items():
            start = time.perf_counter()
            function(pixels)
            if turn > 1:
                best[name] = min(best[name], time.perf_counter() - start)
    return best


def measure(weights: dict, size: int, device: str, batches: list, repeat: int) -> list:
    """Images a second of every form by images a run, and how far features are from those of the f32 graph."""
    figures, random = [], np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        functions = forms(weights, size, device, Path(folder))
        for batch in batches:
            pixels = random.standard_normal((batch, 3, size, size), np.float32)
            rates = {name: batch / seconds for name, seconds in least(functions, pixels, repeat).items()}
            found = {name: function(pixels)[0].astype(np.float32) for name, function in functions.items()}
            right = found["onnxruntime_f32"]
            off = {name: float(np.linalg.norm(f - right) / np.linalg.norm(right)) for name, f in found.items()}
            best = max(rate for name, rate in rates.items() if name != "pytorch")
            figures.append(
                {"batch": batch, "images_per_second": rates, "ratio": best / rates["pytorch"], "features_off": off}
            )
    return figures


def about(device: str) -> dict:
    """What it was measured with."""
    name = torch.cuda.get_device_name() if device == "cuda" else "processor"
    return {"device": device, "name": name, "torch": torch.__version__, "onnxruntime": ort.__version__}


def sizes(text: str) -> list:
    try:
        found = [int(part) for part in text.split(",")]
    except ValueError:
        found = [0]
    if min(found) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no list of numbers of images, each at least 1")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--device", choices=("auto", "cuda", "cpu"), default="auto")
    parser.add_argument("--batches", type=sizes, help="images a run (default: 1,8,32,128 on a card, 1,2 otherwise)")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--checkpoint", type=Path, help="official RAM++ checkpoint (default: random, of its size)")
    parser.add_argument("--json", type=Path, help="write the figures into this file, too")
    args = parser.parse_args()
    device = chosen(args.device)
    weights = (
        ram_plus_layout.read(args.checkpoint, False)
        if args.checkpoint
        else random_checkpoint.encoder(random_checkpoint.OFFICIAL)
    )
    size = ram_plus_layout.image_size(weights)
    batches = args.batches or ([1, 8, 32, 128] if device == "cuda" else [1, 2])
    found = about(device) | {"image_size": size, "figures": measure(weights, size, device, batches, args.repeat)}
    print(f"{found['name']}, images of {size} pixels, PyTorch {found['torch']}, ONNX Runtime {found['onnxruntime']}")
    for f in found["figures"]:
        rates = ", ".join(f"{name} {rate:.1f}" for name, rate in f["images_per_second"].items())
        print(f"{f['batch']} images a run: {rates} images/s; ONNX Runtime to PyTorch {f['ratio']:.2f}x")
    if args.json:
        args.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
