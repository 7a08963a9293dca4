# SPDX-License-Identifier: BSD-2-Clause
# Completion for bash. What there is to complete is what the tool's own help names.

_amdvi_words() { # SUBCOMMAND or nothing: what can follow it
    local help
    help=$(amdvi ${1:+"$1"} --help 2>/dev/null) || return
    sed -nE 's/^  ([a-z]+)  .*/\1/p' <<<"$help"
}

_amdvi_options() { # SUBCOMMAND or nothing
    printf '%s\n' --help
    if [ -n "$1" ]; then
        amdvi "$1" --help 2>/dev/null | grep -oE -- '--[a-z][a-z-]*' | sort -u
    else
        printf '%s\n' --version
    fi
}

_amdvi_fill() { # WORDS
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$word")
}

_amdvi() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} subcommand='' action=''
    [ "$COMP_CWORD" -le 1 ] || subcommand=${COMP_WORDS[1]}
    [ "$COMP_CWORD" -le 2 ] || action=${COMP_WORDS[2]}
    COMPREPLY=()
    # bash takes --color=a apart into three words.
    if [ "$word" = = ]; then
        word=
    elif [ "$before" = = ]; then
        before=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    case $before in
    --color) _amdvi_fill 'always never auto' ;;
    --revision) _amdvi_fill '1.20 2 3' ;;
    register)
        [ "$subcommand" != decode ] ||
            _amdvi_fill "$(amdvi decode --list 2>/dev/null | sed -nE 's/^ +0x[^ ]+ +([^ ]+).*/\1/p')"
        ;;
    esac
    [ ${#COMPREPLY[@]} -eq 0 ] || return 0
    case $word in
    -*) _amdvi_fill "$(_amdvi_options "$subcommand")" ;;
    *) [ -n "$action" ] || _amdvi_fill "$(_amdvi_words "$subcommand")" ;;
    esac
    # What is not completed here is a file: complete -o default.
}

complete -o default -F _amdvi amdvi
