# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# shellcheck disable=SC2016 # single quotes: they are awk's dollar signs
# shellcheck disable=SC2054 # commas: they are QEMU's
#
# Boots the guest in QEMU and judges what comes of it. To be sourced, after tools/lib.sh, by ./run and tests/boot/boot.
# The caller describes a boot in the variables below, calls guest_boot, and has the results in `checks_passed` and
# `checks_failed`. How that looks is the caller's affair: it defines show_check STATUS TEXT, show_step NAME TEXT, show_note
# TEXT (more about a failure, several lines) and show_waiting SECONDS.

guest_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)

# --- what to boot: set by the caller ----------------------------------------------------------------------------------

boot_qemu=               # QEMU's program
boot_roms=               # where its firmware is, for -L; empty: where it looks by itself
boot_kernel=             # a vmlinuz
boot_initrd=             # guest/make-initramfs made it
boot_append=             # more for the kernel's command line
boot_scenario=story      # see guest/init
boot_device=amdvi        # what the IOMMU is to QEMU; empty: there is none
boot_mode=lazy           # lazy, strict or pt: how Linux is expected to use the IOMMU
boot_intremap=on         # whether Linux is expected to remap interrupts
boot_slow=               # not empty: there is a disk too that answers only after so many milliseconds
boot_disk=               # one more disk, a file of the user's; what the guest writes to it is thrown away
boot_preboot=            # what an attack before the operating system comes to: succeeded, stopped; empty: there is none
boot_preboot_rom=        # take_preboot makes it
boot_kvm=                # not empty: use KVM
boot_threads=multi       # of QEMU's software CPU; single: one for all processors
boot_cpus=2
boot_memory=1G
boot_limit_s=240         # for the whole boot, from QEMU's start to its end
boot_silence_s=60        # for the time between two lines of the guest
boot_extra=()            # more arguments for QEMU
boot_top=                # a QMP socket for somebody who watches
boot_describe=           # a function that adds more to `machine`, when $boot_dir is there
boot_look=               # a function that judges more, while the machine is still there
boot_round=              # a function that is told the number of each round of the scenario "rounds"
boot_judge=              # a function that judges more, at the end
boot_quit=               # not empty: QEMU is told to end, as the guest cannot switch this machine off

# --- what came of it --------------------------------------------------------------------------------------------------

checks_passed=0
checks_failed=0
boot_user_space_ms=      # from QEMU's start to the guest's first line
boot_release=            # the guest's kernel
boot_stats=              # the device's own table; see guest/qmp.py

boot_dir=                # everything of one boot: disks, logs, sockets
boot_pid=
boot_console=            # file descriptors
boot_input=

known_mib=16             # of each disk; the second half is for writing
declare -A known_sums    # serial number: SHA-256 of the disk's known half
declare -A seen_disks    # /dev/NAME: serial number
declare -A written_sums  # serial number: SHA-256 of what the guest wrote to the other half

# check STATUS TEXT: one thing that must hold. STATUS is the exit status of the command that tried it.
check() {
    if [ "$1" -eq 0 ]; then
        checks_passed=$((checks_passed + 1))
    else
        checks_failed=$((checks_failed + 1))
    fi
    show_check "$1" "$2"
}

# holds COMMAND…: print the command's status, for check.
holds() { if "$@"; then echo 0; else echo 1; fi; }

# --- what to boot: found ----------------------------------------------------------------------------------------------

# take_kernel VERSION: one of Debian's kernels, and the initramfs that goes with it.
take_kernel() {
    local dir
    dir=$("$guest_dir/fetch-kernel" "$1" | tail -n 1)
    boot_kernel=$dir/vmlinuz
    take_initramfs "$dir/lib/modules/$(cat "$dir/release")"
}

take_initramfs() { # MODULES
    boot_initrd=$(cache_dir)/guest/initramfs-$(basename "$(readlink -f "$1")")
    mkdir -p "${boot_initrd%/*}"
    "$guest_dir/make-initramfs" "$1" "$boot_initrd"
}

# take_qemu [PROGRAM]: the QEMU that qemu/build makes, or another one, or the directory of one that qemu/build --tree made.
take_qemu() {
    boot_qemu=${1:-}
    boot_roms=
    if [ -n "$boot_qemu" ] && [ -d "$boot_qemu" ]; then
        boot_qemu=$boot_qemu/bin/qemu-system-x86_64
        return
    fi
    if [ -z "$boot_qemu" ]; then
        boot_qemu=$("$guest_dir/../qemu/build" | tail -n 1)
    fi
    # A program built here finds no firmware by itself; another one may, and then this does no harm.
    boot_roms=$("$guest_dir/../qemu/build" --print-rom-dir 2>/dev/null | tail -n 1) || true
}

