"""The feature cache: what the frozen backbone says about every image, in float16 files outside the repository.

    python -m training.features --data DIR --work WORK [--flip] [--processes 2]

Per pass (plain, and mirrored for the train rows): tokens [N, 49, 832], pooled [N, 1280], logits [N, 1000]. Rows follow
the manifest. A cache is resumable: each process notes the blocks that it finished.
"""

import argparse
import multiprocessing
import time
from pathlib import Path

import numpy as np

from . import backbone, data

BLOCK = 256  # images per journal entry
BATCH = 8
ARRAYS = {
    "tokens": (backbone.TOKENS, backbone.TOKEN_WIDTH),
    "pooled": (backbone.POOLED,),
    "logits": (backbone.CLASSES,),
}


def export_backbone(work: Path) -> Path:
    """Writes the backbone as ONNX once: ONNX Runtime is several times faster than eager PyTorch on a CPU."""
    import torch

    target = Path(work) / "backbone.onnx"
    if not target.exists():
        pixels = torch.zeros(2, 3, data.SIZE, data.SIZE)
        part = target.with_suffix(".part")
        torch.onnx.export(
            backbone.Backbone(),
            pixels,
            str(part),
            opset_version=17,
            input_names=["pixels"],
            output_names=list(ARRAYS),
            dynamic_axes={n: {0: "B"} for n in ["pixels", *ARRAYS]},
        )
        part.rename(target)
    return target


def open_arrays(work: Path, flip: bool, rows: int, mode: str = "r") -> dict:
    """The cache's memory maps; mode `a` creates them where they are missing."""
    maps = {}
    for name, shape in ARRAYS.items():
        file = Path(work) / f"{'flip' if flip else 'plain'}_{name}.f16"
        if mode == "a" and not file.exists():
            np.memmap(file, np.float16, "w+", shape=(rows, *shape)).flush()
        maps[name] = np.memmap(file, np.float16, "r" if mode == "r" else "r+", shape=(rows, *shape))
    return maps


def block_done(work: Path, flip: bool, block: int) -> Path:
    return Path(work) / "done" / f"{'flip' if flip else 'plain'}_{block:04d}"


def fill(work: Path, files: list, flip: bool, blocks: list) -> None:
    """One process: encodes the given blocks with one thread."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(str(export_backbone(work)), options, providers=["CPUExecutionProvider"])
    maps = open_arrays(work, flip, len(files), "a")
    for block in blocks:
        first, last = block * BLOCK, min((block + 1) * BLOCK, len(files))
        wanted = [i for i in range(first, last) if files[i] is not None]
        for at in range(0, len(wanted), BATCH):
            ids = wanted[at : at + BATCH]
            pixels = np.stack([data.load_pixels(files[i], flip) for i in ids])
            for name, values in zip(ARRAYS, session.run(list(ARRAYS), {"pixels": data.normalise(pixels)}), strict=True):
                maps[name][ids] = values
        for m in maps.values():
            m.flush()
        block_done(work, flip, block).touch()


def build(data_dir: Path, work: Path, flip: bool = False, processes: int = 2) -> None:
    """Fills the cache for every row (plain) or for the train rows (flip)."""
    work = Path(work)
    (work / "done").mkdir(parents=True, exist_ok=True)
    images = data.unpack(data_dir, work) if Path(data_dir).is_dir() else Path()
    rows = data.read_rows(data_dir)
    files = [None if flip and r.part != "train" else images / r.file for r in rows]
    export_backbone(work)
    open_arrays(work, flip, len(files), "a")
    blocks = [b for b in range((len(files) + BLOCK - 1) // BLOCK) if not block_done(work, flip, b).exists()]
    begun = time.time()
    crew = [
        multiprocessing.Process(target=fill, args=(work, files, flip, blocks[k::processes])) for k in range(processes)
    ]
    for worker in crew:
        worker.start()
    for worker in crew:
        worker.join()
    if any(worker.exitcode for worker in crew):
        raise SystemExit("the feature cache is not complete: a worker failed; run again to resume")
    print(f"cached {len(blocks)} blocks in {time.time() - begun:.0f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--flip", action="store_true")
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    build(args.data, args.work, args.flip, args.processes)


if __name__ == "__main__":
    main()
