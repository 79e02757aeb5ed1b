"""f16 graphs of a bundle: they are the f32 ones but for rounding, and the program takes them for what they are."""

import json
import sys

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from training import bundle, half, half_graphs, half_rounding
from training.tests import exporting

F32, F16 = TensorProto.FLOAT, TensorProto.FLOAT16


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder, random = tmp_path_factory.mktemp("pictures"), np.random.default_rng(5)
    for number in range(6):
        small = random.integers(0, 256, (3, 4, 3), dtype=np.uint8)
        Image.fromarray(small).resize((60, 40)).save(folder / f"{number}.png")
    return folder


def command(*arguments) -> None:
    before, sys.argv = sys.argv, ["half", *map(str, arguments)]
    try:
        half.main()
    finally:
        sys.argv = before


def graph(nodes: list, constants: dict, outputs=("y",)) -> onnx.ModelProto:
    """x f32 [N, 4] -> outputs f32."""
    info = lambda name: helper.make_tensor_value_info(name, F32, ["N", None])  # noqa: E731
    made = [numpy_helper.from_array(np.asarray(v, np.float32), name) for name, v in constants.items()]
    whole = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", F32, ["N", 4])], list(map(info, outputs)), made
    )
    return helper.make_model(whole, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def run(model: onnx.ModelProto, x) -> np.ndarray:
    return exporting.session_of(model.SerializeToString()).run(["y"], {"x": np.asarray(x, np.float32)})[0]


def test_products_are_f16_and_what_f16_spoils_is_not():
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["h"]),
        helper.make_node("ReduceL2", ["h"], ["length"], axes=[-1], keepdims=1),
        helper.make_node("Add", ["length", "least"], ["some"]),
        helper.make_node("Div", ["h", "some"], ["y"]),
    ]
    model = graph(nodes, {"w": np.eye(4), "least": 1e-12})
    made = half_graphs.convert(model)
    types = {t.name: t.data_type for t in made.graph.initializer}
    assert types == {"w.f16": F16, "least": F32}
    x = np.array([[0, 0, 0, 0], [300, 300, 300, 300]], np.float32)
    for found in (run(made, x), run(half_graphs.as_on_a_card(made), x)):
        np.testing.assert_allclose(found, run(model, x), atol=1e-3)  # neither 0 / 0 nor the root of too large a sum


def test_roundings_and_overflows_of_a_card_show_on_a_processor():
    nodes = [helper.make_node("Mul", ["x", "a"], ["h"]), helper.make_node("MatMul", ["h", "w"], ["y"])]
    made = half_graphs.convert(graph(nodes, {"a": [1024.0], "w": np.eye(4) / 1024}))
    on_card = half_graphs.as_on_a_card(made)
    assert np.isfinite(run(made, [[100.0] * 4])).all() and not np.isfinite(run(on_card, [[100.0] * 4])).all()
    assert run(on_card, [[1 / 3] * 4])[0, 0] == np.float16(1 / 3)


@pytest.mark.parametrize("flags", [[], ["--features", "i8"], ["--int8"], ["--features", "f32"]], ids="-".join)
def test_an_export_gets_f16_graphs(pictures, tmp_path, flags):
    plain = exporting.exported(tmp_path, {"model": exporting.checkpoint()}, *flags)
    before = bundle.verify(plain)
    command(plain, "--out", tmp_path / "both", "--images", pictures)
    after = bundle.verify(tmp_path / "both")
    assert set(after["half"]["graphs"]) == {"image_encoder.onnx", "label_scorer.onnx"}, "no text encoder, no decoder"
    assert (
        after["half"]["rounding"]["images"] == 6 and 0 < after["half"]["rounding"]["features"] < half_rounding.FEATURES
    )
    for kind in ("feature_fingerprint", "scoring_fingerprint"):
        assert after[kind] == before[kind], "an index made with the one is one of the other"
    assert bundle.verify(plain) == before, "--out leaves the bundle alone"
    for name in after["half"]["graphs"].values():
        types = {t.data_type for t in onnx.load(str(tmp_path / "both" / name)).graph.initializer}
        assert F16 in types, name
    command(tmp_path / "both", "--images", pictures, "--most", 2)
    assert bundle.verify(tmp_path / "both")["half"]["rounding"]["images"] == 2, "made anew in its place"


