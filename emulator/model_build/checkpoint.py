"""Read a PyTorch checkpoint of 2020 (the old format, before zip files) without PyTorch.

A checkpoint is a pickle, and a pickle can run anything; this reader knows tensors and nothing else.
"""

import pickle
import struct
from collections import OrderedDict
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

MAGIC = 0x1950A86A20F9469CFC6C  # torch/serialization.py, MAGIC_NUMBER
DTYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


class _Storage(NamedTuple):
    kind: str
    key: str


class _Tensor(NamedTuple):
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _tensor(storage: _Storage, offset: int, shape: tuple, strides: tuple, *_: Any) -> _Tensor:
    return _Tensor(storage, offset, shape, strides)


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in DTYPES:
            return name
        raise pickle.UnpicklingError(f"a checkpoint of tensors has no business with {module}.{name}")

    def persistent_load(self, reference: tuple) -> _Storage:
        _, kind, key, *_ = reference
        return _Storage(kind, key)


def load(path: Path) -> dict[str, np.ndarray]:
    """Every tensor of a checkpoint, by name."""
    with path.open("rb") as file:
        if _Unpickler(file).load() != MAGIC:
            raise ValueError(f"{path} is not a PyTorch checkpoint of the format before 1.6")
        _Unpickler(file).load()  # protocol version
        _Unpickler(file).load()  # the writer's byte order and integer sizes
        tensors = _Unpickler(file).load()
        kinds = {tensor.storage.key: tensor.storage.kind for tensor in tensors.values()}
        storages = {key: _read_storage(file, kinds[key]) for key in _Unpickler(file).load()}
    return {name: _view(tensor, storages) for name, tensor in tensors.items()}


def _read_storage(file: BinaryIO, kind: str) -> np.ndarray:
    (count,) = struct.unpack("<q", file.read(8))
    dtype = DTYPES[kind]
    return np.frombuffer(file.read(count * dtype.itemsize), dtype)


def _view(tensor: _Tensor, storages: dict[str, np.ndarray]) -> np.ndarray:
    # By strides, for this checkpoint keeps TensorFlow's order of axes in memory.
    values = storages[tensor.storage.key][tensor.offset :]
    strides = [stride * values.itemsize for stride in tensor.strides]
    return np.lib.stride_tricks.as_strided(values, tensor.shape, strides)
