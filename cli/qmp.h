/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A client of QMP, the protocol of QEMU's monitor: one connection, one command at a time, each with
 * a limit of time. What the machine tells without being asked is passed over.
 */
#ifndef AMDVI_CLI_QMP_H
#define AMDVI_CLI_QMP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum cli_qmp_end {
    CLI_QMP_FINE,
    CLI_QMP_ABSENT,  /* nobody listens there */
    CLI_QMP_ENDED,   /* the machine has closed the connection */
    CLI_QMP_REFUSED, /* the answer is an error */
    CLI_QMP_BROKEN,  /* this is no QMP, or there is no answer */
    CLI_QMP_STOPPED, /* the watcher did not want to wait any longer */
};

struct cli_qmp {
    int fd; /* -1: not connected */
    char *bytes;
    size_t have;
    size_t room;
    /* Called while an answer is waited for, when @watch_fd can be read or a signal came; optional.
     * True: give up. */
    bool (*watch)(void *ctx);
    void *watch_ctx;
    int watch_fd;
    char error[256]; /* a sentence, after anything but CLI_QMP_FINE */
};

/* Connects to @address, a path, "unix:PATH" or "tcp:HOST:PORT", and gets ready for commands. */
enum cli_qmp_end cli_qmp_open(struct cli_qmp *qmp, const char *address);
void cli_qmp_close(struct cli_qmp *qmp);

/* Runs a command; @arguments, which may be NULL, is released. The answer is the caller's. */
enum cli_qmp_end cli_qmp_execute(struct cli_qmp *qmp, const char *command, json_t *arguments,
                                 json_t **out_answer);

#endif
