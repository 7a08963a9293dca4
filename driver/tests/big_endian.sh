#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The tests that make sense on any processor, on a big-endian one: built with Debian's cross compiler
# for s390x, run by qemu-user. Argument: the top of the sources.
set -eu

top=$1
cc=s390x-linux-gnu-gcc
qemu=$(command -v qemu-s390x || command -v qemu-s390x-static || true)
programs='invalidate ring repair device_table interrupt_table log text early
  hosts whole domain flush lazy attach firmware_memory quarantine limits bounce interrupts ats
  arena pages pages_sizes pages_split pages_grow pages_stores pages_model self_test dump
  resolve start takeover takeover_later features power recovery'

if ! command -v "$cc" >/dev/null || [ -z "$qemu" ]; then
    echo '1..0 # SKIP no s390x-linux-gnu-gcc (with libc6-dev-s390x-cross) or no qemu-user'
    exit 0
fi
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
flags="-std=c17 -O1 -pthread -w" # warnings are the business of other builds
for directory in arch/include ivrs/include device/include driver/include driver/src driver/tests \
    testing tests ivrs/tests; do
    flags="$flags -I$top/$directory"
done
sources="$top/testing/machine.c"
for part in arch ivrs device driver; do
    for name in $(cat "$top/$part/sources.txt"); do
        sources="$sources $top/$part/$name"
    done
done
for name in rig rig_machine rig_watch; do
    sources="$sources $top/driver/tests/$name.c"
done
for name in oracle oracle_dma oracle_msi; do
    sources="$sources $top/tests/$name.c"
done
objects=
for source in $sources; do
    object=$build/$(echo "${source#"$top"/}" | tr / _).o
    $cc $flags -c "$source" -o "$object"
    objects="$objects $object"
done
rm -f "$build/all.a"
s390x-linux-gnu-ar rcs "$build/all.a" $objects

echo "1..$(echo $programs | wc -w)"
number=0
failed=0
for program in $programs; do
    number=$((number + 1))
    result='not ok'
    if { $cc $flags -static "$top/driver/tests/test_$program.c" "$build/all.a" "$build/all.a" \
            -o "$build/$program" && "$qemu" "$build/$program"; } >"$build/out" 2>&1; then
        result=ok
    else
        failed=1
        sed 's/^/# /' "$build/out"
    fi
    echo "$result $number - test_$program passes on a big-endian processor"
done
exit $failed
