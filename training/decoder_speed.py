"""The ordinary decoder in PyTorch beside the folded one through ONNX Runtime: python -m training.decoder_speed [--json FILE]

Official RAM++ sizes and random weights, one thread each, 100 candidates. All forms run in turn; the least CPU time of each counts.
docs/performance.md shows what it prints.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import onnxruntime as ort
import torch

from . import graphs
from .model import Config, Decoder

HEADS, TOKENS, CANDIDATES = 4, 145, 100
CONFIG = {"dim": 512, "text": 512, "hidden": 768, "ffn": 3072, "layers": 2, "decoder_heads": HEADS}


class Folded(torch.nn.Module):
    """state [Q, S], patches [C, T, D] -> logits [C, Q]."""

    def __init__(self, decoder: Decoder):
        super().__init__()
        self.decoder = decoder

    def forward(self, state, patches):
        return self.decoder.finish(state, patches)[0]


class Ordinary(torch.nn.Module):
    """text [Q, E], patches [C, T, D] -> logits [C, Q]."""

    def __init__(self, decoder: Decoder):
        super().__init__()
        self.decoder = decoder

    def forward(self, text, patches):
        return self.decoder(text.unsqueeze(0), patches)


def random_decoder(seed: int = 3) -> Decoder:
    torch.manual_seed(seed)
    decoder = Decoder(Config(**CONFIG)).eval()
    torch.nn.init.normal_(decoder.fc.weight, std=0.1)
    return decoder


def session(module, example: tuple, folder: Path, name: str) -> ort.InferenceSession:
    """The module as a graph in ONNX Runtime, one thread."""
    first = "state" if name == "folded" else "text"
    dynamic = {first: {0: "Q"}, "patches": {0: "C"}, "logits": {0: "C", 1: "Q"}}
    graphs.export(module, example, folder / f"{name}.onnx", [first, "patches"], ["logits"], dynamic, store="f32")
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    return ort.InferenceSession(str(folder / f"{name}.onnx"), options, providers=["CPUExecutionProvider"])


def forms(decoder: Decoder, texts: int, folder: Path) -> dict:
    """Every form as a function that gives logits [C, Q]; all of them start from what a server has at hand."""
    text, patches = torch.randn(texts, CONFIG["text"]), torch.randn(CANDIDATES, TOKENS, CONFIG["dim"])
    state = decoder.state(text)
    folded, ordinary = Folded(decoder), Ordinary(decoder)
    run_folded = session(folded, (state, patches), folder, "folded")
    run_ordinary = session(ordinary, (text, patches), folder, "ordinary")
    given_folded = {"state": state.numpy(), "patches": patches.numpy()}
    given_ordinary = {"text": text.numpy(), "patches": patches.numpy()}
    return {
        "pytorch_ordinary": lambda: ordinary(text, patches).numpy(),
        "pytorch_folded": lambda: folded(state, patches).numpy(),
        "onnxruntime_ordinary": lambda: run_ordinary.run(None, given_ordinary)[0],
        "onnxruntime_folded": lambda: run_folded.run(None, given_folded)[0],
    }


def least(functions: dict, repeat: int) -> dict:
    """The least CPU time of each in ms; one round more comes first, for what is done once."""
    best = dict.fromkeys(functions, float("inf"))
    for turn in range(repeat + 1):
        for name, function in functions.items():
            start = time.process_time()
            function()
            if turn:
                best[name] = min(best[name], 1e3 * (time.process_time() - start))
    return best


def measure(repeat: int) -> list:
    decoder, figures = random_decoder(), []
    with tempfile.TemporaryDirectory() as folder:
        for texts in (1, 4):
            functions = forms(decoder, texts, Path(folder))
            wanted = functions["pytorch_ordinary"]()
            error = max(float(np.abs(f() - wanted).max()) for f in functions.values())
            times = least(functions, repeat)
            ratio = times["pytorch_ordinary"] / times["onnxruntime_folded"]
            figures.append(
                {"candidates": CANDIDATES, "texts": texts, "cpu_ms": times, "ratio": ratio, "logit_error": error}
            )
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write the figures into this file, too")
    args = parser.parse_args()
    torch.set_num_threads(1)
    with torch.no_grad():
        figures = measure(args.repeat)
    found = {"torch": torch.__version__, "onnxruntime": ort.__version__, "figures": figures}
    for f in figures:
        cpu = ", ".join(f"{name} {ms:.1f} ms" for name, ms in f["cpu_ms"].items())
        print(f"{f['candidates']} candidates x {f['texts']} texts: {cpu}")
        print(
            f"  ordinary PyTorch to folded ONNX Runtime: {f['ratio']:.1f}x, logits differ by at most {f['logit_error']:.1e}"
        )
    if args.json:
        args.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
