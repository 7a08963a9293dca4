/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Targets: a QEMU without a guest, driven over qtest. The IOMMU is found by its capability, so that
 * any IOMMU device of QEMU can be tested. Interrupts are seen where the machine's local APICs are
 * told of them, in QEMU's trace.
 */
#define _GNU_SOURCE
#include "target_qemu.h"

#include "qtest_machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ENDPOINT       0x0030 /* 00:06.0 */
#define ENDPOINT_HIGH  0x00f0 /* 00:1e.0, over 127 */
#define REGISTERS      0xc0000000u
#define REGISTERS_HIGH 0xc0200000u
#define OWN_VECTOR     0xe7 /* of the IOMMU's own interrupt; no requirement uses it */
#define OWN_BASE       0xfed90000u

struct variant {
    const char *iommu; /* the device's type and properties */
    const struct qemu_endpoint *endpoint;
    uint64_t fixed_window; /* where the registers are when the capability does not say it */
    uint64_t off_needs;    /* with one of these needed, the device gets @off too */
    const char *off;
};

static const struct variant *variant_of(const struct target *target)
{
    return target->kind->variant;
}

struct qemu *qemu_of(struct target *target)
{
    return target->state;
}

void qemu_die(const char *text)
{
    printf("# %s\n", text);
    fflush(stdout);
    exit(TARGET_MISUSED);
}

uint32_t qemu_registers_of(const struct target *target, uint16_t device_id)
{
    return device_id == target->endpoint[0] ? REGISTERS : REGISTERS_HIGH;
}

/* ---- Registers and memory -------------------------------------------------------------------- */

static uint64_t read_at(uint64_t address, unsigned size_bytes)
{
    switch (size_bytes) {
    case 1:
        return machine_read8(address);
    case 2:
        return machine_read16(address);
    case 4:
        return machine_read32(address);
    default:
        return machine_read64(address);
    }
}

static void write_at(uint64_t address, unsigned size_bytes, uint64_t value)
{
    switch (size_bytes) {
    case 1:
        machine_write8(address, (uint8_t)value);
        break;
    case 2:
        machine_write16(address, (uint16_t)value);
        break;
    case 4:
        machine_write32(address, (uint32_t)value);
        break;
    default:
        machine_write64(address, value);
        break;
    }
}

static uint64_t mmio_read(struct target *target, uint64_t offset, unsigned size_bytes)
{
    return read_at(qemu_of(target)->window + offset, size_bytes);
}

static void mmio_write(struct target *target, uint64_t offset, unsigned size_bytes, uint64_t value)
{
    write_at(qemu_of(target)->window + offset, size_bytes, value);
}

static uint32_t config_read(struct target *target, unsigned offset, unsigned size_bytes)
{
    uint16_t id = qemu_of(target)->iommu;

    return size_bytes == 1   ? pci_read8(id, offset)
           : size_bytes == 2 ? pci_read16(id, offset)
                             : pci_read32(id, offset);
}

static uint32_t cap_read(struct target *target, unsigned offset, unsigned size_bytes)
{
    return config_read(target, qemu_of(target)->cap + offset, size_bytes);
}

static void cap_write(struct target *target, unsigned offset, unsigned size_bytes, uint32_t value)
{
    uint16_t id = qemu_of(target)->iommu;
    unsigned at = qemu_of(target)->cap + offset;

    if (size_bytes == 1) {
        pci_write8(id, at, (uint8_t)value);
    } else if (size_bytes == 2) {
        pci_write16(id, at, (uint16_t)value);
    } else {
        pci_write32(id, at, value);
    }
}

static void memory_read(struct target *target, uint64_t spa, void *out, uint32_t size_bytes)
{
    (void)target;
    if (size_bytes == 8 && spa % 8 == 0) {
        uint64_t value = machine_read64(spa);
        for (unsigned i = 0; i < 8; i++) {
            ((uint8_t *)out)[i] = (uint8_t)(value >> (8 * i));
        }
        return;
    }
    machine_read(spa, out, size_bytes);
}

