"""Photographs are reduced as the program reduces them."""

import pytest
from PIL import Image

from training.reduced_decoding import reduction


@pytest.mark.parametrize(
    "size, subsampling, by",
    [
        ((2560, 2560), "4:2:0", 4),
        ((2560, 2559), "4:2:0", 2),
        ((2560, 2560), "4:4:4", 4),
        ((2560, 2560), "4:2:2", 2),  # its colours would have an eighth of the columns
        ((1279, 1280), "4:2:0", 1),
    ],
)
def test_reduction(tmp_path, size, subsampling, by):
    Image.new("RGB", size).save(tmp_path / "a.jpg", subsampling=subsampling)
    with Image.open(tmp_path / "a.jpg") as image:
        assert reduction(image, 256) == by


def test_grey_photographs_are_reduced(tmp_path):
    Image.new("L", (1280, 1280)).save(tmp_path / "a.jpg")
    with Image.open(tmp_path / "a.jpg") as image:
        assert reduction(image, 256) == 2
