/* SPDX-License-Identifier: BSD-2-Clause */
/* All areas, in the order of docs/conformance.md, and all targets. */
#include "requirement.h"

extern const struct requirement_area area_capability, area_registers, area_register_access,
    area_status, area_own_interrupt, area_command_buffer, area_command_errors, area_commands,
    area_event_log, area_log_overflow, area_iotlb, area_iotlb_timeout, area_device_table,
    area_page_tables, area_suppression, area_page_sizes, area_exclusion, area_caches, area_ranges,
    area_interrupts, area_ats;

const struct requirement_area *const requirement_areas[] = {
    &area_capability,
    &area_registers,
    &area_register_access,
    &area_status,
    &area_own_interrupt,
    &area_command_buffer,
    &area_command_errors,
    &area_commands,
    &area_event_log,
    &area_log_overflow,
    &area_iotlb,
    &area_iotlb_timeout,
    &area_device_table,
    &area_suppression,
    &area_page_tables,
    &area_page_sizes,
    &area_exclusion,
    &area_caches,
    &area_ranges,
    &area_interrupts,
    &area_ats,
    NULL,
};

extern const struct target_kind_info target_library, target_library_tiny, target_library_uncached,
    target_qemu_amdvi, target_qemu_amdvi_testdev, target_qemu_amdvi_ats, target_qemu_amd_iommu;

const struct target_kind_info *const target_kinds[] = {
    &target_library,
    &target_library_tiny,
    &target_library_uncached,
    &target_qemu_amdvi,
    &target_qemu_amdvi_testdev,
    &target_qemu_amdvi_ats,
    &target_qemu_amd_iommu,
    NULL,
};

const char *const target_can_names[CAN_BITS] = {
    "DMA",
    "a second endpoint",
    "requests of any DeviceID",
    "seeing aborts",
    "non-posted writes",
    "atomics",
    "INTx messages",
    "requests through the tunnel",
    "message signalled interrupts",
    "HyperTransport interrupts",
    "ATS",
    "counting the IOMMU's interrupts",
    "memory that fails",
    "memory at any address",
    "a record of memory accesses",
    "an unlocked capability block",
    "reset",
    "control of time",
    "configuration space",
    "IotlbSup=1",
    "IotlbSup=0",
    "HtAtsResv=1",
    "HtAtsResv=0",
    "HtTunnel=1",
    "HtTunnel=0",
    "chosen data",
    "ATS invalidation answers",
};