# Debian's own QEMU, with the device as a module. The race that qemu/patches/0003 is for is open there; with one thread for
# all processors it is not.
take_stock_qemu() {
    boot_qemu=$("$guest_dir/../qemu/stock/build" | tail -n 1)
    boot_roms=
    boot_threads=single
}

# The option ROM that attacks before the operating system.
take_preboot() {
    boot_preboot_rom=$(cache_dir)/guest/preboot.rom
    mkdir -p "${boot_preboot_rom%/*}"
    "$guest_dir/preboot/make-rom" "$boot_preboot_rom"
}

# --- the machine ------------------------------------------------------------------------------------------------------

make_disk() { # SERIAL
    local file=$boot_dir/$1.img
    head -c $((known_mib << 20)) /dev/urandom >"$file"
    known_sums[$1]=$(sha256sum "$file" | cut -d' ' -f1)
    truncate -s $((2 * known_mib))M "$file"
}

# disk NODE SERIAL: the arguments for a disk's contents, in `machine`.
disk() {
    make_disk "$2"
    machine+=(-blockdev "driver=raw,node-name=$1,file.driver=file,file.filename=$boot_dir/$2.img")
}

slow_disk() { # NODE
    machine+=(-blockdev "driver=null-co,node-name=$1,size=67108864,read-zeroes=on,latency-ns=$((boot_slow * 1000000))")
}

# Devices on the root bus, behind a root port, and behind a bridge to conventional PCI.
describe_devices() {
    local virtio=virtio-blk-pci,iommu_platform=on,disable-legacy=on
    disk nvme amdvi-nvme
    disk virtio amdvi-virtio
    disk bridged amdvi-bridged
    machine+=(
        -device nvme,id=nvme0,serial=amdvi-nvme,drive=nvme
        -device pcie-root-port,id=port0,chassis=1
        -device "$virtio,id=virtio0,bus=port0,serial=amdvi-virtio,drive=virtio"
        -device pcie-root-port,id=port1,chassis=2
        -device pcie-pci-bridge,id=bridge0,bus=port1
        -device "$virtio,id=bridged0,bus=bridge0,addr=1,serial=amdvi-bridged,drive=bridged"
        -netdev 'user,id=net,restrict=on,guestfwd=tcp:10.0.2.100:7-cmd:cat'
        -device e1000e,id=net0,netdev=net,romfile=
        -device edu,id=edu0,dma_mask=0xffffffffffffffff
    )
    if [ -n "$boot_slow" ]; then
        slow_disk slow-virtio
        slow_disk slow-nvme
        machine+=(
            -device "$virtio,id=slow0,serial=amdvi-slow-virtio,drive=slow-virtio"
            -device nvme,id=slow1,serial=amdvi-slow-nvme,drive=slow-nvme
        )
    fi
    if [ -n "$boot_disk" ]; then
        local format=raw
        case $boot_disk in *.qcow2) format=qcow2 ;; esac
        machine+=(
            -drive "if=none,id=user,format=$format,snapshot=on,file=${boot_disk//,/,,}"
            -device nvme,id=user0,serial=amdvi-user,drive=user
        )
    fi
}

describe_machine() {
    local model=q35 cpu=max accel=tcg,thread=$boot_threads
    if [ -n "$boot_kvm" ]; then
        model=q35,kernel-irqchip=split cpu=host accel=kvm
    fi
    machine=(
        -nodefaults -no-user-config -display none -no-reboot
        -machine "$model" -accel "$accel" -cpu "$cpu" -m "$boot_memory" -smp "$boot_cpus"
        -kernel "$boot_kernel"
    )
    [ -z "$boot_roms" ] || machine=(-L "$boot_roms" "${machine[@]}")
    [ -z "$boot_initrd" ] || machine+=(-initrd "$boot_initrd")
    case $boot_device in
    '') ;;
    intel-iommu*) machine+=(-machine kernel-irqchip=split -device "$boot_device,id=iommu0") ;;
    *) machine+=(-device "$boot_device,id=iommu0") ;;
    esac
    describe_devices
    # SeaBIOS would wait for ever for a disk whose DMA is blocked; strict: it leaves those alone that it need not boot from.
    [ -z "$boot_preboot" ] || machine+=(-option-rom "${boot_preboot_rom//,/,,}" -boot strict=on)
    [ -z "$boot_describe" ] || "$boot_describe"
    [ -z "$boot_top" ] || machine+=(-qmp "unix:${boot_top//,/,,},server=on,wait=off")
    machine+=("${boot_extra[@]}")
}

