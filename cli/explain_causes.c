/* SPDX-License-Identifier: BSD-2-Clause */
/* What an event means, what usually causes it, and what to do next. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <amdvi/event.h>
#include <amdvi/ranges.h>

#include "explain.h"
#include "layout.h"

/* A flag as drivers print it: without the 48 bits below. */
static bool has_flag(const struct cli_log_event *event, uint64_t flag)
{
    return event->has_flags && amdvi_has(amdvi_put(AMDVI_EVENT_FLAGS, event->flags), flag);
}

static unsigned type_of(const struct cli_log_event *event, uint64_t field)
{
    return (unsigned)amdvi_get(amdvi_put(AMDVI_EVENT_FLAGS, event->flags), field);
}

struct advice {
    const char *why;
    const char *what_to_do;
};

static const struct advice unmapped_write = {
    "The driver unmapped the buffer before the device was done with it, or the device goes on "
    "after a reset or an unbind of its driver; right after boot also DMA that the firmware left "
    "running.",
    "Note what the driver did at this time (reset, suspend, unload). Boot once with "
    "iommu.strict=1: if the faults become more, a buffer is unmapped too early. Update driver and "
    "firmware of the device."};
static const struct advice unmapped_read = {
    "The device fetches from a buffer that is not mapped any more, or reads past the end of one "
    "(prefetching), or uses a ring that its driver has freed.",
    "If the addresses are just behind a mapped buffer, the device reads ahead. Otherwise look for "
    "a reset, an unbind or a resume of the driver just before, and update driver and firmware."};
static const struct advice null_address = {
    "The device used a descriptor that was never filled in: the address is that of nothing.",
    "Look for messages of the device's driver before this line; a reset of the device that lost "
    "its registers is usual."};
static const struct advice no_domain = {
    "No driver has set the device up: it does DMA that the firmware started, or on behalf of "
    "another function whose requester id it uses.",
    "Disable the device's legacy or boot support in the firmware (USB legacy, network boot). If "
    "the device uses another function's id, it needs a quirk for its DMA alias in Linux."};
static const struct advice permission = {
    "The buffer is mapped for the other direction only: the driver mapped it for reading and the "
    "device writes to it, or the other way round.",
    "This is a bug of the driver, or of its firmware: report it with these lines."};
static const struct advice reserved_bit = {
    "The page tables hold garbage: memory was overwritten, or the tables were freed while the "
    "device used them.",
    "Check the memory (memtest), and report it: a kernel must not let this happen."};
static const struct advice bad_level = {
    "The address is beyond what the tables can express, or the tables are damaged.",
    "If the address is far above all memory, the device mangles addresses: check what DMA mask "
    "its driver sets."};
static const struct advice blocked_interrupt = {
    "The device sent an interrupt that no entry is set up for: one that its driver has freed, one "
    "with a wrong index, or one of a device that firmware describes wrongly.",
    "If the device is an IOAPIC (00:14.0) or HPET, compare `amdvi ivrs check` and try "
    "ivrs_ioapic=ID@0000:00:14.0 or ivrs_hpet=ID@0000:00:14.0; as a last resort intremap=off."};
static const struct advice msi_write = {
    "The address is that of interrupts, but it came as a plain access: a descriptor with a wrong "
    "address, or an interrupt sent in a form that is not remapped.",
    "Look whether the device's MSI is set up while interrupt remapping is on; update its "
    "firmware."};
static const struct advice ats_fault = {
    "The device asked for a translation in advance (ATS) and got none.",
    "Harmless if the device then asks for the page; else try pci=noats."};
static const struct advice timeout = {
    "The device was told to drop cached translations (ATS) and did not answer: it hangs, lost "
    "its power, or is being reset. Everything else waits for it meanwhile.",
    "See whether the device is still there (lspci -vv shows ff when not). Keep it out of D3cold "
    "(echo on > /sys/bus/pci/devices/.../power/control), avoid resetting it under load, or boot "
    "with pci=noats."};
static const struct advice illegal_entry = {
    "The entry of the device in the device table is one that this IOMMU refuses: a reserved bit, "
    "or a feature it does not have.",
    "If the log shows the entry, see above what is in it. Report it: this is a bug of the "
    "kernel or of the hypervisor, or damaged memory."};
static const struct advice hardware = {
    "The IOMMU could not read or write its own tables or rings: the memory behind them is gone or "
    "fails.",
    "Look for machine check errors (mce) and correct the firmware's memory map; check the memory."};
