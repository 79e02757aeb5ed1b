"""The training loop: what was stopped and resumed ends like what was never stopped."""

import numpy as np
import pytest
import torch
from torch import nn

from training import loop
from training.batches import Batches
from training.rows import BadData


class Interrupted(Exception):
    pass


def problem(seed: int = 0):
    """A small network with dropout, its groups, and a loss that draws from both kinds of random numbers."""
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 1))
    frozen = nn.Sequential(model, nn.Linear(3, 3))
    x = torch.randn(40, 4)

    def loss(batch, rng):
        ids = np.concatenate(batch)
        value = (model(x[ids] + float(rng.random())) - x[ids].sum(1, keepdim=True)).square().mean()
        return value, {"square": value}

    return frozen, [{"params": model.parameters(), "lr": 0.05, "weight_decay": 0.0}], loss


def batches():
    return Batches(np.arange(24), np.arange(24, 30), np.arange(30, 40), (6, 2, 3))


def run(folder, epochs=4, stop_after=None, resume=False):
    folder.mkdir(exist_ok=True)
    model, groups, loss = problem()
    lines = []

    def report(line):
        lines.append(line)
        if len(lines) == stop_after:
            raise Interrupted

    trained = loop.train(loop.Stage("s", epochs, 7, folder, resume), model, groups, batches(), loss, report)
    return trained, lines


def test_a_resumed_stage_ends_with_the_same_weights(tmp_path):
    whole, lines = run(tmp_path / "whole")
    with pytest.raises(Interrupted):
        run(tmp_path / "parts", stop_after=2)
    torch.manual_seed(99)
    resumed, rest = run(tmp_path / "parts", resume=True)
    assert [line["epoch"] for line in rest] == [3, 4]
    assert [line["loss"] for line in rest] == [line["loss"] for line in lines[2:]]
    for mine, theirs in zip(resumed.state_dict().values(), whole.state_dict().values(), strict=True):
        assert torch.equal(mine, theirs)


def test_it_learns_and_leaves_the_rest_alone(tmp_path):
    before = problem()[0].state_dict()
    trained, lines = run(tmp_path)
    after = trained.state_dict()
    assert lines[-1]["loss"]["square"] < lines[0]["loss"]["square"]
    assert torch.equal(before["1.weight"], after["1.weight"]) and not torch.equal(
        before["0.0.weight"], after["0.0.weight"]
    )


def test_a_state_of_another_length_is_refused(tmp_path):
    with pytest.raises(Interrupted):
        run(tmp_path, stop_after=1)
    with pytest.raises(BadData, match="40 steps, not 50"):
        run(tmp_path, epochs=5, resume=True)


def test_an_epoch_shows_every_captioned_row_equally_often():
    drawn = list(Batches(np.arange(30), np.arange(0), np.arange(30, 40), (6, 4, 3)).epoch(np.random.default_rng(0)))
    rows, counts = np.unique(np.concatenate([paired for paired, _ in drawn]), return_counts=True)
    assert len(drawn) == 10 and rows.tolist() == list(range(30)) and set(counts) == {2}
    assert all(len(set(others)) == 3 and min(others) >= 30 for _, others in drawn)
