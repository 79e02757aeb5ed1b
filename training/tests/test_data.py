"""The split rule and the preprocessing."""

import hashlib
import json

import numpy as np
from PIL import Image

from training import data, rows


def test_split_rule():
    for k in range(200):
        file = f"a/{k}.jpg"
        number = int(hashlib.sha1(file.encode()).hexdigest(), 16)
        assert rows.part_of(file, "flickr8k", "heldout") == "report"
        assert rows.part_of(file, "flickr8k", "train") == ("tune" if number % 12 == 0 else "train")
        assert rows.part_of(file, "corel5k", "train") == "train"
        assert rows.part_of(file, "corel5k", "heldout") == ("tune" if number % 2 == 0 else "report")


def test_rows_of_a_jsonl_file(tmp_path):
    lines = [{"file": "a.jpg", "tags": ["dog"]}, {"file": "b.jpg", "captions": [" a cat "], "research_only": True}]
    (tmp_path / "mine.jsonl").write_text("\n".join(map(json.dumps, lines)))
    for name in ("a.jpg", "b.jpg"):
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    read = rows.read_rows(tmp_path / "mine.jsonl")
    assert [r.path for r in read] == [tmp_path / "a.jpg", tmp_path / "b.jpg"]
    assert read[1].captions == ["a cat"] and read[0].source == "mine" and read[0].split == ""
    assert [r.tags for r in rows.read_rows(tmp_path / "mine.jsonl", open_only=True)] == [["dog"]]


def test_transparency_becomes_white(tmp_path):
    Image.new("RGBA", (10, 6), (255, 0, 0, 0)).save(tmp_path / "clear.png")
    assert (data.load_pixels(tmp_path / "clear.png") == 255).all()


def test_orientation_is_applied(tmp_path):
    pixels = np.zeros((20, 40, 3), np.uint8)
    pixels[:, 20:] = 255  # white on the right
    exif = Image.Exif()
    exif[0x0112] = 6  # turned clockwise for display: what is on the right comes to the bottom
    Image.fromarray(pixels).save(tmp_path / "turned.png", exif=exif)
    shown = data.load_pixels(tmp_path / "turned.png")
    assert shown[-20:].min() == 255 and shown[:20].max() == 0


def test_normalise():
    out = data.normalise(np.full((1, 2, 2, 3), 255, np.uint8))
    assert out.shape == (1, 3, 2, 2) and out.dtype == np.float32
    assert np.allclose(out, (255 - 127) / 128)
