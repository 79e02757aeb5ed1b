"""What the label head is trained on is what it says when it is used, and mixtures of rows are mixtures of their truth."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from training import labelstage


class Fitted:
    """Cosines of given rows with every label."""

    def __init__(self, cosines):
        self.given = cosines

    def cosines(self, ids, names):
        return self.given[ids]


@pytest.fixture
def corpus(config):
    """Six rows, two of them captioned, of a source that knows four of seven labels."""
    torch.manual_seed(7)
    seen = torch.zeros(6, 1), torch.randn(6, config.pooled), torch.randn(6, config.classes)
    positive = np.zeros((6, config.labels), bool)
    positive[np.arange(6), np.arange(6)] = True
    return SimpleNamespace(
        batch=lambda ids, mirrored, tokens: [part[ids] for part in seen],
        label_texts=lambda: (torch.zeros(config.labels, 1, 2), None),
        class_membership=lambda: np.zeros((config.classes, config.labels), np.float32),
        positive=positive,
        negative_weight=np.array([[1, 1, 1, 1, 0.1, 0.1, 0.1]], np.float32),
        source_id=np.zeros(6, int),
        is_captioned=np.arange(6) < 2,
        seen=seen,
    )


def test_the_loss_is_that_of_what_the_head_says(model, corpus, config, monkeypatch):
    monkeypatch.setattr(labelstage, "MIXED", 0.0)
    cosines, ids = torch.rand(6, config.labels), np.arange(6)
    loss, _ = labelstage.Objective(model, corpus, Fitted(cosines))(ids, np.random.default_rng(0))
    _, pooled, logits = corpus.seen
    said = model.labels(cosines, model.image.label_features(pooled), logits)
    truth = torch.from_numpy(corpus.positive).float()
    weight = torch.from_numpy(corpus.negative_weight).repeat(6, 1)
    weight[corpus.positive] = 1
    weight[:2] *= labelstage.CAPTIONED
    each = torch.nn.functional.binary_cross_entropy_with_logits(said, truth, reduction="none")
    least = torch.minimum(weight, weight[labelstage.Mixture(6, drawn()).other])
    assert torch.allclose(loss, (each * least).sum() / 6, rtol=1e-5)


def drawn():
    """The random numbers as they stand when a step draws its mixture: one was taken for each row's side."""
    rng = np.random.default_rng(0)
    rng.random(6)
    return rng


def test_mixed_rows_are_as_much_of_another_one_as_their_truth():
    rows, mixed = torch.eye(6), labelstage.Mixture(6, np.random.default_rng(0))
    once = mixed(rows)
    assert torch.allclose(once.sum(1), torch.ones(6)) and (once.diagonal() >= 1 - labelstage.MIXED).all()
    assert torch.equal(once, mixed(rows))
    assert not torch.equal(once, rows)
