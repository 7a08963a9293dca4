/* SPDX-License-Identifier: BSD-2-Clause */
/* The registers of the window, and those of the capability block. */
#include <ctype.h>
#include <stdio.h>
#include <strings.h>

#include <amdvi/cap.h>
#include <amdvi/regs.h>

#include "layout.h"

#define R2 CLI_REVISION_2
#define R3 CLI_REVISION_3
#define ON                                                                                         \
    {                                                                                              \
        "off", "on"                                                                                \
    }
#define YES                                                                                        \
    {                                                                                              \
        "no", "yes"                                                                                \
    }

static const struct cli_field dev_tab_fields[] = {
    {"Size", 0, 0, CLI_FORMAT_PLUS_1, AMDVI_DEV_TAB_BASE_SIZE, {"* 128 entries"}},
    {"DevTabBase", 0, 0, CLI_FORMAT_ADDRESS, AMDVI_DEV_TAB_BASE_BASE, {"device table"}},
};
static const struct cli_field cmd_base_fields[] = {
    {"ComBase", 0, 0, CLI_FORMAT_ADDRESS, AMDVI_CMD_BUF_BASE_BASE, {"command buffer"}},
    {"ComLen", 0, 0, CLI_FORMAT_LOG2, AMDVI_CMD_BUF_BASE_LEN, {NULL}},
};
static const struct cli_field event_base_fields[] = {
    {"EventBase", 0, 0, CLI_FORMAT_ADDRESS, AMDVI_EVENT_LOG_BASE_BASE, {"event log"}},
    {"EventLen", 0, 0, CLI_FORMAT_LOG2, AMDVI_EVENT_LOG_BASE_LEN, {NULL}},
};
static const struct cli_field log_base_fields[] = {
    {"Base", 0, 0, CLI_FORMAT_ADDRESS, AMDVI_BITS(51, 12), {"log"}},
    {"Len", 0, 0, CLI_FORMAT_LOG2, AMDVI_BITS(59, 56), {NULL}},
};
static const struct cli_field control_fields[] = {
    {"IommuEn", 0, 0, 0, AMDVI_CONTROL_IOMMU_EN, {"off: everything passes", "on"}},
    {"HtTunEn", 0, 0, 0, AMDVI_CONTROL_HT_TUN_EN, ON},
    {"EventLogEn", 0, 0, 0, AMDVI_CONTROL_EVENT_LOG_EN, ON},
    {"EventIntEn", 0, 0, 0, AMDVI_CONTROL_EVENT_INT_EN, ON},
    {"ComWaitIntEn", 0, 0, 0, AMDVI_CONTROL_COM_WAIT_INT_EN, ON},
    {"InvTimeOut",
     0,
     0,
     0,
     AMDVI_CONTROL_INV_TIMEOUT,
     {"never", "1 ms", "10 ms", "100 ms", "1 s", "10 s", "100 s", "reserved value"}},
    {"PassPW", 0, 0, 0, AMDVI_CONTROL_PASS_PW, ON},
    {"ResPassPW", 0, 0, 0, AMDVI_CONTROL_RES_PASS_PW, ON},
    {"Coherent", 0, 0, 0, AMDVI_CONTROL_COHERENT, {"tables are not snooped", "snooped"}},
    {"Isoc", 0, 0, 0, AMDVI_CONTROL_ISOC, ON},
    {"CmdBufEn", 0, 0, 0, AMDVI_CONTROL_CMD_BUF_EN, ON},
    {"PPRLogEn", 0, R2, 0, AMDVI_BIT(13), ON},
    {"PPRIntEn", 0, R2, 0, AMDVI_BIT(14), ON},
    {"PPREn", 0, R2, 0, AMDVI_BIT(15), ON},
    {"GTEn", 0, R2, 0, AMDVI_BIT(16), {"", "guest translation on"}},
    {"GAEn", 0, R2, 0, AMDVI_BIT(17), {"", "interrupt entries have 128 bits"}},
    {"CRW", 0, R2, CLI_FORMAT_HEX, AMDVI_BITS(21, 18), {NULL}},
    {"SmiFEn", 0, R2, 0, AMDVI_BIT(22), ON},
    {"SlfWBDis", 0, R2, 0, AMDVI_BIT(23), ON},
    {"SmiFLogEn", 0, R2, 0, AMDVI_BIT(24), ON},
    {"GAMEn", 0, R2, CLI_FORMAT_HEX, AMDVI_BITS(27, 25), {"guest APIC mode"}},
    {"GALogEn", 0, R2, 0, AMDVI_BIT(28), ON},
    {"GAIntEn", 0, R2, 0, AMDVI_BIT(29), ON},
    {"DualPPRLogEn", 0, R2, CLI_FORMAT_HEX, AMDVI_BITS(31, 30), {NULL}},
    {"DualEventLogEn", 0, R2, CLI_FORMAT_HEX, AMDVI_BITS(33, 32), {NULL}},
    {"DevTblSegEn", 0, R2, 0, AMDVI_BITS(36, 34), {"1 table", "2 tables", "4 tables", "8 tables"}},
    {"PrivAbrtEn", 0, R2, CLI_FORMAT_HEX, AMDVI_BITS(38, 37), {NULL}},
    {"PprAutoRspEn", 0, R2, 0, AMDVI_BIT(39), ON},
    {"MarcEn", 0, R2, 0, AMDVI_BIT(40), ON},
    {"BlkStopMrkEn", 0, R2, 0, AMDVI_BIT(41), ON},
    {"PprAutoRspAon", 0, R2, 0, AMDVI_BIT(42), ON},
    {"NumIntRemapMode", 0, R3, 0, AMDVI_BITS(44, 43), {"512 interrupts", "2048 interrupts"}},
    {"EPHEn", 0, R3, 0, AMDVI_BIT(45), ON},
    {"HADUpdate", 0, R3, CLI_FORMAT_HEX, AMDVI_BITS(47, 46), {NULL}},
    {"GDUpdateDis", 0, R3, 0, AMDVI_BIT(48), ON},
    {"XTEn", 0, R3, 0, AMDVI_BIT(50), {"", "x2APIC destinations"}},
    {"IntCapXTEn", 0, R3, 0, AMDVI_BIT(51), ON},
    {"vCmdEn", 0, R3, 0, AMDVI_BIT(52), ON},
    {"vIommuEn", 0, R3, 0, AMDVI_BIT(53), ON},
    {"GAUpdateDis", 0, R3, 0, AMDVI_BIT(54), ON},
    {"GAPPIEn", 0, R3, 0, AMDVI_BIT(55), ON},
    {"TMPMEn", 0, R3, 0, AMDVI_BIT(56), ON},
    {"GCR3TRPMode", 0, R3, 0, AMDVI_BIT(58), ON},
    {"IRTCacheDis", 0, R3, 0, AMDVI_BIT(59), {"", "interrupt entries are not cached"}},
    {"GstBufferTRPMode", 0, R3, 0, AMDVI_BIT(60), ON},
    {"SNPAVICEn", 0, R3, CLI_FORMAT_HEX, AMDVI_BITS(63, 61), {NULL}},
};
static const struct cli_field excl_base_fields[] = {
    {"ExEn", 0, 0, 0, AMDVI_EXCL_BASE_EX_EN, {"no exclusion range", "exclusion range on"}},
    {"Allow", 0, 0, 0, AMDVI_EXCL_BASE_ALLOW, {"for devices with EX=1", "for all devices"}},
    {"ExclusionBase", 0, 0, CLI_FORMAT_ADDRESS, AMDVI_EXCL_BASE_BASE, {"first page"}},
};
static const struct cli_field excl_limit_fields[] = {
    {"low", 0, 0, CLI_FORMAT_HEX, AMDVI_EXCL_LIMIT_LOW, {"taken as ones"}},
    {"ExclusionLimit", 0, 0, CLI_FORMAT_ADDRESS, AMDVI_EXCL_LIMIT_LIMIT, {"last page"}},
};
static const struct cli_field pointer_fields[] = {
    {"pointer", 0, 0, CLI_FORMAT_ADDRESS, AMDVI_RING_POINTER, {"bytes from the ring's start"}},
};
static const struct cli_field status_fields[] = {
    {"EventOverflow", 0, 0, 0, AMDVI_STATUS_EVENT_OVERFLOW, {"", "events were lost"}},
    {"EventLogInt", 0, 0, 0, AMDVI_STATUS_EVENT_LOG_INT, {"", "an event was logged"}},
    {"ComWaitInt", 0, 0, 0, AMDVI_STATUS_COM_WAIT_INT, {"", "a COMPLETION_WAIT interrupted"}},
    {"EventLogRun", 0, 0, 0, AMDVI_STATUS_EVENT_LOG_RUN, {"events are not logged", "runs"}},
    {"CmdBufRun", 0, 0, 0, AMDVI_STATUS_CMD_BUF_RUN, {"commands are not fetched", "runs"}},
    {"PprOverflow", 0, R2, 0, AMDVI_BIT(5), YES},
    {"PprInt", 0, R2, 0, AMDVI_BIT(6), YES},
    {"PprLogRun", 0, R2, 0, AMDVI_BIT(7), YES},
    {"GALogRun", 0, R2, 0, AMDVI_BIT(8), YES},
    {"GALOverflow", 0, R2, 0, AMDVI_BIT(9), YES},
    {"GAInt", 0, R2, 0, AMDVI_BIT(10), YES},
    {"PprOvrflwB", 0, R2, 0, AMDVI_BIT(11), YES},
    {"PprLogActive", 0, R2, 0, AMDVI_BIT(12), YES},
    {"EvtOvrflwB", 0, R2, 0, AMDVI_BIT(15), YES},
    {"EvtLogActive", 0, R2, 0, AMDVI_BIT(16), YES},
    {"PprOvrflwEarlyB", 0, R2, 0, AMDVI_BIT(17), YES},
    {"PprOvrflwEarly", 0, R2, 0, AMDVI_BIT(18), YES},
};
static const struct cli_field efr_fields[] = {
    {"PreFSup", 0, R2, 0, AMDVI_BIT(0), YES},
    {"PPRSup", 0, R2, 0, AMDVI_BIT(1), YES},
    {"XTSup", 0, R2, 0, AMDVI_BIT(2), {"", "x2APIC"}},
    {"NXSup", 0, R2, 0, AMDVI_BIT(3), YES},
    {"GTSup", 0, R2, 0, AMDVI_BIT(4), {"", "guest translation"}},
    {"GAPPISup", 0, R3, 0, AMDVI_BIT(5), YES},
    {"IASup", 0, R2, 0, AMDVI_BIT(6), {"", "INVALIDATE_IOMMU_ALL"}},
    {"GASup", 0, R2, 0, AMDVI_BIT(7), {"", "128-bit interrupt entries"}},
    {"HESup", 0, R2, 0, AMDVI_BIT(8), YES},
    {"PCSup", 0, R2, 0, AMDVI_BIT(9), {"", "performance counters"}},
    {"HATS", 0, 0, 0, AMDVI_BITS(11, 10), {"4 levels", "5 levels", "6 levels", "none"}},
    {"GATS", 0, 0, 0, AMDVI_BITS(13, 12), {"4 guest levels", "5 guest levels"}},
    {"GLXSup", 0, R2, CLI_FORMAT_PLUS_1, AMDVI_BITS(15, 14), {"levels of GCR3 tables"}},
    {"SmiFSup", 0, R2, CLI_FORMAT_HEX, AMDVI_BITS(17, 16), {NULL}},
    {"SmiFRC", 0, R2, CLI_FORMAT_HEX, AMDVI_BITS(20, 18), {NULL}},
    {"GAMSup", 0, R2, CLI_FORMAT_HEX, AMDVI_BITS(23, 21), {"guest APIC mode"}},
    {"DualPprLogSup", 0, R2, CLI_FORMAT_HEX, AMDVI_BITS(25, 24), {NULL}},
    {"DualEventLogSup", 0, R2, CLI_FORMAT_HEX, AMDVI_BITS(29, 28), {NULL}},
    {"SATSSup", 0, R3, 0, AMDVI_BIT(31), YES},
    {"PASmax", 0, R2, CLI_FORMAT_PLUS_1, AMDVI_BITS(36, 32), {"bits of PASID"}},
    {"USSup", 0, R2, 0, AMDVI_BIT(37), YES},
    {"DevTblSegSup", 0, R2, 0, AMDVI_BITS(39, 38), {"", "2 tables", "4 tables", "8 tables"}},
    {"PprOvrflwEarlySup", 0, R2, 0, AMDVI_BIT(40), YES},
    {"PprAutoRspSup", 0, R2, 0, AMDVI_BIT(41), YES},
    {"MarcSup", 0, R2, CLI_FORMAT_HEX, AMDVI_BITS(43, 42), {NULL}},
    {"BlkStopMrkSup", 0, R2, 0, AMDVI_BIT(44), YES},
    {"PerfOptSup", 0, R2, 0, AMDVI_BIT(45), YES},
    {"MsiCapMmioSup", 0, R2, 0, AMDVI_BIT(46), YES},
    {"SnoopAttrSup", 0, R3, 0, AMDVI_BIT(47), YES},
    {"GIoSup", 0, R3, 0, AMDVI_BIT(48), YES},
    {"HASup", 0, R3, 0, AMDVI_BIT(49), YES},
    {"EPHSup", 0, R3, 0, AMDVI_BIT(50), YES},
    {"AttrFWSup", 0, R3, 0, AMDVI_BIT(51), YES},
    {"HDSup", 0, R3, 0, AMDVI_BIT(52), YES},
    {"v2HDdisSup", 0, R3, 0, AMDVI_BIT(53), YES},
    {"InvIotlbTypeSup", 0, R3, 0, AMDVI_BIT(54), YES},
    {"vIommuSup", 0, R3, 0, AMDVI_BIT(55), YES},
    {"VMGuardIoSup", 0, R3, 0, AMDVI_BIT(56), YES},
    {"VMTableSize", 0, R3, CLI_FORMAT_HEX, AMDVI_BITS(60, 57), {NULL}},
    {"GAUpdateDisSup", 0, R3, 0, AMDVI_BIT(61), YES},
    {"ForcePhyDestSup", 0, R3, 0, AMDVI_BIT(62), YES},
    {"SNPSup", 0, R3, 0, AMDVI_BIT(63), {"", "SEV-SNP"}},
};
static const struct cli_field efr2_fields[] = {
    {"CXLIO", 0, R3, 0, AMDVI_BIT(0), YES},
    {"TMPMSup", 0, R3, 0, AMDVI_BIT(2), YES},
    {"GCR3TRPModeSup", 0, R3, 0, AMDVI_BIT(3), YES},
    {"GAPPIDisSup", 0, R3, 0, AMDVI_BIT(4), YES},
    {"SNPAVICSup", 0, R3, CLI_FORMAT_HEX, AMDVI_BITS(7, 5), {NULL}},
    {"NumIntRemapSup", 0, R3, 0, AMDVI_BITS(9, 8), {"512 interrupts", "2048 interrupts"}},
    {"HTRangeIgnore", 0, R3, 0, AMDVI_BIT(11), {"", "HyperTransport ranges are memory"}},
};