command_line() {
    # One fault is one line only if nothing else is on it, so the console gets errors alone; the guest sends the rest.
    printf '%s' "console=ttyS0 quiet loglevel=4 panic=-1 amdvi.scenario=$boot_scenario amdvi.echo=10.0.2.100:7" \
        " amdvi.limit=$((boot_limit_s * 3 / 4))${boot_append:+ $boot_append}"
}

# --- running it -------------------------------------------------------------------------------------------------------

guest_begin() {
    boot_dir=$(mktemp -d "${TMPDIR:-/tmp}/amdvi-boot.XXXXXX")
    at_exit guest_clean
    need_disk "$boot_dir" 300
    seen_disks=()
    written_sums=()
    describe_machine
}

# Leaves nothing behind, however the script ends.
guest_clean() {
    if [ -n "$boot_pid" ]; then
        kill -KILL "$boot_pid" 2>/dev/null || true
        wait "$boot_pid" 2>/dev/null || true
        boot_pid=
    fi
    [ -z "$boot_dir" ] || rm -rf "$boot_dir"
    boot_dir=
}

# With the script killed outright, QEMU must go too.
tied() { if command -v setpriv >/dev/null; then exec setpriv --pdeathsig KILL "$@"; else exec "$@"; fi; }

guest_start() {
    mkfifo "$boot_dir/console" "$boot_dir/input"
    # Opened for both directions, so that neither end waits for the other.
    exec {boot_console}<>"$boot_dir/console" {boot_input}<>"$boot_dir/input"
    boot_start_ms=$(now_ms)
    tied "$boot_qemu" "${machine[@]}" -append "$(command_line)" \
        -qmp "unix:$boot_dir/qmp,server=on,wait=off" \
        -chardev stdio,id=console,signal=off -serial chardev:console -serial null \
        <"$boot_dir/input" >"$boot_dir/console" 2>"$boot_dir/qemu.log" &
    boot_pid=$!
}

now_ms() { echo $(($(date +%s%N) / 1000000)); }

guest_runs() { [ -n "$boot_pid" ] && kill -0 "$boot_pid" 2>/dev/null; }

# read_line: the guest's next line in `line`. Status 1: QEMU ended. Status 2: too late.
read_line() {
    local part heard=$SECONDS
    line=
    while true; do
        part=
        if IFS= read -r -t 1 -u "$boot_console" part; then
            line=${line}${part%$'\r'}
            printf '%s\n' "$line" >>"$boot_dir/console.log"
            return 0
        fi
        line=$line$part
        [ -z "$part" ] || heard=$SECONDS
        show_waiting $((SECONDS - heard))
        if ! guest_runs && [ -z "$part" ]; then
            return 1
        fi
        if [ $((SECONDS - heard)) -gt "$boot_silence_s" ] || [ "$SECONDS" -gt "$boot_deadline" ]; then
            return 2
        fi
    done
}

# Reads the guest's lines up to "@@ end", and acts on each.
guest_follow() {
    local line status=0
    boot_deadline=$((SECONDS + boot_limit_s))
    boot_over=
    while [ -z "$boot_over" ]; do
        read_line || status=$?
        if [ "$status" -ne 0 ]; then
            guest_lost "$status"
            return 1
        fi
        case $line in
        *'@@ '*) on_line "${line#*@@ }" ;;
        *'preboot: '*) on_preboot "preboot: ${line#*preboot: }" ;;
        esac
    done
}

