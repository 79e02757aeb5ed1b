"""What encoder_speed compares is the same function of its inputs, rehearsed with a small encoder on the processor."""

import argparse

import numpy as np
import pytest

from training import encoder_speed, random_checkpoint
from training.tests import exporting


def test_every_form_gives_the_same_features_and_has_a_speed():
    weights = random_checkpoint.encoder(exporting.SIZES)
    figures = encoder_speed.measure(weights, exporting.SIDE, "cpu", [1, 3], 1)
    assert [f["batch"] for f in figures] == [1, 3]
    for figure in figures:
        assert set(figure["images_per_second"]) == {"pytorch", "onnxruntime_f32"}
        assert all(rate > 0 for rate in figure["images_per_second"].values()) and figure["ratio"] > 0
        np.testing.assert_allclose(list(figure["features_off"].values()), 0, atol=1e-5)


def test_a_card_that_is_not_there_is_named():
    with pytest.raises(SystemExit, match="has no CUDA provider; both are needed"):
        encoder_speed.chosen("cuda")
    assert encoder_speed.chosen("auto") == "cpu"


@pytest.mark.parametrize("text", ["", "1,x", "0", "4,-1"])
def test_batches_that_make_no_sense(text):
    with pytest.raises(argparse.ArgumentTypeError, match="each at least 1"):
        encoder_speed.sizes(text)
