"""PyTorch module -> small ONNX file: weights stored as f16 or int8 and widened by nodes that fold away at load time."""

import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
SMALL = 1024  # tensors with fewer elements stay f32
LARGE = 1 << 16  # elements from which on a convolution is stored as int8


def export(module, example, target: Path, inputs, outputs, dynamic=None, store: str = "f16", fold: bool = True) -> None:
    """Exports `module` with the legacy tracer; every first dimension is dynamic unless `dynamic` says otherwise. Without
    `fold` the weights keep their names and shapes, and what is made of them stays in the graph."""
    target = Path(target)
    dynamic = dynamic or {name: {0: "B"} for name in [*inputs, *outputs]}
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(),
            example,
            str(target),
            opset_version=OPSET,
            input_names=inputs,
            output_names=outputs,
            dynamic_axes=dynamic,
            do_constant_folding=fold,
        )
    save(onnx.load(str(target)), target, store)


def save(graph, target: Path, store: str) -> None:
    """Writes a graph with its weights stored as `store` says."""
    shrink(graph, store)
    onnx.checker.check_model(graph)
    onnx.save(graph, str(target))


def shrink(model, store: str) -> None:
    """Replaces every large f32 initialiser by a narrow one and the nodes that widen it."""
    model.producer_version = ""
    if store == "f32":
        return
    graph, nodes, kept = model.graph, [], []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if tensor.data_type != TensorProto.FLOAT or values.size < SMALL:
            kept.append(tensor)
        elif store == "int8" and is_matrix(values):
            narrow, scale = to_int8(values)
            kept += [
                numpy_helper.from_array(narrow, tensor.name + ".i8"),
                numpy_helper.from_array(scale, tensor.name + ".scale"),
            ]
            nodes += [
                helper.make_node("Cast", [tensor.name + ".i8"], [tensor.name + ".f32"], to=TensorProto.FLOAT),
                helper.make_node("Mul", [tensor.name + ".f32", tensor.name + ".scale"], [tensor.name]),
            ]
        else:
            kept.append(numpy_helper.from_array(values.astype(np.float16), tensor.name + ".f16"))
            nodes.append(helper.make_node("Cast", [tensor.name + ".f16"], [tensor.name], to=TensorProto.FLOAT))
    everything = nodes + list(graph.node)
    del graph.initializer[:], graph.node[:]
    graph.initializer.extend(kept)
    graph.node.extend(everything)


def is_matrix(values: np.ndarray) -> bool:
    """Whether a tensor is stored as a matrix: it is one, or the weights of a large 1 x 1 convolution. The large ones are the
    last: what they lose (3 % of the pooled features' size) does not add up as it would from the first layer on (7 %)."""
    return values.ndim == 2 or (values.ndim == 4 and values.shape[2:] == (1, 1) and values.size >= LARGE)


def to_int8(values: np.ndarray) -> tuple:
    """Symmetric int8 of a matrix [m, n] with one f32 scale per row or per column, whichever loses less."""
    best = None
    for axis in (0, 1):
        scale = np.abs(values).max(axis, keepdims=True).astype(np.float32) / 127
        scale[scale == 0] = 1
        narrow = np.clip(np.rint(values / scale), -127, 127)
        error = float(np.square(narrow * scale - values).sum())
        if best is None or error < best[0]:
            best = (error, narrow.astype(np.int8), scale)
    return best[1:]
