"""From sixty drawn images and a .jsonl to a bundle that tells them apart, once with an interruption."""

import json

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from training import export, make_eval_sets, measure, train
from training.bundle import verify
from training.reference import Bundle

COLOURS = {"red": (200, 30, 30), "green": (30, 150, 60), "blue": (40, 60, 200), "yellow": (230, 200, 40)}
SHAPES = ("circle", "square", "triangle")
EPOCHS = ["3", "2", "2", "2"]


def draw(shape: str, colour: str, rng) -> Image.Image:
    """One shape somewhere on a light background, 96 x 96."""
    image = Image.new("RGB", (96, 96), tuple(int(v) for v in rng.integers(215, 256, 3)))
    pen, size = ImageDraw.Draw(image), int(rng.integers(40, 60))
    x, y = (int(v) for v in rng.integers(4, 90 - size, 2))
    box = [x, y, x + size, y + size]
    if shape == "circle":
        pen.ellipse(box, fill=COLOURS[colour])
    elif shape == "square":
        pen.rectangle(box, fill=COLOURS[colour])
    else:
        pen.polygon([(x, y + size), (x + size, y + size), (x + size // 2, y)], fill=COLOURS[colour])
    return image


@pytest.fixture(scope="module")
def mine(tmp_path_factory):
    """A user's folder: five images of each shape and colour, three to train on."""
    folder, rng = tmp_path_factory.mktemp("mine"), np.random.default_rng(0)
    with open(folder / "mine.jsonl", "w") as lines:
        for k in range(5):
            for colour in COLOURS:
                for shape in SHAPES:
                    name = f"{colour}-{shape}-{k}.png"
                    draw(shape, colour, rng).save(folder / name)
                    captions = [f"a {colour} {shape} on a light background", f"the {shape} is {colour}"]
                    split = ("train", "train", "train", "tune", "report")[k]
                    row = {"file": name, "captions": captions, "tags": [colour, shape], "split": split}
                    lines.write(json.dumps(row) + "\n")
    return folder / "mine.jsonl"


def run(mine, work, out, *more):
    """Trains with the command line's own words, one thread, tiny epochs."""
    given = ["--data", mine, "--work", work, "--out", out, "--threads", 1, "--epochs", *EPOCHS, *more]
    train.main([str(word) for word in given])


def test_from_images_to_a_bundle(mine, tmp_path, monkeypatch):
    work, whole, parts, bundle = (tmp_path / name for name in ("work", "whole", "parts", "bundle"))
    run(mine, work, whole)

    # Stopped in the middle of a stage and resumed, the same seed ends with the same numbers.
    report = train.Run.report

    def interrupted(self, line):
        report(self, line)
        if line.get("stage") == "second" and line.get("epoch") == 1:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(train.Run, "report", interrupted)
        run(mine, work, parts)
    assert (parts / "second.state").exists() and not (parts / "second.pt").exists()
    run(mine, work, parts, "--resume")
    first, second = (torch.load(folder / "model.pt", weights_only=True) for folder in (whole, parts))
    assert first["fitted"] == second["fitted"] and first["labels"] == second["labels"]
    for name, values in first["model"].items():
        assert torch.equal(values, second["model"][name]), name

    # The bundle is sound and finds what it was shown, on images that it was not trained on.
    export.main(
        [str(parts), "--out", str(bundle), "--name", "shapes", "--text-encoder", str(work / "text_encoder.onnx")]
    )
    assert verify(bundle)["name"] == "shapes"
    assert "# Model card: shapes" in (bundle / "MODEL_CARD.md").read_text()
    labels = {label["name"] for label in Bundle(bundle).labels}
    assert labels >= {*COLOURS, *SHAPES}
    make_eval_sets.main(["--data", str(mine), "--out", str(tmp_path / "sets")])
    figures = tmp_path / "figures.json"
    measure.main([str(bundle), str(tmp_path / "sets" / "mine.jsonl"), "--json", str(figures), "--threads", "1"])
    found = json.loads(figures.read_text())
    assert found["text_to_image"]["recall_at_5"] > 0.8  # of 12 images; by chance .42
    assert found["tagging"]["mine"]["labels"] == 7 and found["tagging"]["mine"]["map"] > 0.75  # by chance about .4


def test_a_run_in_the_same_folder_is_not_overwritten(mine, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "settings.json").write_text(json.dumps({"seed": 5}))
    with pytest.raises(SystemExit, match="--resume"):
        run(mine, tmp_path / "work", tmp_path / "run")
    with pytest.raises(SystemExit, match="other rows.*seed"):
        run(mine, tmp_path / "work", tmp_path / "run", "--resume")


@pytest.mark.parametrize(
    "words, said", [(["--init", "nowhere"], "no model.pt"), (["--classes", "none.json"], "0 classes")]
)
def test_bad_options_are_refused(mine, tmp_path, words, said):
    with pytest.raises(SystemExit, match=said):
        run(mine, tmp_path / "work", tmp_path / "run", *words)


def test_an_unfinished_run_is_not_exported(tmp_path):
    with pytest.raises(SystemExit, match="not finished"):
        export.main([str(tmp_path), "--out", str(tmp_path / "bundle")])
