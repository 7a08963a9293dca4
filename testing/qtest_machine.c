/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The qtest and QMP connections to a QEMU child process, each over a socket pair.
 */
#define _GNU_SOURCE
#include "qtest_machine.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* How long a reply may take on a busy host. */
#define DEADLINE_MS 60000

#define ARGS_MAX       96
#define LINE_MAX_BYTES (1 << 20)

static pid_t child = -1;
static int qtest_fd = -1;
static int qmp_fd = -1;

static void die(const char *format, ...)
{
    va_list args;

    printf("Bail out! ");
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
    fflush(stdout);
    if (child > 0) {
        kill(child, SIGKILL);
    }
    exit(99);
}

/* ---- Lines ----------------------------------------------------------------------------------- */

static void send_line(int fd, const char *line, size_t bytes)
{
    while (bytes > 0) {
        ssize_t sent = send(fd, line, bytes, MSG_NOSIGNAL);

        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent <= 0) {
            die("QEMU does not listen any more: %s", strerror(errno));
        }
        line += sent;
        bytes -= (size_t)sent;
    }
}

/* One line, without its newline, to be freed. Whatever follows it is kept for the next call. */
static char *receive_line(int fd, char **rest)
{
    char *line = *rest != NULL ? *rest : calloc(1, 1);
    size_t have = strlen(line);

    *rest = NULL;
    for (;;) {
        char *newline = memchr(line, '\n', have);

        if (newline != NULL) {
            *newline = '\0';
            *rest = strdup(newline + 1);
            return line;
        }
        struct pollfd waiting = {.fd = fd, .events = POLLIN};
        if (poll(&waiting, 1, DEADLINE_MS) <= 0) {
            die("QEMU does not answer");
        }
        line = realloc(line, have + 4097);
        ssize_t got = recv(fd, line + have, 4096, 0);
        if (got <= 0) {
            die("QEMU has ended");
        }
        have += (size_t)got;
        line[have] = '\0';
        if (have > LINE_MAX_BYTES) {
            die("QEMU's answer is too long");
        }
    }
}

static char *qtest_rest;
static char *qmp_rest;

/* Send a qtest command; returns what follows OK, to be freed. */
static char *qtest(const char *format, ...)
{
    va_list args;
    char *line = NULL;

    va_start(args, format);
    int bytes = vasprintf(&line, format, args);
    va_end(args);
    if (bytes < 0) {
        die("no memory");
    }
    send_line(qtest_fd, line, (size_t)bytes);
    for (;;) {
        char *reply = receive_line(qtest_fd, &qtest_rest);

        if (strncmp(reply, "IRQ", 3) == 0) {
            free(reply);
            continue;
        }
        if (strncmp(reply, "OK", 2) != 0) {
            die("QEMU answers %s to %s", reply, line);
        }
        free(line);
        memmove(reply, reply + (reply[2] == ' ' ? 3 : 2), strlen(reply) - 1);
        return reply;
    }
}

static uint64_t qtest_number(char *reply)
{
    uint64_t value = strtoull(reply, NULL, 0);

    free(reply);
    return value;
}

/* ---- Start and end --------------------------------------------------------------------------- */

static const char *qemu_path(void)
{
    const char *path = getenv("AMDVI_QEMU");

    if (path == NULL) {
        die("AMDVI_QEMU must name the qemu-system-x86_64 to test");
    }
    return path;
}

/* Our options, then the caller's. @pointers must be free for all of them. */
static void collect_args(const char **pointers, const char *const *own, const char *const *args)
{
    const char *roms = getenv("AMDVI_QEMU_ROMS");
    size_t count = 0;

    pointers[count++] = qemu_path();
    if (roms != NULL) {
        pointers[count++] = "-L";
        pointers[count++] = roms;
    }
    while (*own != NULL) {
        pointers[count++] = *own++;
    }
    while (*args != NULL && count < ARGS_MAX - 1) {
        pointers[count++] = *args++;
    }
    pointers[count] = NULL;
}

static void run_child(const char **args)
{
    union {
        const char **from;
        char *const *to;
    } cast = {.from = args};

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execv(args[0], cast.to);
    fprintf(stderr, "cannot run %s: %s\n", args[0], strerror(errno));
    _exit(127);
}

/* What runs the processors: nothing, unless the environment says so. */
static const char *accelerator(void)
{
    const char *name = getenv("AMDVI_QEMU_ACCEL");

    return name != NULL ? name : "qtest";
}