struct named_register {
    const char *name;
    uint16_t offset;
    uint8_t since;
    struct cli_layout layout;
};

static const struct named_register registers[] = {
    {"devtab", 0x00, 0, CLI_LAYOUT("Device Table Base Address", 1, 64, dev_tab_fields)},
    {"cmdbase", 0x08, 0, CLI_LAYOUT("Command Buffer Base Address", 1, 64, cmd_base_fields)},
    {"evtbase", 0x10, 0, CLI_LAYOUT("Event Log Base Address", 1, 64, event_base_fields)},
    {"control", 0x18, 0, CLI_LAYOUT("IOMMU Control", 1, 64, control_fields)},
    {"exclbase", 0x20, 0, CLI_LAYOUT("Exclusion Base", 1, 64, excl_base_fields)},
    {"excllimit", 0x28, 0, CLI_LAYOUT("Exclusion Range Limit", 1, 64, excl_limit_fields)},
    {"efr", 0x30, R2, CLI_LAYOUT("Extended Feature", 1, 64, efr_fields)},
    {"pprbase", 0x38, R2, CLI_LAYOUT("PPR Log Base Address", 1, 64, log_base_fields)},
    {"gabase", 0xe0, R2, CLI_LAYOUT("Guest APIC Log Base Address", 1, 64, log_base_fields)},
    {"efr2", 0x1a0, R3, CLI_LAYOUT("Extended Feature 2", 1, 64, efr2_fields)},
    {"cmdhead", 0x2000, 0, CLI_LAYOUT("Command Buffer Head Pointer", 1, 64, pointer_fields)},
    {"cmdtail", 0x2008, 0, CLI_LAYOUT("Command Buffer Tail Pointer", 1, 64, pointer_fields)},
    {"evthead", 0x2010, 0, CLI_LAYOUT("Event Log Head Pointer", 1, 64, pointer_fields)},
    {"evttail", 0x2018, 0, CLI_LAYOUT("Event Log Tail Pointer", 1, 64, pointer_fields)},
    {"status", 0x2020, 0, CLI_LAYOUT("IOMMU Status", 1, 64, status_fields)},
    {"pprhead", 0x2030, R2, CLI_LAYOUT("PPR Log Head Pointer", 1, 64, pointer_fields)},
    {"pprtail", 0x2038, R2, CLI_LAYOUT("PPR Log Tail Pointer", 1, 64, pointer_fields)},
};

