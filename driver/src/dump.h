/* SPDX-License-Identifier: BSD-2-Clause */
/* What the two files of the dump share: lines. */
#ifndef AMDVI_DRV_DUMP_H
#define AMDVI_DRV_DUMP_H

#include "state.h"

#pragma GCC visibility push(hidden)

struct amdvi_drv_dumping {
    struct amdvi_drv *drv;
    void (*line)(void *ctx, const char *text);
    void *ctx;
    struct amdvi_drv_text text;
    char bytes[AMDVI_DRV_TEXT_BYTES + 16]; /* an event, and where it lies */
};

static inline void amdvi_drv_dump_start(struct amdvi_drv_dumping *dump, const char *string)
{
    amdvi_drv_text_start(&dump->text, dump->bytes, sizeof(dump->bytes));
    amdvi_drv_text_string(&dump->text, string);
}

static inline void amdvi_drv_dump_string(struct amdvi_drv_dumping *dump, const char *string)
{
    amdvi_drv_text_string(&dump->text, string);
}

static inline void amdvi_drv_dump_hex(struct amdvi_drv_dumping *dump, const char *before,
                                      uint64_t value, unsigned digits)
{
    amdvi_drv_text_string(&dump->text, before);
    amdvi_drv_text_hex(&dump->text, value, digits);
}

static inline void amdvi_drv_dump_decimal(struct amdvi_drv_dumping *dump, const char *before,
                                          uint64_t value)
{
    amdvi_drv_text_string(&dump->text, before);
    amdvi_drv_text_decimal(&dump->text, value);
}

/* No lock is held. */
static inline void amdvi_drv_dump_end(struct amdvi_drv_dumping *dump)
{
    dump->line(dump->ctx, dump->bytes);
}

/* ---- dump_device.c ---- */

/* A device's requesters: entry, interrupts, and where @iova leads. */
void amdvi_drv_dump_device(struct amdvi_drv_dumping *dump, struct amdvi_drv_device *device,
                           uint64_t iova);

#pragma GCC visibility pop

#endif
