#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Stack below each function that headers declare, from GCC's -fcallgraph-info=su.

stack-depth.py LIMIT FOLDER HEADER...: prints "bytes function deepest > path", the deepest first. What
the program calls through pointers, the host's functions, is not counted. Status 1 when one is over
LIMIT, or functions call each other in a circle, which is printed as "over ...".
"""
import functools
import pathlib
import re
import sys

NODE = re.compile(r'^node: \{ title: "([^"]+)" label: "([^"]*)"')
EDGE = re.compile(r'^edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"')
STACK = re.compile(r'(\d+) bytes \((\w+)[^)]*\)')


def read(folder):
    own, calls = {}, {}
    for path in pathlib.Path(folder).glob('*.ci'):
        for line in path.read_text().splitlines():
            if node := NODE.match(line):
                stack = STACK.search(node[2])
                if stack:
                    own[node[1]] = int(stack[1])
                    if stack[2] == 'dynamic':
                        print(f'over: {node[1]} has a stack of no fixed size')
                        sys.exit(1)
            elif edge := EDGE.match(line):
                calls.setdefault(edge[1], set()).add(edge[2])
    return own, calls


def main():
    limit, folder, headers = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    own, calls = read(folder)
    text = '\n'.join(re.sub(r'/\*.*?\*/', '', pathlib.Path(h).read_text(), flags=re.S) for h in headers)
    entries = sorted(set(re.findall(r'\b(amdvi_drv_\w+)\s*\(', text)) & set(own))
    busy, circles = set(), []

    @functools.lru_cache(maxsize=None)
    def deepest(name):
        if name in busy:
            circles.append(name)
            return 0, ()
        busy.add(name)
        below = max((deepest(callee) for callee in calls.get(name, ())), default=(0, ()))
        busy.discard(name)
        return own.get(name, 0) + below[0], (name.rsplit(':', 1)[-1],) + below[1]

    found = sorted(((*deepest(entry), entry) for entry in entries), reverse=True)
    for size, path, entry in found:
        print(f'{size:5} {entry}: {" > ".join(path[1:])}')
    for size, _, entry in found:
        if size > limit:
            print(f'over {limit}: {entry} takes {size} bytes')
    for name in set(circles):
        print(f'over: {name} calls itself, by way of others or not')
    if not entries:
        print('over: no entry point was found')
    sys.exit(1 if circles or not entries or found[0][0] > limit else 0)


main()
