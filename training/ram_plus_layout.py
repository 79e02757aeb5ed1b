"""What an official RAM++ checkpoint has to hold: names, sizes and numbers, checked before anything is built from it.

Only the structure is assumed. How many stages, blocks and layers there are, and how wide they are, the tensors say.
"""

import math
import re

from . import checkpoint

DESCRIPTIONS = 51  # a label; row i of `label_embed` is label i // 51, description i % 51
DECODER = "tagging_head.encoder.layer."
LAYER = {
    "query": "crossattention.self.query", "key": "crossattention.self.key", "value": "crossattention.self.value",
    "out": "crossattention.output.dense", "norm1": "crossattention.output.LayerNorm",
    "up": "intermediate.dense", "down": "output.dense", "norm2": "output.LayerNorm",
}  # fmt: skip
BLOCK = ("norm1", "attn.qkv", "attn.proj", "norm2", "mlp.fc1", "mlp.fc2")
BIAS_TABLE = "attn.relative_position_bias_table"


def read(file, ignore_unexpected: bool = False) -> dict:
    """The tensors of a checkpoint as f32, under the newer of its two naming schemes; SystemExit says what is wrong."""
    stored = checkpoint.read_tensors(file)
    tensors = {re.sub(r"^vision_multi\.", "tagging_head.", name): value for name, value in stored.items()}
    if not any(name.startswith("visual_encoder.layers.") for name in tensors) or "label_embed" not in tensors:
        first = ", ".join(list(tensors)[:3])
        raise SystemExit(
            f"{file}: not a RAM++ checkpoint: it lacks visual_encoder.layers.* or label_embed; its {len(tensors)} tensors begin with {first}"
        )
    check_names(file, tensors, ignore_unexpected)
    wanted = expected(tensors)
    weights = {name: value.float() for name, value in tensors.items() if name in wanted}
    check_numbers(file, weights)
    return weights | {name: value for name, value in tensors.items() if is_buffer(name)}


def check_names(file, tensors: dict, ignore_unexpected: bool) -> None:
    wanted = expected(tensors)
    missing = wanted - set(tensors)
    unexpected = {name for name in tensors if name not in wanted and not is_buffer(name)}
    problems = [f"missing {checkpoint.listed(missing)}"] if missing else []
    if unexpected and not ignore_unexpected:
        problems.append(
            f"unexpected {checkpoint.listed(unexpected)} (--ignore-unexpected leaves them out, if the model is right without them)"
        )
    if problems:
        raise SystemExit(f"{file}: not a complete RAM++ checkpoint: " + "; ".join(problems))


def check_numbers(file, weights: dict) -> None:
    shapes = {name: list(value.shape) for name, value in weights.items() if name != "reweight_scale"}
    odd = [f"{name} {shape}" for name, shape in shapes.items() if len(shape) != dimensions(name) or 0 in shape]
    if odd:
        raise SystemExit(f"{file}: not RAM++'s number of dimensions in {checkpoint.listed(odd)}")
    rows, scale = weights["label_embed"].shape, weights["reweight_scale"]
    if rows[0] % DESCRIPTIONS:
        raise SystemExit(f"{file}: label_embed has the shape {list(rows)}, not [labels x {DESCRIPTIONS}, width]")
    if scale.numel() != 1:
        raise SystemExit(f"{file}: reweight_scale holds {scale.numel()} numbers, not one")
    bad = checkpoint.not_finite(weights)
    if bad:
        raise SystemExit(f"{file}: values that are not numbers (NaN or infinite) in {checkpoint.listed(bad)}")


def dimensions(name: str) -> int:
    """Of the tensor's shape: biases and norms are vectors, the first projection is a convolution."""
    if name.endswith(".bias") or "norm" in name.lower():
        return 1
    return 4 if name == "visual_encoder.patch_embed.proj.weight" else 2


