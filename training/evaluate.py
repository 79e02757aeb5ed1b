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


def calibration_error(p: np.ndarray, positive: np.ndarray, floor: float = 0.05, bins: int = 15) -> float:
    """Expected calibration error over pairs with p > floor in bins of equal mass; None without such pairs."""
    p, positive = p.ravel(), positive.ravel()
    chosen = p > floor
    p, positive = p[chosen], positive[chosen].astype(np.float64)
    if not len(p):
        return None
    order = np.argsort(p, kind="stable")
    parts = np.array_split(order, min(bins, len(p)))
    return float(sum(abs(p[b].mean() - positive[b].mean()) * len(b) for b in parts) / len(p))


def f1(said: np.ndarray, positive: np.ndarray) -> float:
    """Harmonic mean of precision and recall over pairs."""
    return float(2 * (said & positive).sum() / max(1, said.sum() + positive.sum()))
