#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Asks a running QEMU something over its QMP socket.

qmp.py SOCKET get PATH PROPERTY   print a property of an object
qmp.py SOCKET stats PATH          print the amdvi device's statistics, a line for each device:
                                  ID NAME TRANSLATIONS HITS WALKS FAULTS INTERRUPTS UNLOCKED
                                  and for each of its totals a line: "total" NAME NUMBER
qmp.py SOCKET reset               reset the machine
qmp.py SOCKET wake                wait until the machine sleeps, and wake it up
qmp.py SOCKET add ID NAME=VALUE…  plug a device in, as -device does
qmp.py SOCKET remove ID           ask the guest to let a device go, and wait until it has
qmp.py SOCKET job COMMAND JSON    run a command that makes a job, with these arguments; wait until it is done
qmp.py SOCKET migrate URI         migrate the machine, which goes on meanwhile; wait until it is done, and
                                  print how long that took and for how long the machine stood, in ms
qmp.py SOCKET where               print what the machine is doing: its state, where its processors are, and
                                  which interrupts wait
qmp.py SOCKET quit                end QEMU
"""

import json
import re
import socket
import sys
import time

LIMIT_S = 10
GUEST_LIMIT_S = 60
COLUMNS = ("translations", "hits", "walks", "faults", "interrupts", "unlocked")


class Qmp:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(LIMIT_S)
        self.socket.connect(path)
        self.lines = self.socket.makefile("r", encoding="utf-8")
        json.loads(self.lines.readline())
        self.seen = []
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
            self.seen.append(answer)

    def wait_event(self, name, **data):
        """Wait for an event whose data has these values, or take one that has come already."""
        self.socket.settimeout(GUEST_LIMIT_S)
        while True:
            for event in self.seen:
                if event.get("event") == name and data.items() <= event.get("data", {}).items():
                    return
            self.seen = [json.loads(self.lines.readline())]


def wake(qmp):
    end = time.monotonic() + GUEST_LIMIT_S
    while qmp.execute("query-status")["status"] != "suspended":
        if time.monotonic() > end:
            raise RuntimeError("the machine does not fall asleep")
        time.sleep(0.1)
    qmp.execute("system_wakeup")


def add(qmp, name, properties):
    values = dict(word.split("=", 1) for word in properties)
    qmp.execute("device_add", id=name, **values)


def remove(qmp, name):
    qmp.execute("device_del", id=name)
    qmp.wait_event("DEVICE_DELETED", device=name)


def job(qmp, command, arguments):
    qmp.socket.settimeout(GUEST_LIMIT_S)
    end = time.monotonic() + GUEST_LIMIT_S
    qmp.execute(command, **{"job-id": "job"}, **arguments)
    while True:
        found = [one for one in qmp.execute("query-jobs") if one["id"] == "job"][0]
        if found["status"] == "concluded":
            break
        if time.monotonic() > end:
            raise RuntimeError(f"{command} takes too long")
        time.sleep(0.05)
    qmp.execute("job-dismiss", id="job")
    if "error" in found:
        raise RuntimeError(found["error"])


def migrate(qmp, uri):
    end = time.monotonic() + GUEST_LIMIT_S
    qmp.execute("migrate", uri=uri)
    while True:
        state = qmp.execute("query-migrate")
        if state["status"] == "completed":
            print(state["total-time"], state["downtime"])
            return
        if state["status"] in ("failed", "cancelled"):
            raise RuntimeError(state.get("error-desc", state["status"]))
        if time.monotonic() > end:
            raise RuntimeError("the migration takes too long")
        time.sleep(0.05)


def print_where(qmp):
    """Twice, so that a processor that moves can be told from one that doesn't."""
    monitor = lambda line: qmp.execute("human-monitor-command", **{"command-line": line})
    print("state:", qmp.execute("query-status")["status"])
    for _ in range(2):
        registers = monitor("info registers -a")
        print(*re.findall(r"CPU#\d+|\b[RE]IP=\w+|\b[RE]FL=\w+ \S+|\bHLT=\d", registers))
        time.sleep(0.5)
    print(*(line.strip() for line in monitor("info lapic").splitlines() if re.search(r"ISR|IRR", line)))
    print(*(line.strip() for line in monitor("info pic").splitlines() if re.search(r"^ioapic|IRR|Remote", line)))


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
        elif command == "reset":
            qmp.execute("system_reset")
        elif command == "wake":
            wake(qmp)
        elif command == "add":
            add(qmp, sys.argv[3], sys.argv[4:])
        elif command == "remove":
            remove(qmp, sys.argv[3])
        elif command == "job":
            job(qmp, sys.argv[3], json.loads(sys.argv[4]))
        elif command == "migrate":
            migrate(qmp, sys.argv[3])
        elif command == "where":
            print_where(qmp)
        elif command == "quit":
            qmp.execute("quit")
        else:
            sys.exit(__doc__)
    except (OSError, RuntimeError, ValueError, KeyError, TypeError) as error:
        sys.exit(f"qmp.py: {error or type(error).__name__}")


if __name__ == "__main__":
    main()
