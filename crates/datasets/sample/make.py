#!/usr/bin/env python3
"""Cuts the sample from the four raw MNIST files: make.py FOLDER_WITH_RAW_FILES

Checks the SHA-256 of each file, keeps the first 5,000 training and the first 1,000 test rows and
writes gzip files beside this script, without names or times, so that they come out the same again
(the same zlib given).
"""

import gzip
import hashlib
import pathlib
import struct
import sys

FILES = [
    ("train-images-idx3-ubyte", 5000, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
    ("train-labels-idx1-ubyte", 5000, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
    ("t10k-images-idx3-ubyte", 1000, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
    ("t10k-labels-idx1-ubyte", 1000, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
]


def cut(raw: bytes, rows: int) -> bytes:
    """The IDX file `raw`, of bytes, with its first `rows` rows only."""
    dimensions = raw[3]
    header = 4 + 4 * dimensions
    shape = struct.unpack(f">{dimensions}I", raw[4:header])
    row = 1
    for length in shape[1:]:
        row *= length
    return raw[:4] + struct.pack(f">{dimensions}I", rows, *shape[1:]) + raw[header : header + rows * row]


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for name, rows, expected in FILES:
        raw = (pathlib.Path(sys.argv[1]) / name).read_bytes()
        found = hashlib.sha256(raw).hexdigest()
        if found != expected:
            sys.exit(f"{name}: expected SHA-256 {expected}, found {found}; fetch it again")
        packed = gzip.compress(cut(raw, rows), compresslevel=9, mtime=0)
        (pathlib.Path(__file__).parent / f"{name}.gz").write_bytes(packed)
        print(f"{name}.gz: {rows} rows, {len(packed)} bytes, {hashlib.sha256(packed).hexdigest()}")


if __name__ == "__main__":
    main()
