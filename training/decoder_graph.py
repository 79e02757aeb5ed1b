"""The folded decoder of official bundles as an ONNX graph that is written for speed on CPUs.

It computes what `model.Decoder.finish` computes over all tokens, token 0 included. Shapes: C candidates, Q queries, N = C * Q,
T stored tokens, D their width, H hidden width. What it does otherwise than a trace would, with figures in docs/decisions.md:

* Token 0 is the mean of the others, so its score is the mean of their scores, and what it is given of the attention is
  spread over them: no tensor of 1 + T tokens is made.
* Layer norms are written out: ONNX Runtime's own operator takes four times as long.
* `int8` weights: each column has a scale of its own, and each row of activations, which are rounded when the graph runs: an
  image's logit does not depend on what it is decoded with. Projections in a row without anything between them (value and output, query and key) are multiplied into one matrix first.
* Features of dtype i8 are multiplied as they are, byte by byte, and never widened: queries and attention weights are rounded
  to 8 bits, one scale a row, and a token's own scale goes into scores and weights.
"""

import numpy as np
import onnx
from onnx import TensorProto

from .model import Decoder
from .onnx_nodes import Nodes

TYPES = {"f32": TensorProto.FLOAT, "f16": TensorProto.FLOAT16, "i8": TensorProto.UINT8}
ZERO = 128  # what stands for 0 in features of dtype i8
GELU_LEAST = -0.17  # no value of GELU is smaller
TINY = 1e-30  # keeps rows of zeros from having the scale 0


def build(decoder: Decoder, tokens: int, features: str, int8: bool, wide: bool = False) -> onnx.ModelProto:
    """state [Q, S], patches [C, T, D], for i8 also scales [C, T] -> logits [C, Q], attention [C, Q, T].

    `wide`: features of dtype i8 are made numbers first, for cards, which have no products of unsigned bytes. The weights are the decoder's own under their own names; `onnx_nodes.settle` computes what is made of them."""
    c = decoder.config
    g = Writer(decoder, tokens, features, int8, wide)
    for layer in range(c.layers):
        g.layer(layer)
    logits = g("Add", g("MatMul", g.hidden, g.matrix("fc")), g.weight("fc.bias"))
    g.named(g("Reshape", logits, g("Concat", g.candidates, g.ints(-1), axis=0)), "logits")
    g.named(g.seen(), "attention")
    inputs = {
        "state": (TensorProto.FLOAT, ["Q", c.hidden + c.decoder_heads * c.dim]),
        "patches": (TYPES[features], ["C", tokens, c.dim]),
    }
    if features == "i8":
        inputs["scales"] = (TensorProto.FLOAT, ["C", tokens])
    outputs = {"logits": (TensorProto.FLOAT, ["C", "Q"]), "attention": (TensorProto.FLOAT, ["C", "Q", tokens])}
    return g.model(inputs, outputs)