#define REGISTER_COUNT (sizeof(registers) / sizeof(registers[0]))

const struct cli_layout *cli_register_layout(const char *name, enum cli_revision revision)
{
    uint64_t offset = UINT64_MAX;

    /* A name may look like a number in hexadecimal; none of ours does. */
    if (!cli_hex_number_parse(name, UINT64_MAX - 1, &offset)) {
        offset = UINT64_MAX;
    }
    for (size_t i = 0; i < REGISTER_COUNT; i++) {
        if (registers[i].since <= (unsigned)revision &&
            (strcasecmp(registers[i].name, name) == 0 || registers[i].offset == offset)) {
            return &registers[i].layout;
        }
    }
    return NULL;
}

json_t *cli_register_list(void)
{
    json_t *list = json_array();

    for (size_t i = 0; i < REGISTER_COUNT; i++) {
        json_array_append_new(list,
                              json_pack("{s:o, s:s, s:s}", "offset",
                                        cli_string("0x%04x", (unsigned)registers[i].offset), "name",
                                        registers[i].name, "register", registers[i].layout.name));
    }
    return list;
}

static const struct cli_field header_fields[] = {
    {"CapId", 0, 0, CLI_FORMAT_HEX, AMDVI_CAP_HEADER_CAP_ID, {"0xf is an IOMMU's"}},
    {"CapPtr", 0, 0, CLI_FORMAT_HEX, AMDVI_CAP_HEADER_CAP_PTR, {"offset of the next capability"}},
    {"CapType", 0, 0, CLI_FORMAT_HEX, AMDVI_CAP_HEADER_CAP_TYPE, {"3 is an IOMMU's"}},
    {"CapRev", 0, 0, CLI_FORMAT_HEX, AMDVI_CAP_HEADER_CAP_REV, {NULL}},
    {"IotlbSup", 0, 0, 0, AMDVI_CAP_HEADER_IOTLB_SUP, {"no ATS", "ATS"}},
    {"HtTunnel", 0, 0, 0, AMDVI_CAP_HEADER_HT_TUNNEL, YES},
    {"NpCache", 0, 0, 0, AMDVI_CAP_HEADER_NP_CACHE, {"", "may cache what is not present"}},
    {"EFRSup", 0, R2, 0, AMDVI_CAP_HEADER_EFR_SUP, {"", "has an Extended Feature register"}},
    {"CapExt", 0, R2, 0, AMDVI_CAP_HEADER_CAP_EXT, {"", "has Miscellaneous Information 1"}},
};
static const struct cli_field base_low_fields[] = {
    {"Enable", 0, 0, 0, AMDVI_CAP_BASE_LOW_ENABLE, {"no register window", "enabled and locked"}},
    {"BaseAddress[31:14]", 0, 0, CLI_FORMAT_ADDRESS, AMDVI_CAP_BASE_LOW_BASE, {"register window"}},
};
static const struct cli_field base_high_fields[] = {
    {"BaseAddress[63:32]", 0, 0, CLI_FORMAT_HEX, AMDVI_CAP_BASE_HIGH_BASE, {"register window"}},
};
static const struct cli_field range_fields[] = {
    {"UnitID", 0, 0, CLI_FORMAT_HEX, AMDVI_CAP_RANGE_UNIT_ID, {NULL}},
    {"RngValid", 0, 0, 0, AMDVI_CAP_RANGE_RNG_VALID, {"the rest says nothing", "valid"}},
    {"BusNumber", 0, 0, CLI_FORMAT_HEX, AMDVI_CAP_RANGE_BUS_NUMBER, {NULL}},
    {"FirstDevice", 0, 0, CLI_FORMAT_DEVICE, AMDVI_CAP_RANGE_FIRST_DEVICE, {NULL}},
    {"LastDevice", 0, 0, CLI_FORMAT_DEVICE, AMDVI_CAP_RANGE_LAST_DEVICE, {NULL}},
};
static const struct cli_field misc_fields[] = {
    {"MsiNum", 0, 0, CLI_FORMAT_DECIMAL, AMDVI_CAP_MISC_MSI_NUM, {NULL}},
    {"GVAsize", 0, R2, CLI_FORMAT_HEX, AMDVI_CAP_MISC_GVA_SIZE, {"2 is 48 bits"}},
    {"PAsize", 0, 0, CLI_FORMAT_DECIMAL, AMDVI_CAP_MISC_PA_SIZE, {"bits of system addresses"}},
    {"VAsize", 0, 0, CLI_FORMAT_DECIMAL, AMDVI_CAP_MISC_VA_SIZE, {"bits of device addresses"}},
    {"HtAtsResv", 0, 0, 0, AMDVI_CAP_MISC_HT_ATS_RESV, {"", "the ATS range is not translated"}},
    {"MsiNumPPR", 0, R2, CLI_FORMAT_DECIMAL, AMDVI_CAP_MISC_MSI_NUM_PPR, {NULL}},
};
static const struct cli_field misc1_fields[] = {
    {"MsiNumGA", 0, 0, CLI_FORMAT_DECIMAL, AMDVI_BITS(4, 0), {NULL}},
};

const struct cli_layout *cli_capability_layout(unsigned index, enum cli_revision revision)
{
    static const struct cli_layout layouts[] = {
        CLI_LAYOUT("Capability Header", 1, 32, header_fields),
        CLI_LAYOUT("Base Address Low", 1, 32, base_low_fields),
        CLI_LAYOUT("Base Address High", 1, 32, base_high_fields),
        CLI_LAYOUT("Range", 1, 32, range_fields),
        CLI_LAYOUT("Miscellaneous Information 0", 1, 32, misc_fields),
        CLI_LAYOUT("Miscellaneous Information 1", 1, 32, misc1_fields),
    };

    return index < (revision == CLI_REVISION_1 ? 5u : 6u) ? &layouts[index] : NULL;
}