static const struct advice illegal_command = {
    "The driver sent a command that the IOMMU does not know. It stops fetching commands, so that "
    "every invalidation from here on times out.",
    "If the log shows the command, see above what it is. Update the kernel; with a virtual IOMMU, "
    "the virtual machine monitor."};
static const struct advice invalid_request = {
    "The device did something that its entry forbids, or that no device may do.",
    "With 'translated request' or 'asked for a translation': the device uses ATS that is off for "
    "it, try pci=noats, and distrust it. Otherwise its firmware left it running: disable its boot "
    "support."};
static const struct advice rmp = {
    "The page belongs to a guest of SEV-SNP, or is in a state in which devices must not touch it.",
    "Report it with these lines; a device assigned to a guest must use shared pages."};
static const struct advice ppr = {
    "The device asked for a page in a form, or while in a state, that does not allow it.",
    "Update the driver of the device; boot with pci=noats to do without."};
static const struct advice unknown = {"Nothing is known about this event.",
                                      "Report it to the makers of this tool, with the line."};

static const struct advice *advise_fault(const struct cli_log_event *event)
{
    if (has_flag(event, AMDVI_EVENT_I)) {
        return &blocked_interrupt;
    }
    if (has_flag(event, AMDVI_EVENT_RZ)) {
        return &reserved_bit;
    }
    if (has_flag(event, AMDVI_EVENT_PE)) {
        return &permission;
    }
    /* Linux prints PR=1 with RW=1 for a write to a page that may only be read. */
    if (has_flag(event, AMDVI_EVENT_PR)) {
        return has_flag(event, AMDVI_EVENT_RW) ? &permission : &bad_level;
    }
    if (has_flag(event, AMDVI_EVENT_TR)) {
        return &ats_fault;
    }
    if (event->has_address && event->address < 0x1000) {
        return &null_address;
    }
    if (event->has_address && amdvi_range_of(event->address) == AMDVI_RANGE_MSI) {
        return &msi_write;
    }
    if (event->has_domain && event->domain == 0 && event->driver[0] == '\0') {
        return &no_domain;
    }
    return has_flag(event, AMDVI_EVENT_RW) || !event->has_flags ? &unmapped_write : &unmapped_read;
}

static const struct advice *advise(const struct cli_log_event *event)
{
    static const struct {
        const char *name;
        const struct advice *advice;
    } rows[] = {
        {"ILLEGAL_DEV_TABLE_ENTRY", &illegal_entry},
        {"DEV_TAB_HARDWARE_ERROR", &hardware},
        {"DEV_TABLE_HW_ERROR", &hardware},
        {"PAGE_TAB_HARDWARE_ERROR", &hardware},
        {"PAGE_TABLE_HW_ERROR", &hardware},
        {"ILLEGAL_COMMAND_ERROR", &illegal_command},
        {"COMMAND_HARDWARE_ERROR", &hardware},
        {"COMMAND_HW_ERROR", &hardware},
        {"IOTLB_INV_TIMEOUT", &timeout},
        {"INVALID_DEVICE_REQUEST", &invalid_request},
        {"INVALID_DEV_REQUEST", &invalid_request},
        {"INVALID_PPR_REQUEST", &ppr},
    };

    if (strcmp(event->name, "IO_PAGE_FAULT") == 0) {
        return advise_fault(event);
    }
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(rows[i].name, event->name) == 0) {
            return rows[i].advice;
        }
    }
    return strncmp(event->name, "RMP_", 4) == 0 ? &rmp : &unknown;
}

