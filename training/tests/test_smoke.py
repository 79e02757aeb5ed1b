"""From sixty drawn images and a .jsonl to a bundle that tells them apart, once with an interruption."""

import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image, ImageDraw

from training import ablate, ablated, export, make_eval_sets, measure, train
from training.bundle import verify
from training.reference import Bundle

COLOURS = {"red": (200, 30, 30), "green": (30, 150, 60), "blue": (40, 60, 200), "yellow": (230, 200, 40)}
SHAPES = ("circle", "square", "triangle")
EPOCHS = ["3", "2", "2", "2", "4", "1", "20"]


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


@pytest.fixture(scope="module")
def made(mine, tmp_path_factory):
    """A finished run: its feature cache and its folder."""
    folder = tmp_path_factory.mktemp("made")
    run(mine, folder / "work", folder / "run")
    return folder / "work", folder / "run"


def read(folder):
    return torch.load(folder / "model.pt", weights_only=True)


def test_a_resumed_run_ends_like_one_that_was_never_stopped(mine, made, tmp_path, monkeypatch):
    report = train.Run.report

    def interrupted(self, line):
        report(self, line)
        if line.get("stage") == "second" and line.get("epoch") == 1:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(train.Run, "report", interrupted)
        run(mine, made[0], tmp_path)
    assert (tmp_path / "second.state").exists() and not (tmp_path / "second.pt").exists()
    run(mine, made[0], tmp_path, "--resume")
    first, second = read(made[1]), read(tmp_path)
    assert first["fitted"] == second["fitted"] and first["labels"] == second["labels"]
    for name, values in first["model"].items():
        assert torch.equal(values, second["model"][name]), name


def test_the_bundle_finds_what_it_was_shown(mine, made, tmp_path):
    """On images of the same shapes and colours that it was not trained on."""
    bundle, figures = tmp_path / "bundle", tmp_path / "figures.json"
    text_encoder = made[0] / "text_encoder.onnx"
    export.main([str(made[1]), "--out", str(bundle), "--name", "shapes", "--text-encoder", str(text_encoder)])
    assert verify(bundle)["name"] == "shapes"
    assert "# Model card: shapes" in (bundle / "MODEL_CARD.md").read_text()
    assert {label["name"] for label in Bundle(bundle).labels} >= {*COLOURS, *SHAPES}
    make_eval_sets.main(["--data", str(mine), "--out", str(tmp_path / "sets")])
    measure.main([str(bundle), str(tmp_path / "sets" / "mine.jsonl"), "--json", str(figures), "--threads", "1"])
    found = json.loads(figures.read_text())
    assert found["text_to_image"]["recall_at_5"] > 0.8  # of 12 images; by chance .42
    assert found["tagging"]["mine"]["labels"] == 7 and found["tagging"]["mine"]["map"] > 0.75  # by chance about .4


def test_a_finished_run_is_trained_further_on_new_images(made, tmp_path):
    """The new run knows the labels of both, and starts from where the first one ended."""
    rng = np.random.default_rng(1)
    with open(tmp_path / "more.jsonl", "w") as lines:
        for k in range(36):
            colour = ("red", "blue")[k % 2]
            draw("square", colour, rng).save(tmp_path / f"{k}.png")
            row = {"file": f"{k}.png", "tags": ["parcel"], "split": ("train", "train", "tune")[k % 3]}
            lines.write(json.dumps(row) + "\n")
    out, work = tmp_path / "run", tmp_path / "work"
    work.mkdir()
    for graph in ("backbone.onnx", "text_encoder.onnx"):  # to save their export
        shutil.copyfile(made[0] / graph, work / graph)
    given = ["--init", made[1], "--epochs", 1, 1, 1, 1, 1, 1, 5, "--tag-loss", "Hill", "--align-loss", "SPLC"]
    run(tmp_path / "more.jsonl", work, out, *given)
    first, second = read(made[1]), read(out)
    names = {label["name"] for label in second["labels"]}
    assert names >= {label["name"] for label in first["labels"]} | {"parcel"}
    for name in ("image.token_mean", "queries.word_mean"):
        assert torch.equal(first["model"][name], second["model"][name])
    before, after = (run["whole"]["model"]["image.mlp.1.weight"] for run in (first, second))
    moved = (before - after).abs().max()
    assert 0 < moved < 0.01


def test_the_ablations_run_once_and_are_read_again(mine, made, tmp_path, monkeypatch, capsys):
    (tmp_path / "keep_out.txt").write_text("triangle\nyellow\n")
    monkeypatch.setattr(ablated, "TRAINED", 3)
    words = ["--data", mine, "--work", made[0], "--keep-out", tmp_path / "keep_out.txt", "--out", tmp_path / "a.json"]
    words = [*map(str, words), "--seeds", "1", "--epochs", "1"]
    ablate.main(words)
    runs = json.loads((tmp_path / "a.json").read_text())
    assert len(runs) == len(ablate.VARIANTS)
    assert all(0 < runs[v]["0"][column] <= 1 for v in runs for column in ablate.COLUMNS)
    table = capsys.readouterr().out.splitlines()[-len(runs) :]
    monkeypatch.setattr(ablate, "run", None)
    ablate.main(words)
    assert capsys.readouterr().out.splitlines()[-len(runs) :] == table


def test_a_run_in_the_same_folder_is_not_overwritten(mine, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "settings.json").write_text(json.dumps({"seed": 5, "rows": "other"}))
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
