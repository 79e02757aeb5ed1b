"""The losses: values worked out by hand, weights, and gradients."""

import math

import pytest
import torch

from training import losses

# p = sigmoid(logit) is .75 for ln 3 and .25 for -ln 3; with the focal margin of 1, sigmoid(ln 3 - 1) = 3 / (3 + e).
LN3 = math.log(3)
LOGITS = torch.tensor([[LN3, -LN3, LN3]])
POSITIVE = torch.tensor([[True, False, False]])
P_MARGIN = 3 / (3 + math.e)
FOCAL = -((1 - P_MARGIN) ** 2) * math.log(P_MARGIN)


def by_hand(name: str, weight) -> float:
    """The loss of a positive at p = .75 and of negatives at p = .25 and .75 with the given weights."""
    low, high = weight
    negative = {
        "BCE": (-math.log(0.75), -math.log(0.25)),
        "ASL": (-(0.2**7) * math.log(0.8), -(0.7**7) * math.log(0.3)),
        "Hill": (1.25 * 0.25**2, 0.75 * 0.75**2),
        "SPLC": (-(0.25**2) * math.log(0.75), FOCAL),
    }
    positive = {"BCE": -math.log(0.75), "ASL": -math.log(0.75), "Hill": FOCAL, "SPLC": FOCAL}
    if name == "CE":
        return -math.log(3 / (3 + low / 3 + high * 3))
    # A negative that SPLC has turned into a positive counts fully, unless it is unknown.
    high = float(high > 0) if name == "SPLC" else high
    return positive[name] + low * negative[name][0] + high * negative[name][1]


@pytest.mark.parametrize("weight", [(1.0, 1.0), (0.5, 1.0), (1.0, 0.0)])
@pytest.mark.parametrize("name", losses.TAG_LOSSES)
def test_tag_losses_by_hand(name, weight):
    found = losses.TAG_LOSSES[name](LOGITS, POSITIVE, torch.tensor([[0.0, *weight]]))
    assert float(found) == pytest.approx(by_hand(name, weight), rel=1e-5)


@pytest.mark.parametrize("name", losses.TAG_LOSSES)
def test_without_a_weight_all_negatives_count_and_rows_are_averaged(name):
    loss = losses.TAG_LOSSES[name]
    one = loss(LOGITS, POSITIVE)
    assert float(one) == pytest.approx(by_hand(name, (1.0, 1.0)), rel=1e-5)
    assert torch.allclose(one, loss(LOGITS.repeat(4, 1), POSITIVE.repeat(4, 1)))


@pytest.mark.parametrize("name", losses.ALIGN_LOSSES)
def test_alignment_over_the_batch(name):
    """The identity as the target; both ways for CE, and an ignored pair changes nothing."""
    logits, own = torch.tensor([[LN3, -LN3], [-LN3, LN3]]), torch.eye(2).bool()
    loss, nothing = losses.ALIGN_LOSSES[name], torch.zeros(2, 2).bool()
    if name == "CE":
        expected = -math.log(3 / (3 + 1 / 3))
    else:
        settings = {"gamma_negative": 4.0} if name == "ASL" else {}
        function = {"BCE": losses.binary, "ASL": losses.asymmetric, "Hill": losses.hill, "SPLC": losses.self_paced}[
            name
        ]
        expected = float(function(logits, own, **settings))
    assert float(loss(logits, own, nothing)) == pytest.approx(expected, rel=1e-5)
    changed = logits.clone()
    changed[0, 1] = 2.5
    assert torch.equal(loss(logits, own, ~own), loss(changed, own, ~own))
    assert not torch.equal(loss(logits, own, nothing), loss(changed, own, nothing))


@pytest.mark.parametrize("name", losses.TAG_LOSSES)
def test_gradients_pull_positives_up_and_easy_negatives_down(name):
    logits = torch.tensor([[-0.5, -0.5, -2.0]], requires_grad=True)
    losses.TAG_LOSSES[name](logits, POSITIVE, torch.tensor([[1.0, 1.0, 0.0]])).backward()
    positive, negative, unknown = logits.grad[0].tolist()
    assert positive < 0 < negative and unknown == 0


@pytest.mark.parametrize("name", ["CE", "BCE", "Hill", "SPLC"])
def test_gradients_are_those_of_the_value(name):
    """ASL is left out: its fading factors carry no gradient on purpose."""
    torch.manual_seed(0)
    logits = torch.randn(2, 5, dtype=torch.float64, requires_grad=True)
    positive = torch.tensor([[1, 0, 0, 1, 0], [0, 0, 1, 0, 0]]).bool()
    weight = torch.rand(2, 5, dtype=torch.float64)
    assert torch.autograd.gradcheck(lambda x: losses.TAG_LOSSES[name](x, positive, weight), (logits,))


def test_what_a_model_is_sure_of_may_be_a_missing_label():
    """The push against a sure negative, relative to a middling one: falls for Hill, turns for SPLC, grows for BCE."""

    def push(name, at):
        logits = torch.tensor([[at]], requires_grad=True)
        losses.TAG_LOSSES[name](logits, torch.zeros(1, 1).bool()).backward()
        return float(logits.grad)

    assert push("BCE", 4.0) > push("BCE", 0.0)
    assert 0 < push("Hill", 4.0) < push("Hill", 0.0)
    assert push("SPLC", 4.0) < 0 < push("SPLC", 0.0)


def test_the_correction_can_wait():
    sure, absent = torch.tensor([[4.0]]), torch.zeros(1, 1).bool()
    assert losses.self_paced(sure, absent, begun=False) > losses.self_paced(sure, absent, begun=True)


@pytest.mark.parametrize("name", losses.TAG_LOSSES)
def test_extreme_logits_stay_finite(name):
    logits = torch.tensor([[80.0, -80.0, 80.0]], requires_grad=True)
    loss = losses.TAG_LOSSES[name](logits, torch.tensor([[False, True, True]]))
    loss.backward()
    assert torch.isfinite(loss) and torch.isfinite(logits.grad).all()


def test_rows_without_a_positive_say_nothing_to_cross_entropy():
    logits = torch.randn(2, 3, requires_grad=True)
    loss = losses.cross_entropy(logits, torch.zeros(2, 3).bool())
    loss.backward()
    assert float(loss) == 0 and float(logits.grad.abs().sum()) == 0
