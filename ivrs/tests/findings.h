/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Running amdvi_ivrs_check() on a table that is typed byte by byte, and expecting what it finds:
 * each finding at its place, and no other.
 */
#ifndef IVRS_TESTS_FINDINGS_H
#define IVRS_TESTS_FINDINGS_H

#include <string.h>

#include "amdvi/ivrs.h"
#include "check.h"
#include "raw_table.h"

#define SPEC        AMDVI_IVRS_READER_SPEC
#define LINUX       AMDVI_IVRS_READER_LINUX
#define XEN         AMDVI_IVRS_READER_XEN
#define NOTE        AMDVI_IVRS_SEVERITY_NOTE
#define WARNING     AMDVI_IVRS_SEVERITY_WARNING
#define ERROR       AMDVI_IVRS_SEVERITY_ERROR
#define FOUND(name) AMDVI_IVRS_FINDING_##name

/* An IVHD of another IOMMU, 40:00.2, with its devices. */
#define OTHER_IVHD    "10 00 0000 0240 4000 0040d9fe00000000 0000 0000 00000000"
#define OTHER_ENTRIES "03 0840 00 04 ff40 00 00 000000 00 000000"
#define IVHD_11                                                                                    \
    "11 00 0000 0800 4000 0000d9fe00000000 0000 0000 00000000 0000000000000000"                    \
    "0000000000000000"
#define IVHD_40                                                                                    \
    "40 00 0000 0800 4000 0000d9fe00000000 0000 0000 00000000 0000000000000000"                    \
    "0000000000000000"
/* A range that leaves the IOMMU itself out, and the IOAPIC. */
#define ENTRIES "03 0900 00 04 ff00 00 48 0000 00 00 a000 01"

static struct raw_table raw;
static struct amdvi_ivrs_finding findings[64];
static uint32_t finding_count;
static uint32_t expected_count; /* findings that were expected so far */
static uint32_t error_count;

static inline void collect(void *context, const struct amdvi_ivrs_finding *finding)
{
    CHECK(context == &raw);
    if (finding_count < 64) {
        findings[finding_count++] = *finding;
    }
}

static inline void start(void)
{
    raw_start(&raw);
}

/* Closes the table and checks it. */
static inline void run(void)
{
    static struct amdvi_ivrs_checker checker;
    struct amdvi_ivrs_table table;

    finding_count = 0;
    expected_count = 0;
    error_count = 0;
    checker.report = collect;
    checker.context = &raw;
    memset(checker.claimed, 0xff, sizeof(checker.claimed));
    raw_finish(&raw);
    if (CHECK_U64(amdvi_ivrs_open(&table, raw.bytes, raw.size, NULL), AMDVI_IVRS_OK)) {
        error_count = amdvi_ivrs_check(&table, &checker);
    }
}

/* One finding is there, with these properties. */
static inline void expect(enum amdvi_ivrs_finding_kind kind, enum amdvi_ivrs_severity severity,
                          uint32_t readers, uint32_t offset)
{
    for (uint32_t i = 0; i < finding_count; i++) {
        if (findings[i].kind == kind && findings[i].offset == offset) {
            expected_count++;
            CHECK_U64(findings[i].severity, severity);
            CHECK_U64(findings[i].readers, readers);
            CHECK(findings[i].text != NULL && findings[i].text[0] != '\0');
            if (kind != FOUND(MALFORMED)) {
                CHECK_U64(findings[i].status, AMDVI_IVRS_OK);
            }
            return;
        }
    }
    printf("# finding %d at %u is missing\n", (int)kind, offset);
    CHECK(false);
}

/* Nothing else was found than what was expected. */
static inline void expect_no_more(void)
{
    uint32_t errors = 0;

    for (uint32_t i = 0; i < finding_count; i++) {
        errors += findings[i].severity == ERROR ? 1 : 0;
        if (finding_count != expected_count) {
            printf("# found %d at %u: %s\n", (int)findings[i].kind, findings[i].offset,
                   findings[i].text);
        }
    }
    CHECK_U64(finding_count, expected_count);
    CHECK_U64(error_count, errors);
}

static inline void expect_only(enum amdvi_ivrs_finding_kind kind, enum amdvi_ivrs_severity severity,
                               uint32_t readers, uint32_t offset)
{
    run();
    expect(kind, severity, readers, offset);
    expect_no_more();
}

static inline void start_good(void)
{
    start();
    raw_open_block(&raw, RAW_IVHD_10);
    raw_append(&raw, ENTRIES);
}

#endif
