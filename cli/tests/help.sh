#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# help.sh TOOL MANUAL COMPLETION: does the manual page, and bash's completion, have every subcommand and every option
# that the tool's own help names? And the other way round for the page. Prints TAP.
set -euo pipefail

tool=$1
manual=$2
completion=$3
number=0
status=0

# check SENTENCE EXPECTED FOUND: the same words, in any order?
check() {
    local difference
    number=$((number + 1))
    if difference=$(diff <(sort -u <<<"$2") <(sort -u <<<"$3")); then
        echo "ok $number - $1"
    else
        sed 's/^/# /' <<<"$difference"
        echo "not ok $number - $1"
        status=1
    fi
}

options() { grep -oE -- '--[a-z][a-z-]*' | sort -u; }

# The page's section on a subcommand, as plain text.
section() {
    sed 's/\\-/-/g; s/\\f.//g' "$manual" | awk -v name="$1" '/^\.S[SH]/ { inside = $2 == name } inside'
}

# What bash would offer for these words, the last of which is being typed.
# shellcheck disable=SC2034,SC1090,SC2329 # the variables and the function are the completion's
offered() {
    (
        set +eu
        amdvi() { "$tool" "$@"; }
        complete() { :; }
        . "$completion"
        COMP_WORDS=(amdvi "$@")
        COMP_CWORD=$#
        _amdvi
        printf '%s\n' "${COMPREPLY[@]}"
    )
}

subcommands=$("$tool" --help | sed -nE 's/^  ([a-z]+)  .*/\1/p')
[ "$(wc -l <<<"$subcommands")" -ge 4 ] || { echo "Bail out! the help names no subcommands"; exit 1; }
check "the page has a section on each subcommand" "$subcommands" \
    "$(sed -nE 's/^\.SS ([a-z]+).*/\1/p' "$manual")"
check "bash offers each subcommand" "$subcommands" "$(offered '')"
check "bash offers subcommands that begin as what is typed" "$(grep '^d' <<<"$subcommands")" "$(offered d)"
check "bash offers the options of the tool" \
    "$(printf '%s\n' --version --help --json --color)" "$(offered --)"
for subcommand in $subcommands; do
    help=$("$tool" "$subcommand" --help)
    # What all of them have is at the page's beginning.
    check "the page has the options of $subcommand" "$(options <<<"$help" | grep -vxE -- '--(json|color|help)')" \
        "$(section "$subcommand" | options)"
    check "bash offers the options of $subcommand" "$({ echo --help && options <<<"$help"; } | sort -u)" \
        "$(offered "$subcommand" -)"
    words=$(sed -nE 's/^  ([a-z]+)  .*/\1/p' <<<"$help")
    check "bash offers what follows $subcommand" "$words" "$(offered "$subcommand" '')"
    for word in $words; do
        number=$((number + 1))
        if section "$subcommand" | grep -qwF -- "$word"; then
            echo "ok $number - the page names $subcommand $word"
        else
            echo "not ok $number - the page names $subcommand $word"
            status=1
        fi
    done
done
check "bash offers registers" "$("$tool" decode --list | awk '{ print $2 }')" "$(offered decode register '')"
check "bash offers colours" "$(printf '%s\n' always never auto)" "$(offered walk --color = '')"
check "bash offers colours behind the sign" "$(printf '%s\n' always never auto)" "$(offered walk --color =)"
check "bash offers revisions that begin as what is typed" 1.20 "$(offered walk --revision 1)"
echo "1..$number"
exit "$status"