void machine_start(const char *const *args)
{
    const char *const own[] = {
        "-machine",    "q35",
        "-nodefaults", "-no-user-config",
        "-display",    "none",
        "-accel",      accelerator(),
        "-m",          "256M",
        "-chardev",    "socket,id=qtest,fd=3",
        "-qtest",      "chardev:qtest",
        "-qtest-log",  "none",
        "-chardev",    "socket,id=qmp,fd=4",
        "-mon",        "chardev=qmp,mode=control",
        NULL,
    };
    const char *pointers[ARGS_MAX];
    int qtest_pair[2];
    int qmp_pair[2];

    collect_args(pointers, own, args);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, qtest_pair) != 0 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, qmp_pair) != 0) {
        die("no socket pair: %s", strerror(errno));
    }
    fflush(stdout);
    child = fork();
    if (child == 0) {
        /* By way of high numbers, so that neither is overwritten. */
        int from_qtest = fcntl(qtest_pair[1], F_DUPFD, 10);
        int from_qmp = fcntl(qmp_pair[1], F_DUPFD, 10);

        dup2(from_qtest, 3);
        dup2(from_qmp, 4);
        dup2(2, 1); /* standard output is for the tests' report */
        run_child(pointers);
    }
    close(qtest_pair[1]);
    close(qmp_pair[1]);
    qtest_fd = qtest_pair[0];
    qmp_fd = qmp_pair[0];
    free(receive_line(qmp_fd, &qmp_rest)); /* the greeting */
    free(machine_qmp("{\"execute\": \"qmp_capabilities\"}"));
}

void machine_stop(void)
{
    int status;

    if (child < 0) {
        return;
    }
    send_line(qmp_fd, "{\"execute\": \"quit\"}\n", 20);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        printf("# QEMU ended with status 0x%x\n", (unsigned)status);
        child = -1;
        die("QEMU did not end well");
    }
    child = -1;
    close(qtest_fd);
    close(qmp_fd);
    free(qtest_rest);
    free(qmp_rest);
    qtest_rest = NULL;
    qmp_rest = NULL;
}

char *machine_refuses(const char *const *args)
{
    const char *const own[] = {"-nodefaults", "-no-user-config", "-display", "none",
                               "-accel",      accelerator(),     NULL};
    const char *pointers[ARGS_MAX];
    char *text = calloc(1, 8193);
    size_t have = 0;
    int out[2];
    int status;

    collect_args(pointers, own, args);
    if (text == NULL || pipe2(out, O_CLOEXEC) != 0) {
        die("no pipe");
    }
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(out[1], 1);
        dup2(out[1], 2);
        run_child(pointers);
    }
    close(out[1]);
    struct pollfd waiting = {.fd = out[0], .events = POLLIN};
    while (have < 8192 && poll(&waiting, 1, DEADLINE_MS) > 0) {
        ssize_t got = read(out[0], text + have, 8192 - have);

        if (got <= 0) {
            break;
        }
        have += (size_t)got;
    }
    close(out[0]);
    kill(pid, SIGKILL); /* when it did start; it may be gone already */
    waitpid(pid, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 1) {
        return text;
    }
    text[0] = '\0';
    return text;
}

/* ---- Memory, ports, time --------------------------------------------------------------------- */

uint64_t machine_read64(uint64_t spa)
{
    return qtest_number(qtest("readq 0x%" PRIx64 "\n", spa));
}

uint32_t machine_read32(uint64_t spa)
{
    return (uint32_t)qtest_number(qtest("readl 0x%" PRIx64 "\n", spa));
}

uint16_t machine_read16(uint64_t spa)
{
    return (uint16_t)qtest_number(qtest("readw 0x%" PRIx64 "\n", spa));
}

uint8_t machine_read8(uint64_t spa)
{
    return (uint8_t)qtest_number(qtest("readb 0x%" PRIx64 "\n", spa));
}

void machine_write64(uint64_t spa, uint64_t value)
{
    free(qtest("writeq 0x%" PRIx64 " 0x%" PRIx64 "\n", spa, value));
}

void machine_write32(uint64_t spa, uint32_t value)
{
    free(qtest("writel 0x%" PRIx64 " 0x%" PRIx32 "\n", spa, value));
}

void machine_write16(uint64_t spa, uint16_t value)
{
    free(qtest("writew 0x%" PRIx64 " 0x%x\n", spa, value));
}

void machine_write8(uint64_t spa, uint8_t value)
{
    free(qtest("writeb 0x%" PRIx64 " 0x%x\n", spa, value));
}

void machine_read(uint64_t spa, void *out, size_t bytes)
{
    char *reply = qtest("read 0x%" PRIx64 " 0x%zx\n", spa, bytes);
    uint8_t *to = out;

    for (size_t i = 0; i < bytes; i++) {
        unsigned value = 0;

        sscanf(reply + 2 + 2 * i, "%2x", &value);
        to[i] = (uint8_t)value;
    }
    free(reply);
}

void machine_write(uint64_t spa, const void *data, size_t bytes)
{
    const uint8_t *from = data;
    char *hex = calloc(1, 2 * bytes + 1);

    for (size_t i = 0; i < bytes; i++) {
        snprintf(hex + 2 * i, 3, "%02x", from[i]);
    }
    free(qtest("write 0x%" PRIx64 " 0x%zx 0x%s\n", spa, bytes, hex));
    free(hex);
}

void machine_fill(uint64_t spa, uint8_t value, size_t bytes)
{
    free(qtest("memset 0x%" PRIx64 " 0x%zx 0x%x\n", spa, bytes, value));
}

uint32_t machine_in32(uint16_t port)
{
    return (uint32_t)qtest_number(qtest("inl 0x%x\n", port));
}

