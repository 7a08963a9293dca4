# SPDX-License-Identifier: BSD-2-Clause
# Completion for fish. What there is to complete is what the tool's own help names.

function __amdvi_subcommand
    set -l words (commandline -opc)
    test (count $words) -gt 1; and echo $words[2]
end

function __amdvi_words
    test (count (commandline -opc)) -le 2
    and amdvi (__amdvi_subcommand) --help 2>/dev/null | string replace -rf '^  ([a-z]+)  +(.*)' '$1\t$2'
end

function __amdvi_options
    printf '%s\n' --help
    if set -l subcommand (__amdvi_subcommand)
        amdvi $subcommand --help 2>/dev/null | string match -ra -- '--[a-z][a-z-]*' | sort -u
    else
        printf '%s\n' --version
    end
end

function __amdvi_has_option
    contains -- --$argv (__amdvi_options)
end

function __amdvi_registers
    test (commandline -opc)[-1] = register; and test (__amdvi_subcommand) = decode
    and amdvi decode --list 2>/dev/null | string replace -rf '^ +0x\S+ +(\S+) +(.*)' '$1\t$2'
end

complete -c amdvi -n 'count (__amdvi_words)' -fa '(__amdvi_words)'
complete -c amdvi -n 'string match -q -- "-*" (commandline -ct)' -fa '(__amdvi_options)'
complete -c amdvi -n '__amdvi_has_option color' -l color -xa 'always never auto'
complete -c amdvi -n '__amdvi_has_option revision' -l revision -xa '1.20 2 3'
complete -c amdvi -n 'count (__amdvi_registers)' -fa '(__amdvi_registers)'
