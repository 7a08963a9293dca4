/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Targets: a QEMU without a guest, driven over qtest. The IOMMU is found by its capability, so that
 * any IOMMU device of QEMU can be tested; the endpoint is edu, which every QEMU has, or this
 * project's test device.
 *
 * edu cannot say whether a request was aborted, and its buffer can be reached by its own DMA only.
 * So half of the buffer is filled before the IOMMU is used, and is what it writes. What it reads
 * stays in the other half, each read at a place of its own, until late() turns the IOMMU off and
 * has it written to memory.
 *
 * Interrupts are seen where the machine's local APICs are told of them, in QEMU's trace.
 */
#define _GNU_SOURCE
#include "target.h"

#include "qtest_machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define ENDPOINT        0x0030 /* 00:06.0 */
#define ENDPOINT_HIGH   0x00f0 /* 00:1e.0, over 127 */
#define REGISTERS       0xc0000000u
#define REGISTERS_HIGH  0xc0200000u
#define REGISTERS_SPARE 0x00100000u /* BAR 2 of the test device */
#define OWN_VECTOR      0xe7        /* of the IOMMU's own interrupt; no requirement uses it */
#define SCRATCH         (TARGET_RAM_BYTES - 0x1000) /* the target's own page of memory */
#define HALF            0x800u /* of edu's buffer, whose last byte older ones cannot use */
#define MESSAGES_MAX    256
#define OWN_BASE        0xfed90000u

/* edu's registers. */
#define EDU_RAISE       0x60
#define EDU_ACKNOWLEDGE 0x64
#define EDU_SOURCE      0x80
#define EDU_DESTINATION 0x88
#define EDU_COUNT       0x90
#define EDU_COMMAND     0x98
#define EDU_BUFFER      0x40000
#define EDU_RUN         1u
#define EDU_TO_MEMORY   2u
#define EDU_NS          UINT64_C(101000000) /* its DMA happens after 100 ms */

/* The test device's. */
#define TESTDEV_COMMAND 0x00
#define TESTDEV_RESULT  0x10
#define TESTDEV_IOVA    0x18
#define TESTDEV_LENGTH  0x20
#define TESTDEV_VALUE   0x28
#define TESTDEV_BUFFER  0x10000
#define TESTDEV_READ    1u
#define TESTDEV_WRITE   2u
#define TESTDEV_STORE   4u

struct variant {
    const char *iommu;     /* the device's type */
    const char *more;      /* its properties */
    const char *endpoint;  /* type and properties of the endpoint */
    uint64_t fixed_window; /* where the registers are when the capability does not say it */
    uint64_t off_needs;    /* with one of these needed, the device gets @off too */
    const char *off;
    bool is_edu;
};

struct qemu {
    uint16_t iommu;
    unsigned cap;
    uint64_t window;
    bool runs; /* it has a processor that runs, because there is no accelerator qtest */
    int trace; /* memory file that QEMU writes its trace to */
    off_t trace_read;
    struct target_message messages[MESSAGES_MAX];
    unsigned message_count;
    unsigned own_msis;
    uint8_t written[HALF]; /* first half of each edu's buffer */
    uint32_t write_next;   /* where the next write takes its data */
    uint32_t late_next[2]; /* for each edu: where the next read goes in the second half */
    uint32_t late_at;      /* where the last read went */
};

static const struct variant *variant_of(const struct target *target)
{
    return target->kind->variant;
}

static struct qemu *qemu_of(struct target *target)
{
    return target->state;
}

