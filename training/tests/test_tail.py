"""The tuned tail is the backbone's own until it is trained, and what is averaged in is what was trained."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from training import backbone, joinstage, labelstage, tailstage
from training.loop import Stage
from training.model import Config, Model
from training.tail import Tail

SMALL = dict(dim=16, width=16, heads=2, text=24, pooled_hidden=10, second_hidden=10, second=True, labels=3)


@pytest.fixture(scope="module")
def net():
    """A random backbone: batch normalisation that does something, too."""
    torch.manual_seed(2)
    made = backbone.Backbone(pretrained=False)
    for module in made.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.8, 1.2)
            torch.nn.init.normal_(module.bias, std=0.1)
            torch.nn.init.uniform_(module.running_var, 0.5, 1.0)
    return made


@pytest.fixture(scope="module")
def seen(net):
    """What the backbone says of three images: tokens, pooled, logits."""
    with torch.no_grad():
        return net(torch.randn(3, 3, 256, 256))


def test_the_stride_16_map_comes_back_from_the_tokens():
    whole = torch.randn(2, backbone.S16, 16, 16)
    tokens = torch.cat([backbone.merge2x2(whole), torch.randn(2, 64, backbone.S32)], -1)
    assert torch.equal(backbone.stride16(tokens), whole)


def test_an_untrained_tail_is_the_backbones_own(net, seen):
    tokens, pooled, _ = seen
    assert torch.allclose(Tail(net)(tokens), pooled, atol=1e-4)


def test_a_part_of_the_map_will_do(net, seen):
    """Training shows the tail parts of maps, each chunk another one; every image keeps its place."""
    tail = Tail(net).eval()
    found = tailstage.augmented(tail, seen[0].repeat(30, 1, 1), np.random.default_rng(0)).detach().view(30, 3, -1)
    apart = (found[:, 0] - found[:, 1]).norm(dim=-1).mean()
    assert found.isfinite().all() and (found - found.mean(0)).norm(dim=-1).mean() < apart


def test_what_was_trained_is_averaged_in(net, seen, monkeypatch):
    """The global vector lies between the finished model's and the tail's own; labels see what they saw, and the tail's features."""
    monkeypatch.setattr(tailstage, "Backbone", lambda: net)
    torch.manual_seed(3)
    finished = Model(Config(**SMALL)).eval()
    tuned = tailstage.Tuned(finished).eval()
    for p in [*tuned.alone.image.mlp.parameters(), *tuned.tail.head.parameters()]:
        torch.nn.init.normal_(p, std=0.1)
    both = tuned.averaged_into(finished)
    with torch.no_grad():
        (stored, old), (same, new) = finished.image(*seen), both.image(*seen)
        pooled = tuned.tail(seen[0])
        own = tuned.alone.image.vector(None, pooled, seen[2])
    assert torch.allclose(new, torch.nn.functional.normalize(old + own, dim=-1), atol=1e-5)
    kept = 64 * 16 + 1280
    before, logits = stored.flatten(1)[:, : kept + 1000].split((kept, 1000), 1)
    after, more, same_logits = same.flatten(1)[:, : kept + 2280].split((kept, 1280, 1000), 1)
    assert torch.equal(before, after) and torch.equal(logits, same_logits)
    assert torch.allclose(more, both.image.standardised(pooled), atol=1e-5)


def test_the_joined_mlp_takes_the_place_of_three(seen, tmp_path):
    """It learns what they say of given images, and only it changes."""
    torch.manual_seed(8)
    teacher = Model(Config(**SMALL, tuned=True)).eval()
    corpus = SimpleNamespace(where=lambda _: np.arange(3), batch=lambda ids, _: [v[ids] for v in seen], rows=range(3))
    tuned = labelstage.tail_features(teacher, corpus)
    model = joinstage.train_joined(teacher, corpus, tuned, Stage("joined", 200, 0, tmp_path), report=lambda _: None)
    assert model.image.second is None and model.image.tuned is None
    with torch.no_grad():
        (before, wanted), (after, found) = teacher.image(*seen), model.image(*seen)
    assert torch.equal(before, after)
    assert ((found * wanted).sum(1) > 0.95).all()


def test_a_soup_is_half_way_between():
    torch.manual_seed(6)
    models = [Model(Config(**SMALL, tuned=True)).eval() for _ in range(2)]
    mixed = tailstage.soup(models).state_dict()
    name = "image.tail.head.1.weight"
    assert torch.allclose(mixed[name], (models[0].state_dict()[name] + models[1].state_dict()[name]) / 2)
    assert torch.equal(mixed["labels.member"], models[0].state_dict()["labels.member"])
