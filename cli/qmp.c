/* SPDX-License-Identifier: BSD-2-Clause */
/* The QMP client: lines of JSON over a socket. */
#include "qmp.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "out.h"

#define GREETING_LIMIT_MS 5000
#define ANSWER_LIMIT_MS   10000
#define LINE_LIMIT        (16u << 20)

static enum cli_qmp_end fail(struct cli_qmp *qmp, enum cli_qmp_end end, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static enum cli_qmp_end fail(struct cli_qmp *qmp, enum cli_qmp_end end, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(qmp->error, sizeof(qmp->error), format, arguments);
    va_end(arguments);
    cli_make_printable(qmp->error); /* it may quote what came */
    return end;
}

/* ---- Connecting ------------------------------------------------------------------------------ */

static enum cli_qmp_end connect_unix(struct cli_qmp *qmp, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof(address.sun_path)) {
        return fail(qmp, CLI_QMP_ABSENT, "the path of the socket is too long: %.100s", path);
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    qmp->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (qmp->fd < 0 || connect(qmp->fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        return fail(qmp, CLI_QMP_ABSENT, "cannot connect to %.100s: %s", path, strerror(errno));
    }
    return CLI_QMP_FINE;
}

static bool connect_any(struct cli_qmp *qmp, const struct addrinfo *found)
{
    for (; found != NULL; found = found->ai_next) {
        qmp->fd = socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC, found->ai_protocol);
        if (qmp->fd >= 0 && connect(qmp->fd, found->ai_addr, found->ai_addrlen) == 0) {
            return true;
        }
        cli_qmp_close(qmp);
    }
    return false;
}

static enum cli_qmp_end connect_tcp(struct cli_qmp *qmp, const char *address)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    char host[128];
    const char *colon = strrchr(address, ':');

    if (colon == NULL || (size_t)(colon - address) >= sizeof(host)) {
        return fail(qmp, CLI_QMP_ABSENT, "this is no tcp:HOST:PORT: %.100s", address);
    }
    snprintf(host, sizeof(host), "%.*s", (int)(colon - address), address);
    int status = getaddrinfo(host, colon + 1, &hints, &found);
    if (status != 0) {
        return fail(qmp, CLI_QMP_ABSENT, "cannot find %.100s: %s", address, gai_strerror(status));
    }
    bool is_connected = connect_any(qmp, found);
    int reason = errno;
    freeaddrinfo(found);
    return is_connected ? CLI_QMP_FINE
                        : fail(qmp, CLI_QMP_ABSENT, "cannot connect to %.100s: %s", address,
                               strerror(reason));
}

void cli_qmp_close(struct cli_qmp *qmp)
{
    if (qmp->fd >= 0) {
        close(qmp->fd);
    }
    free(qmp->bytes);
    qmp->fd = -1;
    qmp->bytes = NULL;
    qmp->have = 0;
    qmp->room = 0;
}

/* ---- Lines ----------------------------------------------------------------------------------- */

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Until there is something to read from the machine. */
static enum cli_qmp_end wait_readable(struct cli_qmp *qmp, int64_t deadline_ms)
{
    struct pollfd wanted[2] = {{.fd = qmp->fd, .events = POLLIN},
                               {.fd = qmp->watch_fd, .events = POLLIN}};
    nfds_t count = qmp->watch != NULL ? 2 : 1;

    for (;;) {
        int64_t left_ms = deadline_ms - now_ms();
        if (left_ms <= 0) {
            return fail(qmp, CLI_QMP_BROKEN, "the machine does not answer");
        }
        int ready = poll(wanted, count, (int)left_ms);
        bool is_disturbed = ready < 0 || (count == 2 && wanted[1].revents != 0);
        if (is_disturbed && qmp->watch != NULL && qmp->watch(qmp->watch_ctx)) {
            return fail(qmp, CLI_QMP_STOPPED, "stopped");
        }
        if (ready > 0 && wanted[0].revents != 0) {
            return CLI_QMP_FINE;
        }
    }
}

static enum cli_qmp_end receive(struct cli_qmp *qmp)
{
    if (qmp->have == LINE_LIMIT) {
        return fail(qmp, CLI_QMP_BROKEN, "what the machine says has no end");
    }
    if (qmp->have == qmp->room) {
        size_t room = qmp->room == 0 ? 4096 : 2 * qmp->room;
        char *bytes = realloc(qmp->bytes, room);
        if (bytes == NULL) {
            return fail(qmp, CLI_QMP_BROKEN, "no memory for what the machine says");
        }
        qmp->bytes = bytes;
        qmp->room = room;
    }
    ssize_t got = recv(qmp->fd, qmp->bytes + qmp->have, qmp->room - qmp->have, 0);
    if (got == 0 || (got < 0 && errno == ECONNRESET)) {
        return fail(qmp, CLI_QMP_ENDED, "the machine has ended");
    }
    if (got < 0 && errno != EINTR) {
        return fail(qmp, CLI_QMP_BROKEN, "cannot read from the machine: %s", strerror(errno));
    }
    qmp->have += got > 0 ? (size_t)got : 0;
    return CLI_QMP_FINE;
}

