"""EfficientNet-Lite0 as an int8 ONNX file, from its checkpoint.

The graph is written node by node rather than exported: it is 16 blocks of three convolutions, and so needs
neither PyTorch nor its exporter. Batch normalisation is folded into the convolutions; no result changes.
Layout: https://github.com/tensorflow/tpu, models/official/efficientnet/lite (Apache-2.0).
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from bqml_emulator.model.vision import SIDE, read_image
from model_build import checkpoint

BLOCKS = 16
HALVING_BLOCKS = {1, 3, 5, 11}  # those with stride 2, besides the first convolution
BATCH_NORM_EPSILON = 1e-3
OPSET = 17
# Every other picture of the demo shows which values the network meets on ordinary photos and drawings.
CALIBRATION_IMAGES = Path(__file__).parents[2] / "demo/images"


class Graph:
    """Grows an ONNX graph from a checkpoint's tensors."""

    def __init__(self, tensors: dict[str, np.ndarray]) -> None:
        self._tensors = tensors
        self._nodes: list[onnx.NodeProto] = []
        self._weights = {"zero": np.float32(0), "six": np.float32(6)}

    def add(self, operation: str, *inputs: str, output: str = "", **attributes) -> str:
        """Append a node; gives its output's name."""
        output = output or f"{operation}_{len(self._nodes)}"
        self._nodes.append(helper.make_node(operation, inputs, [output], output, **attributes))
        return output

    def weight(self, name: str, value: np.ndarray) -> str:
        """Keep a constant tensor; gives its name."""
        self._weights[name] = value
        return name

    def convolution(self, source: str, name: str, norm: str, side: int, stride: int = 1) -> str:
        """A convolution with its batch normalisation folded in, on a square of `side` pixels."""
        weight = self._tensors[f"{name}.weight"]
        gain = self._tensors[f"{norm}.weight"] / np.sqrt(
            self._tensors[f"{norm}.running_var"] + BATCH_NORM_EPSILON
        )
        shift = self._tensors[f"{norm}.bias"] - self._tensors[f"{norm}.running_mean"] * gain
        kernel = weight.shape[-1]
        return self.add(
            "Conv",
            source,
            self.weight(f"{name}.weight", weight * gain[:, None, None, None]),
            self.weight(f"{name}.bias", shift),
            group=weight.shape[0] if weight.shape[1] == 1 and kernel > 1 else 1,
            strides=[stride, stride],
            pads=same_padding(side, kernel, stride),
        )

    def relu6(self, source: str) -> str:
        """Cut off below 0 and above 6."""
        return self.add("Clip", source, "zero", "six")

    def model(self) -> onnx.ModelProto:
        """The finished graph: x (n, 3, 224, 224) to logits (n, 1000) and sal (n, 7, 7)."""
        shapes = {"x": ["n", 3, SIDE, SIDE], "logits": ["n", 1000], "sal": ["n", SIDE // 32, SIDE // 32]}
        x, logits, sal = (helper.make_tensor_value_info(n, TensorProto.FLOAT, s) for n, s in shapes.items())
        constants = [numpy_helper.from_array(np.ascontiguousarray(v), n) for n, v in self._weights.items()]
        graph = helper.make_graph(self._nodes, "efficientnet-lite0", [x], [logits, sal], constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)


def same_padding(side: int, kernel: int, stride: int) -> list[int]:
    """TensorFlow's SAME padding: top, left, bottom, right, the odd pixel last."""
    total = max((-(-side // stride) - 1) * stride + kernel - side, 0)
    return [total // 2, total // 2, total - total // 2, total - total // 2]


def float_model(tensors: dict[str, np.ndarray]) -> onnx.ModelProto:
    """EfficientNet-Lite0 in float32."""
    graph = Graph(tensors)
    features = graph.relu6(graph.convolution("x", "_conv_stem", "_bn0", SIDE, stride=2))
    side = SIDE // 2
    for number in range(BLOCKS):
        features, side = add_block(graph, features, tensors, number, side)
    features = graph.relu6(graph.convolution(features, "_conv_head", "_bn1", side))
    graph.add("ReduceMean", features, output="sal", axes=[1], keepdims=0)
    pooled = graph.add("ReduceMean", features, axes=[2, 3], keepdims=0)
    weight, bias = (graph.weight(name, tensors[name]) for name in ("_fc.weight", "_fc.bias"))
    graph.add("Gemm", pooled, weight, bias, output="logits", transB=1)
    return graph.model()


def add_block(graph: Graph, source: str, tensors: dict, number: int, side: int) -> tuple[str, int]:
    """One inverted bottleneck: widen, filter each channel, narrow; gives its output and that one's side."""
    block, stride, inner = f"_blocks.{number}", 2 if number in HALVING_BLOCKS else 1, source
    if f"{block}._expand_conv.weight" in tensors:
        inner = graph.relu6(graph.convolution(inner, f"{block}._expand_conv", f"{block}._bn0", side))
    inner = graph.relu6(graph.convolution(inner, f"{block}._depthwise_conv", f"{block}._bn1", side, stride))
    side = -(-side // stride)
    output = graph.convolution(inner, f"{block}._project_conv", f"{block}._bn2", side)
    if number and stride == 1 and is_repeat(tensors, number):
        output = graph.add("Add", output, source)
    return output, side


def is_repeat(tensors: dict[str, np.ndarray], number: int) -> bool:
    """Whether a block gives as many channels as it takes, and so adds its input to its output."""
    taken = tensors[f"_blocks.{number}._expand_conv.weight"].shape[1]
    return taken == tensors[f"_blocks.{number}._project_conv.weight"].shape[0]


class Pictures(CalibrationDataReader):
    """The calibration pictures, one at a time, scaled as at run time."""

    def __init__(self) -> None:
        self._files: Iterator[Path] = iter(sorted(CALIBRATION_IMAGES.glob("*/*.jpg"))[::2])

    def get_next(self) -> dict[str, np.ndarray] | None:
        """The next input, or None at the end."""
        file = next(self._files, None)
        if file is None:
            return None
        pixels = read_image(file.read_bytes()).astype(np.float32)
        return {"x": ((pixels - 127) / 128).transpose(2, 0, 1)[None]}


def write(checkpoint_file: Path, target: Path) -> None:
    """Write the int8 network: weights per channel, activations by the calibration pictures' extremes."""
    with tempfile.TemporaryDirectory() as folder:
        exact, prepared = Path(folder) / "exact.onnx", Path(folder) / "prepared.onnx"
        onnx.save(float_model(checkpoint.load(checkpoint_file)), exact)
        quant_pre_process(exact, prepared, skip_symbolic_shape=True)
        quantize_static(
            prepared,
            target,
            Pictures(),
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            weight_type=QuantType.QInt8,
            activation_type=QuantType.QUInt8,
        )
