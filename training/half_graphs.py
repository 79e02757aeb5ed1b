"""f32 ONNX graph -> the same graph computing in f16, for cards. Types of inputs and outputs stay as they are.

What stays f32 costs a cast before and one behind it. What that saves:

* softmax: the exponential of a score that was rounded to 11 bits is off by the score's own size;
* means, sums, lengths and squares: sums of hundreds of values lose what is small, squares over 255 overflow;
* whatever is added to, compared with or limited by a number that f16 does not have, such as 1e-12;
* the last step to an f32 output: the product that makes a logit of each row, the division by a vector's length.

Layer norms that are one operator take f16 and compute their statistics in f32 by themselves (`stash_type`).
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from . import onnx_nodes

KEPT = {"Softmax", "LogSoftmax", "ReduceMean", "ReduceSum", "ReduceL2", "ReduceMax", "CumSum", "TopK"}
KEPT |= {"Exp", "Log", "Pow", "Sqrt", "Reciprocal", "Softplus"}
# What is kept with the nodes that it leads to: it computes little, so a cast before it costs no more than one behind it.
LEADING = {"Abs", "Add", "Clip", "Concat", "Div", "Expand", "Flatten", "Gather", "Identity", "Max", "Min", "Mul", "Neg"}
LEADING |= {"Pad", "Reshape", "Slice", "Squeeze", "Sub", "Transpose", "Unsqueeze"}
# Between two transposes in front of a product in f16 these end ONNX Runtime 1.27 with a fault while it loads the graph.
PLAIN = {"Add", "Div", "Mul", "Sub"}
BYTES = {"MatMulInteger", "QLinearMatMul", "DynamicQuantizeLinear"}
LEAST, MOST = 2.0**-24, 65504.0  # of f16's numbers
F32, F16, U8 = TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.UINT8


def multiplies_bytes(model: onnx.ModelProto) -> bool:
    """Whether a graph multiplies int8 weights or features as bytes, which is made for CPUs and overflows f16."""
    return any(node.op_type in BYTES for node in model.graph.node)


def convert(model: onnx.ModelProto) -> onnx.ModelProto:
    """The graph in f16; what depends on constants alone is computed before, in f32."""
    model = onnx_nodes.settle(model)
    for number, node in enumerate(model.graph.node):
        node.name = f"{node.op_type}.{number}"
    writer = Writer(model)
    for node in model.graph.node:
        writer.cast(node) if node.op_type == "Cast" else writer.node(node)
    half = between(model, writer.nodes, writer.constants.values())
    onnx.checker.check_model(half)
    return half


def between(model: onnx.ModelProto, nodes, constants) -> onnx.ModelProto:
    """A model with the inputs and outputs of another. Every node has a name: fusions of ONNX Runtime make names from them,
    and refuse a graph in which two are the same."""
    for number, node in enumerate(nodes):
        node.name = f"{node.op_type}.{number}"
    graph = helper.make_graph(nodes, model.graph.name, model.graph.input, model.graph.output, constants)
    return helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)


def of_type(model: onnx.ModelProto, dtype: int) -> set:
    """The names of all values of an element type."""
    graph = onnx.shape_inference.infer_shapes(model).graph
    values = [*graph.value_info, *graph.input, *graph.output]
    found = {value.name for value in values if value.type.tensor_type.elem_type == dtype}
    return found | {tensor.name for tensor in graph.initializer if tensor.data_type == dtype}


def kept(graph: onnx.GraphProto) -> set:
    """The names of the nodes that stay f32."""
    constants, takers, found = {tensor.name: tensor for tensor in graph.initializer}, {}, set()
    turned = {node.output[0] for node in graph.node if node.op_type == "Transpose"}
    turning = {node.input[0] for node in graph.node if node.op_type == "Transpose"}
    for node in graph.node:
        for value in node.input:
            takers.setdefault(value, []).append(node.name)
    for node in reversed(graph.node):
        leads = all(found.issuperset(takers.get(value, [])) for value in node.output)
        needs = [constants[name] for name in node.input if name in constants]
        single = any(len(tensor.dims) == 2 and 1 in tensor.dims for tensor in needs)  # a product of one column
        last = leads and (single or node.op_type in LEADING)
        crashes = node.op_type in PLAIN and turned.intersection(node.input) and turning.intersection(node.output)
        if node.op_type in KEPT or unholdable(needs) or last or crashes:
            found.add(node.name)
    return found


def unholdable(tensors: list) -> bool:
    """Whether one of the constants is a single number that f16 takes for 0, or has one that it takes for infinite."""
    for tensor in tensors:
        sizes = np.abs(numpy_helper.to_array(tensor)) if tensor.data_type == F32 else np.zeros(0)
        sizes = sizes[np.isfinite(sizes)]
        if sizes.size and (sizes.max() > MOST or (sizes.size == 1 and 0 < sizes.max() < LEAST)):
            return True
    return False


class Writer:
    """The f16 graph up to some node. `held` has the names that a value of the f32 graph goes by here, by element type."""

    def __init__(self, model: onnx.ModelProto):
        self.nodes, self.constants = [], {}
        self.given = {tensor.name: tensor for tensor in model.graph.initializer}
        self.outputs, self.kept = {output.name for output in model.graph.output}, kept(model.graph)
        self.floats, self.halves, self.bytes = (of_type(model, dtype) for dtype in (F32, F16, U8))
        inputs = {value.name: value.type.tensor_type.elem_type for value in model.graph.input}
        self.held = {name: {dtype: name} for name, dtype in inputs.items() if dtype in (F32, F16)}

    def take(self, name: str, dtype: int) -> str:
        """What a value is called in f32 or in f16, made where it is not there; what is neither keeps its name."""
        if name in self.given:
            return self.constant(name, dtype)
        held = self.held.get(name, {})
        if held and dtype not in held:
            held[dtype] = f"{name}.{'f16' if dtype == F16 else 'f32'}"
            self.add("Cast", [next(iter(held.values()))], [held[dtype]], to=dtype)
        return held.get(dtype, name)

    def constant(self, name: str, dtype: int) -> str:
        tensor = self.given[name]
        if tensor.data_type == F32 and dtype == F16:
            name += ".f16"
            if name not in self.constants:
                tensor = numpy_helper.from_array(numpy_helper.to_array(tensor).astype(np.float16), name)
        self.constants.setdefault(name, tensor)
        return name

    def add(self, operator: str, inputs: list, outputs: list, **attributes) -> None:
        self.nodes.append(helper.make_node(operator, inputs, outputs, **attributes))

    def node(self, node: onnx.NodeProto) -> None:
        """A node in the type that it is to compute in; one that makes floats of whole numbers makes what it made."""
        wide = node.name in self.kept or not (self.floats | self.halves).intersection(node.input)
        dtype = F32 if wide and not self.halves.intersection(node.output) else F16
        asked = next(iter(self.held.get(node.input[0], [dtype]))) if node.op_type == "Shape" else dtype
        inputs = [self.take(name, asked) for name in node.input]
        outputs = []
        for name in node.output:
            apart = dtype == F16 and name in self.outputs & self.floats
            outputs.append(name + ".f16" if apart else name)
            if name in self.floats | self.halves:
                self.held[name] = {dtype: outputs[-1]}
        self.add(node.op_type, inputs, outputs, domain=node.domain)
        self.nodes[-1].attribute.extend(node.attribute)
        for made, name in zip(outputs, node.output, strict=True):
            if made != name:
                self.add("Cast", [made], [name], to=F32)

    def cast(self, node: onnx.NodeProto) -> None:
        """A cast from one float to another is none any more: whoever takes its result asks for a type."""
        (source,), (result,), to = node.input, node.output, helper.get_node_attr_value(node, "to")
        if source not in self.held or to not in (F32, F16):
            to = F16 if to == F32 and source in self.bytes and result not in self.outputs else to  # f16 has every byte
            self.add("Cast", [next(iter(self.held.get(source, {None: source}).values()))], [result], to=to)
            self.held |= {result: {to: result}} if to in (F32, F16) else {}
        elif result in self.outputs:
            self.add("Identity", [self.take(source, to)], [result])
            self.held[result] = {to: result}
        else:
            self.held[result] = {F16: self.take(source, F16)}


def as_on_a_card(half: onnx.ModelProto) -> onnx.ModelProto:
    """The f16 graph with its roundings written out in f32, for measuring them on a CPU. There ONNX Runtime computes f16
    nodes in f32 and drops the casts between them: nothing is rounded on the way, and nothing overflows."""
    halves, nodes, wide = of_type(half, F16), [], set()
    cast = lambda name, made, to: nodes.append(helper.make_node("Cast", [name], [made], to=to))  # noqa: E731
    for node in half.graph.node:
        if node.op_type == "Cast":
            nodes.append(node)
            continue
        for name in halves.intersection(node.input) - wide:
            wide.add(name)
            cast(name, name + ".wide", F32)
        inputs = [name + ".wide" if name in halves else name for name in node.input]
        outputs = [name + ".exact" if name in halves else name for name in node.output]
        nodes.append(helper.make_node(node.op_type, inputs, outputs, domain=node.domain))
        nodes[-1].attribute.extend(node.attribute)
        for name in halves.intersection(node.output):
            cast(name + ".exact", name, F16)
    return between(half, nodes, half.graph.initializer)
