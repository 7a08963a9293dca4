#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Sends Ethernet frames to a network card of QEMU's whose netdev is a unix datagram socket.

frames.py SOCKET COUNT PER_SECOND

The frames are broadcasts of a protocol that nobody speaks, so that all the guest does is receive them.
"""

import socket
import sys
import time

FRAME = b"\xff" * 6 + b"\x52\x54\x00\x00\x00\x01" + b"\x88\xb5" + b"amdvi" * 40


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    path, count, per_second = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        for _ in range(count):
            try:
                sender.sendto(FRAME, path)
            except OSError as error:
                sys.exit(f"frames.py: {error}")
            time.sleep(1 / per_second)


if __name__ == "__main__":
    main()
