"""Bad input of the exporter: one clear line, exit code 1, and nothing half-written."""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from training import bundle
from training.tests.exporting import ROOT, SIZES, checkpoint, exported


class Malicious:
    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


def without(*names):
    return lambda weights: {name: value for name, value in weights.items() if name not in names}


def with_nan(weights):
    weights["fc.bias"][0] = float("nan")
    weights["label_embed"][7, 3] = float("inf")
    return weights


def truncated(folder):
    torch.save({"model": checkpoint()}, folder / "whole.pth")
    raw = (folder / "whole.pth").read_bytes()
    return raw[: len(raw) // 2]


def script(folder):
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), str(folder / "script.pth"))
    return (folder / "script.pth").read_bytes()


KEY = "tagging_head.encoder.layer.1.crossattention.self.key.weight"
TABLE = "visual_encoder.layers.1.blocks.0.attn.relative_position_bias_table"
CASES = {
    "text": (b"these are not the bytes that you are looking for", r"c\.pth: not a checkpoint"),
    "empty": (b"", r"c\.pth: not a checkpoint"),
    "web page": (b"<!doctype html><html><body>404</body></html>", r"c\.pth: not a checkpoint"),
    "truncated": (truncated, r"c\.pth: not a checkpoint, or a damaged one: .*central directory"),
    "a list": ([1, 2], "it holds a list, not named tensors"),
    "no tensors": ({"model": {"a": 1, "b": torch.zeros(1)}}, "no tensors are 1: a"),
    "another model": (
        {"model": {"conv1.weight": torch.zeros(3), "fc.bias": torch.zeros(1)}},
        r"not a RAM\+\+ checkpoint: .* its 2 tensors begin with conv1.weight, fc.bias",
    ),
    "TorchScript": (script, r"not a RAM\+\+ checkpoint: .*weight"),
    "other classes": (
        lambda w: {"model": w, "config": argparse.Namespace(a=1)},
        r"refused: its pickle asks for argparse\.Namespace",
    ),
    "RAM without ++": (without("reweight_scale"), "missing 1: reweight_scale$"),
    "missing": (without(KEY, TABLE), f"missing 2: {re.escape(KEY)}, {re.escape(TABLE)}$"),
    "unexpected": (
        lambda w: w | {"b.x": torch.zeros(1), "a.y": torch.zeros(1)},
        r"unexpected 2: a\.y, b\.x \(--ignore-unexpected",
    ),
    "both": (lambda w: without("fc.bias")(w) | {"a.y": torch.zeros(1)}, r"missing 1: fc\.bias; unexpected 1: a\.y"),
    "not numbers": (with_nan, r"\(NaN or infinite\) in 2: fc\.bias \(1 of 1\), label_embed \(1 of 4080\)$"),
    "sizes": (lambda w: w | {"image_proj.bias": torch.zeros(7)}, r"do not fit each other: .*image_proj\.bias"),
    "half a label": (lambda w: w | {"label_embed": w["label_embed"][:-1]}, r"label_embed has the shape \[254, 16\]"),
    "dimensions": (
        lambda w: w | {"fc.weight": torch.zeros(()), TABLE: torch.zeros(0, 2)},
        f"number of dimensions in 2: fc.weight \\[\\], {re.escape(TABLE)} \\[0, 2\\]",
    ),
    "scales": (lambda w: w | {"reweight_scale": torch.zeros(2)}, "reweight_scale holds 2 numbers"),
    "fewer labels": (
        lambda w: w | {"label_embed": w["label_embed"][:204]},
        "--labels has 5 lines, the checkpoint has 4 labels",
    ),
}


@pytest.mark.parametrize("saved, says", CASES.values(), ids=CASES)
def test_bad_checkpoints(tmp_path, saved, says):
    if callable(saved):
        saved = saved(tmp_path) if saved in (truncated, script) else saved(checkpoint())
    with pytest.raises(SystemExit, match=says) as stopped:
        exported(tmp_path, saved)
    assert "\n" not in stopped.value.code
    assert_nothing_written(tmp_path)


def assert_nothing_written(folder: Path) -> None:
    assert not [file.name for file in folder.iterdir() if "out" in file.name]


@pytest.mark.parametrize("zipped", [True, False])
def test_a_malicious_pickle_is_not_run(tmp_path, zipped):
    saved = {"model": {"label_embed": Malicious(f"touch {tmp_path}/ran")}}
    torch.save(saved, tmp_path / "bad.pth", _use_new_zipfile_serialization=zipped)
    with pytest.raises(SystemExit, match=r"refused: its pickle asks for \w+\.system; only tensors"):
        exported(tmp_path, (tmp_path / "bad.pth").read_bytes())
    assert not (tmp_path / "ran").exists()
    assert_nothing_written(tmp_path)


