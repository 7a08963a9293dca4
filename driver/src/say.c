/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines to the host about what was found wrong and gone on without. */
#include "state.h"

#define LINE_BYTES 128 /* the longest text, and a number */

void amdvi_drv_say(const struct amdvi_drv *drv, const char *text, uint64_t number)
{
    char line[LINE_BYTES];
    struct amdvi_drv_text out;

    if (drv->host->log == NULL) {
        return;
    }
    amdvi_drv_text_start(&out, line, sizeof(line));
    amdvi_drv_text_string(&out, "amdvi: ");
    amdvi_drv_text_string(&out, text);
    amdvi_drv_text_string(&out, " 0x");
    amdvi_drv_text_hex(&out, number, 1);
    drv->host->log(drv->host->ctx, line);
}
