#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Asks a running QEMU something over its QMP socket.

qmp.py SOCKET get PATH PROPERTY   print a property of an object
qmp.py SOCKET stats PATH          print the amdvi device's statistics, a line for each device:
                                  ID NAME TRANSLATIONS HITS WALKS FAULTS INTERRUPTS
                                  and for each of its totals a line: "total" NAME NUMBER
qmp.py SOCKET quit                end QEMU
"""

import json
import socket
import sys

LIMIT_S = 10
COLUMNS = ("translations", "hits", "walks", "faults", "interrupts")


class Qmp:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(LIMIT_S)
        self.socket.connect(path)
        self.lines = self.socket.makefile("r", encoding="utf-8")
        json.loads(self.lines.readline())
        self.execute("qmp_capabilities")

    def execute(self, command, **arguments):
        request = {"execute": command, "arguments": arguments}
        self.socket.sendall(json.dumps(request).encode() + b"\n")
        while True:
            answer = json.loads(self.lines.readline())
            if "error" in answer:
                raise RuntimeError(answer["error"]["desc"])
            if "return" in answer:
                return answer["return"]


def print_stats(text):
    stats = json.loads(text) if isinstance(text, str) else text
    for device in stats["devices"]:
        name = device.get("name") or "-"
        print(device["id"], name.replace(" ", "_"), *(device[column] for column in COLUMNS))
    for name, number in stats["totals"].items():
        print("total", name, number)


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    command = sys.argv[2]
    try:
        qmp = Qmp(sys.argv[1])
        if command == "get":
            print(qmp.execute("qom-get", path=sys.argv[3], property=sys.argv[4]))
        elif command == "stats":
            print_stats(qmp.execute("qom-get", path=sys.argv[3], property="stats"))
        elif command == "quit":
            qmp.execute("quit")
        else:
            sys.exit(__doc__)
    except (OSError, RuntimeError, ValueError, KeyError, TypeError) as error:
        sys.exit(f"qmp.py: {error or type(error).__name__}")


if __name__ == "__main__":
    main()
