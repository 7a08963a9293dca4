#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
#
# help.sh TOOL MANUAL COMPLETIONS: does the manual page, and what bash, zsh and fish complete, have every subcommand and
# every option that the tool's own help names? And the other way round for the page. Prints TAP.
set -euo pipefail

tool=$(realpath "$1")
manual=$(realpath "$2")
completions=$(realpath "$3")
here=$(dirname "$(realpath "$0")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
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

# The completions call the tool by its name, and offer files, of which there is one.
mkdir -p "$work/bin" "$work/files" "$work/home"
ln -s "$tool" "$work/bin/amdvi"
export PATH=$work/bin:$PATH HOME=$work/home
cd "$work/files"
touch kernel.log

# shellcheck disable=SC2034,SC1091,SC2329 # the variables and the function are the completion's
bash_offers() { # LINE
    (
        set +eu
        complete() { :; }
        . "$completions/amdvi.bash"
        read -ra COMP_WORDS <<<"${1//=/ = }"
        [[ $1 != *' ' ]] || COMP_WORDS+=('')
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        _amdvi
        printf '%s\n' "${COMPREPLY[@]}"
    )
}

zsh_offers() { zsh -f "$here/offers.zsh" "$completions" "$1"; }

fish_offers() {
    fish --no-config -c "source $completions/amdvi.fish; complete -C '$1'" | sed 's/\t.*//; s/^--[a-z]*=//'
}

# What the shell offers behind "amdvi LINE".
offered() { "$1_offers" "amdvi $2"; }

subcommands=$("$tool" --help | sed -nE 's/^  ([a-z]+)  .*/\1/p')
[ "$(wc -l <<<"$subcommands")" -ge 4 ] || { echo "Bail out! the help names no subcommands"; exit 1; }
check "the page has a section on each subcommand" "$subcommands" \
    "$(sed -nE 's/^\.SS ([a-z]+).*/\1/p' "$manual")"
for subcommand in $subcommands; do
    help=$("$tool" "$subcommand" --help)
    # What all of them have is at the page's beginning.
    check "the page has the options of $subcommand" "$(options <<<"$help" | grep -vxE -- '--(json|color|help)')" \
        "$(section "$subcommand" | options)"
    words=$(sed -nE 's/^  ([a-z]+)  .*/\1/p' <<<"$help")
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

completes() { # SHELL
    local shell=$1 subcommand help words
    check "$shell offers each subcommand" "$subcommands" "$(offered "$shell" '')"
    check "$shell offers subcommands that begin as what is typed" "$(grep '^d' <<<"$subcommands")" \
        "$(offered "$shell" d)"
    check "$shell offers the options of the tool" "$(printf '%s\n' --version --help)" "$(offered "$shell" --)"
    for subcommand in $subcommands; do
        help=$("$tool" "$subcommand" --help)
        check "$shell offers the options of $subcommand" "$(echo --help && options <<<"$help")" \
            "$(offered "$shell" "$subcommand -")"
        words=$(sed -nE 's/^  ([a-z]+)  .*/\1/p' <<<"$help")
        # Where no word follows it is a file; bash's own part of it shows in a terminal only.
        [ -n "$words" ] || [ "$shell" = bash ] || words='kernel.log'
        check "$shell offers what follows $subcommand" "$words" "$(offered "$shell" "$subcommand ")"
    done
    check "$shell offers registers" "$("$tool" decode --list --json | sed -nE 's/^ *"name": "(.+)",?$/\1/p')" \
        "$(offered "$shell" 'decode register ')"
    check "$shell offers colours" "$(printf '%s\n' always never auto)" "$(offered "$shell" 'walk --color ')"
    check "$shell offers colours behind the sign" "$(printf '%s\n' always never auto)" "$(offered "$shell" 'walk --color=')"
    check "$shell offers colours that begin as what is typed" always "$(offered "$shell" 'walk --color=al')"
    check "$shell offers revisions that begin as what is typed" 1.20 "$(offered "$shell" 'walk --revision 1')"
}

for shell in bash zsh fish; do
    if command -v "$shell" >/dev/null; then
        completes "$shell"
    else
        number=$((number + 1))
        echo "ok $number - what $shell completes # SKIP $shell is not installed"
    fi
done
echo "1..$number"
exit "$status"
