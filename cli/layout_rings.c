/* SPDX-License-Identifier: BSD-2-Clause */
/* Events and commands: what the two rings hold. */
#include <inttypes.h>
#include <stdio.h>

#include <amdvi/command.h>
#include <amdvi/event.h>

#include "layout.h"

#define R2 CLI_REVISION_2
#define R3 CLI_REVISION_3

#define DEVICE                                                                                     \
    {                                                                                              \
        "DeviceID", 0, 0, CLI_FORMAT_DEVICE, AMDVI_EVENT_DEVICE_ID,                                \
        {                                                                                          \
            NULL                                                                                   \
        }                                                                                          \
    }
#define DOMAIN                                                                                     \
    {                                                                                              \
        "DomainID", 0, 0, CLI_FORMAT_DECIMAL, AMDVI_EVENT_DOMAIN_ID,                               \
        {                                                                                          \
            "(PASID[15:0] with GN=1)"                                                              \
        }                                                                                          \
    }
#define PASID_HIGH                                                                                 \
    {                                                                                              \
        "PASID[19:16]", 0, R2, CLI_FORMAT_HEX, AMDVI_BITS(19, 16),                                 \
        {                                                                                          \
            NULL                                                                                   \
        }                                                                                          \
    }
#define PASID_LOW                                                                                  \
    {                                                                                              \
        "PASID[15:0]", 0, R2, CLI_FORMAT_HEX, AMDVI_EVENT_DOMAIN_ID,                               \
        {                                                                                          \
            NULL                                                                                   \
        }                                                                                          \
    }
#define GN                                                                                         \
    {                                                                                              \
        "GN", 0, R2, 0, AMDVI_BIT(48),                                                             \
        {                                                                                          \
            "", "a guest's address, with a PASID"                                                  \
        }                                                                                          \
    }
#define NX                                                                                         \
    {                                                                                              \
        "NX", 0, R2, 0, AMDVI_BIT(49),                                                             \
        {                                                                                          \
            "", "an instruction fetch"                                                             \
        }                                                                                          \
    }
#define US                                                                                         \
    {                                                                                              \
        "US", 0, R2, 0, AMDVI_BIT(50),                                                             \
        {                                                                                          \
            "supervisor", "user"                                                                   \
        }                                                                                          \
    }
#define I_FLAG                                                                                     \
    {                                                                                              \
        "I", 0, 0, 0, AMDVI_EVENT_I,                                                               \
        {                                                                                          \
            "a memory request", "an interrupt request"                                             \
        }                                                                                          \
    }
#define PR_FLAG                                                                                    \
    {                                                                                              \
        "PR", 0, 0, 0, AMDVI_EVENT_PR,                                                             \
        {                                                                                          \
            "not present", "present, or RemapEn=1"                                                 \
        }                                                                                          \
    }
#define RW_FLAG                                                                                    \
    {                                                                                              \
        "RW", 0, 0, 0, AMDVI_EVENT_RW,                                                             \
        {                                                                                          \
            "a read", "a write"                                                                    \
        }                                                                                          \
    }
#define PE_FLAG                                                                                    \
    {                                                                                              \
        "PE", 0, 0, 0, AMDVI_EVENT_PE,                                                             \
        {                                                                                          \
            "", "no permission"                                                                    \
        }                                                                                          \
    }
#define RZ_FLAG                                                                                    \
    {                                                                                              \
        "RZ", 0, 0, 0, AMDVI_EVENT_RZ,                                                             \
        {                                                                                          \
            "", "a reserved bit is set in the table"                                               \
        }                                                                                          \
    }
#define TR_FLAG                                                                                    \
    {                                                                                              \
        "TR", 0, 0, 0, AMDVI_EVENT_TR,                                                             \
        {                                                                                          \
            "", "a translation request (ATS)"                                                      \
        }                                                                                          \
    }
#define HW_TYPE                                                                                    \
    {                                                                                              \
        "Type", 0, 0, 0, AMDVI_EVENT_HW_TYPE,                                                      \
        {                                                                                          \
            "reserved value", "master abort: no memory there", "target abort", "data error"        \
        }                                                                                          \
    }
#define EVENT_CODE(name)                                                                           \
    {                                                                                              \
        "EventCode", 0, 0, CLI_FORMAT_HEX, AMDVI_EVENT_CODE,                                       \
        {                                                                                          \
            name                                                                                   \
        }                                                                                          \
    }
#define ADDRESS(high, low, of)                                                                     \
    {                                                                                              \
        "Address", 1, 0, CLI_FORMAT_ADDRESS, AMDVI_BITS(high, low),                                \
        {                                                                                          \
            of                                                                                     \
        }                                                                                          \
    }

