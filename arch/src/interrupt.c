/* SPDX-License-Identifier: BSD-2-Clause */
/* Interrupt requests: their classes, in the encodings of PCI and of HyperTransport. */
#include <amdvi/interrupt.h>

static enum amdvi_int_class class_of_delivery_mode(enum amdvi_delivery_mode mode)
{
    switch (mode) {
    case AMDVI_DELIVERY_FIXED:
        return AMDVI_INT_FIXED;
    case AMDVI_DELIVERY_ARBITRATED:
        return AMDVI_INT_ARBITRATED;
    case AMDVI_DELIVERY_SMI:
        return AMDVI_INT_SMI;
    case AMDVI_DELIVERY_NMI:
        return AMDVI_INT_NMI;
    case AMDVI_DELIVERY_INIT:
        return AMDVI_INT_INIT;
    case AMDVI_DELIVERY_EXT_INT:
        return AMDVI_INT_EXT_INT;
    case AMDVI_DELIVERY_RESERVED:
    case AMDVI_DELIVERY_STARTUP:
        break;
    }
    return AMDVI_INT_OTHER;
}

static enum amdvi_int_class class_of_message_type(unsigned type)
{
    switch ((enum amdvi_ht_message_type)type) {
    case AMDVI_HT_FIXED:
        return AMDVI_INT_FIXED;
    case AMDVI_HT_ARBITRATED:
        return AMDVI_INT_ARBITRATED;
    case AMDVI_HT_SMI:
        return AMDVI_INT_SMI;
    case AMDVI_HT_NMI:
        return AMDVI_INT_NMI;
    case AMDVI_HT_INIT:
        return AMDVI_INT_INIT;
    case AMDVI_HT_EXT_INT:
        return AMDVI_INT_EXT_INT;
    case AMDVI_HT_LINT0:
        return AMDVI_INT_LINT0;
    case AMDVI_HT_LINT1:
        return AMDVI_INT_LINT1;
    case AMDVI_HT_STARTUP:
    case AMDVI_HT_EOI:
        break;
    }
    return AMDVI_INT_OTHER;
}

static void decode_msi(struct amdvi_int_request *out, uint64_t address, uint32_t data)
{
    out->int_class = class_of_delivery_mode(
        (enum amdvi_delivery_mode)amdvi_get(data, AMDVI_MSI_DATA_DELIVERY_MODE));
    out->is_ht = false;
    out->logical = amdvi_has(address, AMDVI_MSI_ADDRESS_DM);
    out->index = (uint16_t)amdvi_get(data, AMDVI_MSI_DATA_INDEX);
}

/* Fixed and arbitrated have the same number in both encodings, and no other class is remapped. */
static void decode_ht(struct amdvi_int_request *out, uint64_t address)
{
    unsigned type =
        (unsigned)(amdvi_get(address, AMDVI_HT_INT_MT) | amdvi_get(address, AMDVI_HT_INT_MT3) << 3);

    out->int_class = class_of_message_type(type);
    out->is_ht = true;
    out->logical = amdvi_has(address, AMDVI_HT_INT_DM);
    out->index = (uint16_t)(amdvi_put(AMDVI_MSI_DATA_DELIVERY_MODE, type) |
                            amdvi_get(address, AMDVI_HT_INT_VECTOR));
}

bool amdvi_int_request_decode(struct amdvi_int_request *out, uint64_t address, uint32_t data)
{
    if (address - AMDVI_MSI_BASE < AMDVI_MSI_BYTES) {
        decode_msi(out, address, data);
        return true;
    }
    if (address - AMDVI_HT_INT_BASE < AMDVI_HT_INT_BYTES) {
        decode_ht(out, address);
        return true;
    }
    return false;
}
