/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Requests to the special address ranges: the interrupts' addresses, and the ranges of
 * HyperTransport in the 12 GiB below 1 TiB. What becomes of them depends on the range, on whether
 * it is a posted write, and on fields of the device table entry; they are refused with an
 * INVALID_DEVICE_REQUEST.
 *
 * Spec: 1.20, special address ranges, device table entry (IoCtl, SysMgt), INVALID_DEVICE_REQUEST.
 */
#include "state.h"

/* Reads and non-posted writes, and posted writes, are different causes. */
static void refuse(const struct amdvi_lookup *lookup, enum amdvi_invalid_request posted,
                   enum amdvi_invalid_request other, struct amdvi_decision *out)
{
    amdvi_decide_invalid(lookup, lookup->posted ? posted : other, out);
}

/* False when the page tables are asked. */
static bool translate_as_memory(const struct amdvi_lookup *lookup, const struct amdvi_dte *dte,
                                struct amdvi_decision *out)
{
    if (!dte->translation) {
        amdvi_decide_invalid(lookup, AMDVI_INVALID_NOT_TRANSLATABLE, out);
        return true;
    }
    return false;
}

static bool decide_system_management(const struct amdvi_lookup *lookup, const struct amdvi_dte *dte,
                                     struct amdvi_decision *out)
{
    enum amdvi_sys_mgt sys_mgt = (enum amdvi_sys_mgt)dte->sys_mgt;

    if (sys_mgt == AMDVI_SYS_MGT_TRANSLATE) {
        return translate_as_memory(lookup, dte, out);
    }
    bool may_pass = sys_mgt == AMDVI_SYS_MGT_PASS ||
                    (sys_mgt == AMDVI_SYS_MGT_PASS_INTX && lookup->intx_message);
    if (may_pass && lookup->posted) {
        amdvi_decide_identity(lookup, false, true, out);
    } else {
        refuse(lookup, AMDVI_INVALID_POSTED_WRITE, AMDVI_INVALID_READ_OR_NONPOSTED_WRITE, out);
    }
    return true;
}

static bool decide_io_space(const struct amdvi_lookup *lookup, const struct amdvi_dte *dte,
                            struct amdvi_decision *out)
{
    switch ((enum amdvi_io_ctl)dte->io_ctl) {
    case AMDVI_IO_CTL_ABORT:
        amdvi_decide_invalid(lookup, AMDVI_INVALID_IO_SPACE, out);
        break;
    case AMDVI_IO_CTL_PASS:
        amdvi_decide_identity(lookup, true, true, out);
        break;
    case AMDVI_IO_CTL_TRANSLATE:
        return translate_as_memory(lookup, dte, out);
    case AMDVI_IO_CTL_RESERVED:
        /* Choice: RZ=1, as for IntCtl=11b. */
        amdvi_decide_illegal(lookup, true, out);
        break;
    }
    return true;
}

static bool decide_access(const struct amdvi_lookup *lookup, const struct amdvi_dte *dte,
                          enum amdvi_range range, struct amdvi_decision *out)
{
    switch (range) {
    case AMDVI_RANGE_RESERVED_INTERRUPT:
        refuse(lookup, AMDVI_INVALID_RESERVED_INTERRUPT, AMDVI_INVALID_READ_OF_INTERRUPT_RANGE,
               out);
        return true;
    case AMDVI_RANGE_INTERRUPT:
    case AMDVI_RANGE_MSI:
        /* Posted writes are interrupts, and do not come here. */
        amdvi_decide_invalid(lookup, AMDVI_INVALID_READ_OF_INTERRUPT_RANGE, out);
        return true;
    case AMDVI_RANGE_SYSTEM_MANAGEMENT:
        return decide_system_management(lookup, dte, out);
    case AMDVI_RANGE_ADDRESS_TRANSLATION:
        if (!lookup->iommu->config.features.ht_ats_resv) {
            return false;
        }
        refuse(lookup, AMDVI_INVALID_POSTED_WRITE, AMDVI_INVALID_READ_OR_NONPOSTED_WRITE, out);
        return true;
    case AMDVI_RANGE_IO_SPACE:
        return decide_io_space(lookup, dte, out);
    case AMDVI_RANGE_NONE:
    case AMDVI_RANGE_PIC_IACK:
    case AMDVI_RANGE_RESERVED_1:
    case AMDVI_RANGE_CONFIGURATION:
    case AMDVI_RANGE_EXTENDED_CONFIGURATION:
    case AMDVI_RANGE_RESERVED_2:
        break;
    }
    /* Choice: the ranges that no field controls are translated as memory. */
    return false;
}

/*
 * Choice: a translation request is refused wherever an access would not be translated, so what
 * would become of an access is asked first.
 */
static bool decide_request(const struct amdvi_lookup *lookup, const struct amdvi_dte *dte,
                           enum amdvi_range range, struct amdvi_decision *out)
{
    struct amdvi_decision of_access = *out;

    if (!decide_access(lookup, dte, range, &of_access)) {
        return false;
    }
    if (of_access.refusal == AMDVI_REFUSED_TABLES) {
        *out = of_access;
    } else {
        amdvi_decide_invalid(lookup, AMDVI_INVALID_ATS_ADDRESS, out);
    }
    return true;
}

bool amdvi_special_decide(const struct amdvi_lookup *lookup, const struct amdvi_dte *dte,
                          struct amdvi_decision *out)
{
    enum amdvi_range range = amdvi_range_of(lookup->iova);

    if (range == AMDVI_RANGE_NONE) {
        return false;
    }
    return lookup->is_ats ? decide_request(lookup, dte, range, out)
                          : decide_access(lookup, dte, range, out);
}

bool amdvi_bounds_cut(struct amdvi_range_bounds bounds, uint64_t first, uint64_t last)
{
    bool overlaps = bounds.first <= last && bounds.last >= first;
    bool covers = bounds.first <= first && bounds.last >= last;

    return overlaps && !covers;
}

static bool range_cuts(enum amdvi_range range, uint64_t first, uint64_t last)
{
    return amdvi_bounds_cut(amdvi_range_bounds(range), first, last);
}

bool amdvi_special_cuts(uint64_t first, uint64_t last)
{
    if (range_cuts(AMDVI_RANGE_MSI, first, last)) {
        return true;
    }
    if (last < AMDVI_HT_RANGES_FIRST || first > AMDVI_HT_RANGES_LAST) {
        return false;
    }
    for (unsigned range = AMDVI_RANGE_RESERVED_INTERRUPT; range < AMDVI_RANGE_MSI; range++) {
        if (range_cuts((enum amdvi_range)range, first, last)) {
            return true;
        }
    }
    return false;
}