static void memory_write(struct target *target, uint64_t spa, const void *data, uint32_t size_bytes)
{
    (void)target;
    machine_write(spa, data, size_bytes);
}

/* ---- Interrupts ------------------------------------------------------------------------------ */

static void settle(struct target *target)
{
    (void)target;
    /* Each is a turn of QEMU's main loop, which runs what was left for later. */
    machine_read32(0x100000);
    machine_read32(0x100000);
}

/* One line of the trace. */
static void take_line(struct qemu *qemu, const char *line)
{
    const char *text = strstr(line, "apic_deliver_irq dest ");
    unsigned dest;
    unsigned dest_mode;
    unsigned delivery;
    unsigned vector;
    unsigned trigger;

    if (text == NULL || sscanf(text,
                               "apic_deliver_irq dest %u dest_mode %u delivery_mode %u vector %u "
                               "trigger_mode %u",
                               &dest, &dest_mode, &delivery, &vector, &trigger) != 5) {
        return;
    }
    if (vector == OWN_VECTOR) {
        qemu->own_msis++;
        return;
    }
    if (qemu->message_count == QEMU_MESSAGES_MAX) {
        qemu_die("more interrupts than the target keeps");
    }
    qemu->messages[qemu->message_count++] = (struct target_message){
        .destination = (uint8_t)dest,
        .delivery = (uint8_t)delivery,
        .vector = (uint8_t)vector,
        .logical = dest_mode != 0,
        .level = trigger != 0,
    };
}

static void take_trace(struct target *target)
{
    struct qemu *qemu = qemu_of(target);
    char text[8193];
    char *line = text;
    ssize_t got;

    settle(target);
    while ((got = pread(qemu->trace, text, sizeof(text) - 1, qemu->trace_read)) > 0) {
        text[got] = '\0';
        for (line = text; strchr(line, '\n') != NULL; line = strchr(line, '\n') + 1) {
            take_line(qemu, line);
        }
        if (line == text) {
            return; /* a line that is not complete yet */
        }
        qemu->trace_read += line - text;
    }
}

static unsigned take_messages(struct target *target, struct target_message *out, unsigned max)
{
    struct qemu *qemu = qemu_of(target);

    take_trace(target);
    unsigned count = qemu->message_count;
    memcpy(out, qemu->messages, sizeof(*out) * (count < max ? count : max));
    qemu->message_count = 0;
    return count;
}

static unsigned take_own_msis(struct target *target)
{
    take_trace(target);
    unsigned count = qemu_of(target)->own_msis;
    qemu_of(target)->own_msis = 0;
    return count;
}

void qemu_set_msi(uint16_t device_id, uint64_t address, uint16_t data, bool enable)
{
    unsigned msi = pci_capability(device_id, 0x05);

    if (msi == 0) {
        qemu_die("a device has no MSI capability");
    }
    unsigned control = pci_read16(device_id, msi + 2) & ~1u;
    pci_write32(device_id, msi + 4, (uint32_t)address);
    pci_write32(device_id, msi + 8, (uint32_t)(address >> 32));
    pci_write16(device_id, msi + 12, data);
    pci_write16(device_id, msi + 2, (uint16_t)(control | (enable ? 1 : 0)));
}

/* ---- Start and reset ------------------------------------------------------------------------- */

/* The function of class 0806h with a capability of ID 0Fh and type 3. */
static void find_iommu(struct qemu *qemu)
{
    for (unsigned id = 0; id < 0x100; id++) {
        if (pci_read16((uint16_t)id, 0) == 0xffff) {
            continue;
        }
        unsigned cap = pci_capability((uint16_t)id, 0x0f);
        if (cap != 0 && (pci_read32((uint16_t)id, cap) >> 16 & 7) == 3) {
            qemu->iommu = (uint16_t)id;
            qemu->cap = cap;
            return;
        }
    }
    qemu_die("no function has the capability of an IOMMU");
}

