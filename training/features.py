"""The feature cache: what the frozen backbone says about every image, in float16 files outside the repository.

    python -m training.features --data DIR|JSONL... --work WORK [--flip] [--processes 2]

Per pass (plain, and mirrored for the train rows): tokens [N, 49, 832], pooled [N, 1280], logits [N, 1000]. Rows follow
the lists in --data. A cache is resumable: each process notes the blocks that it finished.
"""

import argparse
import hashlib
import multiprocessing
import time
from pathlib import Path

import numpy as np

from . import backbone, data, preprocessing
from .rows import BadData, read_rows

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
        pixels = torch.zeros(2, 3, preprocessing.SIZE, preprocessing.SIZE)
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


def digest(rows: list) -> str:
    """Tells lists of images apart, whatever folder they lie in, and caches of other pixels."""
    sizes = [row.path.stat().st_size if row.own else 0 for row in rows]
    listed = "\n".join(f"{row.source} {row.file} {row.part} {size}" for row, size in zip(rows, sizes, strict=True))
    return hashlib.sha256(f"{preprocessing.SIZE}\n{listed}".encode()).hexdigest()


def claim(work: Path, rows: list) -> None:
    """Notes whose features the folder holds; raises BadData when they are another list's."""
    note = work / "rows.sha256"
    if note.exists() and note.read_text().strip() != digest(rows):
        raise BadData(f"{work} holds the features of other rows: choose another --work, or delete that folder")
    note.write_text(digest(rows) + "\n")


def build(sources, work: Path, flip: bool = False, processes: int = 2) -> None:
    """Fills the cache for every row (plain) or for the train rows (flip)."""
    work = Path(work)
    (work / "done").mkdir(parents=True, exist_ok=True)
    rows = read_rows(sources, data.unpack(sources, work))
    claim(work, rows)
    blocks = [b for b in range((len(rows) + BLOCK - 1) // BLOCK) if not block_done(work, flip, b).exists()]
    if blocks and not flip:
        data.check_readable(rows)
    files = [None if flip and r.part != "train" else r.path for r in rows]
    export_backbone(work)
    open_arrays(work, flip, len(files), "a")
    begun = time.time()
    share_out(work, files, flip, blocks, processes)
    print(f"cached {len(blocks)} blocks in {time.time() - begun:.0f} s")


def share_out(work: Path, files: list, flip: bool, blocks: list, processes: int) -> None:
    """Encodes blocks in so many processes."""
    if processes < 2 or len(blocks) < 2:
        return fill(work, files, flip, blocks)
    crew = [
        multiprocessing.Process(target=fill, args=(work, files, flip, blocks[k::processes])) for k in range(processes)
    ]
    for worker in crew:
        worker.start()
    for worker in crew:
        worker.join()
    if any(worker.exitcode for worker in crew):
        raise SystemExit("the feature cache is not complete: a worker failed; run again to resume")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="data folders and .jsonl files")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--flip", action="store_true")
    parser.add_argument("--processes", type=int, default=2)
    args = parser.parse_args()
    try:
        build(args.data, args.work, args.flip, args.processes)
    except BadData as error:
        raise SystemExit(str(error)) from None


if __name__ == "__main__":
    main()
