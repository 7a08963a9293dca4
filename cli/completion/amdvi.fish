# SPDX-License-Identifier: BSD-2-Clause
# Completion for fish. What there is to complete is what the tool's own help names.

function __amdvi_subcommand
    set -l words (commandline -opc)
    test (count $words) -gt 1; and echo $words[2]
end

function __amdvi_words
    amdvi (__amdvi_subcommand) --help 2>/dev/null |
        string replace -rf '^  ([a-z]+)  +(.*)' '$1\t$2'
end

function __amdvi_options
    printf '%s\n' --help
    amdvi (__amdvi_subcommand) --help 2>/dev/null | string match -ra -- '--[a-z][a-z-]*' | sort -u
end

complete -c amdvi -n 'test (count (commandline -opc)) -le 2' -a '(__amdvi_words)'
complete -c amdvi -n 'string match -q -- "-*" (commandline -ct)' -a '(__amdvi_options)'
complete -c amdvi -n 'string match -q -- --color (commandline -opc)[-1]' -fa 'always never auto'
complete -c amdvi -n 'string match -q -- --revision (commandline -opc)[-1]' -fa '1.20 2 3'
