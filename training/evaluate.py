"""Figures: recall of retrieval, mean average precision of tags, calibration error. Arrays in, numbers out."""

import numpy as np


def ranks(scores: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """scores [texts, images], owner [texts] -> rank of each text's own image, 0 the best; ties count against it."""
    own = scores[np.arange(len(owner)), owner]
    return (scores >= own[:, None]).sum(1) - 1


def recall(rank: np.ndarray) -> dict:
    return {f"recall_at_{k}": float((rank < k).mean()) for k in (1, 5, 10)}


def rerank(first: np.ndarray, second: np.ndarray, keep: int = 200) -> np.ndarray:
    """Stage-1 scores and final scores [texts, images] -> final scores where stage 1 kept the image, -inf elsewhere."""
    if keep >= first.shape[1]:
        return second
    cut = np.partition(first, -keep, axis=1)[:, -keep]
    return np.where(first >= cut[:, None], second, -np.inf)


def average_precision(scores: np.ndarray, positive: np.ndarray) -> float:
    order = np.argsort(-scores, kind="stable")
    hits = positive[order]
    return float((np.cumsum(hits)[hits] / (np.flatnonzero(hits) + 1)).mean())


def mean_average_precision(scores: np.ndarray, positive: np.ndarray, least: int = 3) -> tuple:
    """scores, positive [images, tags] -> (mAP over tags with at least `least` positives, how many tags)."""
    chosen = np.flatnonzero(positive.sum(0) >= least)
    if not len(chosen):
        return None, 0
    return float(np.mean([average_precision(scores[:, t], positive[:, t]) for t in chosen])), len(chosen)


FLOOR, BINS = 0.05, 15  # of the calibration error: over all pairs, easy negatives flatter it


def reliability(p: np.ndarray, positive: np.ndarray) -> list:
    """(mean probability, share of positives, pairs) of bins of equal mass over the pairs with p > FLOOR."""
    p, positive = p.ravel(), positive.ravel()
    chosen = p > FLOOR
    p, positive = p[chosen], positive[chosen].astype(np.float64)
    parts = np.array_split(np.argsort(p, kind="stable"), min(BINS, len(p))) if len(p) else []
    return [(float(p[b].mean()), float(positive[b].mean()), len(b)) for b in parts]


def calibration_error(p: np.ndarray, positive: np.ndarray) -> float:
    """Expected calibration error over pairs with p > FLOOR in BINS bins of equal mass; None without such pairs."""
    bins = reliability(p, positive)
    return sum(abs(said - found) * n for said, found, n in bins) / sum(n for _, _, n in bins) if bins else None


def f1(said: np.ndarray, positive: np.ndarray) -> float:
    """Harmonic mean of precision and recall over pairs."""
    return float(2 * (said & positive).sum() / max(1, said.sum() + positive.sum()))
