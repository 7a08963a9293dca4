# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck disable=SC2016 # single quotes: they are awk's dollar signs
# shellcheck disable=SC2034,SC2154 # variables of guest/host.sh
# shellcheck disable=SC2054 # commas: they are QEMU's
#
# Boots Xen with a Debian kernel as dom0 in QEMU and judges what comes of it. To be sourced after guest/host.sh, which has
# the variables that describe a boot; xen_boot takes guest_boot's place. Xen's console is the first serial port and goes to
# a file; dom0's programs talk over the second one, to which we answer: with the address of Xen's memory, when dom0 is
# ready to attack it, and then with the addresses that the other domain shall attack.

xen_options=()           # more for Xen's command line
xen_mode=                # "Dom0 mode" as Xen says it: Relaxed, Strict; empty: whatever it is
xen_protects=1           # empty: nothing is expected to stop the device, and no other domain gets it
xen_device=amdvi         # what the IOMMU is to QEMU

# Xen executes MWAIT if it finds it, which QEMU's software CPU does not do as Xen expects; and it refuses an AMD IOMMU on a
# processor without CMPXCHG16B, so this is a model that has it.
xen_cpu=EPYC,monitor=off

# Between "step domu" and the other domain's lines there is all of its life.
boot_limit_s=400
boot_silence_s=200

xen_target_bytes=64      # what edu_machine and hold_page show

# --- the machine ------------------------------------------------------------------------------------------------------

xen_describe_machine() {
    machine=(
        -nodefaults -no-user-config -display none -no-reboot
        -machine q35 -accel "tcg,thread=$boot_threads" -cpu "$xen_cpu" -m 1536M -smp 2
    )
    [ -z "$boot_roms" ] || machine=(-L "$boot_roms" "${machine[@]}")
    [ -z "$xen_device" ] || machine+=(-device "$xen_device,id=iommu0")
    disk nvme amdvi-nvme
    machine+=(
        -drive "if=none,id=cd,media=cdrom,readonly=on,file=$boot_dir/image.iso"
        -device ide-cd,bus=ide.0,drive=cd,bootindex=0
        -device nvme,id=nvme0,serial=amdvi-nvme,drive=nvme
        -device edu,id=edu0,dma_mask=0xffffffffffffffff
    )
}

xen_begin() {
    local xen kernel
    xen=$("$guest_dir/xen/fetch-xen" | tail -n 1)
    kernel=$("$guest_dir/fetch-kernel" 6.1 | tail -n 1)
    boot_dir=$(mktemp -d "${TMPDIR:-/tmp}/amdvi-boot.XXXXXX")
    at_exit guest_clean
    need_disk "$boot_dir" 300
    "$guest_dir/xen/make-image" "$xen" "$kernel" "$boot_dir/image.iso" "${xen_options[@]}"
    xen_image=$xen/xen
    seen_disks=()
    written_sums=()
    touch "$boot_dir"/{attempts,got,secret}
    xen_describe_machine
}

xen_start() {
    mkfifo "$boot_dir/console" "$boot_dir/input"
    # Opened for both directions, so that neither end waits for the other.
    exec {boot_console}<>"$boot_dir/console" {boot_input}<>"$boot_dir/input"
    boot_start_ms=$(now_ms)
    tied "$boot_qemu" "${machine[@]}" -qmp "unix:$boot_dir/qmp,server=on,wait=off" \
        -chardev "file,id=xen,path=$boot_dir/xen.raw" -serial chardev:xen \
        -chardev stdio,id=console,signal=off -serial chardev:console \
        <"$boot_dir/input" >"$boot_dir/console" 2>"$boot_dir/qemu.log" &
    boot_pid=$!
}

# Xen's console so far, without what is no text.
xen_console() { tr -cd '[:print:]\n' <"$boot_dir/xen.raw" >"$boot_dir/xen.log"; }

xen_follow() {
    local line status=0
    boot_deadline=$((SECONDS + boot_limit_s))
    boot_over=
    while [ -z "$boot_over" ]; do
        read_line || status=$?
        if [ "$status" -ne 0 ]; then
            xen_lost "$status"
            return 1
        fi
        case $line in *'@@ '*) xen_domain=0 xen_line "${line#*@@ }" ;; esac
    done
}

xen_lost() { # STATUS of read_line
    local text="dom0 fell silent"
    [ "$1" -ne 1 ] || text="QEMU ended early"
    [ -n "$boot_release" ] || text="$text before it reached user space"
    check 1 "$text"
    xen_console
    show_note "$(
        head -n 5 "$boot_dir/qemu.log" | sed 's/^/qemu: /'
        tail -n 15 "$boot_dir/xen.log" | cut -c 1-200 | sed 's/^/xen: /'
        [ ! -e "$boot_dir/console.log" ] || tail -n 5 "$boot_dir/console.log" | cut -c 1-200 | sed 's/^/dom0: /'
    )"
}

