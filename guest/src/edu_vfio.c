/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * An application that drives a device itself. It takes the edu device through VFIO, maps a buffer
 * at addresses of its own choice, has the device read and write it there, takes its interrupt,
 * and shows that the device is shut out again once the buffer is unmapped.
 *
 * "edu_vfio --look" instead looks into the device's buffer, which only the device can show: after
 * an attack that was stopped it must not hold anything secret.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "edu.h"
#include "pci.h"
#include "report.h"
#include "secret.h"
#include "vfio.h"

enum {
    MEMORY_BYTES = 4 << 20,
    INTERRUPT_LIMIT_MS = 3000,
    RAISED_VALUE = 0x5a,
};

/* Where the buffer is mapped: low, above 4 GiB, above 1 TiB, and beyond 48 bits if allowed. */
static const uint64_t places[] = {
    UINT64_C(0x00200000),     UINT64_C(0x1e0000000),     UINT64_C(0x20000200000),
    UINT64_C(0x7fffffe00000), UINT64_C(0x4000000000000),
};

/* How often a refused access is tried: Linux prints ten of them in five seconds at most. */
enum { REFUSALS_SHOWN = 2 };

struct session {
    struct vfio_function function;
    unsigned char *memory;
    unsigned refusals;
};

static void open_session(struct session *session)
{
    char name[PCI_NAME_SIZE];

    if (!pci_find(EDU_VENDOR, EDU_DEVICE, name)) {
        give_up("vfio-open", "no edu device (%04x:%04x) in this machine", EDU_VENDOR, EDU_DEVICE);
    }
    const char *failed = vfio_open(&session->function, name, EDU_BAR_BYTES);
    if (failed != NULL) {
        give_up("vfio-open", "%s: %s (%s)", name, failed, strerror(errno));
    }
    if (!edu_is_there(session->function.bar)) {
        give_up("vfio-open", "%s: BAR 0 does not answer as an edu device", name);
    }
    /* Aligned, so that the kernel can use one large page in the IOMMU's table. */
    session->memory = aligned_alloc(MEMORY_BYTES, MEMORY_BYTES);
    if (session->memory == NULL) {
        give_up("vfio-open", "no memory");
    }
    madvise(session->memory, MEMORY_BYTES, MADV_HUGEPAGE);
    memset(session->memory, 0, MEMORY_BYTES);
}

static void fill(unsigned char *bytes, size_t count, unsigned seed)
{
    for (size_t i = 0; i < count; i++) {
        bytes[i] = (unsigned char)((i * 167 + seed * 71 + (i >> 8)) & 0xff);
    }
}

static void run_transfer(const struct session *session, const struct edu_transfer *transfer)
{
    if (!edu_run(session->function.bar, transfer)) {
        give_up("vfio-dma", "%s did not end a transfer", session->function.name);
    }
}

/* Has the device read from one offset of the buffer and write what it read to another. */
static bool copy_by_device(struct session *session, uint64_t iova, size_t from, size_t to,
                           unsigned seed)
{
    static unsigned char expected[EDU_BUFFER_BYTES];

    fill(expected, sizeof(expected), seed);
    memcpy(session->memory + from, expected, sizeof(expected));
    memset(session->memory + to, 0xaa, sizeof(expected));
    run_transfer(session, &(struct edu_transfer){.direction = EDU_FROM_MEMORY,
                                                 .bus_address = iova + from,
                                                 .count_bytes = EDU_BUFFER_BYTES});
    run_transfer(session, &(struct edu_transfer){.direction = EDU_TO_MEMORY,
                                                 .bus_address = iova + to,
                                                 .count_bytes = EDU_BUFFER_BYTES});
    return memcmp(session->memory + to, expected, sizeof(expected)) == 0;
}

/* The address is not mapped any more: neither direction may work. */
static void try_unmapped(struct session *session, uint64_t iova)
{
    const struct vfio_function *function = &session->function;
    static unsigned char before[EDU_BUFFER_BYTES];

    memset(session->memory, 0x77, EDU_BUFFER_BYTES);
    memcpy(before, session->memory, sizeof(before));
    run_transfer(session, &(struct edu_transfer){.direction = EDU_TO_MEMORY,
                                                 .bus_address = iova,
                                                 .count_bytes = EDU_BUFFER_BYTES});
    bool unchanged = memcmp(session->memory, before, sizeof(before)) == 0;
    tell(unchanged ? "refused" : "reached", "%s write 0x%llx", function->name,
         (unsigned long long)iova);
    report(unchanged, "vfio-unmapped", "IOVA 0x%llx unmapped: the device %s",
           (unsigned long long)iova, unchanged ? "cannot reach it" : "STILL WRITES THERE");
}

