/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines for people: each event of the device, word by word, and whatever else may be in a report.
 */
#include "check.h"
#include "state.h"

#include <stdlib.h>
#include <string.h>

/* An event as it lies in memory, and the line that it is. Words are typed from the reference. */
struct row {
    uint64_t word0;
    uint64_t word1;
    const char *line; /* up to the raw words */
};

static const struct row rows[] = {
    {UINT64_C(0x1088000000000018), 0x1234000,
     "amdvi 1: ILLEGAL_DEV_TABLE_ENTRY 00:03.0 interrupt at 0x1234000: reserved bit"},
    {UINT64_C(0x1020000000000018), 0x1234567,
     "amdvi 1: ILLEGAL_DEV_TABLE_ENTRY 00:03.0 write of 0x1234564: no legal setting"},
    {UINT64_C(0x1100000000000018), 0x1000,
     "amdvi 1: ILLEGAL_DEV_TABLE_ENTRY 00:03.0 translation of 0x1000: no legal setting"},
    {UINT64_C(0x2020000700000018), 0x5010,
     "amdvi 1: IO_PAGE_FAULT 00:03.0 domain 7 write of 0x5010: not present"},
    {UINT64_C(0x2000ffff0000ffff), UINT64_MAX,
     "amdvi 1: IO_PAGE_FAULT ff:1f.7 domain 65535 read of 0xffffffffffffffff: not present"},
    {UINT64_C(0x20700007000000a2), 0x5010,
     "amdvi 1: IO_PAGE_FAULT 00:14.2 domain 7 write of 0x5010: permission"},
    {UINT64_C(0x20900007000000a2), 0,
     "amdvi 1: IO_PAGE_FAULT 00:14.2 domain 7 read of 0x0: reserved bit"},
    {UINT64_C(0x20100007000000a2), 0,
     "amdvi 1: IO_PAGE_FAULT 00:14.2 domain 7 read of 0x0: no legal setting"},
    {UINT64_C(0x20080007000000a2), 0xfee00000,
     "amdvi 1: IO_PAGE_FAULT 00:14.2 domain 7 interrupt at 0xfee00000: not remapped"},
    {UINT64_C(0x20980007000000a2), 0xfee00000,
     "amdvi 1: IO_PAGE_FAULT 00:14.2 domain 7 interrupt at 0xfee00000: reserved bit"},
    {UINT64_C(0x3200000000000100), 0x100000,
     "amdvi 1: DEV_TAB_HARDWARE_ERROR 01:00.0 read of 0x100000: master abort"},
    {UINT64_C(0x3620000000000100), 0x100000,
     "amdvi 1: DEV_TAB_HARDWARE_ERROR 01:00.0 write of 0x100000: data error"},
    {UINT64_C(0x4400000a00000100), 0x600008,
     "amdvi 1: PAGE_TAB_HARDWARE_ERROR 01:00.0 domain 10 read of 0x600008: target abort"},
    {UINT64_C(0x4120000a00000100), 0x600008,
     "amdvi 1: PAGE_TAB_HARDWARE_ERROR 01:00.0 domain 10 write translation of 0x600008: "
     "no type"},
    {UINT64_C(0x5000000000000000), 0x400010,
     "amdvi 1: ILLEGAL_COMMAND_ERROR command at 0x400010: refused"},
    {UINT64_C(0x6200000000000000), 0x400010,
     "amdvi 1: COMMAND_HARDWARE_ERROR command at 0x400010: master abort"},
    {UINT64_C(0x7000000000000300), 0x400010,
     "amdvi 1: IOTLB_INV_TIMEOUT 03:00.0 command at 0x400010: no answer of the device"},
    {UINT64_C(0x8000000000000300), 0xfee00000,
     "amdvi 1: INVALID_DEVICE_REQUEST 03:00.0 access to 0xfee00000: no posted write to the "
     "interrupt range"},
    {UINT64_C(0x8200000000000300), 0x1000,
     "amdvi 1: INVALID_DEVICE_REQUEST 03:00.0 access to 0x1000: translated, and may not be"},
    {UINT64_C(0x8400000000000300), UINT64_C(0xfdfc000000),
     "amdvi 1: INVALID_DEVICE_REQUEST 03:00.0 access to 0xfdfc000000: port I/O range"},
    {UINT64_C(0x8600000000000300), UINT64_C(0xfdf9100000),
     "amdvi 1: INVALID_DEVICE_REQUEST 03:00.0 access to 0xfdf9100000: posted write to system "
     "management"},
    {UINT64_C(0x8800000000000300), UINT64_C(0xfdf9100000),
     "amdvi 1: INVALID_DEVICE_REQUEST 03:00.0 access to 0xfdf9100000: no posted write to "
     "system management"},
    {UINT64_C(0x8a00000000000300), 0xfee00000,
     "amdvi 1: INVALID_DEVICE_REQUEST 03:00.0 access to 0xfee00000: interrupt, and none is "
     "allowed"},
    {UINT64_C(0x8c00000000000300), 0xfee00000,
     "amdvi 1: INVALID_DEVICE_REQUEST 03:00.0 access to 0xfee00000: interrupt of a reserved kind"},
    {UINT64_C(0x8e00000000000300), UINT64_C(0xfdf9100000),
     "amdvi 1: INVALID_DEVICE_REQUEST 03:00.0 access to 0xfdf9100000: translation is not valid"},
    {UINT64_C(0x8100000000000300), 0x1000,
     "amdvi 1: INVALID_DEVICE_REQUEST 03:00.0 translation of 0x1000: ATS is off"},
    {UINT64_C(0x8300000000000300), 0xfee00000,
     "amdvi 1: INVALID_DEVICE_REQUEST 03:00.0 translation of 0xfee00000: address that is not "
     "translated"},
    {UINT64_C(0x8f00000000000300), 0,
     "amdvi 1: INVALID_DEVICE_REQUEST 03:00.0 translation of 0x0: unknown reason"},
    {UINT64_C(0x9000000000000300), 0x1000, "amdvi 1: unknown event"},
    {0, 0, "amdvi 1: event that never came"},
};

