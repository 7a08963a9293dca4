/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes memory images with an IOMMU's tables into the directory named on the command line:
 * memory.raw, the same as an ELF core, and hostile.raw, whose tables all point to themselves. The
 * numbers are typed as the architecture reference has them.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define MEMORY_BYTES 0x40000
#define DEVICES      0x10000
#define V_TV_R_W     UINT64_C(0x6000000000000003)

static uint8_t memory[MEMORY_BYTES];

static void put(uint8_t *at, uint64_t value, unsigned size)
{
    for (unsigned i = 0; i < size; i++) {
        at[i] = (uint8_t)(value >> (8 * i) & 0xff);
    }
}

static void put_dte(unsigned device_id, uint64_t first, uint64_t second, uint64_t third)
{
    put(memory + DEVICES + 32 * device_id, first, 8);
    put(memory + DEVICES + 32 * device_id + 8, second, 8);
    put(memory + DEVICES + 32 * device_id + 16, third, 8);
}

static void put_pte(unsigned table, unsigned index, uint64_t word)
{
    put(memory + table + 8 * index, word, 8);
}

static void make_tables(void)
{
    put_dte(0x18, V_TV_R_W | 0x20000 | 3 << 9, 5, UINT64_C(0x2000000000030009));
    put_dte(0x20, UINT64_C(0x2000000000000003) | 0x24000 | 4 << 9, 6, 0x1);
    put_dte(0x28, 3, 0, 1);
    put_dte(0x30, 0, 0, 0);
    put_dte(0x38, UINT64_C(0x8000000000000003), 0, UINT64_C(0x0800000000000001));
    put_dte(0x40, UINT64_C(0x2000000000000003), 7, UINT64_C(0x1600000000000001));
    put_dte(0x48, V_TV_R_W | 0x20000 | 3 << 9, 5, 0);
    put_dte(0x50, V_TV_R_W | 7 << 9, 0, UINT64_C(0x3000000000000001));
    put_dte(0x58, UINT64_C(0x6080000000000003), 0, UINT64_C(0x2000000000030019));
    put_dte(0x60, 1, 0, UINT64_C(0x2000000000ff0009));
    /* Level 3: a table, a page of 1 GiB to read. */
    put_pte(0x20000, 0, UINT64_C(0x6000000000021401));
    put_pte(0x20000, 1, UINT64_C(0x2000000040000001));
    /* Level 2: a table, two pages of 2 MiB side by side, an entry that skips upwards. */
    put_pte(0x21000, 0, UINT64_C(0x6000000000022201));
    put_pte(0x21000, 1, UINT64_C(0x6000000000600001));
    put_pte(0x21000, 2, UINT64_C(0x6000000000800001));
    put_pte(0x21000, 3, UINT64_C(0x6000000000022a01));
    /* Level 1: four pages side by side, to read, to write, a reserved bit, one of 8 KiB. */
    for (unsigned i = 0; i < 4; i++) {
        put_pte(0x22000, i, UINT64_C(0x6000000000050001) + 0x1000 * i);
    }
    put_pte(0x22000, 4, UINT64_C(0x2000000000060001));
    put_pte(0x22000, 5, UINT64_C(0x4000000000061001));
    put_pte(0x22000, 6, UINT64_C(0x6010000000062001));
    put_pte(0x22000, 8, UINT64_C(0x6000000000070e01));
    put_pte(0x22000, 9, UINT64_C(0x6000000000070e01));
    /* Level 4: levels 3 and 2 are skipped; a table that is not in the image. */
    put_pte(0x24000, 0, UINT64_C(0x6000000000022201));
    put_pte(0x24000, 1, UINT64_C(0x60000000fffff601));
    /* Interrupts: one, one that is off, a reserved bit, a wrong type, one that is off and quiet. */
    put(memory + 0x30000, 0x00240101, 4);
    put(memory + 0x30004, 0x00240100, 4);
    put(memory + 0x30008, 0x01240101, 4);
    put(memory + 0x3000c, 0x0024010d, 4);
    put(memory + 0x30010, 0x00000002, 4);
}

static int write_file(const char *directory, const char *name, const uint8_t *bytes, size_t size)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *file = fopen(path, "wb");
    return file != NULL && fwrite(bytes, 1, size, file) == size && fclose(file) == 0 ? 0 : 1;
}

/* Two segments: all below 20000h, and the rest, which comes first in the file. */
static size_t make_elf(uint8_t *elf)
{
    static const uint64_t segments[2][3] = {
        {0x1000, 0x20000, MEMORY_BYTES - 0x20000}, /* offset, address, size */
        {0x1000 + MEMORY_BYTES - 0x20000, 0, 0x20000},
    };

    memcpy(elf, "\177ELF\2\1\1", 7);
    put(elf + 16, 4, 2);  /* ET_CORE */
    put(elf + 18, 62, 2); /* x86-64 */
    put(elf + 32, 64, 8);
    put(elf + 54, 56, 2);
    put(elf + 56, 3, 2);
    put(elf + 64, 4, 4); /* a note, to be left out */
    for (unsigned i = 0; i < 2; i++) {
        uint8_t *header = elf + 64 + 56 * (i + 1);
        put(header, 1, 4);
        put(header + 8, segments[i][0], 8);
        put(header + 24, segments[i][1], 8);
        put(header + 32, segments[i][2], 8);
        put(header + 40, segments[i][2], 8);
        memcpy(elf + segments[i][0], memory + segments[i][1], segments[i][2]);
    }
    return 0x1000 + MEMORY_BYTES;
}

int main(int argc, char **argv)
{
    static uint8_t elf[0x1000 + MEMORY_BYTES];
    int status;

    if (argc != 2) {
        return 2;
    }
    make_tables();
    status = write_file(argv[1], "memory.raw", memory, sizeof(memory));
    status |= write_file(argv[1], "high.raw", memory + DEVICES, MEMORY_BYTES - DEVICES);
    status |= write_file(argv[1], "memory.elf", elf, make_elf(elf));
    status |= write_file(argv[1], "short.elf", elf, 80);
    /* Each entry of the tables of six levels points to the next table, 512 times. */
    memset(memory, 0, sizeof(memory));
    put_dte(0x18, V_TV_R_W | 0x20000 | 6 << 9, 5, 0);
    for (unsigned level = 6; level > 1; level--) {
        for (unsigned i = 0; i < 512; i++) {
            put_pte(0x20000 + 0x1000 * (6 - level), i,
                    UINT64_C(0x6000000000000001) | (0x21000 + 0x1000 * (6 - level)) |
                        (uint64_t)(level - 1) << 9);
        }
    }
    status |= write_file(argv[1], "hostile.raw", memory, sizeof(memory));
    return status;
}
