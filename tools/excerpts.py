# SPDX-License-Identifier: BSD-2-Clause
"""Check that a document shows a program as it is.

Usage: excerpts.py DOCUMENT DIRECTORY (OUTPUT | --run PROGRAM)
Each piece of C must be, line for line, in the file of DIRECTORY that the comment before it names:
<!-- iommu.c -->. Each piece of output, which begins with a step's number or with "ok ", must be in the
file OUTPUT, or in what PROGRAM prints, comments left out.
"""
import pathlib
import re
import subprocess
import sys

document = pathlib.Path(sys.argv[1]).read_text()
directory = pathlib.Path(sys.argv[2])
if sys.argv[3] == "--run":
    run = subprocess.run([sys.argv[4]], stdout=subprocess.PIPE, text=True, check=True)
    printed = "".join(line for line in run.stdout.splitlines(True) if not line.startswith("#"))
else:
    printed = pathlib.Path(sys.argv[3]).read_text()
code = re.findall(r"(?:<!-- (\S+) -->\n)?```c\n(.*?)^```$", document, re.M | re.S)
output = re.findall(r"^```\n((?:\d\. |ok ).*?)^```$", document, re.M | re.S)
pieces = [(name, text, (directory / name).read_text() if name else "") for name, text in code]
pieces += [("what it prints", text, printed) for text in output]
wrong = 0
for name, text, whole in pieces:
    if not name:
        print(f"of no file: {text.splitlines()[0]}")
        wrong += 1
    elif "\n" + text not in "\n" + whole:
        print(f"not in {name}: {text.splitlines()[0]}")
        wrong += 1
print(f"{len(code)} functions, {len(output)} pieces of output, {wrong} of them wrong")
sys.exit(wrong > 0 or not code or not output)