static struct amdvi_drv_report report_of(uint64_t word0, uint64_t word1)
{
    struct amdvi_drv_report report = {.unit_index = 1, .raw = {word0, word1}};
    struct amdvi_wire_event wire;

    amdvi_le64_encode(&wire.word[0], word0);
    amdvi_le64_encode(&wire.word[1], word1);
    report.known = amdvi_event_decode(&report.event, &wire);
    return report;
}

static bool check_line(const char *got, const char *want)
{
    if (!CHECK(strcmp(got, want) == 0)) {
        printf("# got      %s\n# expected %s\n", got, want);
        return false;
    }
    return true;
}

static void each_event_has_its_line(void)
{
    char got[AMDVI_DRV_TEXT_BYTES];
    char want[512];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct amdvi_drv_report report = report_of(rows[i].word0, rows[i].word1);
        size_t length = amdvi_drv_report_text(&report, got, sizeof(got));
        snprintf(want, sizeof(want), "%s [%016llx %016llx]", rows[i].line,
                 (unsigned long long)rows[i].word0, (unsigned long long)rows[i].word1);
        CHECK_U64(length, strlen(want));
        CHECK(length < sizeof(got));
        check_line(got, want);
    }
}

static void what_is_behind_the_event_is_said(void)
{
    char got[AMDVI_DRV_TEXT_BYTES];
    struct amdvi_drv_report report = report_of(UINT64_C(0x2020000700000018), 0x5010);

    report.unit_index = 12;
    report.segment = 0xa;
    report.lost = UINT64_MAX;
    report.device_stopped = true;
    (void)amdvi_drv_report_text(&report, got, sizeof(got));
    check_line(got, "amdvi 12: IO_PAGE_FAULT 000a:00:03.0 domain 7 write of 0x5010: not present, "
                    "stopped, lost 18446744073709551615 [2020000700000018 0000000000005010]");
}

