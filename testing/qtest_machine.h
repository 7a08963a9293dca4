/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A QEMU machine with no guest in it, driven over the qtest protocol: memory, ports, configuration
 * space and clock, and QMP for the rest. One machine at a time. What fails here ends the program:
 * there is nothing left to test then.
 */
#ifndef TESTING_QTEST_MACHINE_H
#define TESTING_QTEST_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Start the program that the environment's AMDVI_QEMU names, with @args (to a NULL) behind ours.
 * AMDVI_QEMU_ACCEL names its accelerator, if not qtest: then time passes by itself as well.
 */
void machine_start(const char *const *args);
void machine_stop(void);

/* Start QEMU, which must end by itself with an error. Returns its messages, to be freed. */
char *machine_refuses(const char *const *args);

uint64_t machine_read64(uint64_t spa);
uint32_t machine_read32(uint64_t spa);
uint16_t machine_read16(uint64_t spa);
uint8_t machine_read8(uint64_t spa);
void machine_write64(uint64_t spa, uint64_t value);
void machine_write32(uint64_t spa, uint32_t value);
void machine_write16(uint64_t spa, uint16_t value);
void machine_write8(uint64_t spa, uint8_t value);
void machine_read(uint64_t spa, void *out, size_t bytes);
void machine_write(uint64_t spa, const void *data, size_t bytes);
void machine_fill(uint64_t spa, uint8_t value, size_t bytes);
uint32_t machine_in32(uint16_t port);
uint16_t machine_in16(uint16_t port);
uint8_t machine_in8(uint16_t port);
void machine_out32(uint16_t port, uint32_t value);
void machine_out16(uint16_t port, uint16_t value);

/* Let virtual time pass, and what is due in it happen. */
void machine_clock_step(uint64_t nanoseconds);

/* Run a QMP command, given as JSON. Returns the reply's line, to be freed. */
char *machine_qmp(const char *command);
void machine_reset(void);

/* Is @vector pending in the local APIC of the first processor? */
bool machine_has_interrupt(unsigned vector);

/* Wait until the 8 bytes at @spa are @value, for as long as a slow host may need. */
bool machine_wait64(uint64_t spa, uint64_t value);

/* Configuration space; @device_id is bus, device and function. */
uint32_t pci_read32(uint16_t device_id, unsigned offset);
uint16_t pci_read16(uint16_t device_id, unsigned offset);
uint8_t pci_read8(uint16_t device_id, unsigned offset);
void pci_write32(uint16_t device_id, unsigned offset, uint32_t value);
void pci_write16(uint16_t device_id, unsigned offset, uint16_t value);
void pci_write8(uint16_t device_id, unsigned offset, uint8_t value);
/* Memory space and bus mastering on, with BAR @bar at @spa. */
void pci_enable(uint16_t device_id, unsigned bar, uint32_t spa);
/* The offset of a capability, 0 if there is none. */
unsigned pci_capability(uint16_t device_id, uint8_t id);

#endif
