"""Reads and writes IDX files with Python's own modules, for `tests/data.rs`.

    idx.py read FILE...      prints type, shape and values of each
    idx.py write FOLDER      writes a file of each type, plain and packed with gzip
"""

import gzip
import struct
import sys

TYPES = {8: "B", 9: "b", 11: "h", 12: "i", 13: "f", 14: "d"}


def read(path):
    raw = open(path, "rb").read()
    if raw[:2] == b"\x1f\x8b":
        raw = gzip.decompress(raw)
    zero, code, dimensions = struct.unpack(">HBB", raw[:4])
    assert zero == 0, path
    shape = struct.unpack(f">{dimensions}I", raw[4 : 4 + 4 * dimensions])
    values = [v for (v,) in struct.iter_unpack(">" + TYPES[code], raw[4 + 4 * dimensions :])]
    count = 1
    for length in shape:
        count *= length
    assert len(values) == count, path
    print(code, list(shape), *(repr(value) for value in values))


def values(code, count):
    """Values whose formula `tests/data.rs` knows as well, the ends of the type first."""
    if code in (13, 14):
        largest = struct.unpack(">f", b"\x7f\x7f\xff\xff")[0] if code == 13 else sys.float_info.max
        first = [largest, -largest, float("inf"), -0.0]
        return (first + [(i - 7) * 0.375 for i in range(count)])[:count]
    bits = struct.calcsize(TYPES[code]) * 8
    low, high = (0, 255) if code == 8 else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    return ([low, high] + [(i * 37) % 101 for i in range(count)])[:count]


def write(folder):
    for code, letter in TYPES.items():
        for shape in [(24,), (2, 3, 4), (0, 5), ()]:
            count = 1
            for length in shape:
                count *= length
            raw = struct.pack(">HBB", 0, code, len(shape)) + struct.pack(f">{len(shape)}I", *shape)
            raw += struct.pack(f">{count}{letter}", *values(code, count))
            name = f"{folder}/{code}-{len(shape)}"
            open(name, "wb").write(raw)
            # As several members, which together are one file.
            open(name + ".gz", "wb").write(gzip.compress(raw[:7]) + gzip.compress(raw[7:]))


if sys.argv[1] == "read":
    for path in sys.argv[2:]:
        read(path)
else:
    write(sys.argv[2])
