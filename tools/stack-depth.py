#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Stack below each function that headers declare, from GCC's -fcallgraph-info=su.

stack-depth.py LIMIT FOLDER HEADER...: prints "bytes function: path", the deepest first. Where the
program calls what the headers declare as a pointer to a function, the host's stack begins, and the
path ends; a call through any other pointer would hide what is below it. Status 1, and a line
"over ..." for each, when an entry point is over LIMIT, functions call each other in a circle, a
call goes through a pointer that is no header's, a frame has no bound, or a function that is called
was not compiled.

Every path counts in full: one that no run can take, and the frame of a caller that has left before
a tail call.
"""
import pathlib
import re
import sys

NODE = re.compile(r'^node: \{ title: "([^"]+)" label: "([^"]*)"')
EDGE = re.compile(r'^edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"(?: label: "([^"]+)")?')
STACK = re.compile(r'(\d+) bytes \(([\w,]+)\)')
COMMENT = re.compile(r'/\*.*?\*/', re.S)
POINTER = re.compile(r'\(\*(\w+)\)\s*\(')  # of a structure, or a parameter
CALLED = re.compile(r'(\w+)\(')

INDIRECT = '__indirect_call'
HOST = {INDIRECT, 'memcpy', 'memset', 'memmove', 'memcmp'}


def read(folder):
    """Bytes of each function, who calls whom, and where through pointers."""
    own, calls, through, faults = {}, {}, set(), []
    for path in sorted(pathlib.Path(folder).glob('*.ci')):
        for line in path.read_text().splitlines():
            if node := NODE.match(line):
                stack = STACK.search(node[2])
                if not stack:
                    continue
                # "dynamic,bounded": arguments that are pushed are in the number. A function of a
                # header may be there once for each file.
                own[node[1]] = max(own.get(node[1], 0), int(stack[1]))
                if stack[2] not in ('static', 'dynamic,bounded'):
                    faults.append(f'{node[1]} has a frame that is {stack[2]}')
            elif edge := EDGE.match(line):
                calls.setdefault(edge[1], set()).add(edge[2])
                if edge[2] == INDIRECT:
                    through.add(edge[3])
    return own, calls, through, faults


def check_pointers(through, pointers):
    """Calls through pointers that are not of a header."""
    for place in sorted(through):
        name, line, column = place.rsplit(':', 2)
        text = pathlib.Path(name).read_text().splitlines()[int(line) - 1]
        # GCC's column is in the expression that is called, or at its beginning.
        called = CALLED.search(text, text.rfind('(', 0, int(column)) + 1)
        if called is None or called[1] not in pointers:
            yield f'{name}:{line} calls through a pointer that is not the host\'s'


class Graph:
    def __init__(self, own, calls):
        self.own, self.calls = own, calls
        self.known, self.busy, self.faults = {}, set(), set()

    def deepest(self, name):
        """Bytes and path of the deepest chain that begins with a function."""
        if name in self.busy:
            self.faults.add(f'{name} calls itself, by way of others or not')
            return 0, ()
        if name not in self.known:
            if name not in self.own and name not in HOST:
                self.faults.add(f'{name} is called and was not compiled')
            self.busy.add(name)
            below = max((self.deepest(callee) for callee in self.calls.get(name, ())),
                        default=(0, ()))
            self.busy.discard(name)
            self.known[name] = (self.own.get(name, 0) + below[0],
                                (name.rsplit(':', 1)[-1],) + below[1])
        return self.known[name]


def main():
    limit, folder, headers = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    own, calls, through, faults = read(folder)
    text = '\n'.join(COMMENT.sub('', pathlib.Path(h).read_text()) for h in headers)
    entries = sorted(set(re.findall(r'\b(amdvi_drv_\w+)\s*\(', text)) & set(own))
    graph = Graph(own, calls)

    found = sorted(((*graph.deepest(entry), entry) for entry in entries), reverse=True)
    for size, path, entry in found:
        print(f'{size:5} {entry}: {" > ".join(path[1:])}')
    faults += [f'{entry} takes {size} bytes' for size, _, entry in found if size >= limit]
    faults += sorted(graph.faults)
    faults += check_pointers(through, set(POINTER.findall(text)))
    if not entries:
        faults.append('no entry point was found')
    for fault in faults:
        print(f'over: {fault}')
    sys.exit(1 if faults else 0)


main()