# The guest went away or fell silent: say so, with what there is to see.
guest_lost() {
    local text="the guest fell silent"
    [ "$1" -ne 1 ] || text="QEMU ended early"
    [ -n "$boot_release" ] || text="$text before it reached user space"
    check 1 "$text"
    show_note "$(
        head -n 5 "$boot_dir/qemu.log" | sed 's/^/qemu: /'
        ! guest_runs || python3 "$guest_dir/qmp.py" "$boot_dir/qmp" where 2>&1 | sed 's/^/machine: /'
        [ ! -e "$boot_dir/console.log" ] ||
            tail -n 12 "$boot_dir/console.log" | tr -cd '[:print:]\n' | cut -c 1-200 | sed 's/^/guest: /'
    )"
    if [ -n "$boot_kvm" ] && [ -z "$boot_release" ]; then
        say "The guest did not start under KVM on this machine; try without --kvm."
    fi
}

# Lets the guest power itself off (30 seconds at most), then looks at what it left on the disks.
guest_finish() {
    local waited line text="the guest powered itself off"
    if [ -n "$boot_quit" ]; then
        text="QEMU ended when told to"
        python3 "$guest_dir/qmp.py" "$boot_dir/qmp" quit 2>>"$boot_dir/qmp.log" || true
    else
        echo bye >&"$boot_input"
    fi
    for ((waited = 0; waited < 300; waited++)); do
        guest_runs || break
        # The kernel's last errors, if any, are on the console.
        IFS= read -r -t 0.1 -u "$boot_console" line || continue
        printf '%s\n' "${line%$'\r'}" >>"$boot_dir/console.log"
        case $line in '['*) printf '%s\n' "${line%$'\r'}" >>"$boot_dir/kernel.log" ;; esac
    done
    check "$(holds [ "$waited" -lt 300 ])" "$text"
    guest_close
    check_written
}

# Nothing of the boot that was watched is left running or open.
guest_close() {
    ! guest_runs || kill -KILL "$boot_pid"
    wait "$boot_pid" 2>/dev/null || true
    boot_pid=
    exec {boot_console}>&- {boot_input}>&-
}

# --- what the guest says ----------------------------------------------------------------------------------------------

on_line() {
    local kind=${1%% *} rest=${1#* }
    case $kind in
    begin) on_begin "$rest" ;;
    step) show_step "${rest%% *}" "${rest#* }" ;;
    ok) check 0 "${rest#* }" ;;
    fail) check 1 "${rest}" ;;
    attack) on_attack "$rest" ;;
    device | function | iommu | behind | irq | ivinfo | preboot | refused | reached | network) printf '%s\n' "$rest" >>"$boot_dir/$kind" ;;
    disk) on_disk "$rest" ;;
    sum) on_sum "$rest" ;;
    dmesg) printf '%s\n' "$rest" >>"$boot_dir/kernel.log" ;;
    ask) on_ask "$rest" ;;
    round) [ -z "$boot_round" ] || "$boot_round" "$rest" ;;
    ready) judge_kernel ;;
    end) boot_over=1 ;;
    *) ;; # meant for a person: in console.log
    esac
}

on_begin() {
    local words
    read -ra words <<<"$1"
    [ -z "$boot_release" ] || next_kernel
    boot_user_space_ms=$(($(now_ms) - boot_start_ms))
    boot_release=${words[1]}
    check 0 "Linux $boot_release reached user space after $(seconds "$boot_user_space_ms") s"
}

# The machine goes on with another kernel: what was seen so far was the one before.
next_kernel() {
    local earlier=$boot_dir/earlier name
    rm -rf "$earlier"
    mkdir "$earlier"
    for name in kernel.log device function iommu irq network refused reached; do
        [ ! -e "$boot_dir/$name" ] || mv "$boot_dir/$name" "$earlier/"
    done
    seen_disks=()
}

seconds() { printf '%d.%d' $(($1 / 1000)) $(($1 % 1000 / 100)); }

on_disk() {
    local words
    read -ra words <<<"$1"
    seen_disks[${words[0]}]=${words[1]:-unknown}
}

on_sum() {
    local words serial
    read -ra words <<<"$1"
    serial=${seen_disks[${words[1]}]:-unknown}
    case ${words[0]}:$serial in
    read:amdvi-user) check 0 "${words[1]} ($boot_disk): the first part's sha256 is ${words[2]:0:16}..." ;;
    read:*)
        check "$(holds [ "${words[2]}" = "${known_sums[$serial]:-none}" ])" \
            "${words[1]} ($serial): what was read has the right sha256, ${words[2]:0:16}..."
        ;;
    write:*) written_sums[$serial]=${words[2]} ;;
    esac
}

