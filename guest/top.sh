# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
#
# ./run --top: the screen of `amdvi top` in a pane beside the guest's console. To be sourced, after tools/lib.sh and
# guest/host.sh. The panes are those of tmux: of the user's, if ./run is started inside one; otherwise ./run is started
# again inside a tmux of its own, which ends with it, and what it showed is then printed on the terminal.

top_dir= # of the socket

# top_begin ARGUMENT…: see that there is a tmux. ARGUMENTS are those of ./run.
top_begin() {
    need_packages tmux
    [ -z "${TMUX:-}" ] || return 0
    local dir
    dir=$(mktemp -d "${TMPDIR:-/tmp}/amdvi-tmux.XXXXXX")
    at_exit rm -rf "$dir"
    cat >"$dir/tmux.conf" <<'CONFIG'
set -g destroy-unattached on
set -g history-limit 20000
set -g mouse on
set -g status-style reverse
set -g status-left ''
set -g status-right 'Ctrl-B o, or a click: the other pane   Ctrl-B z: this pane alone, and back '
set -g status-right-length 80
setw -g window-status-current-format ' amdvi '
CONFIG
    # shellcheck disable=SC2016 # for the shell in there
    TMUX_TMPDIR=$dir tmux -f "$dir/tmux.conf" new-session -- bash -c '
        dir=$1 status=0
        shift
        "$@" || status=$?
        echo "$status" >"$dir/status"
        tmux capture-pane -p -e -S - -t "$TMUX_PANE" >"$dir/screen"' run "$dir" "${BASH_SOURCE[-1]}" "$@" >/dev/null || true
    [ ! -e "$dir/screen" ] || sed -e :a -e '/^\n*$/{$d;N;ba' -e '}' "$dir/screen"
    exit "$(cat "$dir/status" 2>/dev/null || echo 1)"
}

# The tool of this checkout, built in the cache. Prints its path.
take_tool() {
    local dir source
    dir=$(cache_dir)/tool
    # shellcheck disable=SC2154 # guest/host.sh's
    source=$(cd "$guest_dir/.." && pwd -P)
    need_packages gcc libc6-dev libjansson-dev libncurses-dev libyaml-dev meson ninja-build pkgconf
    mkdir -p "$dir"
    take_lock "$dir.lock" "building the tool"
    if [ "$(cat "$dir/checkout" 2>/dev/null)" != "$source" ]; then
        rm -rf "$dir"
        with_progress "configuring amdvi top" meson setup -Dbuildtype=release "$dir" "$source"
        echo "$source" >"$dir/checkout"
    fi
    with_progress "building amdvi top" ninja -C "$dir" cli/amdvi
    echo "$dir/cli/amdvi"
}

# Open the pane; it waits for the machine. On a wide terminal to the right of the console, else below it.
top_open() {
    local tool size where pane
    tool=$(take_tool)
    top_dir=$(mktemp -d "${TMPDIR:-/tmp}/amdvi-top.XXXXXX")
    at_exit rm -rf "$top_dir"
    boot_top=$top_dir/qmp
    read -ra size < <(tmux display-message -p -t "$TMUX_PANE" '#{pane_width} #{pane_height}')
    where=(-v -l $((size[1] / 2 < 18 ? size[1] / 2 : 18)))
    [ "${size[0]}" -lt 161 ] || where=(-h -l 80)
    pane=$(tmux split-window -d "${where[@]}" -t "$TMUX_PANE" -P -F '#{pane_id}' -- "$tool" top --wait "$boot_top")
    at_exit top_close "$pane"
}

# The user may have quit it.
top_close() { tmux kill-pane -t "$1" 2>/dev/null || true; }
