#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# amdvi ivrs on every table of the tests: each field is where ACPICA's disassembler, which nobody
# here wrote, sees it, with the same value; a description gives the same bytes, and those the same
# description; good tables have no findings, broken ones have some, and together one of each kind.
# Prints TAP.
#
# usage: ivrs_tables.sh AMDVI KINDS MAKE_TABLES...

set -u

# shellcheck source=testing/tap.sh
. "$(dirname "$0")/../../testing/tap.sh"

amdvi=$1
kinds=$2
shift 2
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
for make_tables; do
    "$make_tables" "$work" || exit 1
done

# "offset bytes value" for each field, numbers without leading zeros, in capitals.
normalize='{ sub(/^0[xX]/, "", $3); if ($3 !~ /^"/) { sub(/^0+/, "", $3); $3 = toupper($3) }
    print $1 + 0, $2 + 0, $3 }'

fields_of_iasl() { # NAME
    (cd "$work" && iasl -d "$1.dat" >"$1.out" 2>&1)
    sed -n 's/^\[\([0-9A-F]*\)h [0-9]* *\([0-9]*\)\] *[^:]* : \("[^"]*"\|[0-9A-Fa-f]*\).*/\1 \2 \3/p' \
        "$work/$1.dsl" | while read -r offset bytes value; do
        echo "$((0x$offset)) $bytes $value"
    done | awk "$normalize"
}

fields_of_amdvi() { # NAME
    "$amdvi" ivrs dump --json "$work/$1.dat" 2>/dev/null |
        sed -n 's/^ *"\(offset\|bytes\|value\)": "\(.*\)",\{0,1\}$/\1 \2/p' |
        while read -r key value; do
            case $key in
            offset) offset=$((value)) ;;
            bytes) bytes=$value ;;
            value)
                value=$(printf '%s' "$value" | sed 's/\\"/"/g')
                echo "$offset $bytes $value"
                ;;
            esac
        done | awk "$normalize"
}

# Why iasl (20200925, Debian 12's) does not read a table to its end; nothing for the others. Newer
# ones may know more of them.
iasl_stops() { # NAME
    case $1 in
    bad_only_type_40 | bad_type_order | bad_type_40_in_revision_1 | bad_uid | good_later | good_uid) echo "it does not know blocks of type 40h" ;;
    bad_hid_in_type_11) echo "it does not know entries of type F0h" ;;
    bad_entry_type_*) echo "it does not know this type of entry" ;;
    bad_block_unknown | broken) echo "it does not know this type of block" ;;
    bad_block_beyond_table | bad_block_length_zero | bad_entry_beyond_block) echo "the table is torn there" ;;
    bad_signature) echo "it takes the table for another" ;;
    bad_length) echo "it refuses a table longer than its file" ;;
    esac
}

# Both directions: what one of the two prints, the other prints, with the same value. Of what iasl
# does not read amdvi may print more, where iasl prints nothing.
compares() { # NAME
    fields_of_iasl "$1" | sort >"$work/iasl"
    fields_of_amdvi "$1" | sort >"$work/amdvi"
    comm -23 "$work/iasl" "$work/amdvi" | sed 's/^/# only iasl: /' >"$work/differences"
    comm -13 "$work/iasl" "$work/amdvi" >"$work/more"
    [ -z "$(iasl_stops "$1")" ] || awk 'NR == FNR { for (i = 0; i < $2; i++) taken[$1 + i] = 1; next }
        { for (i = 0; i < $2; i++) if (($1 + i) in taken) { print; next } }' \
        "$work/iasl" "$work/more" >"$work/overlapping"
    [ -z "$(iasl_stops "$1")" ] || cp "$work/overlapping" "$work/more"
    sed 's/^/# only amdvi: /' "$work/more" >>"$work/differences"
    case $1 in
    bad_signature) # iasl shows the header of any table
        grep -q 'Unknown ACPI table signature' "$work/$1.dsl" && [ ! -s "$work/amdvi" ]
        return
        ;;
    bad_length)
        [ ! -s "$work/iasl" ]
        return
        ;;
    esac
    cat "$work/differences"
    if [ -z "$(iasl_stops "$1")" ] &&
        grep -qiE 'unknown|terminates|invalid|error|\*\*\*\*' "$work/$1.dsl" "$work/$1.out"; then
        echo "# iasl stops, and nothing says why"
        return 1
    fi
    [ "$(wc -l <"$work/iasl")" -ge 8 ] && [ ! -s "$work/differences" ]
}

round_trip() { # NAME
    "$amdvi" ivrs dump --description "$work/$1.dat" >"$work/first" 2>"$work/why" || {
        # Only what cannot be opened at all has no description.
        ! "$amdvi" ivrs dump "$work/$1.dat" >/dev/null 2>&1
        return
    }
    "$amdvi" ivrs build "$work/first" --output "$work/again" &&
        cmp "$work/$1.dat" "$work/again" &&
        "$amdvi" ivrs dump --description "$work/again" | cmp - "$work/first" &&
        "$amdvi" ivrs dump --description --json "$work/again" | "$amdvi" ivrs build |
        cmp - "$work/$1.dat"
}

count=$(ls "$work"/*.dat | wc -l)
echo "1..$((3 * count + 1))"
for table in "$work"/*.dat; do
    name=$(basename "$table" .dat)
    if ! command -v iasl >/dev/null 2>&1; then
        echo "ok $((case + 1)) - $name: fields # SKIP iasl is not installed (Debian package acpica-tools)"
        case=$((case + 1))
    else
        compares "$name"
        compared=$?
        why=$(iasl_stops "$name")
        result "$compared" "$name: each field is what iasl -d says${why:+, as far as it reads: $why}"
    fi
    round_trip "$name"
    result $? "$name: a description gives the same bytes, and they the same description"
    "$amdvi" ivrs check "$table" >"$work/findings"
    status=$?
    case $name in
    good_* | every)
        [ "$status" -eq 0 ] && [ ! -s "$work/findings" ]
        result $? "$name: nothing is found"
        ;;
    machine) # it names itself, which is worth a note
        [ "$status" -eq 0 ] && [ "$(wc -l <"$work/findings")" -le 2 ]
        result $? "$name: nothing is found but a note"
        ;;
    *)
        [ "$status" -le 1 ] && [ -s "$work/findings" ]
        result $? "$name: something is found"
        ;;
    esac
done
"$kinds" "$work"/*.dat
result $? "each kind of finding has a table, and words on what follows for whom it concerns"
exit "$failed"
