"""The lists of images: split rules, mixtures of sources, and what is said about bad input."""

import gzip
import json

import pytest
from PIL import Image

from training import data, features, rows
from training.rows import BadData


def picture(folder, name):
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), (200, 10, 10)).save(folder / name)


def listed(folder, *records):
    """A .jsonl of these records (strings go in as they are), and its images."""
    file = folder / "mine.jsonl"
    file.write_text("\n".join(r if isinstance(r, str) else json.dumps(r) for r in records), encoding="utf-8")
    return file


def test_a_users_split_rule():
    given = [rows.own_part(f"{k}.jpg", "") for k in range(2000)]
    assert given == [rows.own_part(f"{k}.jpg", "") for k in range(2000)]
    assert 150 < given.count("tune") < 250 and 150 < given.count("report") < 250
    assert {rows.own_part("a.jpg", part) for part in ("train", "tune", "report")} == {"train", "tune", "report"}
    assert {rows.own_part(f"{k}.jpg", "heldout") for k in range(50)} == {"tune", "report"}


def test_the_split_stays_when_the_folder_moves(tmp_path):
    found = []
    for name in ("here", "there"):
        (tmp_path / name).mkdir()
        files = [f"{k}.png" for k in range(30)]
        for file in files:
            picture(tmp_path / name, file)
        read = rows.read_rows(listed(tmp_path / name, *({"file": f, "tags": ["dog"]} for f in files)))
        found.append([r.part for r in read])
    assert found[0] == found[1]


def test_which_rows_teach_alignment():
    captioned = rows.Row("a", "mine", "", ["a dog"], ["dog"], own=True)
    tagged = rows.Row("b", "mine", "", [], ["dog"], own=True)
    assert captioned.captioned and not captioned.paired and tagged.paired and not tagged.captioned
    # A user's source may be called like one of the data folder's.
    assert not rows.Row("c", rows.CAPTIONS, "", [], ["dog"], own=True).captioned
    assert not rows.Row("d", "tiny-imagenet", "train", [], ["dog", "animal"]).paired


def test_several_sources_together(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    with gzip.open(folder / "manifest.jsonl.gz", "wt") as lines:
        lines.write(
            json.dumps({"file": "corel5k/x.jpg", "source": "corel5k", "split": "train", "tags": ["sky", "sea"]})
        )
    picture(tmp_path, "sub/a.png")
    mine = listed(tmp_path, {"file": "sub/a.png", "captions": ["a red square"], "source": "holiday"})
    read = rows.read_rows([folder, mine], tmp_path / "images")
    assert [(r.source, r.own) for r in read] == [("corel5k", False), ("holiday", True)]
    assert [r.path for r in read] == [tmp_path / "images/corel5k/x.jpg", tmp_path / "sub/a.png"]


BAD = {
    "not JSON": ['{"file": "a.png", "tags": ["dog"]}', '{"file": '],
    "not a JSON object": ["[1]"],
    'no "file"': [{"tags": ["dog"]}],
    "neither captions nor tags": [{"file": "a.png", "captions": [" "], "tags": []}],
    '"captions" is not a list of strings': [{"file": "a.png", "captions": "a dog"}],
    '"tags" is not a list of strings': [{"file": "a.png", "tags": [1]}],
    "already in line 1": [{"file": "a.png", "tags": ["dog"]}, {"file": "a.png", "tags": ["cat"]}],
    "none of train, tune, report, heldout": [{"file": "a.png", "tags": ["dog"], "split": "test"}],
}


@pytest.mark.parametrize("said", BAD)
def test_a_bad_row_is_named_with_its_line(tmp_path, said):
    picture(tmp_path, "a.png")
    with pytest.raises(BadData) as caught:
        rows.read_rows(listed(tmp_path, *BAD[said]))
    assert said in str(caught.value) and f"mine.jsonl:{len(BAD[said])}:" in str(caught.value)


def test_missing_images_are_listed_up_to_ten(tmp_path):
    file = listed(tmp_path, *({"file": f"{k}.jpg", "tags": ["dog"]} for k in range(23)))
    with pytest.raises(BadData) as caught:
        rows.read_rows(file)
    lines = str(caught.value).splitlines()
    assert lines[0].startswith("23 images are missing") and lines[-1] == "... and 13 more" and len(lines) == 12
    assert "mine.jsonl:1:" in lines[1] and str(tmp_path / "0.jpg") in lines[1]


def test_no_data_where_the_path_points(tmp_path):
    with pytest.raises(BadData, match="manifest.jsonl.gz"):
        rows.read_rows(tmp_path)
    with pytest.raises(BadData, match="no such file"):
        rows.read_rows(tmp_path / "none.jsonl")
    with pytest.raises(BadData, match="no rows"):
        rows.read_rows(listed(tmp_path, ""))


def test_too_few_rows_are_refused_with_numbers(capsys):
    def made(train, tune):
        splits = ["train"] * train + ["tune"] * tune
        return [rows.Row(f"{k}.jpg", "mine", part, [], ["dog"], own=True) for k, part in enumerate(splits)]

    with pytest.raises(BadData, match="5 rows are for `train`, at least 20"):
        rows.check_parts(made(5, 50))
    with pytest.raises(BadData, match="9 rows are for `tune`, at least 10 are needed .200 "):
        rows.check_parts(made(50, 9))
    rows.check_parts(made(50, 10))
    said = capsys.readouterr().err
    assert "10 rows to calibrate on" in said and "no rows to report on" in said


def test_an_unreadable_image_is_found_before_any_work(tmp_path):
    picture(tmp_path, "a.png")
    whole = (tmp_path / "a.png").read_bytes()
    (tmp_path / "short.png").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.jpg").write_text("no picture")
    file = listed(tmp_path, *({"file": f, "tags": ["dog"]} for f in ("a.png", "short.png", "text.jpg")))
    with pytest.raises(BadData) as caught:
        features.build(file, tmp_path / "work")
    assert "2 images cannot be read" in str(caught.value) and "short.png" in str(caught.value)
    assert not list((tmp_path / "work").glob("*.f16"))


def test_a_work_folder_belongs_to_its_rows(tmp_path):
    picture(tmp_path, "a.png")
    picture(tmp_path, "b.png")
    first = rows.read_rows(listed(tmp_path, {"file": "a.png", "tags": ["dog"]}))
    features.claim(tmp_path, first)
    features.claim(tmp_path, first)
    with pytest.raises(BadData, match="other rows"):
        features.claim(tmp_path, rows.read_rows(listed(tmp_path, {"file": "b.png", "tags": ["dog"]})))


def test_readable_images_pass(tmp_path):
    picture(tmp_path, "a.png")
    data.check_readable(rows.read_rows(listed(tmp_path, {"file": "a.png", "tags": ["dog"]})))