static const struct cli_field illegal_entry_fields[] = {
    DEVICE,
    PASID_HIGH,
    PASID_LOW,
    GN,
    I_FLAG,
    RW_FLAG,
    RZ_FLAG,
    TR_FLAG,
    EVENT_CODE("ILLEGAL_DEV_TABLE_ENTRY"),
    ADDRESS(63, 2, "what the device asked for"),
};
static const struct cli_field page_fault_fields[] = {
    DEVICE,
    PASID_HIGH,
    DOMAIN,
    GN,
    NX,
    US,
    I_FLAG,
    PR_FLAG,
    RW_FLAG,
    PE_FLAG,
    RZ_FLAG,
    TR_FLAG,
    EVENT_CODE("IO_PAGE_FAULT"),
    ADDRESS(63, 0, "what the device asked for"),
};
static const struct cli_field table_error_fields[] = {
    DEVICE,
    I_FLAG,
    RW_FLAG,
    TR_FLAG,
    HW_TYPE,
    EVENT_CODE("DEV_TAB_HARDWARE_ERROR"),
    ADDRESS(63, 4, "of the device table entry"),
};
static const struct cli_field page_error_fields[] = {
    DEVICE,
    PASID_HIGH,
    DOMAIN,
    GN,
    I_FLAG,
    RW_FLAG,
    TR_FLAG,
    HW_TYPE,
    EVENT_CODE("PAGE_TAB_HARDWARE_ERROR"),
    ADDRESS(63, 3, "of the table entry"),
};
static const struct cli_field illegal_command_fields[] = {
    EVENT_CODE("ILLEGAL_COMMAND_ERROR"),
    ADDRESS(63, 4, "of the command"),
};
static const struct cli_field command_error_fields[] = {
    HW_TYPE,
    EVENT_CODE("COMMAND_HARDWARE_ERROR"),
    ADDRESS(63, 4, "of the access"),
};
static const struct cli_field timeout_fields[] = {
    DEVICE,
    EVENT_CODE("IOTLB_INV_TIMEOUT"),
    ADDRESS(63, 4, "of the command"),
};
static const struct cli_field invalid_request_fields[] = {
    DEVICE,
    PASID_HIGH,
    PASID_LOW,
    GN,
    NX,
    US,
    TR_FLAG,
    {"Type", 0, 0, CLI_FORMAT_HEX, AMDVI_EVENT_REQUEST_TYPE, {"see the summary"}},
    EVENT_CODE("INVALID_DEVICE_REQUEST"),
    ADDRESS(63, 0, "what the device asked for"),
};
static const struct cli_field ppr_fields[] = {
    DEVICE,
    {"PASID[15:0]", 0, 0, CLI_FORMAT_HEX, AMDVI_BITS(31, 16), {NULL}},
    {"tag", 0, 0, CLI_FORMAT_HEX, AMDVI_BITS(41, 32), {"group"}},
    {"PASID[19:16]", 0, 0, CLI_FORMAT_HEX, AMDVI_BITS(45, 42), {NULL}},
    {"flags", 0, 0, CLI_FORMAT_HEX, AMDVI_BITS(59, 48), {NULL}},
    EVENT_CODE("INVALID_PPR_REQUEST"),
    ADDRESS(63, 0, "what the device asked for"),
};
static const struct cli_field other_fields[] = {
    {"operand", 0, 0, CLI_FORMAT_HEX, AMDVI_BITS(59, 0), {NULL}},
    EVENT_CODE("its fields are not known here"),
    ADDRESS(63, 0, "second operand"),
};

static const struct cli_layout event_layouts[] = {
    [1] = CLI_LAYOUT("ILLEGAL_DEV_TABLE_ENTRY", 2, 64, illegal_entry_fields),
    [2] = CLI_LAYOUT("IO_PAGE_FAULT", 2, 64, page_fault_fields),
    [3] = CLI_LAYOUT("DEV_TAB_HARDWARE_ERROR", 2, 64, table_error_fields),
    [4] = CLI_LAYOUT("PAGE_TAB_HARDWARE_ERROR", 2, 64, page_error_fields),
    [5] = CLI_LAYOUT("ILLEGAL_COMMAND_ERROR", 2, 64, illegal_command_fields),
    [6] = CLI_LAYOUT("COMMAND_HARDWARE_ERROR", 2, 64, command_error_fields),
    [7] = CLI_LAYOUT("IOTLB_INV_TIMEOUT", 2, 64, timeout_fields),
    [8] = CLI_LAYOUT("INVALID_DEVICE_REQUEST", 2, 64, invalid_request_fields),
    [9] = CLI_LAYOUT("INVALID_PPR_REQUEST", 2, 64, ppr_fields),
    [10] = CLI_LAYOUT("EVENT_COUNTER_ZERO", 2, 64, other_fields),
    [11] = CLI_LAYOUT("GUEST_EVENT_FAULT", 2, 64, other_fields),
    [12] = CLI_LAYOUT("VIOMMU_HARDWARE_ERROR", 2, 64, other_fields),
    [13] = CLI_LAYOUT("RMP_PAGE_FAULT", 2, 64, other_fields),
    [14] = CLI_LAYOUT("RMP_HARDWARE_ERROR", 2, 64, other_fields),
};

