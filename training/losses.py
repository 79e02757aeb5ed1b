"""Training losses; all return a scalar, mean over the batch."""

import torch
from torch.nn import functional as F


def contrastive(logits, positive, ignored):
    """InfoNCE both ways over images x texts [B, M], several positives a row allowed, likely false negatives ignored.

    The target of a row is uniform over its positives.
    """
    logits = logits.masked_fill(ignored & ~positive, -1e4)
    target = positive.float()
    rows = target.sum(1) > 0
    columns = target.sum(0) > 0
    a = -(F.log_softmax(logits[rows], 1) * target[rows] / target[rows].sum(1, keepdim=True)).sum(1).mean()
    b = (
        -(F.log_softmax(logits[:, columns], 0) * target[:, columns] / target[:, columns].sum(0, keepdim=True))
        .sum(0)
        .mean()
    )
    return (a + b) / 2


def soft_contrastive(logits, similarity, temperature: float = 0.05):
    """Cross entropy against the text encoder's own opinion of how alike the texts are: a teacher for small data."""
    target = F.softmax(similarity / temperature, 1)
    return -(F.log_softmax(logits, 1) * target).sum(1).mean() - (F.log_softmax(logits, 0) * target.t()).sum(0).mean()


def asymmetric(logits, positive, negative_weight, gamma: float = 2.0, clip: float = 0.05):
    """Asymmetric loss (ASL) over images x labels [B, L]: easy negatives fade, negatives carry a weight."""
    p = torch.sigmoid(logits)
    shifted = (p - clip).clamp(min=0)
    up = F.logsigmoid(logits) * positive
    down = torch.log1p(-shifted.clamp(max=1 - 1e-6)) * shifted.detach() ** gamma * ~positive * negative_weight
    return -(up + down).sum(1).mean()


def distillation(student, teacher_logits):
    """KL from the backbone's ImageNet posterior to the student's softmax over class-name similarities [B, 1000]."""
    teacher = F.softmax(teacher_logits, 1)
    return F.kl_div(F.log_softmax(student, 1), teacher, reduction="batchmean")
