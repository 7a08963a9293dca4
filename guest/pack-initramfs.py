#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Packs files into an initramfs: pack-initramfs.py OUT <LIST

Each line of LIST is MODE, a tab, the path in the archive, a tab, and the file to put there; without a file it is a
directory. The same input always gives the same archive: no times, owners or inode numbers of this machine go into it.
"""

import gzip
import sys

TYPE_DIRECTORY = 0o040000
TYPE_FILE = 0o100000


def entry(number, name, mode, data):
    """One entry of a cpio archive in the "newc" format."""
    path = name.encode() + b"\0"
    fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(path), 0)
    head = b"070701" + b"".join(b"%08x" % field for field in fields) + path
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)


def main():
    archive = []
    for number, line in enumerate(sys.stdin, 1):
        mode, name, source = line.rstrip("\n").split("\t")
        if source:
            with open(source, "rb") as file:
                archive.append(entry(number, name, TYPE_FILE | int(mode, 8), file.read()))
        else:
            archive.append(entry(number, name, TYPE_DIRECTORY | int(mode, 8), b""))
    archive.append(entry(0, "TRAILER!!!", 0, b""))
    with open(sys.argv[1], "wb") as out:
        with gzip.GzipFile(filename="", mode="wb", compresslevel=1, fileobj=out, mtime=0) as packed:
            packed.write(b"".join(archive))


if __name__ == "__main__":
    main()
