# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=sh disable=SC2034
# For tests in shell, to be sourced: lines of TAP, counted in $case; $failed is 1 when one was not ok.
case=0
failed=0

result() { # STATUS SENTENCE
    case=$((case + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $case - $2"
    else
        echo "not ok $case - $2"
        failed=1
    fi
}