# Every attempt must be stopped; or, without an IOMMU or with all devices passed through, succeed.
on_attack() {
    local words expected=stopped text='was stopped'
    printf '%s\n' "$1" >>"$boot_dir/attack"
    read -ra words <<<"$1" # kind, target, address, outcome
    if [ -z "$boot_device" ] || [ "$boot_mode" = pt ]; then
        expected=succeeded text='succeeds, as nothing protects it'
    fi
    [ "${words[3]}" = "$expected" ] || text=${words[3]}
    check "$(holds [ "${words[3]}" = "$expected" ])" "the attack's ${words[0]} of ${words[1]} (${words[2]}) $text"
}

# What the option ROM says, before the operating system is loaded.
on_preboot() {
    local expected='edu overwrote memory at 0x'
    [ "$boot_preboot" != stopped ] || expected='edu could not overwrite memory at 0x'
    printf '%s\n' "$1" >>"$boot_dir/preboot.said"
    check "$(holds [ "${1#"preboot: $expected"}" != "$1" ])" "$1"
}

# The other side of the disks: what the guest wrote must be in the files.
check_written() {
    local serial sum
    for serial in "${!written_sums[@]}"; do
        sum=$(tail -c $((known_mib << 20)) "$boot_dir/$serial.img" | sha256sum | cut -d' ' -f1)
        check "$(holds [ "$sum" = "${written_sums[$serial]}" ])" \
            "$serial: what the guest wrote arrived on the disk, sha256 ${sum:0:16}..."
    done
}

# --- judging ----------------------------------------------------------------------------------------------------------

log_has() { grep -qE -- "$1" "$boot_dir/kernel.log"; }
log_lacks() { ! log_has "$1"; }
must_have() { check "$(holds log_has "$1")" "${2:-kernel: $1}"; }

# The guest asks for something that only the machine's owner can do, and waits for a line of answer. A caller whose
# scenario asks replaces this.
on_ask() { echo "nobody here does that" >&"$boot_input"; }

# As soon as the guest is up: what the kernel made of the IOMMU.
judge_kernel() {
    [ -z "$boot_preboot" ] || judge_preboot
    if [ -z "$boot_device" ]; then
        check "$(holds log_lacks 'AMD-Vi: (Found IOMMU|Interrupt remapping enabled)|Adding to iommu group')" \
            "kernel: no IOMMU in this machine"
        return
    fi
    case $boot_release in
    6.1.*) must_have 'AMD-Vi: Found IOMMU cap 0x' 'kernel: "AMD-Vi: Found IOMMU cap"' ;;
    esac
    if [ "$boot_intremap" = on ]; then
        must_have 'AMD-Vi: Interrupt remapping enabled' 'kernel: "AMD-Vi: Interrupt remapping enabled"'
    else
        check "$(holds log_lacks 'AMD-Vi: Interrupt remapping enabled')" "kernel: interrupt remapping is off, as asked for"
    fi
    judge_mode
    judge_groups
}

# What the operating system finds of the attack before it, and what the ACPI table says of it.
judge_preboot() {
    local ivinfo protected
    touch "$boot_dir/preboot.said" "$boot_dir/preboot"
    check "$(holds [ "$(wc -l <"$boot_dir/preboot.said")" -eq 1 ])" "the attack was made once"
    check "$(holds cmp -s "$boot_dir/preboot.said" "$boot_dir/preboot")" "the operating system finds that line in the option ROM"
    [ -n "$boot_device" ] || return 0
    ivinfo=$(grep -xE '0x[0-9a-f]{8}' "$boot_dir/ivinfo" 2>/dev/null) || true
    protected=$((${ivinfo:-0} >> 1 & 1)) # DMA protection is bit 1
    if [ "$boot_preboot" = stopped ]; then
        check "$(holds [ "$protected" -eq 1 ])" "the IVRS announces DMA protection (IVinfo ${ivinfo:-is not there})"
    else
        check "$(holds [ -n "$ivinfo" -a "$protected" -eq 0 ])" "the IVRS announces no DMA protection (IVinfo ${ivinfo:-is not there})"
    fi
}

judge_mode() {
    local text
    case $boot_mode in
    pt) text='Default domain type: Passthrough' ;;
    *) text='Default domain type: Translated' ;;
    esac
    must_have "iommu: $text" "kernel: \"$text\""
    case $boot_mode in
    lazy) text='DMA domain TLB invalidation policy: lazy mode' ;;
    strict) text='DMA domain TLB invalidation policy: strict mode' ;;
    pt) return ;;
    esac
    must_have "iommu: $text" "kernel: \"$text\""
}

