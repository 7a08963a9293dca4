/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Errata: which apply to a unit, and the workarounds that are in configuration space. Parts are
 * told by the id of the IOMMU's function; where the host says which processor it is, that must fit
 * too. Without access to configuration space, only those that cost nothing apply.
 */
#include "state.h"

#include <amdvi/cap.h>

/* PCI ids as they lie in the first dword: device id 31:16, vendor 15:0. */
#define FUNCTION_RD890   UINT32_C(0x5a231002)
#define FUNCTION_15H_10H UINT32_C(0x14191022) /* processors of family 15h, models 10h-1Fh */
#define FUNCTION_15H_30H UINT32_C(0x14231022) /* models 30h-3Fh */
#define FUNCTION_15H_60H UINT32_C(0x15771022) /* models 60h-7Fh, Stoney Ridge is 70h-7Fh */
#define FUNCTION_SP5100  UINT32_C(0x43851002) /* the south bridge, 00:14.0 */
#define SOUTHBRIDGE      AMDVI_IVRS_SOUTHBRIDGE_DEVICE_ID
#define SP5100_WORD      0xacu
#define SP5100_NO_REMAP  AMDVI_BIT(11) /* bit 3 of byte ADh */

/* Indirect registers of the IOMMU's function. */
#define L2_INDEX        0xf0u
#define L2_DATA         0xf4u
#define L2_INDEX_WRITE  UINT32_C(0x100)
#define L1_INDEX        0xf8u
#define L1_DATA         0xfcu
#define L1_INDEX_WRITE  UINT32_C(0x80000000)
#define L1_LINK(n)      ((uint32_t)(n) << 16)
#define L2_CLOCK_GATES  0x90u
#define L2_NO_MISC_GATE AMDVI_BIT(2) /* 746 */
#define L2_DEBUG_3      0x47u
#define L2_ATS_CHECK    AMDVI_BIT(0) /* ATS_WC */

#define PCI_MEMORY     UINT32_C(0x0002)
#define PCI_BUS_MASTER UINT32_C(0x0004)
#define PCI_COMMAND    0x04u

static bool read_config(const struct amdvi_drv_unit *unit, uint16_t offset, uint32_t *out)
{
    const struct amdvi_drv_host *host = unit->drv->host;

    return host->config_read32 != NULL && host->config_read32(host->ctx, unit->ivrs.pci_segment,
                                                              unit->ivrs.device_id, offset, out);
}

static bool write_config(const struct amdvi_drv_unit *unit, uint16_t offset, uint32_t value)
{
    const struct amdvi_drv_host *host = unit->drv->host;

    return host->config_write32(host->ctx, unit->ivrs.pci_segment, unit->ivrs.device_id, offset,
                                value);
}

/* ---- Which ----------------------------------------------------------------------------------- */

/* The host's processor, if it said which, is of family 15h and these models. */
static bool may_be_15h(const struct amdvi_drv_unit *unit, uint8_t first_model, uint8_t last_model)
{
    const struct amdvi_drv_config *config = &unit->drv->config;

    return config->cpu_family == 0 ||
           (config->cpu_family == 0x15 && config->cpu_model >= first_model &&
            config->cpu_model <= last_model);
}

static bool has_sp5100(const struct amdvi_drv_unit *unit)
{
    const struct amdvi_drv_host *host = unit->drv->host;
    uint32_t function = 0;
    uint32_t word = 0;

    return unit->ivrs.pci_segment == 0 && host->config_read32 != NULL &&
           host->config_read32(host->ctx, 0, SOUTHBRIDGE, 0, &function) &&
           function == FUNCTION_SP5100 &&
           host->config_read32(host->ctx, 0, SOUTHBRIDGE, SP5100_WORD, &word) &&
           amdvi_has(word, SP5100_NO_REMAP);
}

uint32_t amdvi_drv_errata_find(const struct amdvi_drv_unit *unit)
{
    /* These are handled everywhere: it costs nothing, and nobody knows all parts that have them. */
    uint32_t errata = AMDVI_DRV_ERRATUM_63 | AMDVI_DRV_ERRATUM_732 | AMDVI_DRV_ERRATUM_787 |
                      AMDVI_DRV_ERRATUM_512G;
    uint32_t function = 0;

    errata |= has_sp5100(unit) ? AMDVI_DRV_ERRATUM_SP5100 : 0;
    if (!read_config(unit, 0, &function)) {
        return errata;
    }
    if (function == FUNCTION_15H_10H && may_be_15h(unit, 0x10, 0x1f)) {
        errata |= AMDVI_DRV_ERRATUM_746;
    }
    if (function == FUNCTION_15H_30H && may_be_15h(unit, 0x30, 0x3f)) {
        errata |= AMDVI_DRV_ERRATUM_ATS_WC;
    }
    if (function == FUNCTION_15H_60H && may_be_15h(unit, 0x70, 0x7f)) {
        errata |= AMDVI_DRV_ERRATUM_STONEY;
    }
    if (function == FUNCTION_RD890) {
        errata |= AMDVI_DRV_ERRATUM_RD890;
    }
    return errata;
}

