# shellcheck shell=bash
# SPDX-License-Identifier: BSD-2-Clause
#
# Shell functions shared by ./run, ./test, qemu/build and the scripts in guest/ and tools/. To be sourced, by bash with
# `set -euo pipefail`. Results go to standard output, everything meant for people to standard error. Functions whose
# names start with an underscore are private to this file.

# --- messages ---------------------------------------------------------------------------------------------------------

say() { printf '%s\n' "$*" >&2; }
warn() { printf 'warning: %s\n' "$*" >&2; }
die() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# --- leaving ----------------------------------------------------------------------------------------------------------
# at_exit COMMAND…: run it when this shell ends, however it ends; the last registered runs first.

_exit_shell=$BASHPID
_exit_commands=()
_job= # process group of the command that with_progress is running

_kill_job() {
    [ -n "$_job" ] || return 0
    kill -TERM -- "-$_job" 2>/dev/null || true
    wait "$_job" 2>/dev/null || true
    _job=
}

_leave() {
    local status=$? i
    trap - EXIT
    _kill_job
    if [ "$_exit_shell" = "$BASHPID" ]; then
        for ((i = ${#_exit_commands[@]} - 1; i >= 0; i--)); do
            eval "${_exit_commands[i]}" || true
        done
    fi
    exit "$status"
}

_set_traps() { # again in each subshell, which starts without them
    trap _leave EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
}

at_exit() {
    if [ "$_exit_shell" != "$BASHPID" ]; then
        _exit_shell=$BASHPID
        _exit_commands=()
    fi
    _exit_commands+=("$(printf '%q ' "$@")")
    _set_traps
}

# --- cache, disk, locks -----------------------------------------------------------------------------------------------

# cache_dir: print the directory for everything that can be made again, creating it if need be.
cache_dir() {
    local dir=${XDG_CACHE_HOME:-${HOME:?HOME is not set}/.cache}/amdvi
    mkdir -p "$dir" 2>/dev/null || die "cannot create the cache directory $dir"
    [ -w "$dir" ] || die "cannot write to the cache directory $dir"
    printf '%s\n' "$dir"
}

# free_mib PATH: print how many MiB are free where PATH is, or will be.
free_mib() {
    local path=$1
    while [ ! -e "$path" ]; do path=$(dirname "$path"); done
    df -Pm -- "$path" | awk 'NR == 2 { print $4 }'
}

# need_disk PATH MIB: end with a message unless so much is free.
need_disk() {
    local free
    free=$(free_mib "$1")
    [ "$free" -ge "$2" ] || die "the disk is too full: $2 MiB are needed in $1, $free MiB are free"
}

# take_lock FILE WHAT: let only one process at a time go on from here; the lock is freed when this shell ends.
take_lock() {
    local fd
    exec {fd}>"$1"
    if ! flock --nonblock "$fd"; then
        say "waiting for another process to finish $2 ..."
        flock "$fd"
    fi
}

# --- progress ---------------------------------------------------------------------------------------------------------

# with_progress TEXT COMMAND…: run a command or function with its output in a log file, and show that it is alive: one
# line that changes on a terminal, else a line every 10 seconds. Lines of the log that start with [3/10], as ninja's do,
# are shown as a percentage. If it fails, show the end of the log and return its status. PROGRESS_LOG: the log file to use.
# A function must check each of its commands itself if the caller tests the result: bash then ignores `set -e` in it.
with_progress() {
    local text=$1 log=${PROGRESS_LOG:-} begin=$SECONDS shown=0 elapsed detail status=0 outer=$_job
    shift
    if [ -z "$log" ]; then
        log=$(cache_dir)/logs/$(printf '%s' "$text" | tr -cs '[:alnum:].' '-').log
    fi
    mkdir -p "${log%/*}"
    _set_traps
    # Job control gives the command a process group of its own, so that all of it can be ended with this script.
    set -m
    (
        _job=
        "$@"
    ) >"$log" 2>&1 </dev/null &
    _job=$!
    set +m
    sleep 0.1
    while kill -0 "$_job" 2>/dev/null; do
        elapsed=$((SECONDS - begin))
        detail=$(_log_percent "$log")
        if [ -t 2 ]; then
            printf '\r\033[K%s: %s%d s' "$text" "$detail" "$elapsed" >&2
        elif [ $((elapsed - shown)) -ge 10 ]; then
            shown=$elapsed
            say "$text: $detail$elapsed s"
        fi
        if [ "$elapsed" -ge 2 ]; then sleep 1; else sleep 0.2; fi
    done
    wait "$_job" || status=$?
    _job=$outer
    [ ! -t 2 ] || printf '\r\033[K' >&2
    elapsed=$((SECONDS - begin))
    if [ "$status" -eq 0 ]; then
        say "$text: done, $elapsed s"
        return 0
    fi
    if _log_says_disk_full "$log" || [ "$(free_mib "${log%/*}")" -lt 10 ]; then
        say "$text: FAILED, the disk is full: $(free_mib "${log%/*}") MiB are free in ${log%/*}"
    elif _log_says_no_network "$log"; then
        say "$text: FAILED, no network; details in $log"
    else
        say "$text: FAILED after $elapsed s; the end of $log:"
        tail -n 20 "$log" | cut -c 1-300 | sed 's/^/    /' >&2
    fi
    return "$status"
}

_log_percent() {
    local step
    step=$(tail -c 4096 "$1" 2>/dev/null | grep -oE '^\[[0-9]+/[0-9]+\]' | tail -n 1 | tr -d '[]') || true
    if [ -n "$step" ] && [ "${step#*/}" -gt 0 ]; then
        printf '%d %%, ' $((100 * ${step%/*} / ${step#*/}))
    fi
}

_log_says_disk_full() { grep -qE 'No space left on device|not enough free space|Disk quota exceeded' "$1"; }
_log_says_no_network() {
    grep -qE 'Could not resolve|Temporary failure resolving|Could not connect to|Unable to connect to|connection timed out' "$1"
}

# --- Debian packages on this machine ----------------------------------------------------------------------------------

_os_release() { # FIELD: print a field of os-release, or nothing
    # shellcheck source=/dev/null
    (. /etc/os-release 2>/dev/null && printf '%s\n' "${!1:-}") || true
}

is_debian() { [ "$(_os_release ID)" = debian ] && command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; }

_package_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null | sort -u)" = installed ]; }

# Elsewhere than on Debian a package is a program, a library that pkg-config knows, or a Python module.
_package_equivalent() {
    case $1 in
    acpica-tools) echo iasl ;;
    binutils) echo ld ;;
    busybox-static) echo busybox ;;
    ca-certificates) echo file:/etc/ssl/certs ;;
    clang-format*) echo clang-format ;;
    clang-tidy*) echo clang-tidy ;;
    debian-archive-keyring) echo file:/usr/share/keyrings/debian-archive-keyring.gpg ;;
    dpkg-dev) echo dpkg-source ;;
    libc6-dev) echo file:/usr/include/stdio.h ;;
    graphviz) echo dot ;;
    libglib2.0-dev) echo pc:glib-2.0 ;;
    libjansson-dev) echo pc:jansson ;;
    libncurses-dev) echo pc:ncurses ;;
    libslirp-dev) echo pc:slirp ;;
    libyaml-dev) echo pc:yaml-0.1 ;;
    man-db) echo man ;;
    linux-libc-dev) echo file:/usr/include/linux/vfio.h ;;
    ninja-build) echo ninja ;;
    pkgconf) echo pkg-config ;;
    python3-venv) echo py:venv ;;
    universal-ctags) echo ctags ;;
    util-linux) echo flock ;;
    xz-utils) echo xz ;;
    zlib1g-dev) echo pc:zlib ;;
    *) echo "$1" ;;
    esac
}

