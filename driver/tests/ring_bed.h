/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tests of the command buffer share: one IOMMU that is on, with a ring. Commands are typed
 * as words from the reference, not encoded by arch/.
 */
#ifndef DRIVER_TESTS_RING_BED_H
#define DRIVER_TESTS_RING_BED_H

#include "check.h"
#include "rig.h"

#include <amdvi/drv_ring.h>

#define BIT64(n) (UINT64_C(1) << (n))

/* Word 0 of the commands, by opcode. */
#define WORD_DEVTAB(device) (UINT64_C(2) << 60 | (uint64_t)(device))
#define WORD_PAGES(domain)  (UINT64_C(3) << 60 | (uint64_t)(domain) << 32)
#define WORD_IOTLB(device)  (UINT64_C(4) << 60 | (uint64_t)(device))
#define WORD_ILLEGAL        (UINT64_C(0xf) << 60)

#define SECOND UINT64_C(1000000000)

struct bed {
    struct rig rig;
    struct amdvi_drv_ring ring;
};

static inline struct amdvi_command devtab(uint16_t device_id)
{
    return (struct amdvi_command){.opcode = AMDVI_OPCODE_INVALIDATE_DEVTAB_ENTRY,
                                  .device_id = device_id};
}

static inline uint64_t soon(struct bed *bed)
{
    return bed->rig.now_ns + SECOND;
}

/* IommuEn=1, the ring runs. */
static inline void bed_start(struct bed *bed, const struct rig_options *options)
{
    rig_start(&bed->rig, options);
    CHECK_U64(amdvi_drv_heap_init(&bed->rig.heap, &bed->rig.host, NULL), AMDVI_DRV_OK);
    rig_set_reg(&bed->rig, 0, AMDVI_REG_DEV_TAB_BASE, MACHINE_DEVICE_TABLE | 0x1ff);
    rig_set_reg(&bed->rig, 0, AMDVI_REG_CONTROL, BIT64(0));
    CHECK_U64(amdvi_drv_ring_init(&bed->ring, &bed->rig.heap, rig_window(&bed->rig, 0), 8),
              AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_ring_start(&bed->ring), AMDVI_DRV_OK);
}

static inline void bed_stop(struct bed *bed)
{
    amdvi_drv_ring_destroy(&bed->ring);
    CHECK(rig_stop(&bed->rig));
}

/* The words of the ring's slot @index, as the IOMMU sees them. */
static inline uint64_t slot_word(struct bed *bed, unsigned index, unsigned word)
{
    return rig_read64(&bed->rig, bed->ring.commands.spa + 16 * index + 8 * word);
}

/* Submit an invalidation of one entry. */
static inline uint32_t submit_one(struct bed *bed, uint16_t device_id)
{
    struct amdvi_command command = devtab(device_id);
    uint32_t number = 0;

    CHECK_U64(amdvi_drv_ring_submit(&bed->ring, &command, 1, soon(bed), &number), AMDVI_DRV_OK);
    return number;
}

/* How often the IOMMU invalidated the entry, of the last MACHINE_RECORDS invalidations. */
static inline unsigned times_invalidated(struct bed *bed, uint16_t device_id)
{
    const struct machine *machine = &bed->rig.unit[0].machine;
    unsigned count =
        machine->invalidations < MACHINE_RECORDS ? machine->invalidations : MACHINE_RECORDS;
    unsigned found = 0;

    for (unsigned i = 0; i < count; i++) {
        found += machine->invalidation[i].kind == AMDVI_INVALIDATED_DEVICE &&
                 machine->invalidation[i].device_id == device_id;
    }
    return found;
}

/* Run a body on a plain host, one of 32 bits, one that is not coherent, and one without locks. */
static inline void on_each_host(void (*body)(struct bed *bed))
{
    static const struct rig_options hosts[] = {
        {.units = 1}, {.only32 = true}, {.non_coherent = true}, {.no_locks = true}};

    for (unsigned i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        static struct bed bed;
        bed_start(&bed, &hosts[i]);
        body(&bed);
        bed_stop(&bed);
    }
}

#endif
