/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The endpoints in QEMU: edu, which every QEMU has, and this project's test devices.
 *
 * edu cannot say whether a request was aborted, and its buffer can be reached by its own DMA only.
 * So half of the buffer is filled before the IOMMU is used, and is what it writes. What it reads
 * stays in the other half, each read at a place of its own, until late() turns the IOMMU off and
 * has it written to memory.
 */
#define _POSIX_C_SOURCE 200809L
#include "target_qemu.h"

#include "qtest_machine.h"

#include <string.h>
#include <time.h>

/* ---- edu ------------------------------------------------------------------------------------- */

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
#define EDU_PATIENCE_MS 10000               /* of wall clock */

static void edu_enable(uint16_t device_id, uint32_t registers)
{
    pci_enable(device_id, 0, registers);
}

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Where a processor runs, the clock jumps by itself, see halting_firmware(). */
static void edu_wait(const struct qemu *qemu, uint32_t registers)
{
    uint64_t begin = now_ms();

    if (!qemu->runs) {
        machine_clock_step(EDU_NS);
    }
    while ((machine_read64(registers + EDU_COMMAND) & EDU_RUN) != 0) {
        if (now_ms() - begin > EDU_PATIENCE_MS) {
            qemu_die("edu's DMA does not end");
        }
    }
}

static void edu_transfer(struct target *target, uint16_t device_id, uint64_t source,
                         uint64_t destination, uint32_t bytes, uint32_t command)
{
    uint32_t registers = qemu_registers_of(target, device_id);

    machine_write64(registers + EDU_SOURCE, source);
    machine_write64(registers + EDU_DESTINATION, destination);
    machine_write64(registers + EDU_COUNT, bytes);
    machine_write64(registers + EDU_COMMAND, command);
    edu_wait(qemu_of(target), registers);
}

