# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
# A minimal Debian in a folder, for tools/fresh-machine and tests/packages; sourced after tools/lib.sh, as root.

# chroot_make ROOT SUITE DEBS [PACKAGE…]: DEBS is a folder that keeps what is downloaded.
chroot_make() {
    local root=$1 suite=$2 debs=$3 include
    include=$(IFS=, && echo "${*:4}")
    debootstrap --variant=minbase --arch=amd64 ${include:+--include="$include"} --cache-dir="$debs" \
        --keyring="$(_keyring)" "$suite" "$root" "$(debian_mirror)" || return
    _chroot_sources "$root" "$suite"
    rm -rf "$root/var/lib/apt/lists"/* "$root/var/cache/apt/archives"/*.deb
}

# The way in which each release writes its own sources, so that both are tried.
_chroot_sources() { # ROOT SUITE
    local etc=$1/etc/apt suite=$2 mirror security
    mirror=$(debian_mirror)
    security=$(debian_mirror security)
    rm -f "$etc/sources.list" "$etc/sources.list.d"/*
    if [ "$suite" = bookworm ]; then
        {
            echo "deb $mirror $suite main"
            echo "deb $mirror $suite-updates main"
            [ -z "$security" ] || echo "deb $security $suite-security main"
        } >"$etc/sources.list"
    else
        {
            printf 'Types: deb\nURIs: %s\nSuites: %s %s-updates\nComponents: main\n' "$mirror" "$suite" "$suite"
            printf 'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n'
            if [ -n "$security" ]; then
                printf '\nTypes: deb\nURIs: %s\nSuites: %s-security\nComponents: main\n' "$security" "$suite"
                printf 'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n'
            fi
        } >"$etc/sources.list.d/debian.sources"
    fi
    chroot_network "$1"
}

# How this machine reaches the mirror, and how far its clock can be trusted, holds in there too.
chroot_network() { # ROOT
    apt-config dump --format '%F "%v";%n' | grep -E '^Acquire::(Check-|https?::(Proxy|proxy))' \
        >"$1/etc/apt/apt.conf.d/99this-machine" || true
    cp -L /etc/resolv.conf /etc/hosts "$1/etc/"
}

# chroot_run ROOT FOLDER COMMAND: run it in that folder of the machine. Namespaces of their own take the mounts and every
# process with them when the command ends, whatever happens. The machine has no terminal.
chroot_run() {
    # shellcheck disable=SC2016 # for the inner shells to expand
    unshare --mount --propagation private --pid --fork --kill-child bash -euc '
        root=$1
        mount -t proc proc "$root/proc"
        mount -t sysfs -o ro sysfs "$root/sys"
        mount -t tmpfs -o mode=755 dev "$root/dev"
        for node in null zero full random urandom tty; do
            touch "$root/dev/$node"
            mount --bind "/dev/$node" "$root/dev/$node"
        done
        ln -s /proc/self/fd "$root/dev/fd"
        ln -s fd/0 "$root/dev/stdin"
        ln -s fd/1 "$root/dev/stdout"
        ln -s fd/2 "$root/dev/stderr"
        ln -s pts/ptmx "$root/dev/ptmx"
        mkdir "$root/dev/pts" "$root/dev/shm"
        mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$root/dev/pts"
        mount -t tmpfs -o mode=1777 shm "$root/dev/shm"
        mount -t tmpfs -o mode=1777 tmp "$root/tmp"
        exec chroot "$root" /usr/bin/env -i HOME=/root USER=root LANG=C.UTF-8 TERM=dumb ${4:+"http_proxy=$4"} \
            PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin bash -c "cd $2 && exec $3"
    ' inside "$1" "$2" "$3" "${http_proxy:-}" </dev/null
}