def is_buffer(name: str) -> bool:
    """Whether a tensor follows from the sizes alone. Some checkpoints store these, none needs them."""
    return (
        re.fullmatch(r"visual_encoder\.layers\.\d+\.blocks\.\d+\.(attn\.relative_position_index|attn_mask)", name)
        is not None
    )


def expected(tensors: dict) -> set:
    """Names that a checkpoint with these stages, blocks and layers has."""
    names = {"label_embed", "reweight_scale"}
    pairs = [
        "visual_encoder.patch_embed.proj",
        "visual_encoder.patch_embed.norm",
        "visual_encoder.norm",
        "image_proj",
        "fc",
    ]
    stages = depths(tensors)
    for stage, depth in enumerate(stages):
        for block in range(depth):
            at = f"visual_encoder.layers.{stage}.blocks.{block}."
            pairs += [at + part for part in BLOCK]
            names.add(at + BIAS_TABLE)
        if stage + 1 < len(stages):
            at = f"visual_encoder.layers.{stage}.downsample."
            pairs.append(at + "norm")
            names.add(at + "reduction.weight")
    for layer in range(decoder_layers(tensors)):
        pairs += [f"{DECODER}{layer}.{part}" for part in LAYER.values()]
    if projected(tensors):
        pairs.append("wordvec_proj")
    return names | {f"{pair}.{part}" for pair in pairs for part in ("weight", "bias")}


def projected(tensors: dict) -> bool:
    """Whether texts are projected to the decoder's width: they are where the two differ."""
    head = tensors.get("fc.weight")
    return head is None or head.shape[-1:] != tensors["label_embed"].shape[-1:]


def depths(tensors: dict) -> list:
    """Blocks of each stage, of a stage without any 1: what is missing of it will be listed."""
    found = [re.match(r"visual_encoder\.layers\.(\d\d?)\.blocks\.(\d\d?)\.", name) for name in tensors]
    pairs = [(int(m[1]), int(m[2])) for m in found if m] or [(0, 0)]
    return [1 + max((b for s, b in pairs if s == stage), default=0) for stage in range(1 + max(s for s, _ in pairs))]


def decoder_layers(tensors: dict) -> int:
    found = [re.match(re.escape(DECODER) + r"(\d\d?)\.", name) for name in tensors]
    return 1 + max((int(m[1]) for m in found if m), default=1)


def window_of(table) -> int:
    """The window that a table of relative position biases is for."""
    return (math.isqrt(table.shape[0]) + 1) // 2


def image_size(weights: dict) -> int:
    """The input size in pixels: a stored attention mask tells it; without one it is the size for which the last stage is
    one window wide, as it is in the official models."""
    stages, first = depths(weights), "visual_encoder.layers.0.blocks."
    patch = weights["visual_encoder.patch_embed.proj.weight"].shape[-1]
    mask = weights.get(first + "1.attn_mask")
    if mask is not None:  # [windows, M, M]
        return math.isqrt(mask.shape[0]) * window_of(weights[first + "0." + BIAS_TABLE]) * patch
    last = weights[f"visual_encoder.layers.{len(stages) - 1}.blocks.0.{BIAS_TABLE}"]
    return window_of(last) * patch * 2 ** (len(stages) - 1)


def check_size(size: int, weights: dict) -> None:
    """Every stage must be cut into whole windows and, but for the last, into cells of 2 x 2."""
    patch = weights["visual_encoder.patch_embed.proj.weight"].shape[-1]
    stages = depths(weights)
    side, rest = divmod(size, patch)
    for stage in range(len(stages)):
        window = window_of(weights[f"visual_encoder.layers.{stage}.blocks.0.{BIAS_TABLE}"])
        odd = stage + 1 < len(stages) and side % 2
        if rest or side < 1 or odd or (side > window and side % window):
            raise SystemExit(
                f"--image-size {size}: stage {stage + 1} would be {size / patch / 2**stage:g} patches wide, which is no whole number of"
                f" windows of {window}; {image_size(weights)} fits this checkpoint"
            )
        side //= 2
