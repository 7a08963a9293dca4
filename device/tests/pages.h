/* SPDX-License-Identifier: BSD-2-Clause */
/* Pages that are mapped into a device's address space, for the tests of host pointers. */
#ifndef PAGES_H
#define PAGES_H

#include "check.h"
#include "machine.h"

#define DEVICE   0x0100
#define NEIGHBOR 0x0108 /* in the same domain */
#define DOMAIN   7
#define IOVA     UINT64_C(0x40000000)
#define SPA(n)   (MACHINE_FREE + UINT64_C(0x1000) * (n))
#define PAGE     UINT64_C(0x1000)

#define READ  AMDVI_ACCESS_READ
#define WRITE AMDVI_ACCESS_WRITE

static const struct machine_options mapped = {
    .tlb_entries = 256, .dte_entries = 16, .host_pointers = true};

static unsigned maps; /* calls of host->map */

static void count_maps(struct machine *machine, enum machine_told what)
{
    (void)machine;
    maps += what == MACHINE_TOLD_MAP;
}

/* Pages 0 to 31 at IOVA, the even ones read-only, each at the SPA of its number but 8 and up. */
static uint64_t start(struct machine *machine, const struct machine_options *options)
{
    machine_start(machine, options);
    machine->told = count_maps;
    uint64_t root = machine_set_paged(machine, DEVICE, DOMAIN, 3);
    for (unsigned n = 0; n < 32; n++) {
        unsigned at = n < 8 ? n : 2 * n;
        machine_map(machine, root, 3, IOVA + PAGE * n, SPA(at), 12, true, n % 2 != 0);
    }
    return root;
}

static void *ask(struct machine *machine, uint64_t iova, uint64_t size_bytes,
                 enum amdvi_access access)
{
    return amdvi_iommu_pointer(machine->reader, DEVICE, iova, size_bytes, access);
}

static bool points_at(struct machine *machine, const void *host, uint64_t spa)
{
    return host == &machine->memory[spa];
}

static void no_event(struct machine *machine)
{
    struct amdvi_event event;

    CHECK(!machine_event(machine, &event));
}

#endif
