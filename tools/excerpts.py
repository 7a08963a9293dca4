# SPDX-License-Identifier: BSD-2-Clause
"""Check that a document shows a program as it is.

Usage: excerpts.py DOCUMENT DIRECTORY [OUTPUT]
Each piece of C must be, line for line, in the file of DIRECTORY that the comment before it names:
<!-- iommu.c -->. With OUTPUT, what the program prints, each piece of output, which begins with a step's
number or with "ok ", must be in it, line for line.
"""
import pathlib
import re
import sys

document = pathlib.Path(sys.argv[1]).read_text()
directory = pathlib.Path(sys.argv[2])
pieces = [(name, text, (directory / name).read_text() if name else "")
          for name, text in re.findall(r"(?:<!-- (\S+) -->\n)?```c\n(.*?)^```$", document, re.M | re.S)]
code = len(pieces)
if len(sys.argv) > 3:
    printed = pathlib.Path(sys.argv[3]).read_text()
    pieces += [(sys.argv[3], text, printed)
               for text in re.findall(r"^```\n((?:\d\. |ok ).*?)^```$", document, re.M | re.S)]
output = len(pieces) - code
wrong = 0
for name, text, whole in pieces:
    if not name:
        print(f"of no file: {text.splitlines()[0]}")
        wrong += 1
    elif "\n" + text not in "\n" + whole:
        print(f"not in {name}: {text.splitlines()[0]}")
        wrong += 1
print(f"{code} functions, {output} pieces of output, {wrong} of them wrong")
sys.exit(wrong > 0 or not code or (len(sys.argv) > 3 and not output))
