/* SPDX-License-Identifier: BSD-2-Clause */
/* One test in a process of its own: it prints into a pipe, and its exit status is its verdict. */
#define _GNU_SOURCE
#include "run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EXIT_PASS   0
#define EXIT_FAIL   1
#define NOTES_BYTES 8192
#define OUTCOME_TAG "outcome: "

const char *const verdict_names[VERDICT_COUNT] = {"pass",  "fail", "not tested",
                                                  "crash", "hang", "error"};

struct check_state *check_now(void)
{
    static struct check_state state;

    return &state;
}

uint64_t run_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Is @name one of @legal's, which has " | " between them? */
static bool is_legal(const char *legal, const char *name)
{
    size_t bytes = strlen(name);

    while (legal != NULL) {
        const char *end = strstr(legal, " | ");
        size_t have = end != NULL ? (size_t)(end - legal) : strlen(legal);

        if (have == bytes && memcmp(legal, name, bytes) == 0) {
            return true;
        }
        legal = end != NULL ? end + 3 : NULL;
    }
    return false;
}

/* A requirement with a choice says what it saw, another does not. */
static void check_outcome(const struct rig *rig, const struct requirement *requirement)
{
    if (rig->outcome == NULL) {
        check_true(requirement->legal == NULL || check_now()->failed,
                   "the test says which legal outcome it saw", __FILE__, __LINE__);
        return;
    }
    printf(OUTCOME_TAG "%s\n", rig->outcome);
    check_true(requirement->legal != NULL && is_legal(requirement->legal, rig->outcome),
               "the outcome is a legal one", __FILE__, __LINE__);
}

static void run_child(const struct requirement *requirement, const struct target_kind_info *kind,
                      const struct target_place *place)
{
    static struct rig rig;
    struct target target = {.kind = kind, .can = kind->can};

    kind->start(&target, requirement->needs, place);
    rig_begin(&rig, &target);
    requirement->test(&rig);
    rig_finish(&rig);
    check_outcome(&rig, requirement);
    if (check_now()->checks == 0) {
        check_true(false, "the test checks something", __FILE__, __LINE__);
    }
    fflush(stdout);
    _exit(check_now()->failed ? EXIT_FAIL : EXIT_PASS);
}

static void note_missing(struct result *result, uint64_t missing)
{
    size_t have = 0;

    result->notes[0] = '\0';
    for (unsigned i = 0; i < CAN_BITS && have < NOTES_BYTES; i++) {
        if ((missing >> i & 1) != 0) {
            have +=
                (size_t)snprintf(result->notes + have, NOTES_BYTES - have, "%s%s",
                                 have == 0 ? "the target cannot do: " : ", ", target_can_names[i]);
        }
    }
}

bool run_begin(struct running *running, struct result *result,
               const struct requirement *requirement, const struct target_kind_info *kind,
               const struct target_place *place)
{
    int pair[2];

    memset(result, 0, sizeof(*result));
    result->requirement = requirement;
    result->notes = calloc(1, NOTES_BYTES + 1);
    if (result->notes == NULL) {
        abort();
    }
    if ((requirement->needs & ~kind->can) != 0) {
        result->verdict = VERDICT_NOT_TESTED;
        note_missing(result, requirement->needs & ~kind->can);
        return false;
    }
    fflush(NULL);
    if (pipe2(pair, O_CLOEXEC) != 0) {
        abort();
    }
    pid_t pid = fork();
    if (pid < 0) {
        abort();
    }
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        setpgid(0, 0); /* so that a QEMU goes with it */
        dup2(pair[1], 1);
        dup2(pair[1], 2);
        run_child(requirement, kind, place);
    }
    setpgid(pid, pid);
    close(pair[1]);
    fcntl(pair[0], F_SETFL, O_NONBLOCK);
    *running =
        (struct running){.result = result, .pid = pid, .output = pair[0], .begin_ms = run_now_ms()};
    return true;
}

static void add_note(struct running *running, const char *text)
{
    snprintf(running->result->notes + running->have, NOTES_BYTES - running->have, "%s\n", text);
    running->have += strlen(running->result->notes + running->have);
}

/* False at the end of what the test prints. */
static bool drain(struct running *running)
{
    char rest[512];

    for (;;) {
        size_t room = NOTES_BYTES / 2 - running->have;
        bool keep = running->have < NOTES_BYTES / 2;
        ssize_t got = keep ? read(running->output, running->result->notes + running->have, room)
                           : read(running->output, rest, sizeof(rest));

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return true; /* nothing for now */
        }
        if (got == 0) {
            return false;
        }
        running->have += keep ? (size_t)got : 0;
    }
}

/* The line that names the outcome becomes a member of the result. */
static void take_outcome(struct result *result)
{
    char *line = strstr(result->notes, OUTCOME_TAG);

    if (line == NULL || (line != result->notes && line[-1] != '\n')) {
        return;
    }
    char *end = strchr(line, '\n');
    char *text = line + strlen(OUTCOME_TAG);
    if (end == NULL) {
        return;
    }
    snprintf(result->outcome, sizeof(result->outcome), "%.*s", (int)(end - text), text);
    memmove(line, end + 1, strlen(end + 1) + 1);
}

static void conclude(struct running *running, int status)
{
    struct result *result = running->result;
    char text[128];

    result->milliseconds = (unsigned)(run_now_ms() - running->begin_ms);
    close(running->output);
    if (result->verdict == VERDICT_HANG) {
        add_note(running, "not over at the deadline");
    } else if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_PASS) {
        result->verdict = VERDICT_PASS;
    } else if (WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAIL) {
        result->verdict = VERDICT_FAIL;
    } else if (WIFEXITED(status) && WEXITSTATUS(status) == TARGET_MISUSED) {
        result->verdict = VERDICT_ERROR;
    } else {
        result->verdict = VERDICT_CRASH;
        snprintf(text, sizeof(text), "the test's process ended with %s %d",
                 WIFSIGNALED(status) ? "signal" : "status",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        add_note(running, text);
    }
    take_outcome(result);
}

bool run_poll(struct running *running, unsigned deadline_ms)
{
    int status = 0;
    bool late = run_now_ms() - running->begin_ms > deadline_ms;

    drain(running);
    if (late) {
        running->result->verdict = VERDICT_HANG;
        kill(-running->pid, SIGKILL);
    }
    pid_t ended = waitpid(running->pid, &status, late ? 0 : WNOHANG);
    if (ended != running->pid) {
        return false;
    }
    kill(-running->pid, SIGKILL); /* whatever it left behind */
    drain(running);
    conclude(running, status);
    return true;
}
