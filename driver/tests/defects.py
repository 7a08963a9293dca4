#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Every known defect of other drivers has a test of this one, whose name carries the defect's id.

defects.py SOURCE-ROOT

Reads the case tables of driver/tests: what is named there is run, since check_main() runs all cases of a table. A test
program that Meson does not know does not count, nor does an id in a comment.
"""

import pathlib
import re
import sys

# Security advisories of Xen; commits of Xen; Linux; suspected in Xen; FreeBSD, bhyve, illumos, OpenBSD, Jailhouse, hobby
# kernels. What each is about is in the sentences that carry it.
IDS = """
    XSA-36 XSA-275 XSA-346 XSA-347 XSA-373 XSA-378 XSA-400 XSA-442 X-b953a99 X-bdb3088 X-83afa31
    L-1 L-2 L-3 L-4 L-5 L-6 X-S1 X-S2 X-S3 F-1 B-1 B-2 I-1 O-1 J-1 H-1
""".split()
ID = re.compile(r"(?:XSA-\d+|X-[0-9a-f]{7}|X-S\d|[A-Z]-\d)(?![\w-])")


def sentences(text):
    """The names in a program's table of cases, each joined from its string literals."""
    table = re.search(r"static const struct check_case cases\[\] = \{\n(.*?)^\};", text, re.M | re.S)
    if not table:
        return []
    return ["".join(re.findall(r'"((?:\\.|[^"\\])*)"', match))
            for match in re.findall(r'\{((?:"(?:\\.|[^"\\])*"\s*)+)', table.group(1))]


def ids_of(sentence):
    """The ids that a sentence begins with: "XSA-373, J-1: no page …"."""
    found = []
    while True:
        match = re.match(ID.pattern + r"(?:, |: )", sentence)
        if not match:
            return found
        found.append(ID.match(sentence).group())
        sentence = sentence[match.end():]


def main():
    tests = pathlib.Path(sys.argv[1], "driver/tests")
    build = (tests.parent / "meson.build").read_text(encoding="utf-8")
    carriers = {}
    for path in sorted(tests.glob("test_*.c")):
        if f"'{path.stem[len('test_'):]}'" in build or path.name in build:
            for sentence in sentences(path.read_text(encoding="utf-8")):
                for name in ids_of(sentence):
                    carriers.setdefault(name, []).append(path.name)
    unknown = sorted(set(carriers) - set(IDS))
    print(f"1..{len(IDS) + 1}")
    for number, name in enumerate(IDS, 1):
        found = carriers.get(name, [])
        print(f"{'ok' if found else 'not ok'} {number} - {name} is in the name of a test: "
              f"{len(found)}, in {', '.join(sorted(set(found))) or 'none'}")
    print(f"{'not ok' if unknown else 'ok'} {len(IDS) + 1} - no test carries an id that is not known"
          f"{': ' + ' '.join(unknown) if unknown else ''}")
    return 1 if unknown or not all(name in carriers for name in IDS) else 0


if __name__ == "__main__":
    sys.exit(main())
