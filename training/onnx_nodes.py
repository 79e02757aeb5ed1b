"""Writes an ONNX graph node by node, and computes at writing time what depends on constants alone."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

OPSET = 20  # the first with Gelu
IR = 10


class Nodes:
    """Nodes and constants of a graph under construction. Operators are called by their names and return names of values."""

    def __init__(self):
        self.nodes, self.constants = [], {}

    def constant(self, value, name: str = "") -> str:
        """An initialiser; equal small ones share one."""
        value = np.asarray(value)
        name = name or f"{value.dtype}{value.shape}{value.tolist()}".replace(" ", "")
        self.constants[name] = value
        return name

    def ints(self, *values: int) -> str:
        """A list of whole numbers: a shape, or axes."""
        return self.constant(np.array(values, np.int64))

    def number(self, value: float) -> str:
        return self.constant(np.array(value, np.float32))

    def __call__(self, operator: str, *inputs: str, outputs: int = 1, **attributes):
        names = [f"{operator}.{len(self.nodes)}.{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(operator, inputs, names, **attributes))
        return names if outputs > 1 else names[0]

    def named(self, value: str, name: str) -> None:
        """Gives a value the name of an output of the graph."""
        self.nodes.append(helper.make_node("Identity", [value], [name]))

    def model(self, inputs: dict, outputs: dict) -> onnx.ModelProto:
        """The graph; inputs and outputs are name -> (element type, shape)."""
        info = lambda values: [helper.make_tensor_value_info(n, *v) for n, v in values.items()]  # noqa: E731
        constants = [numpy_helper.from_array(value, name) for name, value in self.constants.items()]
        graph = helper.make_graph(self.nodes, "sightline", info(inputs), info(outputs), constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)


def settle(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph with everything computed that depends on constants alone; what only led there is left out."""
    graph, known = model.graph, {tensor.name for tensor in model.graph.initializer}
    early, late = [], []
    for node in graph.node:
        if not all(name in known or not name for name in node.input):
            late.append(node)
            continue
        early.append(node)
        known.update(node.output)
    needed = {name for node in late for name in node.input if name in known}
    made = sorted(name for node in early for name in node.output if name in needed)
    constants = [tensor for tensor in graph.initializer if tensor.name in needed]
    if made:
        outputs = [helper.make_tensor_value_info(name, TensorProto.UNDEFINED, None) for name in made]
        part = helper.make_graph(early, "early", [], outputs, graph.initializer)
        values = ReferenceEvaluator(helper.make_model(part, opset_imports=model.opset_import)).run(None, {})
        constants += [numpy_helper.from_array(np.asarray(v, order="C"), n) for n, v in zip(made, values, strict=True)]
    whole = helper.make_graph(late, graph.name, graph.input, graph.output, constants)
    return helper.make_model(whole, opset_imports=model.opset_import, ir_version=IR)