/* ---- Indirect registers ---------------------------------------------------------------------- */

static bool read_l2(const struct amdvi_drv_unit *unit, uint32_t index, uint32_t *out)
{
    return write_config(unit, L2_INDEX, index) && read_config(unit, L2_DATA, out);
}

static void write_l2(const struct amdvi_drv_unit *unit, uint32_t index, uint32_t value)
{
    /* Nothing is written to what another index names. */
    (void)(write_config(unit, L2_INDEX, index | L2_INDEX_WRITE) &&
           write_config(unit, L2_DATA, value) && write_config(unit, L2_INDEX, index));
}

static void set_l2(const struct amdvi_drv_unit *unit, uint32_t index, uint32_t bits)
{
    uint32_t value = 0;

    if (read_l2(unit, index, &value) && (value & bits) != bits) {
        write_l2(unit, index, value | bits);
    }
}

void amdvi_drv_errata_apply(struct amdvi_drv_unit *unit)
{
    if ((unit->info.errata & AMDVI_DRV_ERRATUM_746) != 0) {
        set_l2(unit, L2_CLOCK_GATES, L2_NO_MISC_GATE);
    }
    if ((unit->info.errata & AMDVI_DRV_ERRATUM_ATS_WC) != 0) {
        set_l2(unit, L2_DEBUG_3, L2_ATS_CHECK);
    }
}

/* ---- RD890 ----------------------------------------------------------------------------------- */

void amdvi_drv_rd890_save(struct amdvi_drv_unit *unit)
{
    uint16_t block = unit->ivrs.capability_offset;
    struct amdvi_drv_rd890 *saved = &unit->rd890;

    if ((unit->info.errata & AMDVI_DRV_ERRATUM_RD890) == 0) {
        return;
    }
    /* What cannot be read is as it must have been; of the indirect ones nobody knows that. */
    saved->command = PCI_MEMORY | PCI_BUS_MASTER;
    saved->base[0] = (uint32_t)(unit->ivrs.window_spa >> 32);
    saved->base[1] = (uint32_t)unit->ivrs.window_spa | (uint32_t)AMDVI_CAP_BASE_LOW_ENABLE;
    saved->is_complete = true;
    (void)read_config(unit, PCI_COMMAND, &saved->command);
    (void)read_config(unit, (uint16_t)(block + AMDVI_CAP_OFFSET_BASE_HIGH), &saved->base[0]);
    (void)read_config(unit, (uint16_t)(block + AMDVI_CAP_OFFSET_BASE_LOW), &saved->base[1]);
    for (uint32_t link = 0; link < AMDVI_DRV_RD890_L1_LINKS; link++) {
        for (uint32_t i = 0; i < AMDVI_DRV_RD890_L1_WORDS; i++) {
            saved->is_complete = write_config(unit, L1_INDEX, i | L1_LINK(link)) &&
                                 read_config(unit, L1_DATA, &saved->l1[link][i]) &&
                                 saved->is_complete;
        }
    }
    for (uint32_t i = 0; i < AMDVI_DRV_RD890_L2_WORDS; i++) {
        saved->is_complete = read_l2(unit, i, &saved->l2[i]) && saved->is_complete;
    }
}

void amdvi_drv_rd890_restore(const struct amdvi_drv_unit *unit)
{
    uint16_t block = unit->ivrs.capability_offset;
    const struct amdvi_drv_rd890 *saved = &unit->rd890;

    if ((unit->info.errata & AMDVI_DRV_ERRATUM_RD890) == 0) {
        return;
    }
    (void)write_config(unit, PCI_COMMAND, saved->command & 0xffff); /* its status bits clear */
    for (uint32_t link = 0; saved->is_complete && link < AMDVI_DRV_RD890_L1_LINKS; link++) {
        for (uint32_t i = 0; i < AMDVI_DRV_RD890_L1_WORDS; i++) {
            (void)(write_config(unit, L1_INDEX, i | L1_LINK(link) | L1_INDEX_WRITE) &&
                   write_config(unit, L1_DATA, saved->l1[link][i]));
        }
    }
    for (uint32_t i = 0; saved->is_complete && i < AMDVI_DRV_RD890_L2_WORDS; i++) {
        write_l2(unit, i, saved->l2[i]);
    }
    /* Enable, in the low half, locks the block: last. */
    (void)write_config(unit, (uint16_t)(block + AMDVI_CAP_OFFSET_BASE_HIGH), saved->base[0]);
    (void)write_config(unit, (uint16_t)(block + AMDVI_CAP_OFFSET_BASE_LOW), saved->base[1]);
}