static void edu_write(struct target *target, const struct target_request *request)
{
    struct qemu *qemu = qemu_of(target);

    if (request->size_bytes > EDU_HALF) {
        qemu_die("edu is asked to write more than half of its buffer");
    }
    if (qemu->write_next + request->size_bytes > EDU_HALF) {
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
        qemu_die("edu is asked to read more than its buffer keeps: the test needs CAN_DATA");
    }
    edu_transfer(target, request->device_id, request->address, EDU_BUFFER + EDU_HALF + *next,
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
    machine_write(QEMU_SCRATCH, marker, TARGET_LATE_BYTES);
    target->ops->mmio_write(target, 0x18, 8, 0); /* Control: everything passes */
    edu_transfer(target, device_id, EDU_BUFFER + EDU_HALF, QEMU_SCRATCH, TARGET_LATE_BYTES,
                 EDU_RUN | EDU_TO_MEMORY);
    machine_read(QEMU_SCRATCH, out, TARGET_LATE_BYTES);
    for (uint32_t i = 0; i < TARGET_LATE_BYTES; i++) {
        arrived = arrived || out[i] != 0xee;
    }
    if (!arrived) {
        qemu_die(
            "with the IOMMU off, edu's DMA does not reach memory: what it read cannot be seen");
    }
}

/* The first half of the buffer, while the IOMMU is off. */
static void edu_fill(struct target *target)
{
    struct qemu *qemu = qemu_of(target);
    uint64_t state = 1;

    for (uint32_t i = 0; i < EDU_HALF; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        qemu->written[i] = (uint8_t)(state >> 56) | 1;
    }
    machine_write(QEMU_SCRATCH, qemu->written, EDU_HALF);
    for (unsigned i = 0; i < 2; i++) {
        edu_transfer(target, target->endpoint[i], QEMU_SCRATCH, EDU_BUFFER, EDU_HALF, EDU_RUN);
    }
}

static void edu_interrupt(struct target *target, const struct target_interrupt *interrupt)
{
    uint32_t registers = qemu_registers_of(target, interrupt->device_id);

    qemu_set_msi(interrupt->device_id, interrupt->address, (uint16_t)interrupt->data, true);
    machine_write32(registers + EDU_RAISE, 1);
    machine_write32(registers + EDU_ACKNOWLEDGE, 1);
}

const struct qemu_endpoint qemu_endpoint_edu = {
    .options = "edu,dma_mask=0xffffffffffffffff",
    .enable = edu_enable,
    .fill = edu_fill,
    .request = edu_request,
    .late_at = edu_late_at,
    .late = edu_late,
    .interrupt = edu_interrupt,
};

/* ---- amdvi-testdev --------------------------------------------------------------------------- */

#define TESTDEV_COMMAND 0x00
#define TESTDEV_RESULT  0x10
#define TESTDEV_IOVA    0x18
#define TESTDEV_LENGTH  0x20
#define TESTDEV_VALUE   0x28
#define TESTDEV_BUFFER  0x10000
#define TESTDEV_READ    1u
#define TESTDEV_WRITE   2u
#define TESTDEV_STORE   4u

#define TESTDEV_GATE 0x100000u /* its BAR 2, behind BAR 0 */

static void testdev_enable(uint16_t device_id, uint32_t registers)
{
    pci_write32(device_id, 0x18, registers + TESTDEV_GATE);
    pci_enable(device_id, 0, registers);
}

static enum target_outcome testdev_request(struct target *target,
                                           const struct target_request *request)
{
    uint32_t registers = qemu_registers_of(target, request->device_id);
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
    uint32_t registers = qemu_registers_of(target, interrupt->device_id);

    machine_write64(registers + TESTDEV_IOVA, interrupt->address);
    machine_write64(registers + TESTDEV_LENGTH, 4);
    machine_write64(registers + TESTDEV_VALUE, interrupt->data);
    machine_write64(registers + TESTDEV_COMMAND, TESTDEV_STORE);
}

const struct qemu_endpoint qemu_endpoint_testdev = {
    .options = "amdvi-testdev",
    .enable = testdev_enable,
    .request = testdev_request,
    .interrupt = testdev_interrupt,
};

/* ---- amdvi-ats-testdev ----------------------------------------------------------------------- */

#define ATSDEV_COMMAND             0x00
#define ATSDEV_RUNNING             0x08
#define ATSDEV_RESULT              0x10
#define ATSDEV_ADDRESS             0x20
#define ATSDEV_LENGTH              0x28
#define ATSDEV_COMPLETION          0x40
#define ATSDEV_BUFFER              0x10000
#define ATSDEV_READ                1u
#define ATSDEV_WRITE               2u
#define ATSDEV_TRANSLATED          4u /* more than the same command untranslated */
#define ATSDEV_ASK                 7u
#define ATSDEV_FLUSH               8u
#define ATSDEV_DONE                0u
#define ATSDEV_UNSUPPORTED_REQUEST 3u

/* All of configuration space: q35's PCIEXBAR, 256 MiB. */
#define ECAM 0xb0000000u

static void ats_enable(uint16_t device_id, uint32_t registers)
{
    uint32_t config = ECAM + ((uint32_t)device_id << 12);
    unsigned offset = 0x100;

    pci_write32(0, 0x64, 0);
    pci_write32(0, 0x60, ECAM | 1);
    pci_enable(device_id, 0, registers);
    while (offset != 0) {
        uint32_t header = machine_read32(config + offset);

        if ((header & 0xffff) == 0x000f) {
            machine_write8(config + offset + 7, 0x80); /* Enable */
            return;
        }
        offset = header == UINT32_MAX ? 0 : header >> 20;
    }
    qemu_die("the test device has no ATS capability");
}

static uint64_t ats_run(uint32_t registers, uint64_t command, uint64_t address, uint64_t length)
{
    machine_write64(registers + ATSDEV_ADDRESS, address);
    machine_write64(registers + ATSDEV_LENGTH, length);
    machine_write64(registers + ATSDEV_COMMAND, command);
    if (!machine_wait64(registers + ATSDEV_RUNNING, 0)) {
        qemu_die("the test device does not end its command");
    }
    return machine_read64(registers + ATSDEV_RESULT);
}

static enum target_outcome ats_request(struct target *target, const struct target_request *request)
{
    uint32_t registers = qemu_registers_of(target, request->device_id);
    bool reads = request->kind == TARGET_READ;
    uint64_t command =
        (reads ? ATSDEV_READ : ATSDEV_WRITE) + (request->translated ? ATSDEV_TRANSLATED : 0);

    if (!reads) {
        machine_write(registers + ATSDEV_BUFFER, request->data, request->size_bytes);
    } else {
        machine_fill(registers + ATSDEV_BUFFER, 0, request->size_bytes);
    }
    bool done = ats_run(registers, command, request->address, request->size_bytes) == ATSDEV_DONE;
    if (reads) {
        machine_read(registers + ATSDEV_BUFFER, request->data, request->size_bytes);
    }
    return done ? TARGET_DONE : TARGET_ABORTED;
}

/* A command that does nothing else sends one. */
static void ats_interrupt(struct target *target, const struct target_interrupt *interrupt)
{
    uint32_t registers = qemu_registers_of(target, interrupt->device_id);

    qemu_set_msi(interrupt->device_id, interrupt->address, (uint16_t)interrupt->data, true);
    ats_run(registers, ATSDEV_FLUSH, 0, 0);
    qemu_set_msi(interrupt->device_id, 0, 0, false);
}

static void ats_translate(struct target *target, uint16_t device_id, uint64_t address,
                          struct target_ats_answer *out)
{
    uint32_t registers = qemu_registers_of(target, device_id);

    memset(out, 0, sizeof(*out));
    if (ats_run(registers, ATSDEV_ASK, address, 1) >= ATSDEV_UNSUPPORTED_REQUEST) {
        out->refused = true;
        return;
    }
    uint64_t word = machine_read64(registers + ATSDEV_COMPLETION);
    out->read = (word & 1) != 0;
    out->write = (word & 2) != 0;
    out->untranslated_only = (word & 4) != 0;
    out->no_snoop = (word >> 10 & 1) != 0;
    if (!out->read && !out->write) {
        return;
    }
    out->size_log2 = 12;
    if ((word >> 11 & 1) != 0) { /* S: the lowest zero of the address gives the size */
        while (out->size_log2 < 63 && (word >> out->size_log2 & 1) != 0) {
            out->size_log2++;
        }
        out->size_log2++;
    }
    out->address = word & ~((UINT64_C(1) << out->size_log2) - 1);
}

const struct qemu_endpoint qemu_endpoint_ats = {
    .options = "amdvi-ats-testdev",
    .enable = ats_enable,
    .request = ats_request,
    .interrupt = ats_interrupt,
    .ats_translate = ats_translate,
};