# Lets dom0 power the machine off, 60 seconds at most.
xen_finish() {
    local waited
    echo bye >&"$boot_input"
    for ((waited = 0; waited < 600; waited++)); do
        guest_runs || break
        sleep 0.1
    done
    check "$(holds [ "$waited" -lt 600 ])" "dom0 powered the machine off"
    guest_close
    xen_console
}

# --- what the domains say ---------------------------------------------------------------------------------------------

xen_line() {
    local kind=${1%% *} rest=${1#* }
    case $kind in
    begin) xen_on_begin "$rest" ;;
    ok) check 0 "$(xen_speaker): ${rest#* }" ;;
    fail) check 1 "$(xen_speaker): $rest" ;;
    disk) on_disk "$rest" ;;
    sum) on_sum "$rest" ;;
    secret) echo "$rest" >"$boot_dir/secret" ;;
    attempt) echo "d$xen_domain ${rest#* }" >>"$boot_dir/attempts" ;;
    got) echo "d$xen_domain $rest" >>"$boot_dir/got" ;;
    ready) xen_on_ready "$rest" ;;
    dom0-done) xen_on_dom0_done ;;
    domu) xen_domain=1 xen_line "$rest" ;;
    end) [ "$xen_domain" -ne 0 ] || boot_over=1 ;;
    *) ;; # meant for a person: in console.log
    esac
}

xen_speaker() { if [ "$xen_domain" -eq 0 ]; then echo dom0; else echo domU; fi; }

