/* SPDX-License-Identifier: BSD-2-Clause */
/* Instead of top_screen.c, where there is no ncurses. */
#include "top.h"

bool top_screen_is_there(void)
{
    return false;
}

int top_screen_run(const struct cli_out *out, struct top_options *options)
{
    (void)out;
    (void)options;
    return CLI_USAGE;
}
