"""Writes the small graphs that the tests of internal/ort run. Needs the package onnx:

python make_graphs.py
"""

from pathlib import Path

import onnx
from onnx import TensorProto, helper

HERE = Path(__file__).parent


def value(name, kind, shape):
    return helper.make_tensor_value_info(name, kind, shape)


def save(name, nodes, inputs, outputs, constants=()):
    graph = helper.make_graph(nodes, name, inputs, outputs, list(constants))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="sightline tests")
    model.ir_version = 8
    onnx.checker.check_model(model)
    onnx.save(model, HERE / f"{name}.onnx")


def doubler():
    """x f32 [1] -> y = x + x. Part of the program, which finds out with it whether a device computes."""
    one = [TensorProto.FLOAT, [1]]
    save("doubler", [helper.make_node("Add", ["x", "x"], ["y"])], [value("x", *one)], [value("y", *one)])
    (HERE / "doubler.onnx").replace(HERE.parent / "doubler.onnx")


def affine():
    """x f32 [B,3] -> y = 2 x + 1, total = sum of x over each row."""
    save(
        "affine",
        [
            helper.make_node("Mul", ["x", "two"], ["doubled"]),
            helper.make_node("Add", ["doubled", "one"], ["y"]),
            helper.make_node("ReduceSum", ["x", "axis"], ["total"], keepdims=0),
        ],
        [value("x", TensorProto.FLOAT, ["batch", 3])],
        [value("y", TensorProto.FLOAT, ["batch", 3]), value("total", TensorProto.FLOAT, ["batch"])],
        [
            helper.make_tensor("two", TensorProto.FLOAT, [1], [2.0]),
            helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0]),
            helper.make_tensor("axis", TensorProto.INT64, [1], [1]),
        ],
    )


def halves():
    """patches f16 [B,2,3] -> negated f16 [B,2,3]: patches in and out as stored."""
    save(
        "halves",
        [helper.make_node("Neg", ["patches"], ["negated"])],
        [value("patches", TensorProto.FLOAT16, ["batch", 2, 3])],
        [value("negated", TensorProto.FLOAT16, ["batch", 2, 3])],
    )


def halves_free():
    """patches f16 [B,N] -> negated f16 [B,N]: an f16 output whose size no declaration tells."""
    save(
        "halves_free",
        [helper.make_node("Neg", ["patches"], ["negated"])],
        [value("patches", TensorProto.FLOAT16, ["batch", "n"])],
        [value("negated", TensorProto.FLOAT16, ["batch", "n"])],
    )


def tokens():
    """ids, mask i64 [B,L] -> kept i64 [B,L] = ids * mask."""
    save(
        "tokens",
        [helper.make_node("Mul", ["ids", "mask"], ["kept"])],
        [value("ids", TensorProto.INT64, ["batch", "length"]), value("mask", TensorProto.INT64, ["batch", "length"])],
        [value("kept", TensorProto.INT64, ["batch", "length"])],
    )


def loop():
    """n i64 [1], x f32 [1] -> y = x + n, counted up one by one: takes as long as n is large."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["more"], ["go_on"]),
            helper.make_node("Add", ["sum", "one"], ["next"]),
        ],
        "body",
        [value("i", TensorProto.INT64, []), value("more", TensorProto.BOOL, []), value("sum", TensorProto.FLOAT, [1])],
        [value("go_on", TensorProto.BOOL, []), value("next", TensorProto.FLOAT, [1])],
        [helper.make_tensor("one", TensorProto.FLOAT, [1], [1.0])],
    )
    save(
        "loop",
        [helper.make_node("Loop", ["n", "", "x"], ["y"], body=body)],
        [value("n", TensorProto.INT64, [1]), value("x", TensorProto.FLOAT, [1])],
        [value("y", TensorProto.FLOAT, [1])],
    )


def doubles():
    """x f64 [B] -> y f64 [B]: an element type that Sightline does not use."""
    save(
        "doubles",
        [helper.make_node("Neg", ["x"], ["y"])],
        [value("x", TensorProto.DOUBLE, ["batch"])],
        [value("y", TensorProto.DOUBLE, ["batch"])],
    )


if __name__ == "__main__":
    for make in (doubler, affine, halves, halves_free, tokens, loop, doubles):
        make()
