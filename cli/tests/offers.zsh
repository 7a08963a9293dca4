# SPDX-License-Identifier: BSD-2-Clause
#
# offers.zsh FOLDER LINE: what a zsh that knows the completions in FOLDER offers when the tabulator is pressed
# behind LINE, one a line. A zsh in a terminal of its own is asked, since it completes nowhere else.
zmodload zsh/zpty
export folder=${1:A} work=$(mktemp -d)
cat >$work/setup <<'END'
fpath=($folder $fpath)
autoload -Uz compinit
compinit -u -D
compadd() { # what the completion's parts say to each other is no offer
    if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd "$@"; return; fi
    local -a matches
    builtin compadd -A matches "$@"
    (( $#matches == 0 )) || print -rl -- $matches >>$work/offers
    builtin compadd "$@"
}
offer() { zle complete-word; : >$work/is_done }
zle -N offer
bindkey '^I' offer
: >$work/is_ready
END

await() {
    for try in {1..600}; do
        [[ ! -e $work/$1 ]] || return 0
        zpty -rt shell >/dev/null
        sleep 0.05
    done
    print -u 2 "zsh is not $1"
    return 1
}

: >$work/offers
zpty shell zsh -f -i
zpty -w shell "source $work/setup"
await is_ready && zpty -wn shell $2$'\t' && await is_done
result=$?
zpty -d shell
cat $work/offers
rm -rf $work
return $result
