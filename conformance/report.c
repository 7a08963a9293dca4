/* SPDX-License-Identifier: BSD-2-Clause */
/* TAP, JSON, expectations. */
#define _GNU_SOURCE
#include "report.h"

#include <stdlib.h>
#include <string.h>

/* One line of an expectation file: an id, its verdict, and the legal outcome if there is one. */
struct expectation {
    char id[16];
    char verdict[16];
    char outcome[64];
    bool used;
};

/* Of what a test prints. */
#define NOTES_LINES_MAX 12

struct report {
    const char *target;
    bool ours;
    bool recorded;
    bool terse;  /* what is not tested, as expected, is not mentioned */
    bool strict; /* there is an expectation file */
    struct expectation *list;
    size_t count;
    size_t number; /* lines of TAP */
    unsigned verdicts[VERDICT_COUNT];
    unsigned differences;
};

/* ---- Expectations ---------------------------------------------------------------------------- */

/* "DTE-012 fail", "DTE-013 not tested", "CMD-004 pass: the outcome"; "#" begins a comment. */
static bool parse_line(char *line, struct expectation *out)
{
    line[strcspn(line, "\n")] = '\0';
    char *space = strchr(line, ' ');
    char *colon = strstr(line, ": ");

    memset(out, 0, sizeof(*out));
    if (space == NULL || (size_t)(space - line) >= sizeof(out->id)) {
        return false;
    }
    *space = '\0';
    if (colon != NULL) {
        *colon = '\0';
        snprintf(out->outcome, sizeof(out->outcome), "%s", colon + 2);
    }
    snprintf(out->id, sizeof(out->id), "%s", line);
    snprintf(out->verdict, sizeof(out->verdict), "%s", space + 1);
    for (unsigned i = 0; i < VERDICT_ERROR; i++) {
        if (strcmp(out->verdict, verdict_names[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void read_expectations(struct report *report, const char *path)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t room = 0;

    if (file == NULL) {
        fprintf(stderr, "amdvi-conformance: cannot read %s\n", path);
        exit(2);
    }
    while (getline(&line, &room, file) > 0) {
        if (line[0] == '#' || line[0] == '\n') {
            continue;
        }
        struct expectation *grown =
            realloc(report->list, (report->count + 1) * sizeof(*report->list));
        if (grown == NULL) {
            abort();
        }
        report->list = grown;
        if (!parse_line(line, &report->list[report->count])) {
            fprintf(stderr, "amdvi-conformance: %s: not an expectation: %s\n", path, line);
            exit(2);
        }
        report->count++;
    }
    free(line);
    fclose(file);
}

static struct expectation *expectation_of(struct report *report, const char *id)
{
    for (size_t i = 0; i < report->count; i++) {
        if (strcmp(report->list[i].id, id) == 0) {
            return &report->list[i];
        }
    }
    return NULL;
}

struct report *report_begin(const char *target, bool ours, const char *expect, bool recorded,
                            bool terse, size_t count)
{
    struct report *report = calloc(1, sizeof(*report));

    if (report == NULL) {
        abort();
    }
    report->target = target;
    report->ours = ours;
    report->recorded = recorded;
    report->terse = terse;
    report->strict = expect != NULL;
    if (expect != NULL) {
        read_expectations(report, expect);
    }
    printf("TAP version 13\n");
    if (!terse) {
        printf("1..%zu\n", count);
    }
    return report;
}

/*
 * Is it what was expected? Without a line: pass, and of our targets our choice. Without a file,
 * what is not tested is all right, too.
 */
static bool as_expected(struct report *report, const struct result *result)
{
    struct expectation *expected = expectation_of(report, result->requirement->id);
    const char *verdict = expected != NULL ? expected->verdict : "pass";
    const char *outcome = expected != NULL ? expected->outcome : "";

    if (expected != NULL) {
        expected->used = true;
    } else if (!report->strict && result->verdict == VERDICT_NOT_TESTED) {
        return true;
    }
    if (report->ours && outcome[0] == '\0' && result->outcome[0] != '\0') {
        outcome = result->requirement->ours;
    }
    return strcmp(verdict, verdict_names[result->verdict]) == 0 &&
           (outcome[0] == '\0' || strcmp(outcome, result->outcome) == 0);
}

void report_print(struct report *report, const struct result *result)
{
    const struct requirement *requirement = result->requirement;
    bool expected = as_expected(report, result);
    bool tested = result->verdict != VERDICT_NOT_TESTED;
    /* Against a file of expectations, whatever differs has failed: also an outcome that is legal,
     * but not our choice, and what is not tested. */
    bool good = (result->verdict == VERDICT_PASS || !tested) && (expected || report->recorded);
    unsigned lines = 0;

    report->verdicts[result->verdict]++;
    report->differences += !expected;
    if (report->terse && !tested && expected) {
        return;
    }
    report->number++;
    for (char *line = result->notes, *end; *line != '\0' && tested; line = end) {
        end = line + strcspn(line, "\n");
        if (lines++ == NOTES_LINES_MAX) {
            printf("# …\n");
            break;
        }
        printf("%s%.*s\n", line[0] == '#' ? "" : "# ", (int)(end - line), line);
        end += *end == '\n';
    }
    if (!expected) {
        printf("# %s: %s%s%s was not expected\n", requirement->id, verdict_names[result->verdict],
               result->outcome[0] != '\0' ? ": " : "", result->outcome);
    }
    printf("%s %zu - %s %s [%s]", good ? "ok" : "not ok", report->number, requirement->id,
           requirement->sentence, requirement->source);
    if (!tested) {
        printf(" # SKIP not tested: %s", result->notes);
    } else if (!good && (report->recorded || expected)) {
        printf(" # TODO %s", report->recorded ? "recorded" : "expected");
    }
    printf("\n");
    fflush(stdout);
}

bool report_end(struct report *report, bool whole)
{
    unsigned unknown = 0;

    if (report->verdicts[VERDICT_ERROR] != 0) {
        printf("# %u tests are in error: the suite is to be mended\n",
               report->verdicts[VERDICT_ERROR]);
    }
    if (report->terse) {
        printf("1..%zu\n", report->number);
    }

    for (size_t i = 0; i < report->count && whole; i++) {
        if (!report->list[i].used) {
            printf("# the expectation of %s is of no use: no such requirement\n",
                   report->list[i].id);
            unknown++;
        }
    }
    printf("# %s: %u pass, %u fail, %u crash, %u hang, %u not tested; %u differ from what was "
           "expected\n",
           report->target, report->verdicts[VERDICT_PASS], report->verdicts[VERDICT_FAIL],
           report->verdicts[VERDICT_CRASH], report->verdicts[VERDICT_HANG],
           report->verdicts[VERDICT_NOT_TESTED], report->differences);
    bool good = report->verdicts[VERDICT_ERROR] == 0 &&
                (report->recorded || (report->differences == 0 && unknown == 0));
    free(report->list);
    free(report);
    return good;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void put_string(FILE *file, const char *text)
{
    fputc('"', file);
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;

        if (byte == '"' || byte == '\\') {
            fprintf(file, "\\%c", byte);
        } else if (byte == '\n') {
            fputs("\\n", file);
        } else if (byte < 0x20 || byte >= 0x7f) {
            fprintf(file, "\\u%04x", byte); /* what QEMU prints may be no UTF-8 */
        } else {
            fputc(byte, file);
        }
    }
    fputc('"', file);
}

static void put_member(FILE *file, const char *name, const char *text, const char *end)
{
    put_string(file, name);
    fputs(": ", file);
    if (text != NULL) {
        put_string(file, text);
    } else {
        fputs("null", file);
    }
    fputs(end, file);
}

bool report_json(const char *path, const char *target, const struct result *results, size_t count)
{
    FILE *file = fopen(path, "w");

    if (file == NULL) {
        return false;
    }
    fputs("{\n", file);
    put_member(file, "target", target, ",\n\"results\": [\n");
    for (size_t i = 0; i < count; i++) {
        const struct result *result = &results[i];

        fputs("{", file);
        put_member(file, "id", result->requirement->id, ", ");
        put_member(file, "verdict", verdict_names[result->verdict], ", ");
        put_member(file, "outcome", result->outcome[0] != '\0' ? result->outcome : NULL, ", ");
        put_member(file, "ours", result->requirement->ours, ", ");
        fprintf(file, "\"milliseconds\": %u, ", result->milliseconds);
        put_member(file, "notes", result->notes, i + 1 < count ? "},\n" : "}\n");
    }
    fputs("]\n}\n", file);
    bool good = ferror(file) == 0;
    return fclose(file) == 0 && good;
}

static void list_json(const struct requirement *requirement, const char *end)
{
    printf("{");
    put_member(stdout, "id", requirement->id, ", ");
    put_member(stdout, "sentence", requirement->sentence, ", ");
    put_member(stdout, "source", requirement->source, ", ");
    put_member(stdout, "legal", requirement->legal, ", ");
    put_member(stdout, "ours", requirement->ours, ", \"needs\": [");
    for (unsigned i = 0, some = 0; i < CAN_BITS; i++) {
        if ((requirement->needs >> i & 1) != 0) {
            printf("%s", some++ != 0 ? ", " : "");
            put_string(stdout, target_can_names[i]);
        }
    }
    printf("]}%s\n", end);
}

void report_list(const struct requirement *const *list, size_t count, bool json)
{
    if (json) {
        printf("[\n");
    }
    for (size_t i = 0; i < count; i++) {
        if (json) {
            list_json(list[i], i + 1 < count ? "," : "");
        } else {
            printf("%s %s [%s]\n", list[i]->id, list[i]->sentence, list[i]->source);
        }
    }
    if (json) {
        printf("]\n");
    }
}