xen_on_begin() {
    if [ "$xen_domain" -ne 0 ]; then
        check 0 "domU: Linux ${1%% *} reached user space"
        return
    fi
    boot_user_space_ms=$(($(now_ms) - boot_start_ms))
    boot_release=${1%% *}
    check 0 "Xen $(cat "${xen_image%/*}/release"), dom0 Linux $boot_release: user space after $(seconds "$boot_user_space_ms") s"
}

# dom0 is up: what Xen made of the IOMMU, then the attack on Xen itself.
xen_on_ready() {
    xen_edu=$1
    xen_console
    xen_judge_boot
    xen_find_target
    echo "$xen_target" >&"$boot_input"
}

# Where Xen's image begins in physical memory, as it says itself, and what its file has there.
xen_find_target() {
    local base offset virtual
    base=$(sed -nE 's/.*Xen image load base address: (0x[0-9a-f]+).*/\1/p' "$boot_dir/xen.log" | head -n 1)
    read -r offset virtual < <(LC_ALL=C readelf -lW "$xen_image" | awk '$1 == "LOAD" { print $2, $3; exit }') || true
    xen_target=$(printf '0x%x' $((${base:-0} + ${virtual:-0})))
    xen_bytes=$(od -An -v -tx1 -j "$((${offset:-0}))" -N "$xen_target_bytes" "$xen_image" | tr -d ' \n')
    check "$(holds [ -n "$base" -a -n "$virtual" -a "$(xen_read_target)" = "$xen_bytes" ])" \
        "Xen's image lies at $xen_target, with the bytes of its file"
}

xen_read_target() {
    python3 "$guest_dir/xen/read_memory.py" "$boot_dir/qmp" "$xen_target" "$xen_target_bytes" 2>>"$boot_dir/qmp.log"
}

xen_on_dom0_done() {
    local secret
    xen_judge_attack 0 "$xen_target" "$xen_bytes" "Xen's memory"
    xen_judge_target
    if [ -z "$xen_protects" ]; then
        echo >&"$boot_input"
        return
    fi
    secret=$(cut -d' ' -f1 "$boot_dir/secret")
    echo "${secret:-0x0} $xen_target" >&"$boot_input"
}

# --- judging ----------------------------------------------------------------------------------------------------------

xen_says() { grep -qE -- "$1" "$boot_dir/xen.log"; }
xen_must_say() { check "$(holds xen_says "$1")" "Xen: \"${2:-$1}\""; }

# Lines that mean that something is wrong with the IOMMU, or with Xen or Linux.
xen_forbidden='AMD-Vi:.*([Ee]rror|[Ff]ail|[Ii]nvalid|enabled by firmware|No entry written)|ILLEGAL_|_HW_ERROR|INVALID_|IOTLB_INV_TIMEOUT'
xen_forbidden+='|IVRS: |IVHD( Error|: unknown)|IVMD:|completion wait|no cmd slot'
xen_forbidden+='|No southbridge|Xen BUG|Panic on CPU|FATAL|BUG:|WARNING: CPU|Oops|soft lockup|hung_task|blocked for more than'

xen_judge_log() { # WHEN
    local found
    found=$(grep -E "$xen_forbidden" "$boot_dir/xen.log" | head -n 5) || true
    check "$(holds [ -z "$found" ])" "nothing on Xen's console is wrong $1"
    [ -z "$found" ] || show_note "$found"
}

xen_judge_boot() {
    if [ -z "$xen_protects" ]; then
        check "$(holds xen_says 'I/O virtualisation disabled')" 'Xen: "I/O virtualisation disabled", as asked for'
        return
    fi
    xen_must_say 'AMD-Vi: IOMMU 0 Enabled'
    xen_must_say 'I/O virtualisation enabled'
    [ -z "$xen_mode" ] || xen_must_say " - Dom0 mode: $xen_mode" "Dom0 mode: $xen_mode"
    xen_must_say 'Interrupt remapping enabled'
    xen_judge_log "up to dom0"
    check "$(holds [ -z "$(xen_faults)" ])" "no access was refused up to dom0"
}

# Was what a domain's device read the secret of somebody else?
xen_judge_attack() { # DOMAIN ADDRESS BYTES WHOSE
    local got
    got=$(awk -v domain="d$1" -v address="$2" '$1 == domain && $2 == address { print $3 }' "$boot_dir/got")
    check "$(holds [ -n "$got" -a ${#3} -eq $((2 * xen_target_bytes)) ])" \
        "$(xen_domain=$1 xen_speaker): edu was told to read $4 at $2"
    if [ -n "$xen_protects" ]; then
        check "$(holds [ "$got" != "$3" ])" "edu saw nothing of $4"
    else
        check "$(holds [ "$got" = "$3" ])" "edu saw $4, as nothing protects it"
    fi
}

# And was what it wrote in Xen's memory?
xen_judge_target() {
    local now
    now=$(xen_read_target) || true
    if [ -n "$xen_protects" ]; then
        check "$(holds [ "$now" = "$xen_bytes" ])" "Xen's memory at $xen_target is as it was"
    else
        check "$(holds [ -n "$now" -a "$now" != "$xen_bytes" ])" \
            "edu overwrote Xen's memory at $xen_target, as nothing protects it"
    fi
}

# Print the faults that Xen reported: domain, device, address, flags.
xen_faults() {
    local where='0000:([0-9a-f:.]+) (d[0-9]+) addr ([0-9a-f]+) flags (0x[0-9a-f]+|0)'
    sed -nE "s/.*AMD-Vi: IO_PAGE_FAULT: $where.*/\\2 \\1 \\3 \\4/p" "$boot_dir/xen.log"
}

# They are exactly the accesses that were attempted: dom0 read and wrote one target, the other domain two.
xen_judge_faults() {
    local difference
    awk -v device="$xen_edu" '{ print $1, device, $3, $2 }' "$boot_dir/attempts" | while read -r domain device address kind; do
        printf '%s %s %016x %s\n' "$domain" "$device" "$address" "$([ "$kind" = write ] && echo 0x20 || echo 0)"
    done | sort >"$boot_dir/faults.expected"
    xen_faults | sort >"$boot_dir/faults.seen"
    difference=$(diff "$boot_dir/faults.expected" "$boot_dir/faults.seen" |
        sed -n 's/^</not reported: /p; s/^>/not expected: /p') || true
    check "$(holds [ "$(wc -l <"$boot_dir/attempts")" -eq 6 ])" "all 6 accesses were attempted"
    check "$(holds [ -z "$difference" ])" "Xen reported exactly these 6 as refused: domain, device, address, flags"
    [ -z "$difference" ] || show_note "$difference"
}

xen_judge_end() {
    local address bytes
    if [ -n "$xen_protects" ]; then
        read -r address bytes <"$boot_dir/secret" || true
        xen_judge_attack 1 "$address" "$bytes" "dom0's memory"
        xen_judge_attack 1 "$xen_target" "$xen_bytes" "Xen's memory"
        xen_judge_target
    fi
}

# The device's own table: the disk's DMA and interrupts went through it, and it counted the faults.
xen_judge_stats() {
    [[ $xen_device == amdvi* ]] || return 0
    boot_stats=$(python3 "$guest_dir/qmp.py" "$boot_dir/qmp" stats /machine/peripheral/iommu0 2>>"$boot_dir/qmp.log") || true
    if [ -z "$xen_protects" ]; then
        return
    fi
    check "$(holds awk '$2 == "nvme" && $3 > 0 && $7 > 0 { found = 1 } END { exit !found }' <<<"$boot_stats")" \
        "the disk's DMA was translated and its interrupts remapped"
    check "$(holds awk -v id="$xen_edu" -v count="$(wc -l <"$boot_dir/attempts")" \
        '$1 == id && $6 == count { found = 1 } END { exit !found }' <<<"$boot_stats")" "the device counted the same faults of $xen_edu"
}

# --- all of it --------------------------------------------------------------------------------------------------------

# Boots what the variables describe and judges it. Status 0 only if every check held.
xen_boot() {
    local failed_before=$checks_failed
    boot_release='' boot_stats='' boot_user_space_ms=''
    need_packages binutils python3
    xen_begin
    xen_start
    if xen_follow; then
        xen_judge_end
        xen_judge_stats
        xen_finish
        [ -z "$xen_protects" ] || xen_judge_faults
        xen_judge_log "at the end"
    fi
    guest_keep_logs
    guest_clean
    [ "$checks_failed" -eq "$failed_before" ]
}
