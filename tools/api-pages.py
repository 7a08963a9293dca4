# SPDX-License-Identifier: BSD-2-Clause
"""From Doxygen's manual pages those that people look for, with names that do not collide with others'.

Usage: api-pages.py PAGES OUT VERSION INCLUDE...
Left out: pages of members, of enumerators and of macros, folders, and the section about the author.
"""
import pathlib
import re
import sys

pages, out = map(pathlib.Path, sys.argv[1:3])
version = sys.argv[3]
headers = {path.name: path.read_text() for folder in sys.argv[4:] for path in pathlib.Path(folder).rglob("*.h")}


def titled(text, names, what, header):
    """A head without a date that changes with each build, all names that the page is about, and what to include."""
    line = re.search(r"^\.SH NAME\n(.*)$", text, re.M)
    brief = line[1].split(" \\- ", 1)[1] if " \\- " in line[1] else what
    text = text.replace(line[0], f".SH NAME\n{', '.join(names)} \\- {brief}", 1)
    text = re.sub(r"^\.TH .*$", f'.TH "{names[0]}" 3 "" "amdvi {version}" "AMD IOMMU"', text, flags=re.M)
    before, synopsis, after = text.partition(".SH SYNOPSIS\n")
    after = after[min(at for at in (after.find("\n.SS "), after.find("\n.SH ")) if at >= 0):]
    return f"{before}{synopsis}#include <amdvi/{header}>{after}"


def cleaned(text):
    text = re.sub(r'^\.SH "Author".*', "", text, flags=re.M | re.S).rstrip() + "\n"
    text = re.sub(r"\bamdvi_\w+::", "", text)  # members, as C writes them
    text = text.replace("\\fC", "\\fR").replace("AMDVI_DRV_MUST_CHECK ", "")
    text = re.sub(r"[ \t]+$", "", text, flags=re.M)
    # Paragraphs that nothing follows.
    text = re.sub(r"(^\.PP\n)+(?=\.(SS|SH|PP|RI|TP|in)|\Z)", "", text, flags=re.M)
    return re.sub(r"(^\.PP\n)+", ".PP\n", text, flags=re.M)


def write_header(header, code, links):
    """Its page, and links to it by the names of functions and enums, in its own order."""
    names = re.findall(r"\bamdvi_\w+(?=\()|(?<=^enum )amdvi_\w+(?= \{)", code, re.M)
    # A structure and a function of one name: Doxygen made the structure's page.
    names = [name for name in dict.fromkeys(names) if name in links or f"struct {name} {{" in code]
    page = "amdvi_" + header
    text = cleaned((pages / f"{header}.3").read_text())
    (out / f"{page}.3").write_text(titled(text, [page] + names, "declarations", header))
    for name in names:
        (out / f"{name}.3").write_text(f".so man3/{page}.3\n")
    return names


def main():
    links = {header: [] for header in headers}
    for path in pages.iterdir():
        link = re.match(r"\.so man3/(.*)\.3", path.read_text())
        if link and link[1] in headers:
            links[link[1]].append(path.name[:-2])
    for header, text in headers.items():
        code = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
        if not (pages / f"{header}.3").exists():
            continue
        names = write_header(header, code, links[header])
        # A structure that a function has the name of is on the header's page.
        for name in re.findall(r"^struct (amdvi_\w+) \{", code, re.M):
            if name not in names:
                page = cleaned((pages / f"{name}.3").read_text())
                (out / f"{name}.3").write_text(titled(page, [name], f"structure of amdvi/{header}", header))


main()
