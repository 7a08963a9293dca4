#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# amdvi top in a real terminal, which is a pane of tmux: what is on the screen, and what its keys do. The machine is
# fake_qmp, whose clock goes on by 10 seconds with each question, so that all figures are known.
#
# usage: top_screen.sh AMDVI FAKE_QMP

set -u

amdvi=$(realpath "$1")
fake=$(realpath "$2")
work=$(mktemp -d) || exit 1
socket= # of tmux: a new server each time, as an old one takes a while to end
terminals=0
# shellcheck disable=SC2317 # it is called by the trap
leave() {
    [ -z "$socket" ] || tmux -L "$socket" kill-server 2>/dev/null
    rm -rf "$work"
}
trap leave EXIT
trap 'exit 1' HUP INT TERM
unset TMUX NO_COLOR
TMUX_TMPDIR=$work
export TMUX_TMPDIR

pane() {
    command=$1
    shift
    tmux -L "$socket" -f /dev/null "$command" -t watch "$@"
}

# open BEHAVIOUR WIDTH HEIGHT OPTION…: amdvi top in a new terminal; its status and messages are below it afterwards.
open() {
    behaviour=$1 width=$2 height=$3
    shift 3
    terminals=$((terminals + 1))
    socket=amdvi-test-$$-$terminals
    mkdir "$work/machine"
    [ "$behaviour" = later ] || "$fake" --serve "$behaviour" "$work/machine"
    tmux -L "$socket" -f /dev/null new-session -d -s watch -x "$width" -y "$height" \
        "'$amdvi' top --interval 0.3 $* '$work/machine/qmp.sock'; echo status \$?; sleep 100"
}
close() {
    tmux -L "$socket" kill-server
    socket=
    rm -rf "$work/machine" # which ends the machine
}
screen() { pane capture-pane -p 2>/dev/null; }

# What is waited for, 10 seconds at most.
shows() {
    tries=0
    until screen | grep -q -e "$1"; do
        tries=$((tries + 1))
        [ "$tries" -lt 100 ] || return 1
        sleep 0.1
    done
}
hides() {
    tries=0
    while screen | grep -q -e "$1"; do
        tries=$((tries + 1))
        [ "$tries" -lt 100 ] || return 1
        sleep 0.1
    done
}
press() { pane send-keys "$@"; }

number=0
failed=0
tell() { # STATUS NAME
    number=$((number + 1))
    if [ "$1" -ne 0 ]; then
        screen 2>/dev/null | sed 's/^/# /'
        printf 'not '
        failed=1
    fi
    echo "ok $number - $2"
}

# The devices from the top down.
order() { screen | sed -n 's/^\([0-9a-f][0-9a-f]:[0-9a-f.]*\) .*/\1/p' | tr '\n' ' '; }
is_order() {
    tries=0
    until [ "$(order)" = "$1 " ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 100 ] || return 1
        sleep 0.1
    done
}

open good 80 24
shows '^00:03.0  nvme0 (nvme)  *100  90.0%  *10  *0  *5.0$' &&
    shows '^00:14.0  ioapic (amdvi-smbus)  *0  *-  *0  *0  *410$' &&
    shows '^all  *7100  99.8%  *11  *0  *415$'
tell $? "a row for each device that did something, per second, and their sum"
screen | head -n 1 | grep -q '^amdvi top  iommu0 (1 of 2) enabled, machine running, per second *$' &&
    screen | tail -n 1 | grep -q '^q quit  space pause' &&
    screen | grep -q '^waits     0.9/s, mean 4.2 us, 99 % < 16 us, all < 16 us; longest ever 12.1 ms$'
tell $? "title, times of COMPLETION_WAITs and help"
screen | awk 'length($0) > 80 { bad = 1 } END { exit bad || NR != 24 }'
tell $? "it fits a terminal of 80x24"

press r && is_order '00:04.0 00:03.0 00:06.0 00:14.0'
tell $? "r sorts by requests, the most first"
pane capture-pane -p -e | tr -d '\033' | grep -q '7m\(\[[0-9]*m\)*requests/s'
tell $? "the column that is sorted by stands out"
press r && is_order '00:06.0 00:14.0 00:03.0 00:04.0'
tell $? "r again turns it around"
press i && is_order '00:14.0 00:03.0 00:04.0 00:06.0'
tell $? "i sorts by interrupts"
press d && is_order '00:03.0 00:04.0 00:06.0 00:14.0'
tell $? "d sorts by requester"

press t && shows '^00:06.0  edu0 (edu)  *3  *-  *0  *3  *0$' && shows 'since the start'
tell $? "t shows what was counted since the start"
pane capture-pane -p -e | tr -d '\033' | grep -q '33m\(\[[0-9]*m\)*00:06.0'
tell $? "a device with faults is coloured"
press a && shows '^00:1f.2  ich9-ahci  *0  *-  *0  *0  *0$'
tell $? "a shows devices that did nothing, too"

press Space && shows PAUSED
before=$(screen)
sleep 1.5
[ "$(screen)" = "$before" ] && press Space && hides PAUSED && sleep 1 && [ "$(screen)" != "$before" ]
tell $? "space pauses and goes on"

press Tab && shows '^40:00.0  net1 (virtio-net-pci)' && shows '511 of 512 unread.*OVERFLOW' &&
    shows '^commands  waiting  2 of 512 used, .*; waiting for 250.0 ms$'
tell $? "Tab shows the next IOMMU"
press Tab && shows '^00:03.0'

pane resize-window -x 60 -y 9 && shows '^all  *' && screen | tail -n 1 | grep -q '^q quit' &&
    is_order '00:03.0'
tell $? "a terminal that became small shows what fits"
press Down && is_order '00:04.0' && press Up && is_order '00:03.0'
tell $? "arrows scroll"
pane resize-window -x 10 -y 3 && sleep 0.7 && press x && pane resize-window -x 120 -y 30 &&
    shows '^00:1f.2  ich9-ahci  *0  *-  *0  *0  *0$'
tell $? "it grows again from next to nothing"

press q && shows '^status 0$' && ! screen | grep -q '^q quit'
tell $? "q gives the terminal back, with status 0"
close

open ends 80 24
shows '^status 0$' && screen | grep -q '^amdvi: the machine has ended$'
tell $? "it ends with the machine, and says so"
close

open later 80 24 --wait --sort -walks
shows 'waiting for the machine' && "$fake" --serve ends "$work/machine" && shows 'ENDED' && shows '^00:03.0' &&
    is_order '00:06.0 00:14.0 00:04.0 00:03.0'
tell $? "--wait waits for the machine, and keeps what was there at its end"
press C-c && shows '^status 0$'
tell $? "Ctrl-C quits"
close

open garbage 80 24
shows '^status 1$' && screen | grep -q '^amdvi: what .* is not what'
tell $? "a machine that cannot be asked is status 1"
close

echo "1..$number"
exit "$failed"