const struct cli_layout *cli_event_layout(unsigned code, enum cli_revision revision)
{
    unsigned last = revision == CLI_REVISION_1 ? 8 : revision == CLI_REVISION_2 ? 10 : 14;

    return code >= 1 && code <= last ? &event_layouts[code] : NULL;
}

#define OPCODE(name)                                                                               \
    {                                                                                              \
        "Opcode", 0, 0, CLI_FORMAT_HEX, AMDVI_CMD_OPCODE,                                          \
        {                                                                                          \
            name                                                                                   \
        }                                                                                          \
    }
#define OF_DEVICE(field)                                                                           \
    {                                                                                              \
        "DeviceID", 0, 0, CLI_FORMAT_DEVICE, field,                                                \
        {                                                                                          \
            NULL                                                                                   \
        }                                                                                          \
    }
#define S_FIELD(field)                                                                             \
    {                                                                                              \
        "S", 1, 0, 0, field,                                                                       \
        {                                                                                          \
            "4 KiB", "the size is in the address"                                                  \
        }                                                                                          \
    }
#define GN_FIELD                                                                                   \
    {                                                                                              \
        "GN", 1, R2, 0, AMDVI_BIT(2),                                                              \
        {                                                                                          \
            "", "of the PASID"                                                                     \
        }                                                                                          \
    }
#define IOVA(field)                                                                                \
    {                                                                                              \
        "Address", 1, 0, CLI_FORMAT_ADDRESS, field,                                                \
        {                                                                                          \
            "with the size, if S=1"                                                                \
        }                                                                                          \
    }

