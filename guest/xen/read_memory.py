#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Reads memory of the machine from outside, past the IOMMU: read_memory.py SOCKET ADDRESS BYTES

SOCKET is a running QEMU's QMP socket. Prints the bytes at the physical address as hexadecimal digits.
"""

import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from qmp import Qmp  # noqa: E402  (found only now)


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    socket, address, size = sys.argv[1], int(sys.argv[2], 0), int(sys.argv[3], 0)
    try:
        with tempfile.TemporaryDirectory(prefix="amdvi-memory.") as directory:
            path = os.path.join(directory, "bytes")
            Qmp(socket).execute("pmemsave", val=address, size=size, filename=path)
            with open(path, "rb") as file:
                print(file.read().hex())
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        sys.exit(f"read_memory.py: {error or type(error).__name__}")


if __name__ == "__main__":
    main()
