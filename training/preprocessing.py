"""The numbers of the default model's preprocessing (docs/bundle.md), apart from what reads images: the exporter needs no Pillow."""

SIZE = 256  # pixels, both sides, of the network's input: against 224 it earns 1.3 / 1.5 / 2.3 points of recall
MEAN = (127 / 255,) * 3  # EfficientNet-Lite was trained on (x - 127) / 128; ImageNet statistics cost it 9 points
STD = (128 / 255,) * 3