/* What firmware does: the register window, the endpoints' BARs, bus mastering, the IOMMU's MSI. */
static void firmware(struct target *target)
{
    struct qemu *qemu = qemu_of(target);

    if ((cap_read(target, 4, 4) & 1) == 0) {
        cap_write(target, 8, 4, 0);
        cap_write(target, 4, 4, OWN_BASE | 1);
    }
    uint64_t base = cap_read(target, 4, 4);
    qemu->window = variant_of(target)->fixed_window;
    if ((base & 1) != 0) {
        qemu->window = (base & 0xffffc000) | (uint64_t)cap_read(target, 8, 4) << 32;
    }
    pci_write16(qemu->iommu, 0x04, 0x0006);
    qemu_set_msi(qemu->iommu, 0xfee00000, OWN_VECTOR, true);
    for (unsigned i = 0; i < 2; i++) {
        variant_of(target)->endpoint->enable(target->endpoint[i],
                                             qemu_registers_of(target, target->endpoint[i]));
    }
}

/* The machine's IOAPIC sends something of its own at start and reset. */
static void forget_messages(struct target *target)
{
    take_trace(target);
    qemu_of(target)->message_count = 0;
    qemu_of(target)->own_msis = 0;
}

static void reset(struct target *target)
{
    machine_reset();
    firmware(target);
    forget_messages(target);
}

/* CAN_TIME: with the accelerator qtest. */
static void pass(struct target *target, uint64_t milliseconds)
{
    (void)target;
    machine_clock_step(milliseconds * 1000000);
}

/* What the endpoint does not do stays NULL. */
static void fill_ops(struct target *target)
{
    const struct qemu_endpoint *endpoint = variant_of(target)->endpoint;

    qemu_of(target)->ops = (struct target_ops){
        .mmio_read = mmio_read,
        .mmio_write = mmio_write,
        .cap_read = cap_read,
        .cap_write = cap_write,
        .config_read = config_read,
        .memory_read = memory_read,
        .memory_write = memory_write,
        .request = endpoint->request,
        .late_at = endpoint->late_at,
        .late = endpoint->late,
        .interrupt = endpoint->interrupt,
        .messages = take_messages,
        .own_msis = take_own_msis,
        .ats_translate = endpoint->ats_translate,
        .reset = reset,
        .pass = pass,
        .settle = settle,
    };
    target->ops = &qemu_of(target)->ops;
}

/*
 * A QEMU without the accelerator qtest (Debian's) has a processor that runs, and no clock_step. The
 * processor halts at once, and with sleep=off the clock then jumps to whatever is due next. NMI
 * returns at once.
 */
static int halting_firmware(void)
{
    static const uint8_t code[] = {
        0x31, 0xc0,                         /* FF80h: xor ax,ax */
        0x8e, 0xd8,                         /* mov ds,ax */
        0xc7, 0x06, 0x08, 0x00, 0x98, 0xff, /* mov word [8],FF98h */
        0xc7, 0x06, 0x0a, 0x00, 0x00, 0xf0, /* mov word [10],F000h */
        0xf4,                               /* hlt */
        0xeb, 0xfd,                         /* jmp to hlt */
        0x90, 0x90, 0x90, 0x90, 0x90,       /* */
        0xcf,                               /* FF98h: iret */
    };
    static const uint8_t entry[] = {0xeb, 0x8e}; /* FFF0h: jmp FF80h */
    int file = memfd_create("firmware", 0);

    if (file < 0 || ftruncate(file, 0x10000) != 0 ||
        pwrite(file, code, sizeof(code), 0xff80) != (ssize_t)sizeof(code) ||
        pwrite(file, entry, sizeof(entry), 0xfff0) != (ssize_t)sizeof(entry)) {
        qemu_die("no memory for the firmware");
    }
    return file;
}