_equivalent_present() {
    case $1 in
    file:*) [ -e "${1#file:}" ] ;;
    pc:*) pkg-config --exists "${1#pc:}" 2>/dev/null ;;
    py:*) python3 -c "import ${1#py:}" 2>/dev/null ;;
    *) command -v "$1" >/dev/null || [ -x "/usr/sbin/$1" ] || [ -x "/sbin/$1" ] ;;
    esac
}

_describe_equivalent() {
    case $1 in
    file:*) echo "${1#file:}" ;;
    pc:*) echo "the library ${1#pc:} (for development)" ;;
    py:*) echo "Python's module ${1#py:}" ;;
    *) echo "$1" ;;
    esac
}

# need_packages PACKAGE…: see that these Debian packages are installed, by installing what is missing. Without root, or
# on another distribution, say what to do and end.
need_packages() {
    local package missing=() equivalent text
    if ! is_debian; then
        for package; do
            equivalent=$(_package_equivalent "$package")
            _equivalent_present "$equivalent" || missing+=("$(_describe_equivalent "$equivalent")")
        done
        [ ${#missing[@]} -gt 0 ] || return 0
        text=$(printf ', %s' "${missing[@]}")
        die "this is not Debian, so please install these yourself and try again: ${text:2}"
    fi
    for package; do _package_installed "$package" || missing+=("$package"); done
    [ ${#missing[@]} -gt 0 ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        say "These Debian packages are missing: ${missing[*]}. Please install them and try again:"
        say "    sudo apt-get install --no-install-recommends ${missing[*]}"
        exit 1
    fi
    say "installing Debian packages: ${missing[*]}"
    _have_package_lists || _system_update
    if ! with_progress "installing ${#missing[@]} packages" _system_install "${missing[@]}"; then
        say "trying again with new package lists"
        _system_update
        with_progress "installing ${#missing[@]} packages" _system_install "${missing[@]}" ||
            die "cannot install the Debian packages ${missing[*]}"
    fi
}

# shellcheck disable=SC2016 # $(FILENAME) is apt's
_have_package_lists() { [ -n "$(apt-get indextargets --format '$(FILENAME)' 'Created-By: Packages' 2>/dev/null)" ]; }

_system_update() {
    local PROGRESS_LOG
    PROGRESS_LOG=$(cache_dir)/logs/apt-update.log
    with_progress "updating the package lists" apt-get -o APT::Update::Error-Mode=any update && return 0
    ! _log_says_no_network "$PROGRESS_LOG" || die "cannot reach the Debian mirror: is there a network?"
    die "cannot update the package lists"
}

_system_install() {
    DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install --yes --no-install-recommends "$@"
}

# --- Debian packages that are not installed ---------------------------------------------------------------------------
# A private apt directory for each suite, in the cache. It uses the mirrors that this machine uses and Debian's keys, and
# leaves the machine's own configuration and lists as they are. Packages are for amd64.

# debian_mirror [security]: print the address of the mirror this machine uses for Debian, or for its security updates.
# shellcheck disable=SC2016 # $(REPO_URI) and the like are apt's
debian_mirror() {
    local suite line uri release component origin
    suite=$(_os_release VERSION_CODENAME)
    command -v apt-get >/dev/null || die "apt-get is needed to download from Debian's archive, and is not here"
    # The first list has only what a downloaded Release file says is Debian's, the second everything that is configured.
    while read -r uri release component origin; do
        [ "$component" = main ] || continue
        case $uri in cdrom:* | '') continue ;; esac
        case ${1:-}:$release in
        security:*-security | security:*/updates) ;;
        :"$suite" | :stable | :oldstable | :testing | :unstable | :sid) ;;
        *) continue ;;
        esac
        [ "$origin" = Debian ] || [ "$origin" = unknown ] || continue
        printf '%s\n' "${uri%/}"
        return 0
    done < <(
        apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT) $(ORIGIN)' 'Created-By: Packages' || true
        apt-get indextargets --no-release-info --format '$(REPO_URI) $(RELEASE) $(COMPONENT) unknown' \
            'Created-By: Packages' || true
    )
    [ "${1:-}" = security ] || die "found no mirror of Debian in this machine's apt configuration"
}

