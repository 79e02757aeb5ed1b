"""Reads the tensors of a file that may come from anywhere, and runs nothing that is in it.

PyTorch files are unpickled with `weights_only`, safetensors hold no code, and of a TorchScript archive only the tensors
are read: `torch.load` would hand such an archive to `torch.jit.load`, which compiles the code in it, weights_only or not.
What cannot be read is one line for the user (SystemExit), never a traceback and never a second, less careful attempt.
"""

import pickle
import re
import warnings
from collections import OrderedDict
from io import BytesIO
from pathlib import Path

import torch

ZIP = b"PK\x03\x04"
STORAGES = {
    "FloatStorage": torch.float32, "HalfStorage": torch.float16, "BFloat16Storage": torch.bfloat16,
    "DoubleStorage": torch.float64, "LongStorage": torch.int64, "IntStorage": torch.int32, "BoolStorage": torch.bool,
}  # fmt: skip
WRAPPERS = ("model", "state_dict")  # keys under which training programs keep the tensors


def read_tensors(file: Path) -> dict:
    """name -> tensor, in the type in which it is stored. Large files stay on disk until a tensor is used."""
    if not Path(file).is_file():
        raise SystemExit(f"{file}: no such file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what PyTorch thinks of a file is in the exception, if it matters
            saved = unpack(Path(file))
    except Exception as reason:  # damaged bytes end in any exception at all
        raise SystemExit(refusal(file, reason)) from None
    return named_tensors(file, saved)


def unpack(file: Path):
    with open(file, "rb") as opened:
        head = opened.read(9)
    if head[8:] == b"{" and int.from_bytes(head[:8], "little") < file.stat().st_size:
        from safetensors.torch import load_file

        return load_file(str(file))
    if head[:4] != ZIP:  # the layout before PyTorch 1.6; it cannot be mapped
        return torch.load(str(file), map_location="cpu", weights_only=True)
    archive = torch._C.PyTorchFileReader(str(file))
    if "constants.pkl" in archive.get_all_records():  # what `torch.load` itself takes for TorchScript
        return script_tensors(ScriptUnpickler(archive).load())
    return torch.load(str(file), map_location="cpu", weights_only=True, mmap=True)


def named_tensors(file, saved) -> dict:
    """The tensors of what a file held: a dict of them, by itself or under one of the usual keys."""
    for key in WRAPPERS:
        if isinstance(saved, dict) and isinstance(saved.get(key), dict):
            saved = saved[key]
            break
    if not isinstance(saved, dict) or not saved:
        raise SystemExit(f"{file}: not a checkpoint: it holds a {type(saved).__name__}, not named tensors")
    strangers = [str(name) for name, value in saved.items() if not isinstance(value, torch.Tensor)]
    if strangers:
        raise SystemExit(f"{file}: not a checkpoint: no tensors are {listed(strangers)}")
    return saved


def refusal(file, reason: Exception) -> str:
    """One line on why a file cannot be read."""
    text = " ".join(str(reason).split())
    asked = re.search(r"(?:GLOBAL|class) ([a-zA-Z_][\w]*\.[\w.]*\w)", text)
    if isinstance(reason, pickle.UnpicklingError) and asked:
        return (
            f"{file}: refused: its pickle asks for {asked[1]}; only tensors and plain values are read, because anything else"
            " could run code. If you trust the file, save its tensors alone: torch.save({'model': state_dict}, FILE)"
        )
    said = text if " " in text and "torch.load" not in text else "its bytes are no PyTorch or safetensors file"
    return f"{file}: not a checkpoint, or a damaged one: {said[:200]}"


def not_finite(tensors: dict) -> list:
    """Names of the tensors with a NaN or an infinity, each with their number."""
    found = []
    for name, value in tensors.items():
        bad = value.numel() - int(torch.isfinite(value).sum())
        if bad:
            found.append(f"{name} ({bad} of {value.numel()})")
    return found


def listed(names: list) -> str:
    """All the names in one line, the number first."""
    return f"{len(names)}: {', '.join(sorted(names))}"


class ScriptModule:
    """A module of a TorchScript archive, of which only the attributes are taken."""

    def __setstate__(self, attributes):
        self.attributes = attributes if isinstance(attributes, dict) else {}


class ScriptUnpickler(pickle.Unpickler):
    """Reads data.pkl of a TorchScript archive. Every class in it becomes a ScriptModule; nothing else can be named."""

    def __init__(self, archive):
        super().__init__(BytesIO(archive.get_record("data.pkl")))
        self.archive, self.storages = archive, {}

    def find_class(self, module, name):
        if module.split(".")[0] == "__torch__":
            return ScriptModule
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return self.tensor
        if module == "torch" and name in STORAGES:
            return STORAGES[name]
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if module == "torch.jit._pickle" and re.fullmatch(r"build_\w+list|restore_type_tag", name):
            return lambda value, *_: value
        raise pickle.UnpicklingError(f"GLOBAL {module}.{name}")

    def persistent_load(self, key):
        _, dtype, name, _, count = key
        if name not in self.storages:
            stored = self.archive.get_storage_from_record(f"data/{name}", count, dtype).untyped_storage()
            self.storages[name] = torch.empty(0, dtype=dtype).set_(stored)
        return self.storages[name]

    @staticmethod
    def tensor(storage, offset, size, stride, *_):
        """Sizes outside the storage end in an exception."""
        return storage.as_strided(size, stride, offset)


def script_tensors(module, prefix: str = "") -> dict:
    """name -> tensor of a module and those in it."""
    found = {}
    for name, value in module.attributes.items():
        if isinstance(value, ScriptModule):
            found |= script_tensors(value, f"{prefix}{name}.")
        elif isinstance(value, torch.Tensor):
            found[prefix + name] = value
    return found
