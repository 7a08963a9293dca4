/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Checks the tables in the files named on the command line, and says of which kind of finding there
 * is none, and which finding concerns Linux or Xen without a word on what follows there.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../ivrs.h"

struct look {
    bool is_found[AMDVI_IVRS_FINDING_COUNT];
    bool has_failed;
    const char *path;
};

static void note(void *context, const struct amdvi_ivrs_finding *finding)
{
    struct look *look = context;
    bool concerns_linux = (finding->readers & AMDVI_IVRS_READER_LINUX) != 0;
    bool concerns_xen = (finding->readers & AMDVI_IVRS_READER_XEN) != 0;

    look->is_found[finding->kind] = true;
    if ((concerns_linux && cli_ivrs_linux_consequence(finding)[0] == '\0') ||
        (concerns_xen && cli_ivrs_xen_consequence(finding)[0] == '\0')) {
        printf("# %s: nothing follows from \"%s\"\n", look->path, finding->text);
        look->has_failed = true;
    }
}

static void check_file(struct look *look, struct amdvi_ivrs_checker *checker)
{
    static uint8_t bytes[AMDVI_IVRS_TABLE_BYTES_MAX];
    struct amdvi_ivrs_table table;
    FILE *file = fopen(look->path, "rb");

    if (file == NULL) {
        printf("# %s cannot be read\n", look->path);
        look->has_failed = true;
        return;
    }
    size_t size = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    if (amdvi_ivrs_open(&table, bytes, size, NULL) == AMDVI_IVRS_OK) {
        amdvi_ivrs_check(&table, checker);
    }
}

int main(int argc, char **argv)
{
    static struct amdvi_ivrs_checker checker;
    static struct look look;

    checker.report = note;
    checker.context = &look;
    for (int i = 1; i < argc; i++) {
        look.path = argv[i];
        check_file(&look, &checker);
    }
    for (int kind = 0; kind < AMDVI_IVRS_FINDING_COUNT; kind++) {
        if (!look.is_found[kind]) {
            printf("# no table has finding %d of enum amdvi_ivrs_finding_kind\n", kind);
            look.has_failed = true;
        }
    }
    return look.has_failed ? 1 : 0;
}
