/* SPDX-License-Identifier: BSD-2-Clause */

/* The lines that a guest program prints for its watcher; see report.h. */
#include "report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static int failures;

/* One write for a whole line, so that lines of several processes do not mix. */
static void print_line(const char *kind, const char *name, const char *format, va_list arguments)
{
    char detail[400];

    vsnprintf(detail, sizeof(detail), format, arguments);
    printf("@@ %s %s%s%s\n", kind, name, *name != '\0' ? " " : "", detail);
    fflush(stdout);
}

bool report(bool holds, const char *name, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print_line(holds ? "ok" : "fail", name, format, arguments);
    va_end(arguments);
    failures += holds ? 0 : 1;
    return holds;
}

void tell(const char *kind, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print_line(kind, "", format, arguments);
    va_end(arguments);
}

void give_up(const char *name, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print_line("fail", name, format, arguments);
    va_end(arguments);
    exit(EXIT_FAILURE);
}

int report_status(void)
{
    return failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
