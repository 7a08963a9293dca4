# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# shellcheck disable=SC2034 # the callers use the variables
#
# QEMU's source, as Debian has it, and the tools to configure it. To be sourced, after tools/lib.sh, by qemu/build and
# qemu/stock/build, which hold the lock.

suite=trixie
wanted=10.0 # the versions of QEMU that qemu/ is written for

work=$(cache_dir)/qemu
pristine=$work/src-pristine
source=$work/src
tools=$work/tools

take_source_lock() {
    mkdir -p "$work"
    take_lock "$work/lock" "building QEMU"
}

# get_pristine [now]: the source package, unpacked and never changed. now: look in Debian for a newer version.
get_pristine() {
    local dsc version
    if [ -e "$work/version" ] && [ -d "$pristine" ] && [ -z "${1:-}" ]; then
        return
    fi
    need_disk "$work" 1500
    [ -z "${1:-}" ] || private_update "$suite/src" now
    dsc=$(fetch_source "$suite" qemu "$work/download")
    version=$(sed -n 's/^Version: //p' "$dsc" | tail -n 1)
    case $version in
    *:"$wanted".*) ;;
    *) die "Debian $suite has QEMU $version, but version $wanted is needed" ;;
    esac
    if [ "$version" = "$(cat "$work/version" 2>/dev/null)" ] && [ -d "$pristine" ]; then
        rm -rf "$work/download"
        return
    fi
    # What was made from another version goes with it.
    rm -rf "$work/version" "$pristine" "$source" "$work"/build "$work"/build-* "$work"/*.part
    # apt has checked the signatures and sums already, hence --no-check.
    with_progress "unpacking QEMU $version" dpkg-source --no-check --no-copy --extract "$dsc" "$pristine.part"
    mv "$pristine.part" "$pristine"
    rm -rf "$work/download"
    echo "$version" >"$work/version"
}

# Meson and its test reporter as QEMU wants them; Debian 12's own are too old.
get_tools() {
    local from=$suite meson pycotap
    [ ! -d "$tools" ] || return 0
    ! grep -q '^VERSION_CODENAME=bookworm' /etc/os-release || from=bookworm-backports
    meson=$(fetch_deb "$from" meson)
    pycotap=$(fetch_deb "$from" python3-pycotap)
    unpack_debs "$tools" "$meson" "$pycotap"
    rm -f "$meson" "$pycotap"
}

# configure_qemu SOURCE DIRECTORY OPTION…: QEMU's configure, in a directory that is made anew unless it was configured like
# that already.
configure_qemu() {
    local from=$1 dir=$2 python=/usr/bin/python3 state
    shift 2
    [ -x "$python" ] || python=$(command -v python3)
    state="$(cat "$work/version") $python $($python --version) $*"
    if [ "$(cat "$dir/amdvi-configured" 2>/dev/null)" = "$state" ] && [ -e "$dir/build.ninja" ]; then
        return
    fi
    rm -rf "$dir"
    mkdir -p "$dir"
    with_progress "configuring QEMU${title:-}" _run_configure "$from" "$dir" "$python" "$@"
    # Meson runs again, started by Ninja, when a meson.build changes, and must be found then too.
    echo "$tools/usr/lib/python3/dist-packages" >"$(echo "$dir"/pyvenv/lib/python3*/site-packages)/amdvi.pth"
    echo "$state" >"$dir/amdvi-configured"
}

_run_configure() { # SOURCE DIRECTORY PYTHON OPTION…
    local from=$1 python=$3
    cd "$2" || return
    shift 3
    PYTHONPATH=$tools/usr/lib/python3/dist-packages "$from/configure" --python="$python" "$@"
}