static void say_fault(json_t *what, const struct cli_log_event *event)
{
    bool is_present = has_flag(event, AMDVI_EVENT_PR);

    if (has_flag(event, AMDVI_EVENT_I)) {
        cli_say(what, "It sent an interrupt (I=1); %s (PR=%d).",
                is_present ? "its entry in the interrupt table is refused"
                           : "no entry of the interrupt table is set up for it",
                is_present ? 1 : 0);
    } else {
        cli_say(what, "It tried to %s (RW=%d); %s (PR=%d).",
                has_flag(event, AMDVI_EVENT_TR)   ? "get a translation"
                : has_flag(event, AMDVI_EVENT_RW) ? "write"
                                                  : "read",
                has_flag(event, AMDVI_EVENT_RW) ? 1 : 0,
                is_present ? "the page is there, and refused" : "nothing is mapped there",
                is_present ? 1 : 0);
    }
    if (has_flag(event, AMDVI_EVENT_PE)) {
        cli_say(what, "It has no permission (PE=1).");
    }
    if (has_flag(event, AMDVI_EVENT_RZ)) {
        cli_say(what, "A reserved bit is set in the tables (RZ=1).");
    }
    if (has_flag(event, AMDVI_EVENT_TR)) {
        cli_say(what, "It was a translation request of ATS (TR=1).");
    }
    if (has_flag(event, AMDVI_BIT(48))) {
        cli_say(what, "The address is one of a guest or process (GN=1).");
    }
    if (has_flag(event, AMDVI_BIT(49))) {
        cli_say(what, "It wanted to execute (NX=1).");
    }
    if (has_flag(event, AMDVI_BIT(50))) {
        cli_say(what, "With the rights of a user (US=1).");
    }
}

static void say_hardware(json_t *what, const struct cli_log_event *event)
{
    static const char *const types[] = {"of no known kind", "nothing answered (master abort)",
                                        "it was refused (target abort)", "the data was bad"};

    if (event->has_flags) {
        cli_say(what, "The access failed: %s (Type=%u).",
                types[type_of(event, AMDVI_EVENT_HW_TYPE)], type_of(event, AMDVI_EVENT_HW_TYPE));
    }
}

/* INVALID_DEVICE_REQUEST, by the words of the decoder. */
static void say_request(json_t *what, const struct cli_log_event *event)
{
    uint64_t words[2] = {amdvi_put(AMDVI_EVENT_CODE, AMDVI_EVENT_INVALID_DEVICE_REQUEST) |
                             amdvi_put(AMDVI_EVENT_FLAGS, event->flags),
                         event->address};
    json_t *sentences = cli_event_summary(words);
    const char *text = json_string_value(json_array_get(sentences, 0));

    if (event->has_flags && text != NULL && strncmp(text, "Device 00:00.0 ", 15) == 0) {
        cli_say(what, "It %s", text + 15);
    }
    json_decref(sentences);
}

void cli_explain_event(json_t *group, const struct cli_log_event *event, const char *what_is)
{
    json_t *what = json_array();
    const struct advice *advice = advise(event);
    const char *name = event->name;

    if (strcmp(name, "IO_PAGE_FAULT") == 0 && event->has_flags) {
        say_fault(what, event);
    } else if (strcmp(name, "INVALID_DEVICE_REQUEST") == 0 ||
               strcmp(name, "INVALID_DEV_REQUEST") == 0) {
        say_request(what, event);
    } else if (strncmp(name, "RMP_", 4) != 0 &&
               (strstr(name, "_HARDWARE_ERROR") != NULL || strstr(name, "_HW_ERROR") != NULL)) {
        say_hardware(what, event);
    } else if (strcmp(name, "ILLEGAL_DEV_TABLE_ENTRY") == 0 && event->has_flags) {
        cli_say(what, "%s (RZ=%d).",
                has_flag(event, AMDVI_EVENT_RZ) ? "A reserved bit is set"
                                                : "A field has an illegal value",
                has_flag(event, AMDVI_EVENT_RZ) ? 1 : 0);
    }
    if (strcmp(name, "UNKNOWN") == 0) {
        cli_say(what, "The kernel does not know events of code %u.", event->code);
    }
    if (event->has_address && strcmp(name, "IO_PAGE_FAULT") == 0 &&
        amdvi_range_of(event->address) != AMDVI_RANGE_NONE) {
        cli_say(what, "The first address lies in the range for %s.",
                amdvi_range_name(amdvi_range_of(event->address)));
    }
    if (strstr(what_is, "VGA") != NULL || strstr(what_is, "Display") != NULL ||
        strstr(what_is, "3D") != NULL) {
        cli_say(what, "It is a graphics device: a hang or reset of it looks like this too.");
    }
    if (strcmp(event->driver, "vfio-pci") == 0) {
        cli_say(what, "It is assigned to a guest or a program (vfio-pci): what uses it there, or "
                      "memory that it was not given, is to blame.");
    }
    json_object_set_new(group, "what", what);
    json_object_set_new(group, "why", json_string(advice->why));
    json_object_set_new(group, "do", json_string(advice->what_to_do));
}
