"""IDX files, MNIST's format, for tests."""

import struct


def idx(array, kind=8):
    """An array as an IDX file, by the format's description."""
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, kind, array.ndim, *array.shape) + array.tobytes()
