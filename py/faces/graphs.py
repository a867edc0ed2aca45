"""Networks as ONNX graphs, made out of weights that come in another form, for onnxruntime.

    python -m faces.graphs dlib WEIGHTS GRAPH

`networks` runs that once for each file of weights, in a process of its own: the package onnx is needed to make a graph,
not to run one, and would take 30 MB of every detection.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

Floats = NDArray[np.float32]

#: onnxruntime 1.20 and later run these (https://onnxruntime.ai/docs/reference/compatibility.html).
_OPSET, _IR = 17, 8

#: dlib's network for faces (dnn_face_recognition_ex.cpp): channels of its residual blocks, from the input on, and
#: whether a block halves the picture.
_BLOCKS = [
    *[(32, False)] * 3,
    (64, True), *[(64, False)] * 3,
    (128, True), *[(128, False)] * 2,
    (256, True), *[(256, False)] * 2,
    (256, True),
]  # fmt: skip
#: Mean of red, green, blue that dlib takes away before it divides by 256 (dlib/dnn/input.h, input_rgb_image_sized).
_MEAN = (122.782, 117.001, 104.298)
_SIDE = 150


def dlib_resnet(data: bytes) -> onnx.ModelProto:
    """dlib_face_recognition_resnet_model_v1.dat -> a graph of the same function: `chips` (n, 150, 150, 3) RGB uint8 ->
    `vectors` (n, 128). Raises ValueError if the file is something else.

    Batch normalisation, which dlib has as scale and shift after each convolution, is folded into its weights.
    """
    weights, graph = _DlibWeights(data), _Graph()
    x = graph.add("Cast", ["chips"], to=TensorProto.FLOAT)
    x = graph.add("Transpose", [x], perm=[0, 3, 1, 2])
    x = graph.add("Sub", [x, graph.constant(np.array(_MEAN, np.float32).reshape(1, 3, 1, 1))])
    x = graph.add("Mul", [x, graph.constant(np.float32(1 / 256))])
    x = graph.convolution(x, *weights.convolution(32, 3, 7), stride=2)
    x = graph.add("Relu", [x])
    x = graph.add("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2])
    channels, size = 32, ((_SIDE - 7) // 2 + 1 - 3) // 2 + 1
    for width, halves in _BLOCKS:
        skip, stride = x, 1 + halves
        x = graph.convolution(x, *weights.convolution(width, channels, 3), stride=stride, pad=1 - halves)
        x = graph.add("Relu", [x])
        x = graph.convolution(x, *weights.convolution(width, width, 3), pad=1)
        if halves:
            # dlib adds tensors of different sizes as if the smaller one had zeros where it ends
            skip = graph.add("AveragePool", [skip], kernel_shape=[2, 2], strides=[2, 2])
            inner, size = (size - 3) // 2 + 1, (size - 2) // 2 + 1
            x = graph.pad(x, size - inner)
            skip = graph.widen(skip, channels, width)
        x = graph.add("Relu", [graph.add("Add", [x, skip])])
        channels = width
    x = graph.add("Flatten", [graph.add("GlobalAveragePool", [x])])
    graph.add("MatMul", [x, graph.constant(weights.connection(channels, 128))], output="vectors")
    return graph.model(
        helper.make_tensor_value_info("chips", TensorProto.UINT8, ["n", _SIDE, _SIDE, 3]),
        helper.make_tensor_value_info("vectors", TensorProto.FLOAT, ["n", 128]),
    )


def yunet(data: bytes) -> onnx.ModelProto:
    """face_detection_yunet_2023mar.onnx -> the same network for `image` (h, w, 3) RGB uint8, h and w multiples of 32,
    instead of 640 x 640 BGR float. Raises ValueError if the file is something else.

    The outputs keep their names: cls_8, obj_8, bbox_8, kps_8, the same with 16 and 32.
    """
    try:
        model = onnx.load_model_from_string(data)
        (entry,) = model.graph.input
    except Exception as error:  # protobuf raises what it likes
        raise ValueError(f"no ONNX graph of one input: {error}") from error
    if {output.name.rpartition("_")[0] for output in model.graph.output} != {"cls", "obj", "bbox", "kps"}:
        raise ValueError("its outputs are not YuNet's")
    first = next(node for node in model.graph.node if entry.name in node.input)
    weights = next(item for item in model.graph.initializer if item.name == first.input[1])
    rgb = numpy_helper.from_array(np.ascontiguousarray(numpy_helper.to_array(weights)[:, ::-1]), weights.name)
    weights.CopyFrom(rgb)
    before = [
        helper.make_node("Cast", ["image"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["floats"], ["planes"], perm=[2, 0, 1]),
        helper.make_node("Unsqueeze", ["planes"], [entry.name], axes=[0]),  # as operator set 11 has it
    ]
    nodes = [*before, *model.graph.node]
    outputs = [helper.make_tensor_value_info(o.name, TensorProto.FLOAT, [1, None, None]) for o in model.graph.output]
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, ["h", "w", 3])
    del model.graph.node[:], model.graph.input[:], model.graph.output[:], model.graph.value_info[:]
    model.graph.node.extend(nodes)
    model.graph.input.append(image)
    model.graph.output.extend(outputs)
    return model


class _DlibWeights:
    """Reads the layers' numbers out of dlib's file, in the order in which the network has them. (dlib/serialize.h:
    an integer is a byte with its length and sign, then its bytes, the lowest first.)"""

    def __init__(self, data: bytes):
        self._data, self._at = data, 0

    def convolution(self, out: int, into: int, side: int) -> tuple[Floats, Floats]:
        """Weights (out, into, side, side) and bias (out,) of the next convolution and the affine layer after it."""
        count = out * into * side * side
        numbers = self._numbers("con_4", count + out)
        scale_shift = self._numbers("affine_", 2 * out)
        scale, shift = scale_shift[:out], scale_shift[out:]
        weights = numbers[:count].reshape(out, into, side, side) * scale[:, None, None, None]
        return weights, numbers[count:] * scale + shift

    def connection(self, into: int, out: int) -> Floats:
        """Weights (into, out) of the layer that connects all with all."""
        return self._numbers("fc_2", into * out, skip=2).reshape(into, out)

    def _numbers(self, layer: str, count: int, skip: int = 0) -> Floats:
        """The numbers of the next layer of this kind; `skip` integers stand before them."""
        name = bytes([1, len(layer)]) + layer.encode()
        start = self._data.find(name, self._at)
        if start < 0:
            raise ValueError(f"no layer {layer} from byte {self._at} on: not dlib's network for faces")
        self._at = start + len(name)
        for _ in range(skip):
            self._integer()
        version, *sizes = (self._integer() for _ in range(5))
        end = self._at + 4 * count
        if version != 2 or int(np.prod(sizes)) != count or end > len(self._data):
            raise ValueError(f"layer {layer} at byte {start} has sizes {sizes}, not {count} numbers")
        numbers = np.frombuffer(self._data, "<f4", count, self._at)
        self._at = end
        return numbers

    def _integer(self) -> int:
        length, at = self._data[self._at] & 0x0F, self._at + 1
        negative = self._data[self._at] & 0x80
        self._at = at + length
        value = int.from_bytes(self._data[at : self._at], "little")
        return -value if negative else value


class _Graph:
    """A graph that grows by one node after the other."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: list[onnx.TensorProto] = []

    def add(self, operator: str, inputs: list[str], output: str = "", **attributes: Any) -> str:
        """The name of what it gives."""
        output = output or f"{operator}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def constant(self, values: Any) -> str:
        name = f"constant_{len(self._constants)}"
        self._constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def convolution(self, x: str, weights: Floats, bias: Floats, stride: int = 1, pad: int = 0) -> str:
        inputs = [x, self.constant(weights), self.constant(bias)]
        return self.add("Conv", inputs, strides=[stride] * 2, pads=[pad] * 4)

    def widen(self, x: str, channels: int, width: int) -> str:
        """More channels, all zero. As a convolution, so that onnxruntime keeps its own layout through all blocks and
        adds in the convolution before; a Pad would make it rearrange all numbers twice in each block."""
        if width == channels:
            return x
        same = np.eye(width, channels, dtype=np.float32)[:, :, None, None]
        return self.convolution(x, same, np.zeros(width, np.float32))

    def pad(self, x: str, pixels: int) -> str:
        """So many more pixels at the right and below, all zero."""
        if not pixels:
            return x
        return self.add("Pad", [x, self.constant(np.array([0, 0, 0, 0, 0, 0, pixels, pixels], np.int64))])

    def model(self, entry: onnx.ValueInfoProto, exit_: onnx.ValueInfoProto) -> onnx.ModelProto:
        graph = helper.make_graph(self._nodes, "faces", [entry], [exit_], self._constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)


_MAKERS = {"dlib": dlib_resnet, "yunet": yunet}


def main(kind: str, weights: str, target: str) -> None:
    """Writes the graph as a whole or not at all. The process ends with 1 and a reason if the weights are of another
    kind."""
    try:
        model = _MAKERS[kind](Path(weights).read_bytes())
    except ValueError as error:
        sys.exit(f"{weights}: {error}")
    onnx.checker.check_model(model)
    part = Path(f"{target}.{os.getpid()}.part")
    try:
        part.write_bytes(model.SerializeToString())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


if __name__ == "__main__":
    main(*sys.argv[1:4])
