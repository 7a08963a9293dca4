#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# What scripts rely on, of every subcommand: exit statuses, JSON, colours on a terminal only, and
# output that does not get lost. Prints TAP.
#
# usage: interface.sh AMDVI MAKE_TABLES MAKE_IMAGES

set -u

# shellcheck source=testing/tap.sh
. "$(dirname "$0")/../../testing/tap.sh"

amdvi=$(realpath "$1")
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
"$2" "$work" && "$3" "$work" || exit 1
cd "$work" || exit 1
unset NO_COLOR

# The exit status, for each line "STATUS ARGUMENTS".
statuses() {
    wrong=0
    while read -r want arguments; do
        # shellcheck disable=SC2086 # words without spaces
        "$amdvi" $arguments >said 2>complaint </dev/null
        got=$?
        if [ "$got" -ne "$want" ]; then
            echo "# amdvi $arguments: status $got, not $want"
            wrong=1
        fi
        # Who is told nothing else is told why.
        if [ "$want" -ne 0 ] && [ ! -s said ] && [ ! -s complaint ]; then
            echo "# amdvi $arguments: says nothing"
            wrong=1
        fi
    done
    return "$wrong"
}

fault='AMD-Vi: Event logged [IO_PAGE_FAULT device=0000:03:00.0 domain=0x0004 address=0xfff00040 flags=0x0020]'
echo "$fault" >kernel.log
echo 'AMD-Vi: Interrupt remapping enabled' >fine.log
printf 'IVRS @ 0x0000000000000000\n    0000: 49 56 52 53 58 00 00 00\n' >acpidump.txt
echo 'iommus: [{device: 00:01.0, window: 0' >bad.yaml
walk='memory.raw --register devtab=0x10000 --device 00:03.0'

statuses <<END
0 --help
0 --version
0 explain --help
0 decode --help
0 ivrs --help
0 walk --help
0 top --help
0 decode --list
0 decode event 0x2020000e00000300 0xffe00000
0 ivrs check good_small.dat
0 ivrs check bad_dma_protection.dat
0 ivrs dump bad_all_devices.dat
0 ivrs dump --description good_small.dat
0 ivrs draw good_small.dat
0 explain fine.log
0 explain /dev/null
0 walk $walk --iova 0x2345
END
result $? "the status is 0 when all is fine"

statuses <<END
1 explain kernel.log
1 explain no.such
1 explain .
1 decode event .
1 ivrs check .
1 ivrs dump /dev/null
1 ivrs build .
1 walk . --device-table 0 --device 00:03.0 --iova 0
1 top --once .
1 explain --lspci no.such fine.log
1 decode irte 0x01240101
1 decode event zz
1 decode event 1
1 decode register nosuch 1
1 ivrs check bad_all_devices.dat
1 ivrs check bad_signature.dat
1 ivrs check no.such
1 ivrs check acpidump.txt
1 ivrs dump bad_signature.dat
1 ivrs dump bad_length.dat
1 ivrs dump --description bad_checksum.dat
1 ivrs draw bad_revision.dat
1 ivrs build bad.yaml
1 ivrs build /dev/null
1 ivrs build good_small.dat
1 walk $walk --iova 0x7000
1 walk $walk --interrupt 0x1
1 walk $walk --mappings
1 top --once no.such
1 walk no.such --device-table 0 --device 00:03.0 --iova 0
1 walk /dev/null --device-table 0 --device 00:03.0 --iova 0
1 walk memory.raw --register devtab=0x10000 --domain 77
END
result $? "the status is 1 when something is found, or the input is bad"

statuses <<END
2
2 nosuch
2 --json
2 --json ivrs check good_small.dat
2 explain --nosuch
2 explain one two
2 explain --color=sometimes fine.log
2 decode
2 decode nosuch 1
2 decode --revision 9 event 1
2 decode pte --level 7 1
2 decode register
2 ivrs
2 ivrs nosuch
2 ivrs check one two
2 ivrs check --description good_small.dat
2 ivrs dump --output x good_small.dat
2 top
2 top --once one two
2 top --count 0 qmp.sock
2 walk
2 walk memory.raw
2 walk memory.raw --device-table 0x10000 --iova 0
2 walk memory.raw --device 00:03.0 --iova 0
2 walk memory.raw --device-table 0x10000 --device 00:03.0
2 walk memory.raw --device-table 0x123 --device 00:03.0 --iova 0
2 walk memory.raw --device 00:20.0 --device-table 0 --iova 0
2 walk $walk --iova x
END
result $? "the status is 2 when it was called wrongly"

