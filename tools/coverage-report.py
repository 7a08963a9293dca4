#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""What llvm-cov exported, as a table and as TAP, compared with the list of exceptions.

Usage: coverage-report.py EXPORT.json EXPORT.lcov EXCEPTIONS [--list]

A line of EXCEPTIONS is FILE | FUNCTION | WHAT | TEXT | REASON. WHAT is `line`, or `true` or `false`
for a condition that never was so; TEXT is the source line, or the condition. Line numbers are not
in it, so that a change elsewhere in the file does not matter.
"""
import collections
import json
import os
import sys

PARTS = ("arch/", "device/", "ivrs/")
LEAST = {"lines": 98.0, "branches": 92.0}
NAMES = {"lines": "lines", "branches": "branches"}


def ours(path):
    """The path within the project, or None when it is no source of the libraries."""
    path = os.path.relpath(os.path.normpath(path))
    return path if path.startswith(PARTS) and "/tests/" not in path else None


class Sources:
    """Texts of the sources, and which function a line belongs to."""

    def __init__(self, functions):
        self.lines = {}
        self.owner = collections.defaultdict(dict)
        for function in functions:
            path = ours(function["filenames"][0])
            if path is None:
                continue
            name = function["name"].split(":")[-1]
            for region in function["regions"]:
                if region[5] == 0:  # in the function's own file
                    for line in range(region[0], region[2] + 1):
                        self.owner[path][line] = name

    def text(self, path):
        if path not in self.lines:
            with open(path, encoding="utf-8") as file:
                self.lines[path] = file.read().split("\n")
        return self.lines[path]

    def slice(self, path, start, end):
        lines = self.text(path)[start[0] - 1 : end[0]]
        lines[-1] = lines[-1][: end[1] - 1]
        lines[0] = lines[0][start[1] - 1 :]
        return " ".join(" ".join(lines).split())

    def function(self, path, line):
        return self.owner[path].get(line, "?")


def read_lines(lcov):
    """{path: {line: count}}"""
    counts = collections.defaultdict(lambda: collections.defaultdict(int))
    path = None
    with open(lcov, encoding="utf-8") as file:
        for entry in file:
            if entry.startswith("SF:"):
                path = ours(entry[3:].strip())
            elif entry.startswith("DA:") and path is not None:
                line, count = entry[3:].strip().split(",")[:2]
                counts[path][int(line)] += int(count)
    return counts


def read_branches(data):
    """{path: {(start, end): [times true, times false]}}, all copies of inline functions together"""
    counts = collections.defaultdict(dict)
    for function in data["functions"]:
        for branch in function["branches"]:
            path = ours(function["filenames"][branch[6]])
            if path is None:
                continue
            key = (tuple(branch[0:2]), tuple(branch[2:4]))
            sums = counts[path].setdefault(key, [0, 0])
            sums[0] += branch[4]
            sums[1] += branch[5]
    return counts


def missing_of(sources, lines, branches):
    """[(path, function, what, text)]"""
    missing = []
    for path in sorted(lines):
        for line, count in sorted(lines[path].items()):
            text = " ".join(sources.text(path)[line - 1].split())
            if count == 0 and text not in ("{", "}", "} else {"):  # these follow from others
                missing.append((path, sources.function(path, line), "line", text))
        for (start, end), (times_true, times_false) in sorted(branches.get(path, {}).items()):
            text = sources.slice(path, start, end)
            function = sources.function(path, start[0])
            for what, times in (("true", times_true), ("false", times_false)):
                if times == 0:
                    missing.append((path, function, what, text))
    return missing


def read_exceptions(name):
    entries = {}
    with open(name, encoding="utf-8") as file:
        for line in file:
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            parts = [part.strip() for part in line.split(" | ")]
            if len(parts) < 5 or not parts[-1]:
                sys.exit(f"{name}: not FILE | FUNCTION | WHAT | TEXT | REASON: {line}")
            entries[tuple(parts[:3]) + (" | ".join(parts[3:-1]),)] = parts[-1]
    return entries


def totals_of(lines, branches):
    """{path: {"lines": (covered, all), "branches": …}}"""
    totals = {}
    for path in sorted(lines):
        counts = list(lines[path].values())
        taken = [times for pair in branches.get(path, {}).values() for times in pair]
        totals[path] = {
            "lines": (sum(count > 0 for count in counts), len(counts)),
            "branches": (sum(times > 0 for times in taken), len(taken)),
        }
    return totals


def percent(covered, count):
    return 100.0 * covered / count if count else 100.0


def print_table(totals):
    def row(name, numbers):
        cells = []
        for kind in NAMES:
            covered, count = numbers[kind]
            cells.append(f"{covered:5d} of {count:5d} {percent(covered, count):6.2f} %")
        print(f"# {name:36s} {'   '.join(cells)}")

    print(f"# {'file':36s} {'lines':>24s}   {'branches':>24s}")
    for path, numbers in totals.items():
        row(path, numbers)
    whole = {kind: tuple(map(sum, zip(*(n[kind] for n in totals.values())))) for kind in NAMES}
    row("all", whole)
    return whole


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        data = json.load(file)["data"][0]
    lines = read_lines(sys.argv[2])
    branches = read_branches(data)
    sources = Sources(data["functions"])
    missing = missing_of(sources, lines, branches)
    exceptions = read_exceptions(sys.argv[3])
    unlisted = [item for item in missing if item not in exceptions]
    if "--list" in sys.argv:
        for item in unlisted:
            print(" | ".join(item) + " | ")
        return 0

    whole = print_table(totals_of(lines, branches))
    results = []
    for kind, least in LEAST.items():
        reached = percent(*whole[kind])
        results.append((reached >= least and whole[kind][1] > 0,
                        f"{reached:.2f} % of {NAMES[kind]} are covered, at least {least:.0f} %"))
    for item in unlisted:
        print("# not covered, and not listed: " + " | ".join(item))
    results.append((not unlisted, f"all {len(missing)} that are not covered have a reason"))

    # A text that is nowhere in the file is of code that is gone. One that is covered by now is not
    # wrong: threads meet in some runs only.
    stale = [key for key in exceptions
             if key[0] not in lines or key[3] not in " ".join(" ".join(sources.text(key[0])).split())]
    for key in stale:
        print("# listed, and not there: " + " | ".join(key))
    results.append((not stale, "the list names only what is in the sources"))
    for number, (passed, sentence) in enumerate(results, 1):
        print(f"{'ok' if passed else 'not ok'} {number} - coverage: {sentence}")
    print(f"1..{len(results)}")
    return 0 if all(passed for passed, _ in results) else 1


sys.exit(main())
