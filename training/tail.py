"""The tuned tail: a copy of the backbone's last blocks that training changes, on the frozen backbone's stride-16 map.

The backbone itself stays as it is, because everything else was fitted to its features: the tail is a second opinion on the
same map. Its batch normalisation is folded into the convolutions (they were trained for a million images, a batch of
ours would only disturb them), which makes a training step cheaper, too.
"""

import torch
from torch import nn
from torch.nn import functional as F

from . import backbone

FIRST = 15  # the block behind the stride-16 map; it and the five after it make up most of the weights
CHUNK = 32  # images of one convolution on the CPU: several times faster than hundreds


def folded(conv, norm) -> nn.Sequential:
    """A convolution of the backbone and the batch normalisation after it as one convolution, behind its padding."""
    gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    made = nn.Conv2d(conv.in_channels, conv.out_channels, conv.kernel_size, conv.stride, groups=conv.groups)
    with torch.no_grad():
        made.weight.copy_(conv.weight * gain.view(-1, 1, 1, 1))
        made.bias.copy_(norm.bias - norm.running_mean * gain)
    return nn.Sequential(conv.static_padding, made)


class Block(nn.Module):
    """An inverted bottleneck: widen, convolve each channel for itself, narrow; added to its input where shapes allow."""

    def __init__(self, block):
        super().__init__()
        self.widen = folded(block._expand_conv, block._bn0)
        self.each = folded(block._depthwise_conv, block._bn1)
        self.narrow = folded(block._project_conv, block._bn2)
        self.adds = self.each[1].stride[0] == 1 and self.widen[1].in_channels == self.narrow[1].out_channels

    def forward(self, x, keep: float = 1.0):
        """x [B, C, H, W]; keep: the chance with which an image takes what the block adds, in training."""
        y = self.narrow(F.relu6(self.each(F.relu6(self.widen(x)))))
        if not self.adds:
            return y
        if keep < 1:
            y = y * ((torch.rand(len(y), 1, 1, 1) < keep).float() / keep)
        return x + y


class Tail(nn.Module):
    """The backbone's tokens [B, T, 832] -> pooled features [B, 1280], as the backbone's own until it is trained."""

    def __init__(self, source: backbone.Backbone):
        super().__init__()
        net = source.net
        self.blocks = nn.ModuleList(Block(b) for b in net._blocks[FIRST:])
        self.head = folded(net._conv_head, net._bn1)
        self.to(memory_format=torch.channels_last)

    def forward(self, tokens):
        return self.of_map(backbone.stride16(tokens))

    def of_map(self, x, keep: float = 1.0):
        """As forward, of a stride-16 map [B, 120, H, W] of any size."""
        for block in self.blocks:
            x = block(x, keep)
        return F.relu6(self.head(x)).mean((2, 3))
