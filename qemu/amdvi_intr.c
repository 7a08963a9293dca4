/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interrupts: messages that devices and the IOAPIC write to FEEx_xxxxh are remapped and sent on to
 * the local APICs.
 */
#include "qemu/osdep.h"
#include "hw/i386/apic_internal.h"
#include "hw/pci/msi.h"
#include "amdvi.h"

/* Choice: with intremap=off interrupts go around the IOMMU, whatever the guest's tables say. */
bool amdvi_intremap_enabled(AmdviUnit *unit)
{
    return x86_iommu_ir_supported(X86_IOMMU_DEVICE(unit->core));
}

bool amdvi_intr_remap(AmdviUnit *unit, AmdviEndpoint *endpoint, uint16_t device_id,
                      const MSIMessage *in, MSIMessage *out)
{
    struct amdvi_interrupt interrupt = {
        .device_id = device_id,
        .address = in->address,
        .data = in->data,
        .quiet = !endpoint,
    };
    struct amdvi_remapped remapped;
    AmdviBurst burst;
    bool is_sent;

    if (!amdvi_intremap_enabled(unit)) {
        *out = *in;
        return true;
    }
    burst = amdvi_burst_begin(unit);
    if (!burst.reader) {
        return false;
    }
    is_sent = amdvi_iommu_remap(burst.reader, &interrupt, &remapped) == AMDVI_OK &&
              remapped.outcome == AMDVI_OUTCOME_TRANSLATED;
    if (is_sent) {
        out->address = remapped.address;
        out->data = remapped.data;
    }
    if (endpoint) {
        stat64_add(is_sent ? &endpoint->messages : &endpoint->faults, 1);
    }
    amdvi_burst_end(unit, &burst);
    return is_sent;
}

bool amdvi_intr_send(AmdviEndpoint *endpoint, hwaddr address, uint32_t data)
{
    MSIMessage in = {.address = address, .data = data};
    MSIMessage out;

    if (!amdvi_intr_remap(endpoint->unit, endpoint, amdvi_endpoint_device_id(endpoint), &in,
                          &out)) {
        return false;
    }
    apic_get_class(NULL)->send_msi(&out);
    return true;
}

/* A dword written to the interrupts' addresses. The access scope of the write is still open. */
static MemTxResult interrupts_write(void *opaque, hwaddr address, uint64_t data, unsigned size,
                                    MemTxAttrs attrs)
{
    return size == 4 && amdvi_intr_send(opaque, address, data) ? MEMTX_OK : MEMTX_DECODE_ERROR;
}

/* Reads are refused in the translation and don't come here. */
static MemTxResult interrupts_read(void *opaque, hwaddr address, uint64_t *data, unsigned size,
                                   MemTxAttrs attrs)
{
    *data = 0;
    return MEMTX_DECODE_ERROR;
}

static const MemoryRegionOps interrupts_ops = {
    .read_with_attrs = interrupts_read,
    .write_with_attrs = interrupts_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = {.min_access_size = 4, .max_access_size = 4},
    .impl = {.min_access_size = 4, .max_access_size = 4},
};

/* All 64 bits of address are the region's, so that its offset is the message's address. */
void amdvi_intr_init_endpoint(AmdviEndpoint *endpoint)
{
    memory_region_init_io(&endpoint->interrupts, OBJECT(endpoint), &interrupts_ops, endpoint,
                          "amdvi-interrupts", UINT64_MAX);
    address_space_init(&endpoint->interrupts_as, &endpoint->interrupts, "amdvi-interrupts");
}
