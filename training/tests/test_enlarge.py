"""Enlarged sets are the same images, large."""

import json

from PIL import Image

from training import enlarge


def test_enlarged_set_has_the_same_rows_at_twelve_megapixels(tmp_path):
    Image.linear_gradient("L").resize((120, 90)).save(tmp_path / "a.png")
    Image.linear_gradient("L").resize((60, 100)).save(tmp_path / "b.jpg")
    rows = [{"file": "a.png", "captions": ["a grey wall"], "tags": []}, {"file": "b.jpg", "tags": ["wall"]}]
    (tmp_path / "set.jsonl").write_text("\n".join(map(json.dumps, rows)))

    enlarge.main([str(tmp_path / "set.jsonl"), "--out", str(tmp_path / "out")])
    written = [json.loads(line) for line in (tmp_path / "out" / "set.jsonl").read_text().splitlines()]
    assert [{**row, "file": None} for row in written] == [{**row, "file": None} for row in rows]
    assert [Image.open(tmp_path / "out" / row["file"]).size for row in written] == [(4000, 3000), (2683, 4472)]


def test_a_limit_takes_rows_from_all_over_the_set(tmp_path):
    for i in range(4):
        Image.new("RGB", (40, 30)).save(tmp_path / f"{i}.png")
    (tmp_path / "set.jsonl").write_text("".join(json.dumps({"file": f"{i}.png"}) + "\n" for i in range(4)))
    enlarge.main([str(tmp_path / "set.jsonl"), "--out", str(tmp_path / "out"), "--limit", "2"])
    assert "0.jpg" in (tmp_path / "out" / "set.jsonl").read_text()
    assert "2.jpg" in (tmp_path / "out" / "set.jsonl").read_text()