static const struct cli_field wait_fields[] = {
    {"s", 0, 0, 0, AMDVI_COMPLETION_WAIT_STORE, {"", "store StoreData"}},
    {"i", 0, 0, 0, AMDVI_COMPLETION_WAIT_INTERRUPT, {"", "interrupt"}},
    {"f", 0, 0, 0, AMDVI_COMPLETION_WAIT_FLUSH, {"", "later commands wait"}},
    {"StoreAddress", 0, 0, CLI_FORMAT_ADDRESS, AMDVI_COMPLETION_WAIT_STORE_ADDR, {NULL}},
    OPCODE("COMPLETION_WAIT"),
    {"StoreData", 1, 0, CLI_FORMAT_HEX, AMDVI_BITS(63, 0), {NULL}},
};
static const struct cli_field devtab_fields[] = {
    OF_DEVICE(AMDVI_INV_DEVTAB_DEVICE_ID),
    OPCODE("INVALIDATE_DEVTAB_ENTRY"),
};
static const struct cli_field pages_fields[] = {
    {"PASID", 0, R2, CLI_FORMAT_HEX, AMDVI_BITS(19, 0), {NULL}},
    {"DomainID", 0, 0, CLI_FORMAT_DECIMAL, AMDVI_INV_PAGES_DOMAIN_ID, {NULL}},
    OPCODE("INVALIDATE_IOMMU_PAGES"),
    S_FIELD(AMDVI_INV_PAGES_S),
    {"PDE", 1, 0, 0, AMDVI_INV_PAGES_PDE, {"leaf entries only", "directory entries too"}},
    GN_FIELD,
    IOVA(AMDVI_INV_PAGES_ADDRESS),
};
static const struct cli_field iotlb_fields[] = {
    OF_DEVICE(AMDVI_INV_IOTLB_DEVICE_ID),
    {"PASID[15:8]", 0, R2, CLI_FORMAT_HEX, AMDVI_BITS(23, 16), {"as Linux places it"}},
    {"Maxpend", 0, 0, CLI_FORMAT_DECIMAL, AMDVI_INV_IOTLB_MAX_PEND, {"invalidations in flight"}},
    {"QueueID", 0, 0, CLI_FORMAT_HEX, AMDVI_INV_IOTLB_QUEUE_ID, {NULL}},
    {"PASID[7:0]", 0, R2, CLI_FORMAT_HEX, AMDVI_BITS(55, 48), {"as Linux places it"}},
    {"PASID[19:16]", 0, R2, CLI_FORMAT_HEX, AMDVI_BITS(59, 56), {NULL}},
    OPCODE("INVALIDATE_IOTLB_PAGES"),
    S_FIELD(AMDVI_INV_IOTLB_S),
    GN_FIELD,
    {"Type", 1, R3, CLI_FORMAT_HEX, AMDVI_BITS(5, 4), {NULL}},
    IOVA(AMDVI_INV_IOTLB_ADDRESS),
};
static const struct cli_field int_table_fields[] = {
    OF_DEVICE(AMDVI_INV_INT_TABLE_DEVICE_ID),
    OPCODE("INVALIDATE_INTERRUPT_TABLE"),
};
static const struct cli_field prefetch_fields[] = {
    OF_DEVICE(AMDVI_BITS(15, 0)),
    {"PFCount", 0, 0, CLI_FORMAT_DECIMAL, AMDVI_BITS(31, 24), {"pages"}},
    {"PASID", 0, 0, CLI_FORMAT_HEX, AMDVI_BITS(51, 32), {NULL}},
    OPCODE("PREFETCH_IOMMU_PAGES"),
    S_FIELD(AMDVI_BIT(0)),
    GN_FIELD,
    {"Inval", 1, 0, 0, AMDVI_BIT(4), {"", "invalidate first"}},
    IOVA(AMDVI_BITS(63, 12)),
};
static const struct cli_field complete_fields[] = {
    OF_DEVICE(AMDVI_BITS(15, 0)),
    {"PASID", 0, 0, CLI_FORMAT_HEX, AMDVI_BITS(51, 32), {NULL}},
    OPCODE("COMPLETE_PPR_REQUEST"),
    GN_FIELD,
    {"group", 1, 0, CLI_FORMAT_HEX, AMDVI_BITS(40, 32), {NULL}},
    {"response", 1, 0, CLI_FORMAT_HEX, AMDVI_BITS(47, 44), {"0 success, 1 invalid, 0xf failure"}},
};
static const struct cli_field all_fields[] = {
    OPCODE("INVALIDATE_IOMMU_ALL"),
};
static const struct cli_field guest_fields[] = {
    {"operand", 0, 0, CLI_FORMAT_HEX, AMDVI_BITS(59, 0), {NULL}},
    OPCODE("for virtual IOMMUs; its fields are not known here"),
    {"operand", 1, 0, CLI_FORMAT_HEX, AMDVI_BITS(63, 0), {NULL}},
};

static const struct cli_layout command_layouts[] = {
    [1] = CLI_LAYOUT("COMPLETION_WAIT", 2, 64, wait_fields),
    [2] = CLI_LAYOUT("INVALIDATE_DEVTAB_ENTRY", 2, 64, devtab_fields),
    [3] = CLI_LAYOUT("INVALIDATE_IOMMU_PAGES", 2, 64, pages_fields),
    [4] = CLI_LAYOUT("INVALIDATE_IOTLB_PAGES", 2, 64, iotlb_fields),
    [5] = CLI_LAYOUT("INVALIDATE_INTERRUPT_TABLE", 2, 64, int_table_fields),
    [6] = CLI_LAYOUT("PREFETCH_IOMMU_PAGES", 2, 64, prefetch_fields),
    [7] = CLI_LAYOUT("COMPLETE_PPR_REQUEST", 2, 64, complete_fields),
    [8] = CLI_LAYOUT("INVALIDATE_IOMMU_ALL", 2, 64, all_fields),
    [9] = CLI_LAYOUT("INSERT_GUEST_EVENT", 2, 64, guest_fields),
    [10] = CLI_LAYOUT("RESET_VMMIO", 2, 64, guest_fields),
};

const struct cli_layout *cli_command_layout(unsigned opcode, enum cli_revision revision)
{
    unsigned last = revision == CLI_REVISION_1 ? 5 : revision == CLI_REVISION_2 ? 8 : 10;

    return opcode >= 1 && opcode <= last ? &command_layouts[opcode] : NULL;
}

