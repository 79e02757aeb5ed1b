"""The label head: what is known of a label beyond its text.

Three opinions are added up: the cosine between the label's text and the global vector, the backbone's own ImageNet
posterior over the classes that the label names or contains, and a probe on pooled features: the backbone's, and those of
the fine-tuned tail where there is one. The first generalises to any text, the second knows a thousand classes from a million
images, the third knows what the training rows call things. On rows of one source each of them alone is worse than the sum
(EXPERIMENTS.md). The probe has a hidden layer: half the size of a linear one on both features, and no worse.
"""

import torch
from torch import nn
from torch.nn import functional as F

FLOOR = 1e-4  # of a label's share of the posterior: below it, it says nothing


class LabelHead(nn.Module):
    """cosines [B, L], standardised pooled features [B, F] and ImageNet logits [B, classes] -> logits [B, L]."""

    def __init__(self, features: int, hidden: int, classes: int, labels: int):
        """hidden: units of the probe."""
        super().__init__()
        self.register_buffer("member", torch.zeros(classes, labels, dtype=torch.bool))
        self.probe = nn.Sequential(nn.Linear(features, hidden), nn.GELU(), nn.Linear(hidden, labels))
        self.named, self.scale = nn.Parameter(torch.ones(labels)), nn.Parameter(torch.tensor(5.0))
        self.drop = nn.Dropout(0.5)
        nn.init.zeros_(self.probe[-1].weight)
        nn.init.constant_(self.probe[-1].bias, -7.0)

    def posterior(self, logits):
        """Each label's share of the ImageNet posterior [B, L]: the sum over the classes that it names or contains.

        Written with running sums over (class, label) pairs in the order of labels, so that the exported graph holds the
        pairs and not a matrix of classes x labels.
        """
        of_class, ends = self.pairs()
        chosen = F.softmax(logits, 1)[:, of_class].double()
        sums = F.pad(torch.cumsum(chosen, 1), (1, 0))
        return (sums[:, ends[1:]] - sums[:, ends[:-1]]).float().clamp(min=0)

    def pairs(self) -> tuple:
        """The classes of all labels in the labels' order, and where each label's begin, with the end of the last one; made
        of plain numbers, which a traced graph keeps as constants."""
        of_class = self.member.t().nonzero()[:, 1].tolist()
        ends = torch.cumsum(self.member.sum(0), 0).tolist()
        return torch.tensor(of_class, dtype=torch.long), torch.tensor([0, *ends])

    def base(self, cosines, logits):
        """The label's logits without the probe."""
        seen = torch.log((self.posterior(logits) + FLOOR) / FLOOR)
        return self.scale * cosines + self.named * seen

    def forward(self, cosines, features, logits):
        return self.base(cosines, logits) + self.probe(self.drop(features))