@pytest.mark.parametrize("flags", [["--features", "i8", "--int8"], ["--features", "i8"], []], ids="-".join)
def test_free_text_has_a_decoder_for_cards(pictures, tmp_path, flags):
    made = free_text(tmp_path, "--half", "--half-images", pictures, *flags)
    spec = bundle.verify(made)["half"]
    assert "decoder.onnx" in spec["graphs"] and spec["rounding"]["texts"]["rms"] > 0
    assert not half_graphs.multiplies_bytes(onnx.load(str(made / "decoder.f16.onnx")))
    report = json.loads(
        exporting.sightline(
            "bench", "--only", "accelerator", "--device", "cpu", "--repeat", 1, "--bundle", made, "--json"
        )
    )["accelerator"]
    assert report["device"] == "cpu" and report["half"] and report["f32_features_off"] < 1e-5
    assert 0 < report["f16_features_off"] < half_rounding.FEATURES
    assert all(d["f16_pairs_per_second"] > 0 for d in report["decoder"]) and len(report["decoder"]) == 2


def free_text(folder, *flags):
    """A bundle whose text encoder is a table of vectors."""
    from training.tests.test_clip_tokenizer import SMALL

    words, width = len(json.loads(SMALL.read_text(encoding="utf-8"))["model"]["vocab"]), exporting.SIZES.text
    table = np.random.default_rng(1).standard_normal((words, width)).astype(np.float32)
    nodes = [
        helper.make_node("Gather", ["table", "ids"], ["each"]),
        helper.make_node("Cast", ["mask"], ["there"], to=F32),
        helper.make_node("Unsqueeze", ["there", "last"], ["column"]),
        helper.make_node("Mul", ["each", "column"], ["words"]),
        helper.make_node("ReduceSum", ["words", "axis"], ["sum"], keepdims=0),
        helper.make_node("LpNormalization", ["sum"], ["text"], axis=-1, p=2),
    ]
    ints = lambda name, v: numpy_helper.from_array(np.array([v], np.int64), name)  # noqa: E731
    info = helper.make_tensor_value_info
    inputs = [info(name, TensorProto.INT64, ["B", "L"]) for name in ("ids", "mask")]
    constants = [numpy_helper.from_array(table, "table"), ints("last", -1), ints("axis", 1)]
    whole = helper.make_graph(nodes, "texts", inputs, [info("text", F32, ["B", width])], constants)
    encoder = folder / "texts.onnx"
    onnx.save(helper.make_model(whole, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), str(encoder))
    more = ["--text-encoder", encoder, "--tokenizer", SMALL]
    return exporting.exported(folder, {"model": exporting.checkpoint()}, *more, *flags)


def test_the_default_model_suits_f16():
    made = {
        name: half_graphs.convert(onnx.load(str(exporting.ROOT / "models/default" / name))) for name in bundle.HALVES
    }
    files = half.pictures(half.GALLERY, 4)
    rounding = half_rounding.measure(exporting.ROOT / "models/default", made, files)
    assert half_rounding.faults(rounding, 1599) == []
    assert rounding["texts"]["largest"] < 0.1 and rounding["labels"]["largest"] < 0.2


def test_what_does_not_suit_f16_is_refused(pictures, tmp_path):
    weights = exporting.checkpoint()
    weights["visual_encoder.patch_embed.proj.weight"] *= 1e6  # what comes out of the first layer overflows
    made = exporting.exported(tmp_path, {"model": weights})
    before = bundle.verify(made)
    with pytest.raises(SystemExit, match="does not suit f16: features are off by inf"):
        command(made, "--images", pictures)
    assert bundle.verify(made) == before


def test_bad_input(pictures, tmp_path):
    made = exporting.exported(tmp_path, {"model": exporting.checkpoint()})
    (tmp_path / "none").mkdir()
    for arguments, says in (
        ((made, "--images", tmp_path / "none"), "there is no JPEG, PNG or WebP"),
        ((made, "--images", pictures, "--most", 0), "there is no JPEG"),
        ((tmp_path / "nothing", "--images", pictures), "no f16 graphs were made"),
    ):
        with pytest.raises(SystemExit, match=says):
            command(*arguments)
