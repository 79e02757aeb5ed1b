"""Training losses; all return a scalar.

The tagging losses take logits [B, L], positive bool [B, L] and a weight [B, L] of the negatives (1 when not given, 0 for
"not known to be absent"), and return the mean over the rows of the sum over the labels. Positives always count fully.
The same losses align texts: then B are images, L texts, and a pair is positive when the text is known to fit.
"""

import torch
from torch.nn import functional as F


def cross_entropy(logits, positive, weight=None):
    """Softmax over the labels, the target uniform over a row's positives; a negative of weight w counts as w labels.

    Rows without a positive say nothing.
    """
    logits = logits + _log(_negatives(positive, weight) + positive.float())
    rows = positive.any(1)
    if not rows.any():
        return logits.sum() * 0
    target = positive[rows].float()
    return -(F.log_softmax(logits[rows], 1) * target / target.sum(1, keepdim=True)).sum(1).mean()


def binary(logits, positive, weight=None):
    """Binary cross entropy, every pair for itself."""
    return _mean(F.logsigmoid(logits), F.logsigmoid(-logits), positive, weight)


def asymmetric(logits, positive, weight=None, gamma_negative=2.0, gamma_positive=0.0, clip=0.05):
    """ASL (Ridnik et al. 2021, "Asymmetric Loss For Multi-Label Classification", section 2): negatives below `clip` cost
    nothing, easy ones fade with (p - clip) ** gamma_negative. The fading factors carry no gradient.

    Official RAM++: gamma_negative 7 for tags, 4 for alignment.
    """
    p = torch.sigmoid(logits)
    shifted = (p - clip).clamp(min=0, max=1 - 1e-6)
    up = F.logsigmoid(logits) * (1 - p.detach()) ** gamma_positive
    down = torch.log1p(-shifted) * shifted.detach() ** gamma_negative
    return _mean(up, down, positive, weight)


def hill(logits, positive, weight=None, turn=1.5, margin=1.0, gamma=2.0):
    """Hill loss (Zhang et al. 2021, "Simple and Robust Loss Design for Multi-Label Learning with Missing Labels", section
    3): a negative costs (turn - p) * p^2, whose slope falls again where p is high, because what a model is sure of is
    often a missing label. Positives take the same paper's focal margin loss."""
    p = torch.sigmoid(logits)
    return _mean(_focal_margin(logits, margin, gamma), (p - turn) * p**2, positive, weight)


def self_paced(logits, positive, weight=None, threshold=0.6, margin=1.0, gamma=2.0, begun=True):
    """SPLC (the same paper, section 3): a negative that the model believes in with p > `threshold` counts as a positive.

    begun: whether the correction is on; the paper switches it on after the first epoch. Pairs of weight 0 stay unknown.
    """
    p = torch.sigmoid(logits)
    if begun:
        missing = (p > threshold) & (_negatives(positive, weight) > 0)
        positive = positive | missing.detach()
    return _mean(_focal_margin(logits, margin, gamma), F.logsigmoid(-logits) * p**gamma, positive, weight)


def contrastive(logits, positive, ignored):
    """InfoNCE both ways over images x texts [B, M], several positives a row allowed, likely false negatives ignored."""
    known = (~ignored).float()
    return (cross_entropy(logits, positive, known) + cross_entropy(logits.t(), positive.t(), known.t())) / 2


def soft_contrastive(logits, similarity, temperature: float = 0.05):
    """Cross entropy against the text encoder's own opinion of how alike the texts are: a teacher for small data."""
    target = F.softmax(similarity / temperature, 1)
    return -(F.log_softmax(logits, 1) * target).sum(1).mean() - (F.log_softmax(logits, 0) * target.t()).sum(0).mean()


def distillation(student, teacher_logits):
    """KL from the backbone's ImageNet posterior to the student's softmax over class-name similarities [B, classes]."""
    teacher = F.softmax(teacher_logits, 1)
    return F.kl_div(F.log_softmax(student, 1), teacher, reduction="batchmean")


def _negatives(positive, weight):
    """Weight of every pair as a negative; 0 for positives."""
    return (~positive).float() if weight is None else weight * ~positive


def _log(weight):
    return weight.clamp(min=1e-30).log().masked_fill(weight == 0, -1e4)


def _mean(up, down, positive, weight):
    """`up` for positives and weighted `down` for negatives, both log-likelihoods -> loss."""
    return -(up * positive + down * _negatives(positive, weight)).sum(1).mean()


def _focal_margin(logits, margin, gamma):
    """Positives must win by a margin, and easy ones fade: (1 - p)^gamma * log(p) with p = sigmoid(logit - margin)."""
    p = torch.sigmoid(logits - margin)
    return F.logsigmoid(logits - margin) * (1 - p) ** gamma


def _over_batch(loss, **settings):
    """A tagging loss over the batch's image x text matrix: called as `contrastive` is."""

    def aligned(logits, positive, ignored, **more):
        return loss(logits, positive, (~ignored).float(), **settings, **more)

    return aligned


TAG_LOSSES = {
    "CE": cross_entropy,
    "BCE": binary,
    "ASL": lambda logits, positive, weight=None: asymmetric(logits, positive, weight, gamma_negative=7.0),
    "Hill": hill,
    "SPLC": self_paced,
}
ALIGN_LOSSES = {
    "CE": contrastive,
    "BCE": _over_batch(binary),
    "ASL": _over_batch(asymmetric, gamma_negative=4.0),
    "Hill": _over_batch(hill),
    "SPLC": _over_batch(self_paced),
}