static void start(struct target *target, uint64_t needs, const struct target_place *place)
{
    const struct variant *variant = variant_of(target);
    struct qemu *qemu = calloc(1, sizeof(*qemu));
    char iommu[160];
    char first[160];
    char second[160];
    char trace[64];
    char bios[64] = "";

    if (qemu == NULL || (qemu->trace = memfd_create("trace", 0)) < 0) {
        qemu_die("no memory for the target");
    }
    setenv("AMDVI_QEMU", place->qemu, 1);
    if (place->roms != NULL) {
        setenv("AMDVI_QEMU_ROMS", place->roms, 1);
    }
    snprintf(iommu, sizeof(iommu), "%s%s", variant->iommu,
             (needs & variant->off_needs) != 0 ? variant->off : "");
    snprintf(first, sizeof(first), "%s,addr=06", variant->endpoint->options);
    snprintf(second, sizeof(second), "%s,addr=1e", variant->endpoint->options);
    snprintf(trace, sizeof(trace), "/proc/self/fd/%d", qemu->trace);
    if (place->tcg) {
        setenv("AMDVI_QEMU_ACCEL", "tcg", 1);
        snprintf(bios, sizeof(bios), "/proc/self/fd/%d", halting_firmware());
        qemu->runs = true;
    }
    const char *const args[] = {"-m",
                                "64M",
                                "-D",
                                trace,
                                "-trace",
                                "apic_deliver_irq",
                                "-device",
                                iommu,
                                "-device",
                                first,
                                "-device",
                                second,
                                place->tcg ? "-bios" : NULL,
                                bios,
                                "-icount",
                                "shift=0,sleep=off",
                                NULL};
    machine_start(args);
    target->endpoint[0] = ENDPOINT;
    target->endpoint[1] = ENDPOINT_HIGH;
    target->state = qemu;
    fill_ops(target);
    find_iommu(qemu);
    firmware(target);
    if (variant->endpoint->fill != NULL) {
        variant->endpoint->fill(target);
    }
    forget_messages(target);
}

#define QEMU_CAN (CAN_DMA | CAN_SECOND | CAN_MSI | CAN_OWN_MSI | CAN_RESET | CAN_CONFIG)
#define OURS_CAN (QEMU_CAN | CAN_IOTLB_ON | CAN_IOTLB_OFF | CAN_ATS_RESV_OFF | CAN_HT_TUNNEL_OFF)

#define OURS        "amdvi,addr=2"
#define WITHOUT_ATS ",device-iotlb=off"

static const struct variant ours_edu = {OURS, &qemu_endpoint_edu, 0, CAN_IOTLB_OFF, WITHOUT_ATS};
static const struct variant ours_testdev = {OURS, &qemu_endpoint_testdev, 0, CAN_IOTLB_OFF,
                                            WITHOUT_ATS};
static const struct variant ours_ats = {OURS, &qemu_endpoint_ats, 0, 0, ""};
static const struct variant theirs = {"amd-iommu,intremap=on", &qemu_endpoint_edu, 0xfed80000, 0,
                                      ""};

const struct target_kind_info target_qemu_amdvi = {
    .name = "qemu-amdvi",
    .sentence = "this project's device in QEMU, edu as the endpoint",
    .can = OURS_CAN,
    .ours = true,
    .needs_qemu = true,
    .start = start,
    .variant = &ours_edu,
};

const struct target_kind_info target_qemu_amdvi_testdev = {
    .name = "qemu-amdvi-testdev",
    .sentence = "the same, this project's test device as the endpoint",
    .can = OURS_CAN | CAN_SEE_ABORT | CAN_DATA,
    .ours = true,
    .needs_qemu = true,
    .start = start,
    .variant = &ours_testdev,
};

const struct target_kind_info target_qemu_amdvi_ats = {
    .name = "qemu-amdvi-ats",
    .sentence = "the same, this project's test device with a cache of translations as the endpoint",
    .can = (OURS_CAN & ~CAN_IOTLB_OFF) | CAN_SEE_ABORT | CAN_DATA | CAN_ATS | CAN_TIME,
    .ours = true,
    .needs_qemu = true,
    .start = start,
    .variant = &ours_ats,
};

const struct target_kind_info target_qemu_amd_iommu = {
    .name = "qemu-amd-iommu",
    .sentence = "QEMU's own amd-iommu, edu as the endpoint",
    .can = QEMU_CAN | CAN_IOTLB_ON | CAN_ATS_RESV_OFF | CAN_HT_TUNNEL_ON,
    .needs_qemu = true,
    .start = start,
    .variant = &theirs,
};
