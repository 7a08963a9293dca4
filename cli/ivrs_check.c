/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * amdvi ivrs check: the library's findings, and what follows from each for Linux and for Xen. A
 * table whose header is refused is checked once more with a header that is not, since everybody
 * wants to know the rest too.
 */
#include <stdlib.h>
#include <string.h>

#include "ivrs.h"

/* The readers are those of the library; here a header's fault is everybody's, but
 * for the revision, which nobody looks at. */
#define EVERYBODY (AMDVI_IVRS_READER_SPEC | AMDVI_IVRS_READER_LINUX | AMDVI_IVRS_READER_XEN)

static void append(void *context, const struct amdvi_ivrs_finding *finding)
{
    static const char *const severities[] = {"note", "warning", "error"};
    json_t *readers = json_array();
    json_t *object = json_object();

    if ((finding->readers & AMDVI_IVRS_READER_SPEC) != 0) {
        json_array_append_new(readers, json_string("specification"));
    }
    if ((finding->readers & AMDVI_IVRS_READER_LINUX) != 0) {
        json_array_append_new(readers, json_string("Linux"));
    }
    if ((finding->readers & AMDVI_IVRS_READER_XEN) != 0) {
        json_array_append_new(readers, json_string("Xen"));
    }
    json_object_set_new(object, "kind", json_string(amdvi_ivrs_finding_name(finding->kind)));
    json_object_set_new(object, "severity", json_string(severities[finding->severity]));
    json_object_set_new(object, "offset", cli_string("0x%03x", finding->offset));
    json_object_set_new(object, "text", json_string(finding->text));
    json_object_set_new(object, "readers", readers);
    json_object_set_new(object, "linux", json_string(cli_ivrs_linux_consequence(finding)));
    json_object_set_new(object, "xen", json_string(cli_ivrs_xen_consequence(finding)));
    json_array_append_new(context, object);
}

static void append_status(json_t *findings, enum amdvi_ivrs_status status, uint32_t offset)
{
    struct amdvi_ivrs_finding finding = {
        .kind = AMDVI_IVRS_FINDING_MALFORMED,
        .severity = AMDVI_IVRS_SEVERITY_ERROR,
        .readers = status == AMDVI_IVRS_ERR_REVISION ? AMDVI_IVRS_READER_SPEC : EVERYBODY,
        .offset = offset,
        .status = status,
        .text = amdvi_ivrs_status_text(status),
    };

    append(findings, &finding);
}

/* Makes the one field right that @status is about; false when there is nothing to save. */
static bool repair(uint8_t *bytes, size_t size_bytes, enum amdvi_ivrs_status status)
{
    uint32_t length = (uint32_t)size_bytes;

    if (size_bytes < 48 || size_bytes > AMDVI_IVRS_TABLE_BYTES_MAX) {
        return false;
    }
    if (status == AMDVI_IVRS_ERR_SIGNATURE) {
        return false;
    }
    if (status == AMDVI_IVRS_ERR_REVISION) {
        bytes[8] = 2;
    }
    if (status != AMDVI_IVRS_ERR_TABLE_LENGTH) {
        length = (uint32_t)bytes[4] | (uint32_t)bytes[5] << 8 | (uint32_t)bytes[6] << 16 |
                 (uint32_t)bytes[7] << 24;
    }
    cli_ivrs_seal(bytes, length);
    return true;
}

static unsigned check(json_t *findings, uint8_t *bytes, size_t size_bytes,
                      struct amdvi_ivrs_checker *checker)
{
    struct amdvi_ivrs_table table;
    enum amdvi_ivrs_status status;
    unsigned errors = 0;
    uint32_t offset = 0;

    /* At most: length, checksum and revision are wrong, one after the other. */
    for (unsigned i = 0; i < 4; i++) {
        status = amdvi_ivrs_open(&table, bytes, size_bytes, &offset);
        if (status == AMDVI_IVRS_OK) {
            checker->report = append;
            checker->context = findings;
            return errors + amdvi_ivrs_check(&table, checker);
        }
        append_status(findings, status, offset);
        errors++;
        if (!repair(bytes, size_bytes, status)) {
            break;
        }
    }
    return errors;
}

json_t *cli_ivrs_findings(const uint8_t *bytes, size_t size_bytes, unsigned *out_errors)
{
    json_t *findings = json_array();
    struct amdvi_ivrs_checker *checker = calloc(1, sizeof(*checker));
    uint8_t *copy = malloc(size_bytes + 1);

    *out_errors = 1;
    if (checker != NULL && copy != NULL) {
        memcpy(copy, bytes, size_bytes);
        *out_errors = check(findings, copy, size_bytes, checker);
    }
    free(copy);
    free(checker);
    return findings;
}