_keyring() {
    local file
    for file in "$(cache_dir)/apt/keyring.gpg" /usr/share/keyrings/debian-archive-keyring.{gpg,pgp}; do
        if [ -e "$file" ]; then
            printf '%s\n' "$file"
            return 0
        fi
    done
    die "Debian's keys are missing: install the package debian-archive-keyring"
}

# _private_dir SUITE [src]: print the private directory of a suite, after writing its configuration. src: for source packages.
_private_dir() {
    local suite=$1 type=deb dir mirror security keyring
    [ "${2:-}" != src ] || type='deb-src'
    dir=$(cache_dir)/apt/$suite.$type
    mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial" "$dir/state"
    : >"$dir/status"
    mirror=$(debian_mirror)
    keyring=$(_keyring)
    {
        echo "$type [signed-by=$keyring] $mirror $suite main"
        case $suite in
        *-*) ;;
        *)
            security=$(debian_mirror security)
            [ -z "$security" ] || echo "$type [signed-by=$keyring] $security $suite-security main"
            ;;
        esac
    } >"$dir/sources.list.new"
    # Other mirrors than last time: the lists are of no use any more.
    if ! cmp -s "$dir/sources.list.new" "$dir/sources.list"; then
        rm -f "$dir/updated"
        mv "$dir/sources.list.new" "$dir/sources.list"
    else
        rm "$dir/sources.list.new"
    fi
    cat >"$dir/apt.conf" <<CONFIG