# JSON: one document, of the kind and with the keys that are named; colours never get into it.
json() { # KIND KEYS ARGUMENTS...
    kind=$1
    keys=$2
    shift 2
    "$amdvi" "$@" --json --color=always >said 2>/dev/null
    python3 - "$kind" "$keys" <<'END'
import json
import sys

kind, keys = sys.argv[1], sys.argv[2].split(',')
with open('said', encoding='utf-8') as file:
    document = json.load(file)
if type(document).__name__ != kind:
    sys.exit(f'# a {type(document).__name__}')
first = document[0] if kind == 'list' else document
missing = [key for key in keys if key not in first]

def walk(value, path):
    """Keys are lower case words; nothing is null, no number is broken."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if not key.replace('_', '').replace('.', '').isalnum() or key != key.lower():
                missing.append(f'{path}: a key is {key!r}')
            walk(inner, key)
    elif isinstance(value, list):
        for inner in value:
            walk(inner, path)
    elif value is None or isinstance(value, float):
        missing.append(f'{path}: {value!r}')
    elif isinstance(value, str) and '\033' in value:
        missing.append(f'{path}: a colour')

walk(document, 'document')
sys.exit(f'# {missing}' if missing else 0)
END
    result $? "JSON of amdvi $*: a $kind of $keys"
}

json list offset,name,register decode --list
json list name,words,fields,summary decode event 0x2020000e00000300 0xffe00000
json list name,words,fields decode register status 0x3
json dict blocks ivrs dump good_small.dat
json dict blocks ivrs dump bad_block_length_zero.dat
json dict iommus,oem_id ivrs dump --description good_small.dat
json list severity,offset,text,readers,linux,xen ivrs check bad_all_devices.dat
json dict events,lines,unknown,line_count,other_lines,continuations,left_out explain kernel.log
json dict steps,outcome,reason,spa,page_bytes walk memory.raw --register devtab=0x10000 --device 00:03.0 --iova 0x2345
json dict steps,outcome,reason,event walk memory.raw --register devtab=0x10000 --device 00:03.0 --interrupt 0x1
json dict domain,devices,tables,ranges,faults,complete walk memory.raw --register devtab=0x10000 --domain 5
"$amdvi" ivrs dump --description good_small.dat >good.yaml
json dict output,bytes ivrs build good.yaml --output built.dat
json dict table,bytes ivrs build good.yaml
json dict nodes,edges ivrs draw good_small.dat
cmp -s built.dat good_small.dat
result $? "what is built beside JSON is the table"
"$amdvi" ivrs build good.yaml --json |
    python3 -c 'import json, sys; sys.stdout.buffer.write(bytes.fromhex(json.load(sys.stdin)["table"]))' >built.dat
cmp -s built.dat good_small.dat
result $? "what is built into JSON is the table"

# The picture in JSON has what dot is given, and edges have ends.
wrong=0
for table in good_small.dat bad_all_devices.dat; do
    "$amdvi" ivrs draw "$table" >graph.dot
    "$amdvi" ivrs draw --json "$table" >graph.json
    python3 - <<'END' || wrong=1
import json
import re

graph = json.load(open("graph.json"))
dot = open("graph.dot").read()
nodes = dict(re.findall(r'^  (\w+) \[(?:shape.*, )?label="(.*)"\];$', dot, re.M))
assert nodes == {node["id"]: "\\n".join(node["lines"]) for node in graph["nodes"]} and nodes
edges = re.findall(r'^  (\w+) -> (\w+)(?: \[label="as (.*)", style=dashed\])?;$', dot, re.M)
assert edges == [(edge["from"], edge["to"], edge.get("as", "")) for edge in graph["edges"]] and edges
assert all(end in nodes for edge in edges for end in edge[:2])
END
done
result "$wrong" "the picture is the same in JSON"

"$amdvi" ivrs check --json good_small.dat >said
[ "$(cat said)" = '[]' ]
result $? "no findings are an empty list in JSON"

# Colours: on a terminal, unless told otherwise. script(1) makes one.
escape=$(printf '\033')
coloured() { grep -q "$escape"; }
wrong=0
for command in 'explain kernel.log' 'ivrs check bad_all_devices.dat' 'ivrs dump good_small.dat' 'decode irte 0x01240101' \
    "walk $walk --iova 0x2345"; do
    on_terminal() { # VARIABLE=VALUE ARGUMENTS
        script -qec "env TERM=xterm $1 $amdvi $command $2" /dev/null </dev/null
    }
    # shellcheck disable=SC2086 # words without spaces
    {
        on_terminal A=b '' | coloured || { echo "# $command: no colours on a terminal"; wrong=1; }
        on_terminal NO_COLOR=1 '' | coloured && { echo "# $command: colours with NO_COLOR"; wrong=1; }
        on_terminal NO_COLOR= '' | coloured || { echo "# $command: an empty NO_COLOR says nothing"; wrong=1; }
        on_terminal TERM=dumb '' | coloured && { echo "# $command: colours on a terminal that has none"; wrong=1; }
        on_terminal A=b --color=never | coloured && { echo "# $command: colours with never"; wrong=1; }
        on_terminal A=b --json | coloured && { echo "# $command: colours in JSON"; wrong=1; }
        "$amdvi" $command | coloured && { echo "# $command: colours in a pipe"; wrong=1; }
        "$amdvi" $command --color=auto | coloured && { echo "# $command: colours in a pipe, auto"; wrong=1; }
        "$amdvi" $command --color=always | coloured || { echo "# $command: no colours with always"; wrong=1; }
    }
done
result "$wrong" "colours are for terminals, and as NO_COLOR and --color say"

# Nothing that was to be printed is lost in silence.
wrong=0
for command in 'explain kernel.log' 'explain --json fine.log' 'ivrs check bad_all_devices.dat' 'ivrs dump good_small.dat' \
    'ivrs draw good_small.dat' 'ivrs build good.yaml' 'decode --list' 'decode event 0x2020000e00000300 0xffe00000' \
    "walk $walk --iova 0x2345" "walk $walk --mappings" 'explain --help' --help --version; do
    # shellcheck disable=SC2086 # words without spaces
    "$amdvi" $command >/dev/full 2>complaint
    if [ $? -ne 1 ] || [ ! -s complaint ]; then
        echo "# $command: nobody hears that the disk is full"
        wrong=1
    fi
done
result "$wrong" "a full disk is complained of"

# A complaint may quote what is read; a terminal must not obey it.
printf 'iommus: [{"\\e[31mred": 1}]\n' >red.yaml
"$amdvi" ivrs build red.yaml 2>&1 | coloured
[ $? -ne 0 ]
result $? "complaints hold no control characters"

echo "1..$case"
exit "$failed"