# Every function but the IOMMU's own is in a group, and the groups' domains are of the expected kind.
judge_groups() {
    local type
    case $boot_mode in
    lazy) type=DMA-FQ ;;
    strict) type=DMA ;;
    pt) type=identity ;;
    esac
    check "$(holds grep -q '^ivhd0 [1-9]' "$boot_dir/iommu")" "/sys/class/iommu: ivhd0, with devices behind it"
    check "$(holds awk '$2 !~ /^0x0806/ && $4 == "-" { bad = 1 } END { exit bad }' "$boot_dir/device")" \
        "every device is in a group: $(awk '$4 != "-" { print $4 }' "$boot_dir/device" | wc -l) devices, $(
            awk '$4 != "-" { print $4 }' "$boot_dir/device" | sort -u | wc -l
        ) groups"
    check "$(holds awk -v type="$type" '$4 != "-" && $5 != type { bad = 1 } END { exit bad }' "$boot_dir/device")" \
        "every group's domain is of type $type"
}

# At the end: interrupts, faults, and what must never be in the log.
judge_end() {
    judge_interrupts
    [ ! -e "$boot_dir/attack" ] || check "$(holds [ "$(wc -l <"$boot_dir/attack")" -eq 8 ])" "the attack made all its 8 attempts"
    [ -z "$boot_device" ] || judge_faults
    judge_log
    [ -z "$boot_judge" ] || "$boot_judge"
}

# counted CHIP ACTION: has an interrupt of that chip and action come since the guest was up? Lines: NUMBER BEFORE AFTER CHIP …
counted() {
    awk -v chip="^$1" -v action="$2" '$4 ~ chip && $0 ~ action && $3 > $2 { found = 1 } END { exit !found }' "$boot_dir/irq"
}

judge_interrupts() {
    local prefix='' interface name action
    local -A actions=([serial port]='ttyS1$')
    [ -z "$boot_device" ] || [ "$boot_intremap" != on ] || prefix=IR-
    [ ${#seen_disks[@]} -eq 0 ] || actions+=([virtio]='virtio[0-9]+-req')
    case " ${!seen_disks[*]}" in *' /dev/nvme'*) actions+=([NVMe]='nvme[0-9]+q[0-9]+') ;; esac
    if [ -e "$boot_dir/network" ]; then
        interface=$(cat "$boot_dir/network")
        actions+=([network card]="$interface")
    fi
    [ "$boot_scenario" != attack ] || return 0
    for name in "${!actions[@]}"; do
        action=${actions[$name]}
        case $name in
        'serial port') check "$(holds counted "${prefix}IO-APIC" "$action")" "interrupts of the $name come through ${prefix}IO-APIC" ;;
        *) check "$(holds counted "${prefix}PCI-MSI" "$action")" "interrupts of the $name come through ${prefix}PCI-MSI" ;;
        esac
    done
    [ "$prefix" = IR- ] || return 0
    check "$(holds awk '$4 ~ /^(PCI-MSI|IO-APIC)/ && !/AMD-Vi/ { bad = 1 } END { exit bad }' "$boot_dir/irq")" \
        "no interrupt but the IOMMU's own goes past the remapping"
}

# The faults that the kernel reported are exactly the accesses that were refused: device, address and flags.
judge_faults() {
    local difference
    touch "$boot_dir/refused"
    awk '{ print $1, $3, $2 == "write" ? "0x0020" : "0x0000" }' "$boot_dir/refused" | sort >"$boot_dir/faults.expected"
    sed -nE 's/.* ([0-9a-f:]+\.[0-7]): AMD-Vi: Event logged \[IO_PAGE_FAULT domain=0x[0-9a-f]+ address=(0x[0-9a-f]+) flags=(0x[0-9a-f]+)\]/\1 \2 \3/p' \
        "$boot_dir/kernel.log" | sort >"$boot_dir/faults.seen"
    difference=$(diff "$boot_dir/faults.expected" "$boot_dir/faults.seen" |
        sed -n 's/^</not reported: /p; s/^>/not expected: /p') || true
    check "$(holds [ -z "$difference" ])" \
        "the kernel reported exactly the $(wc -l <"$boot_dir/refused") refused accesses: device, address, flags"
    [ -z "$difference" ] || show_note "$difference"
}