static const char *invalid_request(const struct amdvi_event *event)
{
    static const char *const untranslated[] = {
        "read, or wrote expecting an answer, in the interrupt range",
        "sent a translated request though ATS is off for it (I=0 or V=0)",
        "accessed port I/O space, which IoCtl=0 forbids",
        "wrote to the system management or ATS range, which is forbidden",
        "read from the system management or ATS range, which is forbidden",
        "sent an interrupt, which IntCtl=0 forbids",
        "wrote to the reserved interrupt range",
        "accessed a range that is to be translated, without a translation (TV=0)",
    };

    if (!event->translation) {
        return untranslated[event->type & 7];
    }
    switch (event->type) {
    case AMDVI_INVALID_ATS_DISABLED:
        return "asked for a translation though ATS is off for it (I=0, V=0 or TV=0)";
    case AMDVI_INVALID_ATS_ADDRESS:
        return "asked for the translation of a special address";
    default:
        return "asked for a translation that is refused";
    }
}

static const char *fault_reason(const struct amdvi_event *event)
{
    if (event->reserved) {
        return event->interrupt ? "the interrupt table entry has a reserved bit or type"
                                : "a page table entry has a reserved bit set";
    }
    if (event->permission) {
        return "the tables do not allow this access";
    }
    if (event->interrupt) {
        return event->present ? "the interrupt table entry is refused"
                              : "there is no interrupt table entry for it, or RemapEn is 0";
    }
    return event->present ? "the page tables are illegal there, or have fewer levels than the "
                            "address needs"
                          : "nothing is mapped there";
}

json_t *cli_event_summary(const uint64_t *words)
{
    json_t *sentences = json_array();
    struct amdvi_wire_event wire;
    struct amdvi_event event;
    char device[16];

    amdvi_le64_encode(&wire.word[0], words[0]);
    amdvi_le64_encode(&wire.word[1], words[1]);
    if (!amdvi_event_decode(&event, &wire)) {
        return sentences;
    }
    cli_device_text(device, 0, event.device_id);
    switch (event.code) {
    case AMDVI_EVENT_IO_PAGE_FAULT:
        cli_say(sentences, "Device %s %s 0x%" PRIx64 ", and %s.", device,
                event.interrupt     ? "sent an interrupt to"
                : event.translation ? "asked for the translation of"
                : event.write       ? "tried to write to"
                                    : "tried to read from",
                event.address, fault_reason(&event));
        break;
    case AMDVI_EVENT_INVALID_DEVICE_REQUEST:
        cli_say(sentences, "Device %s %s.", device, invalid_request(&event));
        break;
    case AMDVI_EVENT_ILLEGAL_DEV_TABLE_ENTRY:
        cli_say(sentences, "The device table entry of %s is illegal: %s.", device,
                event.reserved ? "a reserved bit is set" : "a field has an illegal value");
        break;
    case AMDVI_EVENT_IOTLB_INV_TIMEOUT:
        cli_say(sentences, "Device %s did not answer an invalidation of its IOTLB in time.",
                device);
        break;
    case AMDVI_EVENT_ILLEGAL_COMMAND_ERROR:
        cli_say(sentences, "The command at 0x%" PRIx64 " is illegal; the IOMMU fetches no more.",
                event.address);
        break;
    case AMDVI_EVENT_COMMAND_HARDWARE_ERROR:
        cli_say(sentences, "The IOMMU could not fetch a command, or store for a COMPLETION_WAIT; "
                           "it fetches no more.");
        break;
    case AMDVI_EVENT_DEV_TAB_HARDWARE_ERROR:
    case AMDVI_EVENT_PAGE_TAB_HARDWARE_ERROR:
        cli_say(sentences, "The IOMMU could not read its tables at 0x%" PRIx64 ", for %s.",
                event.address, device);
        break;
    }
    return sentences;
}

json_t *cli_command_summary(const uint64_t *words, enum cli_revision revision)
{
    json_t *sentences = json_array();
    struct amdvi_wire_command wire;
    struct amdvi_command command;

    amdvi_le64_encode(&wire.word[0], words[0]);
    amdvi_le64_encode(&wire.word[1], words[1]);
    if (!amdvi_command_decode(&command, &wire)) {
        if (revision == CLI_REVISION_1) {
            cli_say(sentences, "It is answered with ILLEGAL_COMMAND_ERROR.");
        }
        return sentences;
    }
    if (command.opcode == AMDVI_OPCODE_INVALIDATE_IOMMU_PAGES ||
        command.opcode == AMDVI_OPCODE_INVALIDATE_IOTLB_PAGES) {
        struct amdvi_iova_range range = amdvi_inv_range(command.address, command.size);
        if (range.last == UINT64_MAX) {
            cli_say(sentences, "Drops everything that is cached for it.");
        } else {
            cli_say(sentences, "Drops 0x%" PRIx64 " to 0x%" PRIx64 ".", range.first, range.last);
        }
    }
    return sentences;
}
