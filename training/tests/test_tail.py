"""The tuned tail is the backbone's own until it is trained, and what is averaged in is what was trained."""

import numpy as np
import pytest
import torch

from training import backbone, tailstage
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
    """The global vector lies between the finished model's and the tail's own; a label's logit half way between them."""
    monkeypatch.setattr(tailstage, "Backbone", lambda: net)
    torch.manual_seed(3)
    finished = Model(Config(**SMALL)).eval()
    torch.nn.init.normal_(finished.labels.probe.weight)
    tuned = tailstage.Tuned(finished).eval()
    for p in [*tuned.alone.image.mlp.parameters(), *tuned.tail.head.parameters(), tuned.probe.weight]:
        torch.nn.init.normal_(p, std=0.1)
    both = tuned.averaged_into(finished)
    with torch.no_grad():
        old, new = finished.image(*seen)[1], both.image(*seen)[1]
        pooled = tuned.tail(seen[0])
        own = tuned.alone.image.vector(None, pooled, seen[2])
        assert torch.allclose(new, torch.nn.functional.normalize(old + own, dim=-1), atol=1e-5)
        standardised = both.image.standardised
        features = torch.cat([standardised(seen[1]), standardised(pooled)], 1)
        cosines = torch.zeros(3, 3)
        first = finished.labels(cosines, standardised(seen[1]))
        second = sum(finished.labels.opinions(cosines, standardised(seen[1]))[:2]) + tuned.probe(standardised(pooled))
        assert torch.allclose(both.labels(cosines, features), (first + second) / 2, atol=1e-4)


def test_what_is_stored_holds_both_pooled_features(seen):
    torch.manual_seed(4)
    model = Model(Config(**SMALL, tuned=True)).eval()
    with torch.no_grad():
        stored, _ = model.image(*seen)
        features = stored[:, model.config.tokens :].flatten(1)
        wanted = torch.cat([seen[1], model.image.tail(seen[0])], 1)
    assert stored.shape[1] == model.config.tokens + model.config.appended
    assert torch.allclose(features[:, : wanted.shape[1]], wanted, atol=1e-4)


def test_a_soup_is_half_way_between():
    torch.manual_seed(6)
    models = [Model(Config(**SMALL, tuned=True)).eval() for _ in range(2)]
    mixed = tailstage.soup(models).state_dict()
    name = "image.tail.head.1.weight"
    assert torch.allclose(mixed[name], (models[0].state_dict()[name] + models[1].state_dict()[name]) / 2)
    assert torch.equal(mixed["labels.member"], models[0].state_dict()["labels.member"])