# Lines that mean that something is wrong with the IOMMU.
forbidden_lines='Completion-Wait loop timed out|Command buffer timeout|ILLEGAL_|HARDWARE_ERROR|IOTLB_INV_TIMEOUT'
forbidden_lines+='|INVALID_DEVICE_REQUEST|INVALID_PPR_REQUEST|UNKNOWN event|No event written|[Ee]vent log (overflow|restarting)'
forbidden_lines+='|callbacks suppressed|AMD-Vi:.*(Failed|Firmware Bug|Firmware Warn|Disabling|not attached)|IVRS.*invalid'
forbidden_lines+='|Using strict mode due to virtualization|BUG:|WARNING:|Oops|soft lockup|hung_task|blocked for more than'

judge_log() {
    local found events
    if [ -n "$boot_device" ]; then
        events=$(grep -c 'AMD-Vi: Event logged' "$boot_dir/kernel.log") || true
        check "$(holds [ "$events" -eq "$(wc -l <"$boot_dir/faults.seen")" ])" "no other event was logged"
    fi
    found=$(grep -E "$forbidden_lines" "$boot_dir/kernel.log" | head -n 5) || true
    check "$(holds [ -z "$found" ])" "no completion wait timed out, no command was illegal, nothing in the kernel's log is wrong"
    [ -z "$found" ] || show_note "$found"
}

# --- the device's own table -------------------------------------------------------------------------------------------

take_stats() {
    local count function
    case $boot_device in amdvi*) ;; *) return 0 ;; esac
    boot_stats=$(python3 "$guest_dir/qmp.py" "$boot_dir/qmp" stats /machine/peripheral/iommu0 2>"$boot_dir/qmp.log") || true
    check "$(holds [ -n "$boot_stats" ])" "the device tells what it did$([ -n "$boot_stats" ] || sed 's/^/: /' "$boot_dir/qmp.log")"
    [ -n "$boot_stats" ] || return 0
    while read -r count function; do
        check "$(holds awk -v id="${function#0000:}" -v count="$count" \
            '$1 == id && $6 == count { found = 1 } END { exit !found }' <<<"$boot_stats")" \
            "the device counted the same number of faults of ${function#0000:} as the kernel"
    done < <(touch "$boot_dir/refused" && cut -d' ' -f1 "$boot_dir/refused" | sort | uniq -c)
    if [ "$boot_preboot" = stopped ]; then
        check "$(holds awk '$2 == "edu" && $6 == 2 { found = 1 } END { exit !found }' <<<"$boot_stats")" \
            "the device refused edu twice: reading one page, writing the other"
    fi
    check "$(holds [ "$(stats_total translations)" -gt 0 -a "$(stats_total interrupts)" -gt 0 ])" \
        "the device translated DMA and handled interrupts"
}

stats_total() { awk -v name="$1" '$1 == "total" && $2 == name { n = $3 } END { print n + 0 }' <<<"$boot_stats"; }

# The table, of those devices that did anything, and the totals in one line.
print_stats() {
    [ -n "$boot_stats" ] || return 0
    awk 'BEGIN {
            form = "  %-8s %-18s %12s %12s %10s %8s %10s\n"
            printf form, "device", "name", "translations", "hits", "walks", "faults", "interrupts"
        }
        $1 == "total" { gsub("_", " ", $2); totals = totals (totals == "" ? "" : ", ") $2 " " $3; next }
        $3 + $7 > 0 { printf form, $1, $2, $3, $4, $5, $6, $7 }
        END { print "  in total: " totals }' <<<"$boot_stats"
}

# --- all of it --------------------------------------------------------------------------------------------------------

# Boots what the variables describe and judges it. Status 0 only if every check held.
guest_boot() {
    local failed_before=$checks_failed
    boot_release='' boot_stats='' boot_user_space_ms=''
    guest_begin
    guest_start
    if guest_follow; then
        show_step judge "what the kernel reported"
        take_stats
        [ -z "$boot_look" ] || "$boot_look"
        guest_finish
        judge_end
    fi
    guest_keep_logs
    guest_clean
    [ "$checks_failed" -eq "$failed_before" ]
}

# Where to look after a failure: logs/boot in the cache.
guest_keep_logs() {
    local kept
    kept=$(cache_dir)/logs/boot
    mkdir -p "$kept"
    cp "$boot_dir"/*.log "$kept/" 2>/dev/null || true
}
