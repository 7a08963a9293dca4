/* SPDX-License-Identifier: BSD-2-Clause */
/* The special address ranges of revision 1.20. */
#include <amdvi/interrupt.h>
#include <amdvi/ranges.h>

struct range_info {
    const char *name;
    uint64_t first;
    uint64_t last;
};

static const struct range_info infos[] = {
    [AMDVI_RANGE_NONE] = {"memory", 1, 0},
    [AMDVI_RANGE_RESERVED_INTERRUPT] = {"reserved interrupt", 0xfd00000000, 0xfdf7ffffff},
    [AMDVI_RANGE_INTERRUPT] = {"interrupt", 0xfdf8000000, 0xfdf8ffffff},
    [AMDVI_RANGE_PIC_IACK] = {"legacy PIC IACK", 0xfdf9000000, 0xfdf90fffff},
    [AMDVI_RANGE_SYSTEM_MANAGEMENT] = {"system management", 0xfdf9100000, 0xfdf91fffff},
    [AMDVI_RANGE_RESERVED_1] = {"reserved", 0xfdf9200000, 0xfdfaffffff},
    [AMDVI_RANGE_ADDRESS_TRANSLATION] = {"address translation", 0xfdfb000000, 0xfdfbffffff},
    [AMDVI_RANGE_IO_SPACE] = {"port I/O", 0xfdfc000000, 0xfdfdffffff},
    [AMDVI_RANGE_CONFIGURATION] = {"configuration", 0xfdfe000000, 0xfdffffffff},
    [AMDVI_RANGE_EXTENDED_CONFIGURATION] = {"extended configuration", 0xfe00000000, 0xfe1fffffff},
    [AMDVI_RANGE_RESERVED_2] = {"reserved", 0xfe20000000, 0xffffffffff},
    [AMDVI_RANGE_MSI] = {"MSI", AMDVI_MSI_BASE, AMDVI_MSI_BASE + AMDVI_MSI_BYTES - 1},
};

enum amdvi_range amdvi_range_of(uint64_t address)
{
    unsigned range = AMDVI_RANGE_NONE;

    if (address - AMDVI_MSI_BASE < AMDVI_MSI_BYTES) {
        range = AMDVI_RANGE_MSI;
    } else if (address >= AMDVI_HT_RANGES_FIRST && address <= AMDVI_HT_RANGES_LAST) {
        range = AMDVI_RANGE_RESERVED_INTERRUPT;
        while (address > infos[range].last) {
            range++; /* the HyperTransport ranges follow each other without a gap */
        }
    }
    return (enum amdvi_range)range;
}

struct amdvi_range_bounds amdvi_range_bounds(enum amdvi_range range)
{
    return (struct amdvi_range_bounds){.first = infos[range].first, .last = infos[range].last};
}

const char *amdvi_range_name(enum amdvi_range range)
{
    return infos[range].name;
}