uint16_t machine_in16(uint16_t port)
{
    return (uint16_t)qtest_number(qtest("inw 0x%x\n", port));
}

uint8_t machine_in8(uint16_t port)
{
    return (uint8_t)qtest_number(qtest("inb 0x%x\n", port));
}

void machine_out32(uint16_t port, uint32_t value)
{
    free(qtest("outl 0x%x 0x%" PRIx32 "\n", port, value));
}

void machine_out16(uint16_t port, uint16_t value)
{
    free(qtest("outw 0x%x 0x%x\n", port, value));
}

void machine_clock_step(uint64_t nanoseconds)
{
    /* Another accelerator's clock goes by itself; QEMU does not look at it all the time. */
    if (strcmp(accelerator(), "qtest") != 0) {
        uint64_t wait = nanoseconds + 5000000;

        nanosleep(&(struct timespec){.tv_sec = (time_t)(wait / 1000000000),
                                     .tv_nsec = (long)(wait % 1000000000)},
                  NULL);
        return;
    }
    free(qtest("clock_step %" PRIu64 "\n", nanoseconds));
}

bool machine_wait64(uint64_t spa, uint64_t value)
{
    /* Each read is a round through QEMU's main loop. */
    for (unsigned i = 0; i < DEADLINE_MS; i++) {
        if (machine_read64(spa) == value) {
            return true;
        }
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return false;
}

/* ---- QMP ------------------------------------------------------------------------------------- */

static unsigned resets_seen;

/* A line of QMP, to be freed. Events come before or after the reply of the command behind them. */
static char *qmp_line(void)
{
    char *line = receive_line(qmp_fd, &qmp_rest);

    if (strstr(line, "\"event\": \"RESET\"") != NULL) {
        resets_seen++;
    }
    return line;
}

char *machine_qmp(const char *command)
{
    send_line(qmp_fd, command, strlen(command));
    send_line(qmp_fd, "\n", 1);
    for (;;) {
        char *reply = qmp_line();

        if (strncmp(reply, "{\"return\"", 9) == 0 || strncmp(reply, "{\"error\"", 8) == 0) {
            return reply;
        }
        free(reply); /* an event */
    }
}

void machine_reset(void)
{
    unsigned before = resets_seen;

    free(machine_qmp("{\"execute\": \"system_reset\"}"));
    while (resets_seen == before) {
        free(qmp_line());
    }
}

bool machine_has_interrupt(unsigned vector)
{
    char *reply = machine_qmp("{\"execute\": \"human-monitor-command\", \"arguments\": "
                              "{\"command-line\": \"info lapic\"}}");
    const char *irr = strstr(reply, "IRR");
    char wanted[16];
    bool found = false;

    snprintf(wanted, sizeof(wanted), " %u", vector);
    if (irr != NULL) {
        const char *end = strstr(irr, "\\r\\n");

        for (const char *at = strstr(irr, wanted); at != NULL && at < end;
             at = strstr(at + 1, wanted)) {
            char after = at[strlen(wanted)];

            found = found || after < '0' || after > '9';
        }
    }
    free(reply);
    return found;
}

/* ---- Configuration space --------------------------------------------------------------------- */

static void pci_select(uint16_t device_id, unsigned offset)
{
    machine_out32(0xcf8, 0x80000000u | (uint32_t)device_id << 8 | (offset & 0xfc));
}

uint32_t pci_read32(uint16_t device_id, unsigned offset)
{
    pci_select(device_id, offset);
    return machine_in32(0xcfc);
}

uint16_t pci_read16(uint16_t device_id, unsigned offset)
{
    pci_select(device_id, offset);
    return machine_in16((uint16_t)(0xcfc + (offset & 2)));
}

uint8_t pci_read8(uint16_t device_id, unsigned offset)
{
    pci_select(device_id, offset);
    return machine_in8((uint16_t)(0xcfc + (offset & 3)));
}

void pci_write32(uint16_t device_id, unsigned offset, uint32_t value)
{
    pci_select(device_id, offset);
    machine_out32(0xcfc, value);
}

void pci_write16(uint16_t device_id, unsigned offset, uint16_t value)
{
    pci_select(device_id, offset);
    machine_out16((uint16_t)(0xcfc + (offset & 2)), value);
}

void pci_write8(uint16_t device_id, unsigned offset, uint8_t value)
{
    pci_select(device_id, offset);
    free(qtest("outb 0x%x 0x%x\n", 0xcfc + (offset & 3), value));
}

void pci_enable(uint16_t device_id, unsigned bar, uint32_t spa)
{
    pci_write32(device_id, 0x10 + 4 * bar, spa);
    pci_write16(device_id, 0x04, 0x0006);
}

unsigned pci_capability(uint16_t device_id, uint8_t id)
{
    unsigned offset = pci_read32(device_id, 0x34) & 0xfc;

    for (unsigned i = 0; offset != 0 && i < 48; i++) {
        uint32_t header = pci_read32(device_id, offset);

        if ((header & 0xff) == id) {
            return offset;
        }
        offset = header >> 8 & 0xfc;
    }
    return 0;
}