Dir::State "$dir/state/";
Dir::State::lists "$dir/lists/";
Dir::State::status "$dir/status";
Dir::Cache "$dir/cache/";
Dir::Cache::pkgcache "pkgcache.bin";
Dir::Cache::srcpkgcache "srcpkgcache.bin";
Dir::Etc::sourcelist "$dir/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "/dev/null";
#clear APT::Architectures;
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
APT::Architecture "amd64";
APT::Architectures { "amd64"; };
APT::Default-Release "";
APT::Sandbox::User "root";
APT::Get::AllowUnauthenticated "false";
APT::Update::Error-Mode "any";
Acquire::AllowInsecureRepositories "false";
Acquire::AllowWeakRepositories "false";
Acquire::AllowDowngradeToInsecureRepositories "false";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
CONFIG
    printf '%s\n' "$dir"
}

# private_apt SUITE[/src] PROGRAM ARGUMENT…: run apt-get or apt-cache on the private lists of a suite.
private_apt() {
    local suite=$1 program=$2 dir
    shift 2
    dir=$(_suite_dir "$suite")
    "$program" --config-file "$dir/apt.conf" "$@"
}

_suite_dir() { case $1 in */src) _private_dir "${1%/src}" src ;; *) _private_dir "$1" ;; esac }

# private_update SUITE[/src] [now]: get the lists of a suite, unless they are here and younger than a day.
private_update() {
    local suite=$1 dir lock
    dir=$(_suite_dir "$suite")
    exec {lock}>"$dir/lock"
    flock "$lock"
    if [ "${2:-}" = now ] || [ -z "$(find "$dir/updated" -mtime -1 2>/dev/null)" ]; then
        _private_update "$suite" "$dir"
    fi
    exec {lock}>&-
}

_private_update() {
    local suite=$1 dir=$2 text="getting the package lists of Debian ${1%/src}" own
    local PROGRESS_LOG=$dir/update.log
    need_disk "$dir" 200
    rm -f "$dir/updated"
    if ! with_progress "$text" private_apt "$suite" apt-get update; then
        own=$(_os_release VERSION_CODENAME)
        ! _log_says_no_network "$PROGRESS_LOG" ||
            die "cannot reach the Debian mirror $(debian_mirror): is there a network?"
        if ! grep -qE 'NO_PUBKEY|Missing key|not signed' "$PROGRESS_LOG" || [ "${suite%/src}" = "$own" ] ||
            [ -e "$(cache_dir)/apt/keyring.gpg" ]; then
            die "cannot get the package lists of Debian ${suite%/src} from $(debian_mirror)"
        fi
        say "this machine's keys are older than Debian ${suite%/src}; taking Debian's newest from $own"
        _fetch_keyring "$own"
        dir=$(_suite_dir "$suite") # names the new keys
        with_progress "$text" private_apt "$suite" apt-get update ||
            die "cannot get the package lists of Debian ${suite%/src} from $(debian_mirror)"
    fi
    touch "$dir/updated"
}

