/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Firmware's tables: the root pointer as PVH or Multiboot 2 hands it on, then any by its name. And
 * the clock: the processor's counter, measured once by ACPI's timer.
 */
#include "kernel.h"

#define MULTIBOOT_MAGIC    0x36d76289u
#define MULTIBOOT_OLD_RSDP 14u
#define MULTIBOOT_NEW_RSDP 15u
#define PVH_MAGIC          0x336ec578u
#define PVH_RSDP           32
#define HEADER_BYTES       36u
#define TABLE_BYTES_MAX    0x100000u
#define FADT_TIMER_PORT    76
#define TIMER_HZ           3579545u
#define TIMER_MASK         0xffffffu /* it may have no more than 24 bits */
#define MEASURE_TICKS      71590u    /* 20 ms */

static const uint8_t *root;
static uint32_t pointer_bytes; /* in the root table: 4, or 8 in later revisions */
static uint64_t start;
static uint64_t ns_per_tick_q32; /* nanoseconds · 2^32 */

static uint32_t load32(const uint8_t *bytes)
{
    uint32_t value;

    memcpy(&value, bytes, sizeof(value));
    return value;
}

static const uint8_t *load_pointer(const uint8_t *bytes, uint32_t size_bytes)
{
    uint64_t value = 0;

    memcpy(&value, bytes, size_bytes);
    return (const uint8_t *)(uintptr_t)value;
}

/* A copy of the root pointer, if firmware has both then the new one: it comes last. */
static const uint8_t *multiboot_rsdp(const uint8_t *info)
{
    const uint8_t *end = info + load32(info);
    const uint8_t *found = NULL;

    for (info += 8; info < end; info += (load32(info + 4) + 7) & ~7u) {
        if (load32(info) == MULTIBOOT_OLD_RSDP || load32(info) == MULTIBOOT_NEW_RSDP) {
            found = info + 8;
        }
    }
    return found;
}

const char *acpi_init(uint32_t magic, const uint8_t *loader_info)
{
    const uint8_t *rsdp = NULL;

    if (magic == MULTIBOOT_MAGIC) {
        rsdp = multiboot_rsdp(loader_info);
    } else if (load32(loader_info) == PVH_MAGIC) {
        rsdp = load_pointer(loader_info + PVH_RSDP, 8);
    }
    if (rsdp == NULL) {
        panic("no ACPI tables");
    }
    pointer_bytes = rsdp[15] >= 2 ? 8 : 4;
    root = load_pointer(rsdp + (rsdp[15] >= 2 ? 24 : 16), pointer_bytes);
    return magic == MULTIBOOT_MAGIC ? "Multiboot 2" : "PVH";
}

static bool is_sound(const uint8_t *table, const char *signature)
{
    uint32_t size = load32(table + 4);
    uint8_t sum = 0;

    if (memcmp(table, signature, 4) != 0 || size > TABLE_BYTES_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < size; i++) {
        sum = (uint8_t)(sum + table[i]);
    }
    return sum == 0 && size >= HEADER_BYTES;
}

bool acpi_find(const char *signature, struct acpi_table *out)
{
    uint32_t end = load32(root + 4);

    for (uint32_t at = HEADER_BYTES; at + pointer_bytes <= end; at += pointer_bytes) {
        const uint8_t *table = load_pointer(root + at, pointer_bytes);
        if (is_sound(table, signature)) {
            *out = (struct acpi_table){table, load32(table + 4)};
            return true;
        }
    }
    return false;
}

static uint64_t read_counter(void)
{
    uint32_t low;
    uint32_t high;

    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

void clock_init(void)
{
    struct acpi_table fadt;
    uint32_t ticks = 0;
    uint32_t first;
    uint32_t now;

    if (!acpi_find("FACP", &fadt) || fadt.size_bytes < FADT_TIMER_PORT + 4) {
        panic("no ACPI timer");
    }
    uint16_t port = (uint16_t)(fadt.bytes[FADT_TIMER_PORT] | fadt.bytes[FADT_TIMER_PORT + 1] << 8);
    PORT_IN(l, port, &first);
    start = read_counter();
    for (unsigned i = 0; ticks < MEASURE_TICKS && i < 100000000; i++) {
        PORT_IN(l, port, &now);
        ticks = (now - first) & TIMER_MASK;
    }
    uint64_t counted = read_counter() - start;
    if (ticks < MEASURE_TICKS || counted == 0) {
        panic("the ACPI timer stands still");
    }
    ns_per_tick_q32 = ((uint64_t)ticks * 1000000000 / TIMER_HZ << 32) / counted;
}

uint64_t clock_ns(void)
{
    __extension__ typedef unsigned __int128 wide;

    return (uint64_t)((wide)(read_counter() - start) * ns_per_tick_q32 >> 32);
}
