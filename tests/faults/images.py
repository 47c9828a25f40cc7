"""Small images made on the spot, every one different, and the vectors that the hash model makes of them."""

import hashlib
import io
import struct
import zlib
from functools import cache

import numpy as np
from PIL import Image


@cache
def encoder_parts() -> tuple[bytes, bytes]:
    """A one-pixel PNG, cut before its last chunk: between the two a text chunk can be put."""
    buffer = io.BytesIO()
    Image.new("RGB", (1, 1), "white").save(buffer, "PNG")
    data = buffer.getvalue()
    return data[:-12], data[-12:]


def tiny_png(number: int) -> bytes:
    """A valid PNG of one pixel whose bytes no other number has; made in microseconds."""
    head, tail = encoder_parts()
    chunk = b"tEXt" + b"Comment\x00%d" % number
    return head + struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk)) + tail


def photo(number: int) -> bytes:
    """A JPEG of 32 x 32 pixels with a colour and a comment of its own: colours alone may be encoded alike."""
    buffer = io.BytesIO()
    Image.new("RGB", (32, 32), (number % 256, number // 256 % 256, 99)).save(
        buffer, "JPEG", comment=str(number)
    )
    return buffer.getvalue()


def hash_vector(content: bytes, dimension: int) -> np.ndarray:
    """The vector that the emulator answers for these bytes while its fault `hash_model` is on."""
    seed = int.from_bytes(hashlib.sha256(content).digest()[:8])
    vector = np.random.default_rng(seed).standard_normal(dimension, dtype=np.float32)
    return vector / np.linalg.norm(vector)