_fetch_keyring() { # SUITE: take Debian's keys from that suite's package, itself verified by the keys that are here
    local deb unpacked keyring
    deb=$(fetch_deb "$1" debian-archive-keyring)
    unpacked=$(mktemp -d "$(cache_dir)/apt/keyring.XXXXXX")
    dpkg-deb -x "$deb" "$unpacked"
    for keyring in "$unpacked"/usr/share/keyrings/debian-archive-keyring.{gpg,pgp}; do
        [ ! -f "$keyring" ] || cp -L "$keyring" "$(cache_dir)/apt/keyring.gpg"
    done
    rm -rf "$unpacked"
}

# fetch_deb SUITE PACKAGE: download a binary package into the cache, verified by apt, and print the path of its .deb.
fetch_deb() {
    local suite=$1 package=$2 dir file tmp
    dir=$(cache_dir)/debs/$suite
    mkdir -p "$dir"
    private_update "$suite"
    if ! file=$(_deb_file "$suite" "$package"); then
        private_update "$suite" now
        file=$(_deb_file "$suite" "$package") || die "Debian $suite has no package $package"
    fi
    if [ ! -s "$dir/$file" ]; then
        rm -rf "$dir/$package".??????.part # left by an interruption
        tmp=$(mktemp -d "$dir/$package.XXXXXX.part")
        if ! with_progress "downloading $package" _download_deb "$suite" "$package" "$tmp"; then
            # The lists can be older than the mirror's files.
            private_update "$suite" now
            with_progress "downloading $package" _download_deb "$suite" "$package" "$tmp" ||
                die "cannot download Debian's package $package"
            file=$(_deb_file "$suite" "$package")
        fi
        mv "$tmp/$file" "$dir/$file"
        rm -rf "$tmp"
    fi
    printf '%s\n' "$dir/$file"
}

_deb_file() { # SUITE PACKAGE: print the file name of the newest version
    local line
    line=$(private_apt "$1" apt-get download --print-uris "$2" 2>/dev/null | tail -n 1)
    [ -n "$line" ] || return 1
    awk '{ print $2 }' <<<"$line"
}

_download_deb() { cd "$3" && private_apt "$1" apt-get download "$2"; }

# fetch_source SUITE PACKAGE DIRECTORY: download a source package, verified by apt, into a directory of its own, and print
# the path of its .dsc.
fetch_source() {
    local suite=$1 package=$2 dir=$3
    private_update "$suite/src"
    rm -rf "$dir"
    mkdir -p "$dir"
    if ! with_progress "downloading $package's source" _download_source "$suite" "$package" "$dir"; then
        private_update "$suite/src" now
        with_progress "downloading $package's source" _download_source "$suite" "$package" "$dir" ||
            die "cannot download the source of Debian's package $package"
    fi
    ls "$dir"/*.dsc
}

_download_source() { cd "$3" && private_apt "$1/src" apt-get source --download-only "$2"; }

# unpack_debs DIRECTORY DEB…: unpack packages into a directory that appears only when it is complete.
unpack_debs() {
    local dir=$1 deb
    shift
    rm -rf "$dir" "$dir.part"
    mkdir -p "$dir.part"
    for deb; do
        dpkg-deb -x "$deb" "$dir.part" || die "cannot unpack $deb ($(free_mib "${dir%/*}") MiB are free in ${dir%/*})"
    done
    mv "$dir.part" "$dir"
}
