#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# What ACPICA's disassembler, which nobody here wrote, reads in tables that the builder made: no
# complaint, the values that make_tables.c put in, and, when its text is compiled again, the same
# bytes. A table that is broken on purpose must be complained about. Prints TAP.
#
# usage: iasl.sh MAKE_TABLES

set -u

# shellcheck source=testing/tap.sh
. "$(dirname "$0")/../../testing/tap.sh"

make_tables=$1

if ! command -v iasl >/dev/null 2>&1; then
    echo "1..0 # SKIP iasl is not installed (Debian package acpica-tools)"
    exit 0
fi

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# Whether iasl disassembles the table without a complaint. It exits with 0 and writes a file either
# way; complaints are words in its output or in the file.
is_disassembled() { # NAME
    (cd "$work" && iasl -d "$1.dat" >"$1.out" 2>&1) || return 1
    test -s "$work/$1.dsl" || return 1
    if grep -inE 'warning|error|invalid|unknown|\*\*\*\*' "$work/$1.out" "$work/$1.dsl" \
        >"$work/$1.complaints"; then
        return 1
    fi
}

# Whether compiling the disassembly gives the same bytes, but for iasl's own name and version (bytes
# 29 to 36) and so the checksum (byte 10).
is_recompiled() { # NAME
    (cd "$work" && iasl -p "again_$1" "$1.dsl" >"again_$1.out" 2>&1) || return 1
    test "$(wc -c <"$work/$1.dat")" -eq "$(wc -c <"$work/again_$1.aml")" || return 1
    test -z "$(cmp -l "$work/$1.dat" "$work/again_$1.aml" |
        awk '$1 != 10 && ($1 < 29 || $1 > 36)')"
}

# Whether the disassembly has these values of one field, in this order and no others.
has_values() { # NAME FIELD VALUE...
    name=$1
    field=$2
    shift 2
    got=$(sed -n "s/^\[.*\]  *$field : \([0-9A-F]*\).*/\1/p" "$work/$name.dsl" | tr '\n' ' ')
    test "$got" = "$* " && return 0
    echo "# $name: $field: got '$got', expected '$* '"
    return 1
}

# The same for the types of device entries, which older iasl calls otherwise than newer.
has_types() { # NAME VALUE...
    name=$1
    shift
    got=$(sed -n 's/^\[.*\]  *\(Entry Type\|Subtable Type\) : \([0-9A-F]*\).*/\2/p' \
        "$work/$name.dsl" | tr '\n' ' ')
    test "$got" = "$* " && return 0
    echo "# $name: types: got '$got', expected '$* '"
    return 1
}

echo "1..20"
"$make_tables" "$work"
result $? "the tables are built"

for table in machine filled every; do
    is_disassembled "$table"
    status=$?
    test "$status" -eq 0 || sed 's/^/# /' "$work/$table.complaints"
    result "$status" "iasl disassembles '$table' without complaint"
    is_recompiled "$table"
    result $? "compiling the disassembly of '$table' gives the same bytes"
done

has_values machine 'Table Length' 00000060
result $? "machine: length"
has_types machine 10 03 04 48 48
result $? "machine: one IOMMU with a range, IOAPIC and HPET"
has_values machine 'Device ID' 0000 06FF 0000 0000
result $? "machine: the range is 0000h to 06FFh"
has_values machine 'Source Used Device ID' 00A0 00A0
result $? "machine: IOAPIC and HPET are 00:14.0"

has_types filled 10 02 02 02 02 10 03 04 02 02 10 02 46 46
result $? "filled: short blocks end in repetitions"
has_values filled 'Length' 0028 0028 002C
result $? "filled: no block is shorter than 40 bytes"
has_values filled 'Base Address' 00000000FED90000 00000000FED94000 00000000FED98000
result $? "filled: the windows of three IOMMUs"

has_types every 10 03 04 02 42 43 04 46 47 04 48 48 21 22 20
result $? "every: all kinds of entries and blocks"
has_values every 'Device ID' 0003 01FF 0210 0220 0300 03FE 0400 0500 0507 0000 0000 &&
    has_values every 'Source Used Device ID' 0123 00A5 00A0 00A0 &&
    has_values every 'Extended Data' 80000000 00000000
result $? "every: devices, sources and ATSDisabled"
has_values every 'Base Address' 00000080FD304000 &&
    has_values every 'Capability Offset' 0064 &&
    has_values every 'Virtualization Info' 00603000 0503
result $? "every: window, capability, IVinfo and info"
has_values every 'Start Address' 000000007F012000 0000000123456000 00000000000A0000 &&
    has_values every 'Memory Length' 0000000000011000 0000000000222000 0000000000020000 &&
    has_values every 'DeviceId' 0002 0210 0300 0000 &&
    has_values every 'Auxiliary Data' 0000 03FE 0000
result $? "every: reserved memory"

! is_disassembled broken
result $? "iasl complains about the broken table"
! has_values machine 'Table Length' 00000061 >/dev/null
result $? "a wrong value is noticed"

exit "$failed"