@pytest.mark.parametrize(
    "more, says",
    [
        (["--heads", "5"], "--heads 5 does not divide the decoder's width of 12"),
        (["--heads", "0"], "--heads 0"),
        (["--image-size", "20"], "--image-size 20: stage 1 would be 5 patches wide, .* 16 fits"),
        (["--image-size", "-16"], "--image-size -16"),
        (["--thresholds", "{folder}/bad_thresholds.txt"], r"bad_thresholds\.txt: line 3 is 'high', not a threshold"),
        (["--labels", "{folder}/twice.txt"], r"twice\.txt: lines 1 and 4 name the same label, 'DOG'"),
        (["--labels", "{folder}/nowhere.txt"], r"nowhere\.txt: cannot be read"),
        (["--labels-zh", "{folder}/short.txt"], "--labels-zh has 1 lines, the checkpoint has 5 labels"),
        (["--out", "{folder}/c.pth"], "is a file, it must name a folder"),
        (["--out", "{folder}"], "which no bundle has"),
        (["--text-encoder", "{folder}/nowhere.pt"], r"nowhere\.pt: no such file"),
        (["--text-encoder", "{folder}/evil.pt"], r"evil\.pt: refused: its pickle asks for \w+\.system"),
        (["--text-encoder", "{folder}/short.txt"], r"short\.txt: not a checkpoint"),
        (["--text-encoder", "{folder}/empty"], r"empty: a folder without a text encoder"),
    ],
)  # fmt: skip
def test_bad_arguments(tmp_path, more, says):
    (tmp_path / "bad_thresholds.txt").write_text("0.5\n1\nhigh\n0\n1\n")
    (tmp_path / "twice.txt").write_text("dog\ncat\nbird\nDOG\nfish\n")
    torch.save({"model": Malicious(f"touch {tmp_path}/ran")}, tmp_path / "evil.pt")
    (tmp_path / "empty").mkdir()
    (tmp_path / "short.txt").write_text("狗\n", encoding="utf-8")
    with pytest.raises(SystemExit, match=says):
        exported(tmp_path, {"model": checkpoint()}, *[part.format(folder=tmp_path) for part in more])
    assert not (tmp_path / "ran").exists()
    assert_nothing_written(tmp_path)


def test_what_is_not_expected_can_be_left_out(tmp_path):
    saved = {"model": checkpoint() | {"head.weight": torch.zeros(3)}}
    bundle.verify(exported(tmp_path, saved, "--ignore-unexpected"))


def test_an_older_bundle_is_replaced_whole_or_kept(tmp_path, monkeypatch):
    folder = exported(tmp_path, {"model": checkpoint()}, "--name", "first")
    first = bundle.verify(folder)

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(bundle, "write_manifest", full)
        with pytest.raises(SystemExit, match="cannot be written, and is as it was: .*No space left"):
            exported(tmp_path, {"model": checkpoint()}, "--name", "second")
    assert bundle.verify(folder) == first
    assert [file.name for file in tmp_path.iterdir() if "out" in file.name] == ["out"]
    assert bundle.verify(exported(tmp_path, {"model": checkpoint()}, "--name", "third"))["name"] == "third"
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(SystemExit, match="holds 'notes.txt', which no bundle has"):
        exported(tmp_path, {"model": checkpoint()})


def test_the_command_ends_with_1_and_one_line(tmp_path):
    for name in ("c.pth", "names.txt", "thresholds.txt"):
        (tmp_path / name).write_text("0.5\n" * SIZES.labels)
    command = [sys.executable, "-m", "training.export_ram_plus", tmp_path / "c.pth", "--labels", tmp_path / "names.txt"]
    done = subprocess.run(
        [*command, "--thresholds", tmp_path / "thresholds.txt", "--out", tmp_path / "out"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.count("\n") == 1 and "c.pth: not a checkpoint" in done.stderr
    assert not (tmp_path / "out").exists()


def test_only_what_requirements_export_names_is_needed(tmp_path):
    """Every other package of requirements.txt is made unimportable."""
    named = [
        {line.split("==")[0] for line in (ROOT / "training" / f"requirements{kind}.txt").read_text().splitlines()}
        for kind in ("", "-export")
    ]
    modules = {"pillow": "PIL", **{name: name.replace("-", "_") for name in named[0] - named[1] - {"pillow"}}}
    folder = exported(tmp_path, {"model": checkpoint()})
    blocked = f"import sys; sys.modules.update(dict.fromkeys({[*modules.values(), 'transformers', 'scipy']!r})); "
    lists = ["--labels", tmp_path / "names.txt", "--thresholds", tmp_path / "thresholds.txt"]
    command = [tmp_path / "c.pth", *lists, "--out", tmp_path / "second"]
    code = f"{blocked}sys.argv[1:] = {[str(part) for part in command]!r}; from training import export_ram_plus; export_ram_plus.main()"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert bundle.verify(tmp_path / "second") == bundle.verify(folder)
