# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# Shared by tools/abi/check, tools/abi/record and tests/abi; sourced at the sources' top.

# shellcheck disable=SC2034
abi_libraries=(amdvi amdvi-arch amdvi-ivrs amdvi-driver)

abi_folder() { # LIBRARY
    case $1 in
    amdvi) echo device ;;
    *) echo "${1#amdvi-}" ;;
    esac
}

# Everything that a program can see: exported symbols, and the types of public headers that they reach.
abi_record() { # LIBRARY SHARED-OBJECT SOURCES OUT
    abidw --no-corpus-path --no-comp-dir-path --no-show-locs --drop-private-types --exported-interfaces-only \
        --type-id-style hash --headers-dir "$3/$(abi_folder "$1")/include" "$2" --out-file "$4" &&
        sed -i '1a <!-- SPDX-License-Identifier: BSD-2-Clause -->' "$4"
}

# True, and nearly silent, if a program made with the old interface runs with the new one. What was added does not count.
abi_is_compatible() { # OLD NEW: two descriptions
    local status=0
    # Another soname: the old library stays where programs need it.
    [ "$(abi_soname "$1")" = "$(abi_soname "$2")" ] || return 0
    abidiff --no-show-locs --no-added-syms "$1" "$2" || status=$?
    # 4 and 8: differences; 1 and 2: abidiff itself failed.
    [ $((status & 3)) -eq 0 ] || { echo "Bail out! abidiff ended with $status"; exit 1; }
    [ "$status" -eq 0 ]
}

abi_soname() { sed -nE "s/^<abi-corpus .*soname='([^']*)'.*/\1/p" "$1"; }