static void try_place(struct session *session, uint64_t iova, unsigned seed)
{
    const struct vfio_function *function = &session->function;
    static const size_t offsets[][2] = {{0, MEMORY_BYTES - EDU_BUFFER_BYTES}, {0x1808, 0x2ffff0}};
    bool same = true;

    if (!vfio_iova_is_allowed(function, iova, MEMORY_BYTES)) {
        tell("info", "IOVA 0x%llx is not among those allowed here", (unsigned long long)iova);
        return;
    }
    if (!vfio_map(function, session->memory, iova, MEMORY_BYTES)) {
        give_up("vfio-map", "cannot map IOVA 0x%llx: %s", (unsigned long long)iova,
                strerror(errno));
    }
    for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        same = same && copy_by_device(session, iova, offsets[i][0], offsets[i][1], seed);
    }
    report(same, "vfio-dma", "device read and wrote the buffer at IOVA 0x%llx",
           (unsigned long long)iova);
    if (!vfio_unmap(function, iova, MEMORY_BYTES)) {
        give_up("vfio-map", "cannot unmap IOVA 0x%llx: %s", (unsigned long long)iova,
                strerror(errno));
    }
    if (session->refusals < REFUSALS_SHOWN) {
        session->refusals++;
        try_unmapped(session, iova);
    }
}

/* An interrupt at the end of a transfer, and one that the device is told to raise. */
static void try_interrupts(struct session *session)
{
    const struct vfio_function *function = &session->function;
    const uint64_t iova = places[0];

    if (!vfio_map(function, session->memory, iova, MEMORY_BYTES)) {
        give_up("vfio-interrupt", "cannot map IOVA 0x%llx: %s", (unsigned long long)iova,
                strerror(errno));
    }
    run_transfer(session, &(struct edu_transfer){.direction = EDU_FROM_MEMORY,
                                                 .bus_address = iova,
                                                 .count_bytes = EDU_BUFFER_BYTES,
                                                 .interrupt = true});
    uint64_t after_transfer = vfio_wait_interrupt(function, INTERRUPT_LIMIT_MS);
    uint32_t status = edu_read(function->bar, EDU_REG_INTERRUPT_STATUS);
    edu_write(function->bar, EDU_REG_INTERRUPT_ACK, status);
    report(after_transfer == 1 && status == EDU_INTERRUPT_DMA_DONE, "vfio-interrupt",
           "interrupt at the end of a transfer: %llu came, device's status 0x%x",
           (unsigned long long)after_transfer, status);

    edu_write(function->bar, EDU_REG_INTERRUPT_RAISE, RAISED_VALUE);
    uint64_t raised = vfio_wait_interrupt(function, INTERRUPT_LIMIT_MS);
    status = edu_read(function->bar, EDU_REG_INTERRUPT_STATUS);
    edu_write(function->bar, EDU_REG_INTERRUPT_ACK, status);
    report(raised == 1 && status == RAISED_VALUE, "vfio-interrupt",
           "interrupt raised by hand: %llu came, device's status 0x%x", (unsigned long long)raised,
           status);
    vfio_unmap(function, iova, MEMORY_BYTES);
}

static void look_into_device(struct session *session)
{
    const struct vfio_function *function = &session->function;

    if (!vfio_map(function, session->memory, places[0], MEMORY_BYTES)) {
        give_up("vfio-look", "cannot map: %s", strerror(errno));
    }
    memset(session->memory, 0xaa, EDU_BUFFER_BYTES);
    run_transfer(session, &(struct edu_transfer){.direction = EDU_TO_MEMORY,
                                                 .bus_address = places[0],
                                                 .count_bytes = EDU_BUFFER_BYTES});
    bool found =
        memmem(session->memory, EDU_BUFFER_BYTES, SECRET_PREFIX, strlen(SECRET_PREFIX)) != NULL;
    bool came = false;
    for (size_t i = 0; i < EDU_BUFFER_BYTES; i++) {
        came = came || session->memory[i] != 0xaa;
    }
    report(came && !found, "vfio-look", "%s",
           !came ? "the device's buffer could not be read"
                 : (found ? "the device's buffer HOLDS A SECRET"
                          : "the device's own buffer holds nothing secret"));
}

int main(int argc, char **argv)
{
    static struct session session;

    open_session(&session);
    if (argc > 1 && strcmp(argv[1], "--look") == 0) {
        look_into_device(&session);
    } else {
        report(true, "vfio-open", "%s is driven by a program, through VFIO", session.function.name);
        for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
            try_place(&session, places[i], i);
        }
        try_interrupts(&session);
    }
    vfio_close(&session.function);
    return report_status();
}