/* The next line as JSON, which must be an object. */
static enum cli_qmp_end receive_object(struct cli_qmp *qmp, int64_t deadline_ms, json_t **out)
{
    size_t looked_at = 0;
    char *end;

    while (qmp->have == looked_at ||
           (end = memchr(qmp->bytes + looked_at, '\n', qmp->have - looked_at)) == NULL) {
        looked_at = qmp->have;
        enum cli_qmp_end got = wait_readable(qmp, deadline_ms);
        got = got == CLI_QMP_FINE ? receive(qmp) : got;
        if (got != CLI_QMP_FINE) {
            return got;
        }
    }
    size_t length = (size_t)(end - qmp->bytes);
    json_t *object = json_loadb(qmp->bytes, length, 0, NULL);
    if (!json_is_object(object)) {
        json_decref(object);
        return fail(qmp, CLI_QMP_BROKEN, "this is no QMP: %.*s", length < 60 ? (int)length : 60,
                    qmp->bytes);
    }
    qmp->have -= length + 1;
    memmove(qmp->bytes, end + 1, qmp->have);
    *out = object;
    return CLI_QMP_FINE;
}

static enum cli_qmp_end send_text(struct cli_qmp *qmp, const char *text)
{
    size_t left = strlen(text);

    while (left != 0) {
        ssize_t sent = send(qmp->fd, text, left, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent < 0) {
            return fail(qmp, CLI_QMP_ENDED, "the machine has ended");
        }
        text += sent;
        left -= (size_t)sent;
    }
    return CLI_QMP_FINE;
}

/* ---- Commands -------------------------------------------------------------------------------- */

static enum cli_qmp_end send_command(struct cli_qmp *qmp, const char *command, json_t *arguments)
{
    json_t *request = json_pack("{s:s, s:o*}", "execute", command, "arguments", arguments);
    char *text = json_dumps(request, JSON_COMPACT);

    json_decref(request);
    if (text == NULL) {
        return fail(qmp, CLI_QMP_BROKEN, "no memory for a command");
    }
    enum cli_qmp_end end = send_text(qmp, text);
    free(text);
    return end == CLI_QMP_FINE ? send_text(qmp, "\n") : end;
}

enum cli_qmp_end cli_qmp_execute(struct cli_qmp *qmp, const char *command, json_t *arguments,
                                 json_t **out_answer)
{
    enum cli_qmp_end end = send_command(qmp, command, arguments);
    int64_t deadline_ms = now_ms() + ANSWER_LIMIT_MS;

    while (end == CLI_QMP_FINE) {
        json_t *object = NULL;
        end = receive_object(qmp, deadline_ms, &object);
        if (end != CLI_QMP_FINE) {
            break;
        }
        json_t *answer = json_object_get(object, "return");
        json_t *error = json_object_get(object, "error");
        if (answer != NULL) {
            *out_answer = json_incref(answer);
        } else if (error != NULL) {
            const char *text = json_string_value(json_object_get(error, "desc"));
            end = fail(qmp, CLI_QMP_REFUSED, "QEMU refuses %s: %s", command,
                       text != NULL ? text : "it does not say why");
        } else if (json_object_get(object, "event") == NULL) {
            end = fail(qmp, CLI_QMP_BROKEN, "this is no QMP: neither answer nor event");
        }
        json_decref(object);
        if (answer != NULL) {
            break;
        }
    }
    return end;
}

static enum cli_qmp_end begin(struct cli_qmp *qmp)
{
    json_t *object = NULL;
    enum cli_qmp_end end = receive_object(qmp, now_ms() + GREETING_LIMIT_MS, &object);

    if (end != CLI_QMP_FINE) {
        return qmp->have == 0 && end == CLI_QMP_BROKEN
                   ? fail(qmp, end, "nobody speaks: is another client connected, or no QMP there?")
                   : end;
    }
    bool is_greeting = json_object_get(object, "QMP") != NULL;
    json_decref(object);
    if (!is_greeting) {
        return fail(qmp, CLI_QMP_BROKEN, "this is no QMP: there is no greeting");
    }
    end = cli_qmp_execute(qmp, "qmp_capabilities", NULL, &object);
    if (end == CLI_QMP_FINE) {
        json_decref(object);
    }
    return end;
}

enum cli_qmp_end cli_qmp_open(struct cli_qmp *qmp, const char *address)
{
    enum cli_qmp_end end;

    qmp->fd = -1;
    if (strncmp(address, "tcp:", 4) == 0) {
        end = connect_tcp(qmp, address + 4);
    } else {
        end = connect_unix(qmp, strncmp(address, "unix:", 5) == 0 ? address + 5 : address);
    }
    if (end == CLI_QMP_FINE) {
        end = begin(qmp);
    }
    if (end != CLI_QMP_FINE) {
        cli_qmp_close(qmp);
    }
    return end;
}
