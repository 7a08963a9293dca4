# SPDX-License-Identifier: BSD-2-Clause
"""Check that docs/porting.md shows the kernel as it is.

Usage: excerpts.py DOCUMENT DIRECTORY
Each piece of C must be, line for line, in the file that the comment before it names: <!-- iommu.c -->.
Each piece of output, which begins with a step's number, must be in expect/amdvi.txt.
"""
import pathlib
import re
import sys

document = pathlib.Path(sys.argv[1]).read_text()
directory = pathlib.Path(sys.argv[2])
code = re.findall(r"(?:<!-- (\S+) -->\n)?```c\n(.*?)^```$", document, re.M | re.S)
output = re.findall(r"^```\n(\d\. .*?)^```$", document, re.M | re.S)
wrong = 0
for name, text in code + [("expect/amdvi.txt", text) for text in output]:
    first = text.splitlines()[0]
    if not name:
        print(f"of no file: {first}")
        wrong += 1
    elif "\n" + text not in "\n" + (directory / name).read_text():
        print(f"not in {name}: {first}")
        wrong += 1
print(f"{len(code)} functions, {len(output)} steps' output, {wrong} of them wrong")
sys.exit(wrong > 0 or not code or not output)