/* Whatever the words are: a line that fits, and the same one cut at each length. */
static void a_line_is_cut_at_any_length(void)
{
    char whole[AMDVI_DRV_TEXT_BYTES];
    char cut[AMDVI_DRV_TEXT_BYTES + 1];

    for (unsigned i = 0; i < 0x1000; i++) {
        struct amdvi_drv_report report =
            report_of((uint64_t)i << 52 | UINT64_C(0x000fffffffffffff), UINT64_MAX);
        report.unit_index = 31;
        report.segment = 0xffff;
        report.device_stopped = true;
        report.lost = UINT64_MAX;
        size_t length = amdvi_drv_report_text(&report, whole, sizeof(whole));
        if (!CHECK(length < sizeof(whole)) || !CHECK_U64(length, strlen(whole)) ||
            !CHECK(whole[length - 1] == ']')) {
            printf("# %s\n", whole);
            return;
        }
    }
    for (size_t size = 0; size <= AMDVI_DRV_TEXT_BYTES; size++) {
        struct amdvi_drv_report report = report_of(UINT64_C(0x2020000700000018), 0x5010);
        size_t length = amdvi_drv_report_text(&report, whole, sizeof(whole));
        memset(cut, 'x', sizeof(cut));
        size_t got = amdvi_drv_report_text(&report, cut, size);
        bool good = CHECK(cut[size] == 'x') &&
                    CHECK_U64(got, size == 0           ? 0
                                   : size - 1 < length ? size - 1
                                                       : length) &&
                    CHECK(size == 0 || (cut[got] == '\0' && memcmp(cut, whole, got) == 0));
        if (!good) {
            return;
        }
    }
}

static void numbers_are_those_of_printf(void)
{
    char got[64];
    char want[64];

    for (unsigned i = 0; i <= 64; i++) {
        for (unsigned less = 0; less < 2; less++) {
            uint64_t value = (i == 64 ? 0 : UINT64_C(1) << i) - less;
            struct amdvi_drv_text text;
            amdvi_drv_text_start(&text, got, sizeof(got));
            amdvi_drv_text_decimal(&text, value);
            amdvi_drv_text_string(&text, " ");
            amdvi_drv_text_hex(&text, value, 1);
            amdvi_drv_text_string(&text, " ");
            amdvi_drv_text_hex(&text, value, 7);
            snprintf(want, sizeof(want), "%llu %llx %07llx", (unsigned long long)value,
                     (unsigned long long)value, (unsigned long long)value);
            CHECK_U64(text.length, strlen(want));
            check_line(got, want);
        }
    }
    struct amdvi_drv_text text;
    amdvi_drv_text_start(&text, got, sizeof(got));
    amdvi_drv_text_device(&text, 0x00a0);
    amdvi_drv_text_string(&text, " ");
    amdvi_drv_text_device(&text, 0xffff);
    check_line(got, "00:14.0 ff:1f.7");
}

static void each_status_has_its_own_text(void)
{
    for (int i = AMDVI_DRV_OK; i <= AMDVI_DRV_ERR_POISONED; i++) {
        const char *text = amdvi_drv_status_text((enum amdvi_drv_status)i);
        CHECK(text != NULL && text[0] != '\0' && strlen(text) < 60);
        for (int k = AMDVI_DRV_OK; k < i; k++) {
            CHECK(strcmp(text, amdvi_drv_status_text((enum amdvi_drv_status)k)) != 0);
        }
        CHECK(strcmp(text, "no status") != 0);
    }
    CHECK(strcmp(amdvi_drv_status_text((enum amdvi_drv_status)15), "no status") == 0);
    CHECK(strcmp(amdvi_drv_status_text((enum amdvi_drv_status) - 1), "no status") == 0);
}

static const struct check_case cases[] = {
    {"each event has its line, with its raw words", "1.20 event log", each_event_has_its_line},
    {"a line says segment, losses, and that the device was stopped", NULL,
     what_is_behind_the_event_is_said},
    {"a line fits, whatever an event holds, and is cut where there is less room", NULL,
     a_line_is_cut_at_any_length},
    {"numbers are those of printf", NULL, numbers_are_those_of_printf},
    {"each status has a text of its own, and other numbers have one", NULL,
     each_status_has_its_own_text},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
