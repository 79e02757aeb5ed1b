"""The decoder's two forms are one function, and the graphs that hold them are right at every batch size."""

import numpy as np
import onnxruntime as ort
import pytest
import torch

from training import graphs, scorer


def unit(*shape):
    return torch.nn.functional.normalize(torch.randn(*shape), dim=-1)


def stored(model, count: int) -> tuple:
    """Patches as they are stored, and what the label head sees of them: features and ImageNet logits."""
    features = model.image.label_features(torch.randn(count, model.config.pooled))
    patches, logits = (
        torch.randn(count, model.config.tokens, model.config.dim),
        torch.randn(count, model.config.classes),
    )
    seen = [part.to(torch.float16).float() for part in (features, logits)]
    return model.image.stored(patches, features, logits).to(torch.float16), seen


def session(file):
    return ort.InferenceSession(str(file), providers=["CPUExecutionProvider"])


def test_folded_equals_ordinary(model, config):
    texts, patches = unit(4, config.text), torch.randn(3, config.tokens, config.dim)
    ordinary = model.decoder(texts.unsqueeze(0), patches)
    folded, attention = model.decoder.finish(model.decoder.state(texts), patches)
    assert torch.allclose(ordinary, folded, atol=1e-5)
    assert attention.shape == (3, 4, config.tokens)
    assert torch.allclose(attention.sum(-1), torch.ones(3, 4), atol=1e-5)


def test_texts_do_not_see_each_other(model, config):
    texts, patches = unit(4, config.text), torch.randn(2, config.tokens, config.dim)
    together = model.decoder(texts.unsqueeze(0), patches)
    alone = torch.cat([model.decoder(t[None, None], patches) for t in texts], 1)
    assert torch.allclose(together, alone, atol=1e-5)


def test_label_scorer_agrees_with_its_head(model, config):
    """A label of one description, through the label scorer and through the text's vector and the head."""
    names, vector = unit(7, config.text), unit(3, config.text)
    patches, seen = stored(model, 3)
    labels = scorer.LabelScorer(model, names.unsqueeze(1), torch.ones(7)).eval()
    _, retrieval = scorer.SingleQueryState(model)(names)
    expected = model.labels(vector @ retrieval.t(), *seen)
    assert torch.allclose(labels(patches, vector), expected, atol=1e-4)


def test_absent_descriptions_have_no_weight(model, config):
    names, vector, (patches, _) = unit(7, 3, config.text), unit(2, config.text), stored(model, 2)
    count = torch.ones(7)
    one = scorer.LabelScorer(model, names[:, :1], count).eval()
    padded = scorer.LabelScorer(model, names, count).eval()
    assert torch.allclose(one(patches, vector), padded(patches, vector), atol=1e-5)


@pytest.mark.parametrize("form", ["words", "single"])
def test_exported_text_side_at_every_batch_size(model, vocabulary, form, tmp_path):
    from training.export import export_text_side

    model.config.text_form = form
    width = export_text_side(model, vocabulary, tmp_path, 1.5)
    state_graph, decoder_graph = session(tmp_path / "query_state.onnx"), session(tmp_path / "decoder.onnx")
    ids = torch.tensor(
        [
            [101, 1000, 1004, 1001, 1002, 1003, 102],
            [101, 1004, 1006, 1005, 102, 0, 0],
            [101, 1006, 1000, 1000, 102, 0, 0],
        ]
    )
    mask = (ids > 0).long()
    c = model.config
    given = {"text": unit(3, c.text), "tokens": torch.randn(3, 7, c.text), "ids": ids, "mask": mask}
    given = {i.name: given[i.name].numpy() for i in state_graph.get_inputs()}
    state, vector = state_graph.run(["state", "vector"], given)
    assert state.shape == (3, width)
    for n in (1, 2, 3):
        part = state_graph.run(["state", "vector"], {k: v[:n] for k, v in given.items()})
        assert np.allclose(part[0], state[:n], atol=1e-5) and np.allclose(part[1], vector[:n], atol=1e-5)
    patches = np.random.default_rng(0).normal(size=(5, c.tokens + c.appended, c.dim)).astype(np.float16)
    logits, attention = decoder_graph.run(["logits", "attention"], {"state": state, "patches": patches})
    assert (
        logits.shape == (5, 3)
        and attention.shape == (5, 3, c.tokens + c.appended)
        and not attention[:, :, c.tokens :].any()
    )
    assert np.allclose(attention.sum(-1), 1, atol=1e-4)
    for q in (1, 2, 3):
        for n in (1, 2, 3, 5):
            part = decoder_graph.run(["logits"], {"state": state[:q], "patches": patches[:n]})[0]
            assert np.allclose(part, logits[:n, :q], atol=1e-5)


def test_exported_label_scorer_at_every_batch_size(model, config, tmp_path):
    names, count = unit(7, 2, config.text), torch.tensor([1, 2, 2, 1, 2, 2, 1])
    labels = scorer.LabelScorer(model, names, count)
    (patches, _), vector = stored(model, 5), unit(5, config.text)
    graphs.export(labels, (patches[:2], vector[:2]), tmp_path / "l.onnx", ["patches", "global"], ["logits"])
    run = session(tmp_path / "l.onnx")
    expected = labels(patches, vector).detach().numpy()
    for n in (1, 2, 3, 5):
        out = run.run(None, {"patches": patches[:n].numpy(), "global": vector[:n].numpy()})[0]
        assert np.allclose(out, expected[:n], atol=2e-2)  # f16 weights


def test_exported_image_head_at_every_batch_size(model, config, tmp_path):
    given = (
        torch.randn(5, config.tokens, config.token_width),
        torch.randn(5, config.pooled),
        torch.randn(5, config.classes),
    )
    patches, vector = model.image(*given)
    assert torch.allclose(vector.norm(dim=-1), torch.ones(5), atol=1e-5)
    names = ["tokens", "pooled", "logits"]
    graphs.export(
        model.image, tuple(g[:2] for g in given), tmp_path / "i.onnx", names, ["patches", "global"], store="int8"
    )
    run = session(tmp_path / "i.onnx")
    for n in (1, 2, 3, 5):
        out = run.run(None, {k: g[:n].numpy() for k, g in zip(names, given, strict=True)})
        assert np.allclose(out[0], patches[:n].detach().numpy(), atol=0.2)
        assert np.allclose(out[1], vector[:n].detach().numpy(), atol=0.05)


def test_a_label_knows_the_classes_that_it_contains(model, config):
    """Its share of the posterior is the sum over its classes; without any, the posterior says nothing of it."""
    logits = torch.randn(4, config.classes)
    expected = torch.softmax(logits, 1) @ model.labels.member.float()
    assert torch.allclose(model.labels.posterior(logits), expected, atol=1e-6)
    assert (expected[:, ~model.labels.member.any(0)] == 0).all()
