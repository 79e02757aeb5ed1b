"""CLIP's text encoder in both layouts, held against Hugging Face's implementation with random weights."""

import json
import re

import numpy as np
import onnxruntime as ort
import pytest
import torch
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModelWithProjection

from training import clip_text, graphs

END, CONTEXT = 299, 77


def reference(activation="quick_gelu", heads=2):
    torch.manual_seed(1)
    sizes = dict(
        hidden_size=128, intermediate_size=192, projection_dim=48, num_hidden_layers=2, num_attention_heads=heads
    )
    ids = dict(vocab_size=END + 1, bos_token_id=END - 1, eos_token_id=END)
    model = CLIPTextModelWithProjection(CLIPTextConfig(**sizes, **ids, hidden_act=activation)).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.05)
    return model


def openai_names(state: dict) -> dict:
    """The tensors of Hugging Face's layout in OpenAI's."""
    table = [
        (r"embeddings\.token_embedding", "token_embedding"), (r"embeddings\.position_embedding\.weight", "positional_embedding"),
        (r"encoder\.layers", "transformer.resblocks"), (r"layer_norm(\d)", r"ln_\1"), (r"self_attn\.out_proj", "attn.out_proj"),
        (r"mlp\.fc1", "mlp.c_fc"), (r"mlp\.fc2", "mlp.c_proj"), (r"final_layer_norm", "ln_final"),
    ]  # fmt: skip
    made = {"text_projection": state["text_projection.weight"].t().contiguous()}
    for name, value in state.items():
        name = name.removeprefix("text_model.")
        for pattern, to in table:
            name = re.sub(pattern, to, name)
        joined = re.fullmatch(r"(.*)self_attn\.q_proj\.(weight|bias)", name)
        if joined:
            at = f"text_model.encoder.layers.{joined[1].split('.')[2]}.self_attn."
            parts = [state[f"{at}{part}_proj.{joined[2]}"] for part in "qkv"]
            made[f"{joined[1]}attn.in_proj_{joined[2]}"] = torch.cat(parts)
        elif "self_attn" not in name and name != "text_projection.weight":
            made[name] = value
    return made | {"logit_scale": torch.tensor(4.6), "visual.proj": torch.zeros(3, 3)}


def archive(state: dict, file) -> None:
    """A TorchScript archive of modules that hold these tensors, as OpenAI publishes its models."""

    class Root(torch.nn.Module):
        def forward(self, x):
            return x

    root = Root()
    for name, value in state.items():
        at = root
        *path, last = name.split(".")
        for part in path:
            if part not in dict(at.named_children()):
                at.add_module(part, torch.nn.Module())
            at = getattr(at, part)
        at.register_parameter(last, torch.nn.Parameter(value, requires_grad=False))
    torch.jit.script(root).save(str(file))


def batch(count: int, length: int, padding: int):
    """Texts of several lengths; ids, mask."""
    rng = np.random.default_rng(count * 100 + length)
    ids, mask = np.full((count, length), padding), np.zeros((count, length), np.int64)
    for row in range(count):
        n = length if row == 0 else int(rng.integers(2, length + 1))
        ids[row, :n] = rng.integers(0, END - 1, n)
        ids[row, 0], ids[row, n - 1], mask[row, :n] = END - 1, END, 1
    return ids, mask


def answers(model, ids, mask):
    with torch.no_grad():
        vectors = model(torch.from_numpy(ids), attention_mask=torch.from_numpy(mask)).text_embeds
    return torch.nn.functional.normalize(vectors, dim=-1).numpy()


@pytest.mark.parametrize("layout", ["openai", "archive", "hf.bin", "hf.safetensors", "hf folder"])
def test_every_layout_batch_and_length(tmp_path, layout):
    model, file = reference(), tmp_path / layout.replace("hf", "model")
    if layout == "openai":
        torch.save(openai_names(model.state_dict()), file)
    elif layout == "archive":
        archive(openai_names(model.state_dict()), file)
    elif layout == "hf folder":
        model.save_pretrained(file)
    elif layout == "hf.bin":
        torch.save(model.state_dict(), file)
    else:
        save_file(model.state_dict(), file)
    encoder = clip_text.read(clip_text.find(file))
    ids = torch.ones(2, 5, dtype=torch.long)
    dynamic = {"ids": {0: "B", 1: "L"}, "mask": {0: "B", 1: "L"}, "text": {0: "B"}}
    graphs.export(encoder, (ids, ids), tmp_path / "t.onnx", ["ids", "mask"], ["text"], dynamic, "f32")
    session = ort.InferenceSession(str(tmp_path / "t.onnx"), providers=["CPUExecutionProvider"])
    for count in (1, 2, 3, 5):
        for length in (2, 5, 40, CONTEXT):
            for padding in (0, END):
                ids, mask = batch(count, length, padding)
                text = session.run(["text"], {"ids": ids, "mask": mask})[0]
                assert np.abs(text - answers(model, ids, mask)).max() < 1e-5, (count, length, padding)


@pytest.mark.parametrize("activation, heads", [("gelu", 2), ("quick_gelu", 4)])
def test_what_config_json_says_counts(tmp_path, activation, heads):
    model = reference(activation, heads)
    model.save_pretrained(tmp_path)
    ids, mask = batch(3, 12, 0)
    with torch.no_grad():
        text = clip_text.read(tmp_path / "model.safetensors")(torch.from_numpy(ids), torch.from_numpy(mask)).numpy()
    assert np.abs(text - answers(model, ids, mask)).max() < 1e-5


def damaged(change):
    state = reference().state_dict()
    change(state)
    return state


LAST = "text_model.encoder.layers.1.mlp.fc2.bias"


@pytest.mark.parametrize(
    "change, says",
    [
        (lambda s: s.pop(LAST), f"Hugging Face's layout: missing 1: {re.escape(LAST)}"),
        (lambda s: s.update({"text_model.extra": torch.zeros(1)}), r"unexpected 1: text_model\.extra"),
        (lambda s: s[LAST].fill_(float("nan")), f"NaN or infinite 1: {re.escape(LAST)} \\(128 of 128\\)"),
        (lambda s: s.update({LAST: torch.zeros(5)}), "do not fit each other"),
        (lambda s: s.pop("text_model.embeddings.token_embedding.weight"), "no CLIP text encoder"),
    ],
)
def test_bad_text_encoders(tmp_path, change, says):
    torch.save(damaged(change), tmp_path / "t.pth")
    with pytest.raises(SystemExit, match=says):
        clip_text.read(tmp_path / "t.pth")


@pytest.mark.parametrize(
    "config, says",
    [
        ("{", "config.json: not the JSON"),
        (json.dumps({"hidden_act": "relu"}), "activation 'relu'"),
        (json.dumps({"text_config": {"num_attention_heads": 7}}), "7 heads and width 128"),
    ],
)
def test_bad_configurations(tmp_path, config, says):
    torch.save(reference().state_dict(), tmp_path / "t.pth")
    (tmp_path / "config.json").write_text(config)
    with pytest.raises(SystemExit, match=says):
        clip_text.read(tmp_path / "t.pth")
