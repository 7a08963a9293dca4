/* SPDX-License-Identifier: BSD-2-Clause */
/* The device table entry, between memory and program. */
#include <amdvi/dte.h>

void amdvi_dte_decode(struct amdvi_dte *out, const struct amdvi_wire_dte *wire)
{
    uint64_t word0 = amdvi_le64_decode(&wire->word[0]);
    uint64_t word1 = amdvi_le64_decode(&wire->word[1]);
    uint64_t word2 = amdvi_le64_decode(&wire->word[2]);
    uint64_t word3 = amdvi_le64_decode(&wire->word[3]);

    *out = (struct amdvi_dte){
        .page_root = word0 & AMDVI_DTE0_PT_ROOT,
        .interrupt_root = word2 & AMDVI_DTE2_INT_TAB_ROOT,
        .domain_id = (uint16_t)amdvi_get(word1, AMDVI_DTE1_DOMAIN_ID),
        .mode = (uint8_t)amdvi_get(word0, AMDVI_DTE0_MODE),
        .int_tab_len = (uint8_t)amdvi_get(word2, AMDVI_DTE2_INT_TAB_LEN),
        .int_ctl = (uint8_t)amdvi_get(word2, AMDVI_DTE2_INT_CTL),
        .io_ctl = (uint8_t)amdvi_get(word1, AMDVI_DTE1_IO_CTL),
        .sys_mgt = (uint8_t)amdvi_get(word1, AMDVI_DTE1_SYS_MGT),
        .valid = amdvi_has(word0, AMDVI_DTE0_V),
        .translation = amdvi_has(word0, AMDVI_DTE0_TV),
        .read = amdvi_has(word0, AMDVI_DTE0_IR),
        .write = amdvi_has(word0, AMDVI_DTE0_IW),
        .iotlb = amdvi_has(word1, AMDVI_DTE1_I),
        .suppress_more = amdvi_has(word1, AMDVI_DTE1_SE),
        .suppress_all = amdvi_has(word1, AMDVI_DTE1_SA),
        .cache_hint = amdvi_has(word1, AMDVI_DTE1_CACHE),
        .snoop_disable = amdvi_has(word1, AMDVI_DTE1_SD),
        .exclusion = amdvi_has(word1, AMDVI_DTE1_EX),
        .interrupt_valid = amdvi_has(word2, AMDVI_DTE2_IV),
        .ignore_unmapped = amdvi_has(word2, AMDVI_DTE2_IG),
        .init_pass = amdvi_has(word2, AMDVI_DTE2_INIT_PASS),
        .eint_pass = amdvi_has(word2, AMDVI_DTE2_EINT_PASS),
        .nmi_pass = amdvi_has(word2, AMDVI_DTE2_NMI_PASS),
        .lint0_pass = amdvi_has(word2, AMDVI_DTE2_LINT0_PASS),
        .lint1_pass = amdvi_has(word2, AMDVI_DTE2_LINT1_PASS),
        .memory_reserved =
            amdvi_has(word0, AMDVI_DTE0_RESERVED) || amdvi_has(word1, AMDVI_DTE1_RESERVED),
        .intr_reserved =
            amdvi_has(word2, AMDVI_DTE2_RESERVED) || amdvi_has(word3, AMDVI_DTE3_RESERVED),
    };
}

static uint64_t bit_if(bool condition, uint64_t bit)
{
    return condition ? bit : 0;
}

void amdvi_dte_encode(struct amdvi_wire_dte *out, const struct amdvi_dte *dte)
{
    uint64_t word0 = bit_if(dte->valid, AMDVI_DTE0_V) | bit_if(dte->translation, AMDVI_DTE0_TV) |
                     bit_if(dte->read, AMDVI_DTE0_IR) | bit_if(dte->write, AMDVI_DTE0_IW) |
                     amdvi_put(AMDVI_DTE0_MODE, dte->mode) | (dte->page_root & AMDVI_DTE0_PT_ROOT);
    uint64_t word1 =
        amdvi_put(AMDVI_DTE1_DOMAIN_ID, dte->domain_id) |
        amdvi_put(AMDVI_DTE1_IO_CTL, dte->io_ctl) | amdvi_put(AMDVI_DTE1_SYS_MGT, dte->sys_mgt) |
        bit_if(dte->iotlb, AMDVI_DTE1_I) | bit_if(dte->suppress_more, AMDVI_DTE1_SE) |
        bit_if(dte->suppress_all, AMDVI_DTE1_SA) | bit_if(dte->cache_hint, AMDVI_DTE1_CACHE) |
        bit_if(dte->snoop_disable, AMDVI_DTE1_SD) | bit_if(dte->exclusion, AMDVI_DTE1_EX);
    uint64_t word2 =
        bit_if(dte->interrupt_valid, AMDVI_DTE2_IV) | bit_if(dte->ignore_unmapped, AMDVI_DTE2_IG) |
        bit_if(dte->init_pass, AMDVI_DTE2_INIT_PASS) |
        bit_if(dte->eint_pass, AMDVI_DTE2_EINT_PASS) | bit_if(dte->nmi_pass, AMDVI_DTE2_NMI_PASS) |
        bit_if(dte->lint0_pass, AMDVI_DTE2_LINT0_PASS) |
        bit_if(dte->lint1_pass, AMDVI_DTE2_LINT1_PASS) |
        amdvi_put(AMDVI_DTE2_INT_TAB_LEN, dte->int_tab_len) |
        amdvi_put(AMDVI_DTE2_INT_CTL, dte->int_ctl) |
        (dte->interrupt_root & AMDVI_DTE2_INT_TAB_ROOT);

    amdvi_le64_encode(&out->word[0], word0);
    amdvi_le64_encode(&out->word[1], word1);
    amdvi_le64_encode(&out->word[2], word2);
    amdvi_le64_encode(&out->word[3], 0);
}
