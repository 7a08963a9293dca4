#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Print the TAP lines of a finished `meson test`, each with the name of its program in front.

A program that died, or that is not TAP, becomes one line of its own; so does one whose plan names
more cases than it ran. Usage: meson-tap.py BUILD_DIRECTORY
"""
import json
import re
import sys


def lines_of(test):
    name = test["name"].split(" / ")[-1]
    cases = 0
    failed = 0
    for line in test.get("stdout", "").splitlines():
        match = re.match(r"(not ok|ok)\b\s*\d*\s*-?\s*(.*)", line)
        if match:
            cases += 1
            failed += match[1] == "not ok"
            yield f"{match[1]} - {name}: {match[2]}"
        elif line.startswith("#"):
            yield line
    plan = re.search(r"^1\.\.(\d+)$", test.get("stdout", ""), re.M)
    if plan and int(plan[1]) != cases:
        yield f"not ok - {name}: ran {cases} cases of {plan[1]}"
        failed += 1
    if test["result"] == "OK":
        if cases == 0:
            yield f"ok - {name}"
    elif test["result"] == "SKIP":
        if cases == 0:
            yield f"ok - {name} # SKIP"
    elif failed == 0:
        yield f"not ok - {name}: {test['result']}"
        for line in test.get("stderr", "").splitlines()[:40]:
            yield "# " + line


def main():
    with open(sys.argv[1] + "/meson-logs/testlog.json", encoding="utf-8") as log:
        for record in log:
            for line in lines_of(json.loads(record)):
                print(line)


main()