class Writer(Nodes):
    """The graph up to some layer: `hidden` [N, H] and `query` [C or 1, Q * heads, D], the next layer's folded queries."""

    def __init__(self, decoder: Decoder, tokens: int, features: str, int8: bool, wide: bool):
        super().__init__()
        self.config, self.tokens, self.int8, self.bytes = decoder.config, tokens, int8, features == "i8" and not wide
        self.weights = {name: value.detach().numpy() for name, value in decoder.state_dict().items()}
        c = self.config
        self.size = c.hidden // c.decoder_heads
        self.candidates = self("Slice", self("Shape", "patches"), self.ints(0), self.ints(1))
        hidden, query = self("Split", "state", self.ints(c.hidden, c.decoder_heads * c.dim), outputs=2, axis=1)
        self.query = self("Reshape", query, self.ints(1, -1, c.dim))
        each = self("Concat", self.candidates, self.ints(1, 1), axis=0)
        self.hidden = self(
            "Reshape", self("Expand", self("Unsqueeze", hidden, self.ints(0)), each), self.ints(-1, c.hidden)
        )
        cast = features == "f16" or (features == "i8" and wide)
        self.patches = self("Cast", "patches", to=TensorProto.FLOAT) if cast else "patches"
        if features == "i8" and wide:
            whole = self("Sub", self.patches, self.number(ZERO))
            self.patches = self("Mul", whole, self("Unsqueeze", "scales", self.ints(-1)))
        self.scales = self("Unsqueeze", "scales", self.ints(1)) if self.bytes else ""

    def weight(self, name: str) -> str:
        return self.constant(self.weights[name], name)

    def matrix(self, name: str) -> str:
        """A linear layer's weights [in, out]."""
        return self("Transpose", self.weight(name + ".weight"), perm=[1, 0])

    def heads(self, matrix: str, perm: list) -> str:
        """A projection's weights, rows of one head after the other -> [heads, size, in], permuted."""
        split = self("Reshape", self.weight(matrix), self.ints(self.config.decoder_heads, self.size, -1))
        return self("Transpose", split, perm=perm)

    def layer(self, number: int) -> None:
        at = f"layers.{number}."
        if number:
            self.fold(at)
        attended = self.value(at, self.attend())
        self.hidden = self.norm(at + "norm1", self("Add", attended, self.hidden))
        wide = self("Gelu", self.linear(self.hidden, self.matrix(at + "up"), self.weight(at + "up.bias")))
        narrow = self.linear(wide, self.matrix(at + "down"), self.weight(at + "down.bias"), GELU_LEAST)
        self.hidden = self.norm(at + "norm2", self("Add", narrow, self.hidden))

    def fold(self, at: str) -> None:
        """The layer's queries on the patch side."""
        c = self.config
        keys = self("Mul", self.heads(at + "key.weight", [0, 1, 2]), self.number(self.size**-0.5))  # [heads, size, D]
        bias = self("Reshape", self.weight(at + "query.bias"), self.ints(c.decoder_heads, 1, self.size))
        bias = self("Reshape", self("MatMul", bias, keys), self.ints(-1))  # [heads * D]
        if self.int8:
            both = self("MatMul", self.heads(at + "query.weight", [0, 2, 1]), keys)  # [heads, H, D]
            both = self("Reshape", self("Transpose", both, perm=[1, 0, 2]), self.ints(c.hidden, -1))
            query = self.linear(self.hidden, both, bias)
        else:
            query = self("MatMul", self.hidden, self.matrix(at + "query"))
            query = self("Add", self.by_head(query, self.size, keys), bias)
        shape = self("Concat", self.candidates, self.ints(-1, c.dim), axis=0)
        self.query = self("Reshape", query, shape)

    def value(self, at: str, attended: str) -> str:
        """What the heads saw [C, Q * heads, D] -> through their value projections and the output projection [N, H]."""
        c = self.config
        values = self.heads(at + "value.weight", [0, 2, 1])  # [heads, D, size]
        flat = self("Reshape", attended, self.ints(-1, c.decoder_heads * c.dim))
        out = self.matrix(at + "out")
        # weights sum to 1, so the values' bias passes through
        bias = self("Add", self("MatMul", self.weight(at + "value.bias"), out), self.weight(at + "out.bias"))
        if not self.int8:
            return self.linear(self.by_head(flat, c.dim, values), out, bias)
        both = self("MatMul", values, self("Reshape", out, self.ints(c.decoder_heads, self.size, c.hidden)))
        return self.linear(flat, self("Reshape", both, self.ints(-1, c.hidden)), bias)

    def by_head(self, rows: str, width: int, matrices: str) -> str:
        """Each head's part of rows [N, heads * width] times its own of matrices [heads, width, m] -> [N, heads * m]."""
        split = self("Reshape", rows, self.ints(-1, self.config.decoder_heads, width))
        product = self("MatMul", self("Transpose", split, perm=[1, 0, 2]), matrices)
        return self("Flatten", self("Transpose", product, perm=[1, 0, 2]))

    def attend(self) -> str:
        """The tokens that the heads see, by their weights: [C, Q * heads, D]. Leaves the weights in `attention`."""
        scores = self.scores()
        scores = self("Concat", scores, self("ReduceMean", scores, self.ints(-1), keepdims=1), axis=2)
        weights = self("Softmax", scores, axis=-1)
        own, mean = self("Split", weights, self.ints(self.tokens, 1), outputs=2, axis=2)
        self.attention = own
        return self.seen_by(self("Add", own, self("Mul", mean, self.number(1 / self.tokens))))

    def scores(self) -> str:
        """Folded queries times tokens: [C, Q * heads, T]."""
        if not self.bytes:
            product = self("MatMul", self.patches, self("Transpose", self.query, perm=[0, 2, 1]))
            return self("Transpose", product, perm=[0, 2, 1])
        rounded, scale = self.rounded(self.query, TensorProto.INT8, 127)
        rounded = self("Transpose", rounded, perm=[0, 2, 1])
        product = self("MatMulInteger", self.patches, rounded, self.constant(np.uint8(ZERO), "zero"))
        product = self("Transpose", self("Cast", product, to=TensorProto.FLOAT), perm=[0, 2, 1])
        return self("Mul", self("Mul", product, scale), self.scales)

    def seen_by(self, weights: str) -> str:
        """Tokens added up by weights [C, Q * heads, T]."""
        if not self.bytes:
            return self("MatMul", weights, self.patches)
        rounded, scale = self.rounded(self("Mul", weights, self.scales), TensorProto.UINT8, 255)
        product = self("MatMulInteger", rounded, self.patches, "", self.constant(np.uint8(ZERO), "zero"))
        return self("Mul", self("Cast", product, to=TensorProto.FLOAT), scale)

    def rounded(self, rows: str, dtype: int, most: int) -> tuple:
        """Rows as whole numbers up to `most`, and the scale of each."""
        largest = self("ReduceMax", self("Abs", rows), self.ints(-1), keepdims=1)
        scale = self("Mul", self("Max", largest, self.number(TINY)), self.number(1 / most))
        return self("Cast", self("Round", self("Div", rows, scale)), to=dtype), scale

    def linear(self, rows: str, matrix: str, bias: str, least: float | None = None) -> str:
        """rows [N, in] times matrix [in, out], plus bias. `least` is the smallest value that rows can have, where it is known."""
        if not self.int8:
            return self("Add", self("MatMul", rows, matrix), bias)
        largest = self("Max", self("ReduceMax", self("Abs", matrix), self.ints(0), keepdims=0), self.number(TINY))
        columns = self("Mul", largest, self.number(1 / 127))
        weights = self("Cast", self("Round", self("Div", matrix, columns)), to=TensorProto.INT8)
        if least is None:
            largest = self("Max", self("ReduceMax", self("Abs", rows), self.ints(-1), keepdims=1), self.number(TINY))
            scale = self("Mul", largest, self.number(1 / 127))
            given = self("Add", self("Round", self("Div", rows, scale)), self.number(ZERO))
            given = self("Cast", given, to=TensorProto.UINT8)
            product = self("MatMulInteger", given, weights, self.constant(np.uint8(ZERO), "zero"))
        else:  # all 8 bits from the least value up; what that shifts is a constant of each column
            given, scale = self.rounded(self("Sub", rows, self.number(least)), TensorProto.UINT8, 255)
            product = self("MatMulInteger", given, weights)
            sums = self("ReduceSum", self("Cast", weights, to=TensorProto.FLOAT), self.ints(0), keepdims=0)
            bias = self("Add", bias, self("Mul", self("Mul", sums, columns), self.number(least)))
        product = self("Mul", self("Cast", product, to=TensorProto.FLOAT), scale)
        return self("Add", self("Mul", product, columns), bias)

    def norm(self, name: str, rows: str) -> str:
        centred = self("Sub", rows, self("ReduceMean", rows, self.ints(-1), keepdims=1))
        variance = self("ReduceMean", self("Mul", centred, centred), self.ints(-1), keepdims=1)
        length = self("Reciprocal", self("Sqrt", self("Add", variance, self.number(1e-12))))
        scaled = self("Mul", self("Mul", centred, length), self.weight(name + ".weight"))
        return self("Add", scaled, self.weight(name + ".bias"))

    def seen(self) -> str:
        """Where the last layer looked: mean of the heads over the stored tokens, [C, Q, T], summing to 1."""
        by_query = self("Reshape", self.attention, self.ints(0, -1, self.config.decoder_heads, self.tokens))
        mean = self("ReduceMean", by_query, self.ints(2), keepdims=0)
        return self("Div", mean, self("ReduceSum", mean, self.ints(-1), keepdims=1))
