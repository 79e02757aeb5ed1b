"""Recall, mean average precision, calibration error, logistic fit, threshold."""

import numpy as np

from training import calibrate, evaluate
from training.measure import said


def test_recall_counts_ties_against_the_model():
    scores = np.array([[3.0, 2, 1], [2, 2, 1], [0, 1, 2]])
    rank = evaluate.ranks(scores, np.array([0, 0, 0]))
    assert rank.tolist() == [0, 1, 2]
    assert evaluate.recall(rank)["recall_at_1"] == 1 / 3


def test_rerank_keeps_the_best_of_stage_one():
    first, second = np.array([[3.0, 2, 1, 0]]), np.array([[0.0, 1, 9, 9]])
    assert evaluate.rerank(first, second, 2).tolist() == [[0, 1, -np.inf, -np.inf]]
    assert (evaluate.rerank(first, second, 10) == second).all()


def test_average_precision():
    assert evaluate.average_precision(np.array([3.0, 2, 1]), np.array([True, False, True])) == (1 + 2 / 3) / 2
    scores, truth = np.random.default_rng(0).normal(size=(9, 2)), np.zeros((9, 2), bool)
    truth[:3, 0], truth[:2, 1] = True, True
    value, count = evaluate.mean_average_precision(scores, truth)
    assert count == 1 and 0 < value <= 1
    assert evaluate.mean_average_precision(scores, ~truth & False) == (None, 0)


def test_calibration_error_of_a_calibrated_score():
    rng = np.random.default_rng(1)
    p = rng.random(40000)
    truth = rng.random(40000) < p
    assert evaluate.calibration_error(p, truth) < 0.02
    assert evaluate.calibration_error(np.clip(p * 2, 0, 1), truth) > 0.2
    assert evaluate.calibration_error(np.zeros(4), np.zeros(4, bool)) is None


def test_logistic_fit_finds_scale_and_bias():
    rng = np.random.default_rng(2)
    x = rng.normal(size=60000) * 3
    truth = rng.random(60000) < 1 / (1 + np.exp(-(0.7 * x - 2)))
    scale, bias = calibrate.fit_logistic(x, truth, np.ones(60000))
    assert abs(scale - 0.7) < 0.05 and abs(bias + 2) < 0.1


def test_threshold_separates():
    rng = np.random.default_rng(3)
    absent = rng.uniform(0, 0.4, 500)
    cut = calibrate.choose_threshold(absent)
    assert (absent <= cut).mean() >= calibrate.NOTHING > (absent <= cut - 0.02).mean()
    assert calibrate.choose_threshold(np.ones(10)) == calibrate.GRID[-1]  # nothing tells them apart


def test_a_caption_fits_every_image_that_is_said_to_show_it():
    rows = [
        {"captions": ["A brown dog runs .", "The dog is on grass ."]},
        {"captions": ["Two brown dogs in the snow .", "Dogs run through snow ."]},
        {"captions": ["A brown horse"]},
        {"captions": None},
    ]
    fits = said(["a brown dog", "dogs running in the snow", "brown", "of the"], rows)
    assert fits.tolist() == [
        [True, True, False, False],
        [False, True, False, False],
        [True, True, True, False],
        [False, False, False, False],
    ]