static void die(const char *text)
{
    printf("Bail out! %s\n", text);
    fflush(stdout);
    exit(99);
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
    if (qemu->message_count == MESSAGES_MAX) {
        die("more interrupts than the target keeps");
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

static void set_msi(uint16_t id, uint64_t address, uint16_t data)
{
    unsigned msi = pci_capability(id, 0x05);

    if (msi == 0) {
        die("a device has no MSI capability");
    }
    pci_write32(id, msi + 4, (uint32_t)address);
    pci_write32(id, msi + 8, (uint32_t)(address >> 32));
    pci_write16(id, msi + 12, data);
    pci_write16(id, msi + 2, (uint16_t)(pci_read16(id, msi + 2) | 1));
}

/* ---- The endpoints --------------------------------------------------------------------------- */

static uint32_t registers_of(const struct target *target, uint16_t device_id)
{
    return device_id == target->endpoint[0] ? REGISTERS : REGISTERS_HIGH;
}

/* The clock jumps by itself where a processor runs, see tcg_args(). */
static void edu_wait(const struct qemu *qemu, uint32_t registers)
{
    for (unsigned i = 0; i < 10000; i++) {
        if (!qemu->runs) {
            machine_clock_step(EDU_NS);
        }
        if ((machine_read64(registers + EDU_COMMAND) & EDU_RUN) == 0) {
            return;
        }
    }
    die("edu's DMA does not end");
}

static void edu_transfer(struct target *target, uint16_t device_id, uint64_t source,
                         uint64_t destination, uint32_t bytes, uint32_t command)
{
    uint32_t registers = registers_of(target, device_id);

    machine_write64(registers + EDU_SOURCE, source);
    machine_write64(registers + EDU_DESTINATION, destination);
    machine_write64(registers + EDU_COUNT, bytes);
    machine_write64(registers + EDU_COMMAND, command);
    edu_wait(qemu_of(target), registers);
}

static void edu_write(struct target *target, const struct target_request *request)
{
    struct qemu *qemu = qemu_of(target);

    if (request->size_bytes > HALF) {
        die("edu is asked to write more than half of its buffer");
    }
    if (qemu->write_next + request->size_bytes > HALF) {
        qemu->write_next = 0;
    }
    memcpy(request->data, qemu->written + qemu->write_next, request->size_bytes);
    edu_transfer(target, request->device_id, EDU_BUFFER + qemu->write_next, request->address,
                 request->size_bytes, EDU_RUN | EDU_TO_MEMORY);
    qemu->write_next += request->size_bytes;
}

static void edu_read(struct target *target, const struct target_request *request)
{
    struct qemu *qemu = qemu_of(target);
    uint32_t *next = &qemu->late_next[request->device_id == target->endpoint[0] ? 0 : 1];

    if (*next + request->size_bytes > TARGET_LATE_BYTES) {
        die("edu is asked to read more than its buffer keeps: the test needs CAN_DATA");
    }
    edu_transfer(target, request->device_id, request->address, EDU_BUFFER + HALF + *next,
                 request->size_bytes, EDU_RUN);
    qemu->late_at = *next;
    *next += request->size_bytes;
}

static enum target_outcome edu_request(struct target *target, const struct target_request *request)
{
    if (request->kind == TARGET_WRITE) {
        edu_write(target, request);
        return TARGET_UNKNOWN;
    }
    edu_read(target, request);
    return TARGET_LATER;
}

static uint32_t edu_late_at(struct target *target)
{
    return qemu_of(target)->late_at;
}

static void edu_late(struct target *target, uint16_t device_id, uint8_t *out)
{
    uint8_t marker[TARGET_LATE_BYTES];
    bool arrived = false;

    memset(marker, 0xee, sizeof(marker));
    machine_write(SCRATCH, marker, TARGET_LATE_BYTES);
    mmio_write(target, 0x18, 8, 0); /* Control: everything passes */
    edu_transfer(target, device_id, EDU_BUFFER + HALF, SCRATCH, TARGET_LATE_BYTES,
                 EDU_RUN | EDU_TO_MEMORY);
    machine_read(SCRATCH, out, TARGET_LATE_BYTES);
    for (uint32_t i = 0; i < TARGET_LATE_BYTES; i++) {
        arrived = arrived || out[i] != 0xee;
    }
    if (!arrived) {
        die("with the IOMMU off, edu's DMA does not reach memory: what it read cannot be seen");
    }
}

/* The first half of the buffer, while the IOMMU is off. */
static void edu_fill(struct target *target)
{
    struct qemu *qemu = qemu_of(target);
    uint64_t state = 1;

    for (uint32_t i = 0; i < HALF; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        qemu->written[i] = (uint8_t)(state >> 56) | 1;
    }
    machine_write(SCRATCH, qemu->written, HALF);
    for (unsigned i = 0; i < 2; i++) {
        edu_transfer(target, target->endpoint[i], SCRATCH, EDU_BUFFER, HALF, EDU_RUN);
    }
}

static void edu_interrupt(struct target *target, const struct target_interrupt *interrupt)
{
    uint32_t registers = registers_of(target, interrupt->device_id);

    set_msi(interrupt->device_id, interrupt->address, (uint16_t)interrupt->data);
    machine_write32(registers + EDU_RAISE, 1);
    machine_write32(registers + EDU_ACKNOWLEDGE, 1);
}

static enum target_outcome testdev_request(struct target *target,
                                           const struct target_request *request)
{
    uint32_t registers = registers_of(target, request->device_id);
    bool reads = request->kind == TARGET_READ;

    if (!reads) {
        machine_write(registers + TESTDEV_BUFFER, request->data, request->size_bytes);
    } else {
        machine_fill(registers + TESTDEV_BUFFER, 0, request->size_bytes);
    }
    machine_write64(registers + TESTDEV_IOVA, request->address);
    machine_write64(registers + TESTDEV_LENGTH, request->size_bytes);
    machine_write64(registers + TESTDEV_COMMAND, reads ? TESTDEV_READ : TESTDEV_WRITE);
    bool aborted = machine_read64(registers + TESTDEV_RESULT) != 0;
    if (reads) {
        machine_read(registers + TESTDEV_BUFFER, request->data, request->size_bytes);
    }
    return aborted ? TARGET_ABORTED : TARGET_DONE;
}

static void testdev_interrupt(struct target *target, const struct target_interrupt *interrupt)
{
    uint32_t registers = registers_of(target, interrupt->device_id);

    machine_write64(registers + TESTDEV_IOVA, interrupt->address);
    machine_write64(registers + TESTDEV_LENGTH, 4);
    machine_write64(registers + TESTDEV_VALUE, interrupt->data);
    machine_write64(registers + TESTDEV_COMMAND, TESTDEV_STORE);
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
    die("no function has the capability of an IOMMU");
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
    set_msi(qemu->iommu, 0xfee00000, OWN_VECTOR);
    for (unsigned i = 0; i < 2; i++) {
        uint32_t registers = registers_of(target, target->endpoint[i]);

        if (!variant_of(target)->is_edu) {
            pci_write32(target->endpoint[i], 0x18, registers + REGISTERS_SPARE);
        }
        pci_enable(target->endpoint[i], 0, registers);
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

static const struct target_ops edu_ops = {
    .mmio_read = mmio_read,
    .mmio_write = mmio_write,
    .cap_read = cap_read,
    .cap_write = cap_write,
    .config_read = config_read,
    .memory_read = memory_read,
    .memory_write = memory_write,
    .request = edu_request,
    .late_at = edu_late_at,
    .late = edu_late,
    .interrupt = edu_interrupt,
    .messages = take_messages,
    .own_msis = take_own_msis,
    .reset = reset,
    .settle = settle,
};

static const struct target_ops testdev_ops = {
    .mmio_read = mmio_read,
    .mmio_write = mmio_write,
    .cap_read = cap_read,
    .cap_write = cap_write,
    .config_read = config_read,
    .memory_read = memory_read,
    .memory_write = memory_write,
    .request = testdev_request,
    .interrupt = testdev_interrupt,
    .messages = take_messages,
    .own_msis = take_own_msis,
    .reset = reset,
    .settle = settle,
};

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
        die("no memory for the firmware");
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
        die("no memory for the target");
    }
    setenv("AMDVI_QEMU", place->qemu, 1);
    if (place->roms != NULL) {
        setenv("AMDVI_QEMU_ROMS", place->roms, 1);
    }
    snprintf(iommu, sizeof(iommu), "%s%s%s", variant->iommu, variant->more,
             (needs & variant->off_needs) != 0 ? variant->off : "");
    snprintf(first, sizeof(first), "%s,addr=06", variant->endpoint);
    snprintf(second, sizeof(second), "%s,addr=1e", variant->endpoint);
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
    target->ops = variant->is_edu ? &edu_ops : &testdev_ops;
    target->endpoint[0] = ENDPOINT;
    target->endpoint[1] = ENDPOINT_HIGH;
    target->state = qemu;
    find_iommu(qemu);
    firmware(target);
    if (variant->is_edu) {
        edu_fill(target);
    }
    forget_messages(target);
}

#define EDU "edu,dma_mask=0xffffffffffffffff"

#define QEMU_CAN (CAN_DMA | CAN_SECOND | CAN_MSI | CAN_OWN_MSI | CAN_RESET | CAN_CONFIG)
#define OURS_CAN (QEMU_CAN | CAN_IOTLB_ON | CAN_IOTLB_OFF | CAN_ATS_RESV_OFF | CAN_HT_TUNNEL_OFF)

static const struct variant ours_edu = {"amdvi",       ",addr=2",           EDU, 0,
                                        CAN_IOTLB_OFF, ",device-iotlb=off", true};
static const struct variant ours_testdev = {
    "amdvi", ",addr=2", "amdvi-testdev", 0, CAN_IOTLB_OFF, ",device-iotlb=off", false};
static const struct variant theirs = {"amd-iommu", ",intremap=on", EDU, 0xfed80000, 0, "", true};

const struct target_kind_info target_qemu_amdvi = {
    "qemu-amdvi", "this project's device in QEMU, edu as the endpoint", OURS_CAN, true, true, start,
    &ours_edu};
const struct target_kind_info target_qemu_amdvi_testdev = {
    "qemu-amdvi-testdev",
    "this project's device in QEMU, its test device as the endpoint",
    OURS_CAN | CAN_SEE_ABORT | CAN_DATA,
    true,
    true,
    start,
    &ours_testdev};
const struct target_kind_info target_qemu_amd_iommu = {"qemu-amd-iommu",
                                                       "QEMU's own amd-iommu, edu as the endpoint",
                                                       QEMU_CAN | CAN_IOTLB_ON | CAN_ATS_RESV_OFF |
                                                           CAN_HT_TUNNEL_ON,
                                                       false,
                                                       true,
                                                       start,
                                                       &theirs};
