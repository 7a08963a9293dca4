/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * amdvi top, asked about a machine whose every access is known: AMDVI_TOOL names the program.
 * Counts and times must be those, exactly.
 */
#define _GNU_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "rig.h"

#define IOVA 0x40000000u
#define PAGE 0x1000u
#define MS   UINT64_C(1000000)

#define REPORT_BYTES 65536

static char folder[] = "/tmp/amdvi-top.XXXXXX";
static char address[64];
static char state_file[64];
static char report[REPORT_BYTES];

static void start(void)
{
    const char *args[] = {"-qmp", address, NULL};

    rig_start_with(args, NULL);
    rig_attach(RIG_TESTDEV);
    rig_map(IOVA, RIG_MEMORY, RIG_READ);
    rig_map(IOVA + PAGE, RIG_MEMORY + PAGE, RIG_READ | RIG_WRITE);
}

/* What it prints is in `report` afterwards. */
static void ask(const char *options)
{
    const char *tool = getenv("AMDVI_TOOL");
    char command[512];

    snprintf(command, sizeof(command), "%s top %s %s/qmp", tool != NULL ? tool : "amdvi", options,
             folder);
    FILE *pipe = popen(command, "r");
    size_t bytes = pipe != NULL ? fread(report, 1, REPORT_BYTES - 1, pipe) : 0;
    report[bytes] = '\0';
    if (!CHECK(pipe != NULL && pclose(pipe) == 0)) {
        printf("# %s: %s\n", command, report);
    }
}

/* The text of the value of @key, behind the first @where; "" if it is not there. */
static const char *value(const char *where, const char *key)
{
    char quoted[64];
    const char *at = strstr(report, where);

    snprintf(quoted, sizeof(quoted), "\"%s\": ", key);
    at = at != NULL ? strstr(at, quoted) : NULL;
    return at != NULL ? at + strlen(quoted) : "";
}

static uint64_t number(const char *where, const char *key)
{
    return strtoull(value(where, key), NULL, 10);
}

static bool says(const char *where, const char *key, const char *text)
{
    return strncmp(value(where, key), text, strlen(text)) == 0;
}

/* Letting next to no time pass. */
static bool wait_ends(void)
{
    for (unsigned i = 0; i < 20 && !rig_wait_is_done(); i++) {
        machine_clock_step(1);
    }
    return rig_wait_is_done();
}

#define TESTDEV  "\"id\": \"00:05.0\""
#define ALL      "\"all\": {"
#define COMMANDS "\"commands\": {"
#define EVENTS   "\"events\": {"
#define WAITS    "\"waits\": {"

static void counts_are_what_was_done(void)
{
    start();
    CHECK_U64(testdev_run(TESTDEV_READ, IOVA, 8, 0), 0);
    CHECK_U64(testdev_run(TESTDEV_READ, IOVA, 8, 0), 0);
    CHECK_U64(testdev_run(TESTDEV_READ, IOVA, 8, 0), 0);
    CHECK(testdev_run(TESTDEV_WRITE, IOVA, 8, 0) != 0);
    rig_attach_interrupts(RIG_TESTDEV);
    rig_remap(0x20, 1 | 0xa1 << 16);
    CHECK_U64(testdev_run(TESTDEV_STORE, 0xfee00000, 4, 0x20), 0);
    CHECK(testdev_run(TESTDEV_STORE, 0xfee00000, 4, 0x21) != 0);
    ask("--once --json");
    CHECK(says(TESTDEV, "name", "\"amdvi-testdev\""));
    CHECK(says(TESTDEV, "label", "\"test0\""));
    CHECK_U64(number(TESTDEV, "requests"), 4);
    CHECK_U64(number(TESTDEV, "hits"), 2);
    CHECK_U64(number(TESTDEV, "walks"), 1);
    CHECK_U64(number(TESTDEV, "faults"), 2); /* the write, and an interrupt */
    CHECK_U64(number(TESTDEV, "interrupts"), 1);
    CHECK(says(TESTDEV, "hit_rate", "66.6"));
    CHECK_U64(number(ALL, "requests"), 4);
    CHECK(says("", "enabled", "true"));
    rig_stop();
}

static void rings_are_what_they_are(void)
{
    start(); /* two invalidations and a wait */
    CHECK(testdev_run(TESTDEV_WRITE, IOVA, 8, 0) != 0);
    ask("--once --json");
    CHECK(says(COMMANDS, "state", "\"idle\""));
    CHECK_U64(number(COMMANDS, "entries"), 512);
    CHECK_U64(number(COMMANDS, "used"), 0);
    CHECK_U64(number(COMMANDS, "head"), 3);
    CHECK_U64(number(COMMANDS, "tail"), 3);
    CHECK_U64(number(COMMANDS, "completed"), 3);
    CHECK(says(EVENTS, "state", "\"running\""));
    CHECK_U64(number(EVENTS, "used"), 1);
    CHECK_U64(number(EVENTS, "written"), 1);
    CHECK_U64(number(EVENTS, "lost"), 0);

    rig_command(UINT64_C(9) << 60, 0); /* there is no such command */
    ask("--once --json");
    CHECK(says(COMMANDS, "state", "\"stopped\""));
    CHECK_U64(number(COMMANDS, "used"), 1);
    machine_write64(RIG_WINDOW + 0x18, 0x1004); /* IommuEn=0 */
    ask("--once --json");
    CHECK(says("", "enabled", "false"));
    CHECK(says(COMMANDS, "state", "\"off\""));
    CHECK(says(EVENTS, "state", "\"off\""));
    rig_stop();
}

/* One wait holds up another, each with its own time: 8 ms of the machine's, and 3 ms. */
static void waits_take_their_time(void)
{
    start();
    CHECK_U64(testdev_run(TESTDEV_MAP_WRITE, IOVA + PAGE, PAGE, 0), 0);
    rig_map(IOVA + PAGE, 0, 0);
    rig_invalidate_page(IOVA + PAGE);
    rig_wait_begin();
    machine_clock_step(5 * MS);
    ask("--once --json");
    CHECK(says(COMMANDS, "state", "\"waiting\""));
    CHECK_U64(number(COMMANDS, "used"), 1);
    CHECK_U64(number(COMMANDS, "waiting_us"), 5000);
    CHECK_U64(number(WAITS, "completed"), 1); /* of start() */
    CHECK_U64(number(WAITS, "longest_ever_us"), 0);

    rig_invalidate_page(IOVA);
    rig_wait_begin();
    machine_clock_step(3 * MS);
    CHECK_U64(testdev_run(TESTDEV_UNMAP, 0, 0, 0), 0);
    CHECK(wait_ends());
    ask("--once --json");
    CHECK(says(COMMANDS, "state", "\"idle\""));
    CHECK_U64(number(WAITS, "completed"), 3);
    CHECK_U64(number(WAITS, "longest_ever_us"), 8000);
    CHECK_U64(number(WAITS, "mean_us"), 3666); /* (0 + 8000 + 3000) / 3 */
    CHECK_U64(number(WAITS, "p99_below_us"), 8192);
    rig_stop();
}

/* More writes of the tail than are noted, around the end of the ring: none is lost. */
static void many_waits_are_all_counted(void)
{
    start();
    for (unsigned i = 0; i < 490; i++) {
        rig_invalidate_page(IOVA);
        machine_clock_step(1000);
    }
    CHECK_U64(testdev_run(TESTDEV_MAP_WRITE, IOVA + PAGE, PAGE, 0), 0);
    rig_map(IOVA + PAGE, 0, 0);
    rig_invalidate_page(IOVA + PAGE);
    for (unsigned i = 0; i < 100; i++) {
        rig_wait_begin();
        machine_clock_step(MS);
    }
    CHECK_U64(testdev_run(TESTDEV_UNMAP, 0, 0, 0), 0);
    CHECK(wait_ends());
    ask("--once --json");
    CHECK_U64(number(WAITS, "completed"), 101);
    CHECK_U64(number(WAITS, "longest_ever_us"), 100000);
    /* 100, 99, ... 37 ms for the 64 noted; the others count from the last of these: 37 ms. */
    CHECK_U64(number(WAITS, "mean_us"), (uint64_t)(64 * (100 + 37) / 2 + 36 * 37) * 1000 / 101);
    rig_stop();
}

static void interval_has_its_own_counts(void)
{
    start();
    CHECK_U64(testdev_run(TESTDEV_READ, IOVA, 8, 0), 0);
    ask("--count 1 --interval 0.1 --json");
    CHECK_U64(number(TESTDEV, "requests"), 0);
    CHECK_U64(number(WAITS, "completed"), 0);
    double seconds = strtod(value("", "interval_s"), NULL);
    CHECK(seconds >= 0.1 && seconds < 10);
    ask("--once");
    CHECK(strstr(report, "iommu0: enabled, machine running, since its start\n") != NULL);
    CHECK(strstr(report, "00:05.0  test0 (amdvi-testdev)") != NULL);
    rig_stop();
}

static void reset_forgets_waits(void)
{
    start();
    CHECK_U64(testdev_run(TESTDEV_MAP_WRITE, IOVA + PAGE, PAGE, 0), 0);
    rig_map(IOVA + PAGE, 0, 0);
    rig_invalidate_page(IOVA + PAGE);
    rig_wait_begin();
    machine_clock_step(5 * MS);
    machine_reset();
    ask("--once --json");
    CHECK(says(COMMANDS, "state", "\"off\""));
    CHECK_U64(number(COMMANDS, "waiting_us"), 0);
    CHECK_U64(number(WAITS, "completed"), 1);
    rig_enable_devices();
    CHECK_U64(testdev_run(TESTDEV_UNMAP, 0, 0, 0), 0);
    rig_program();
    rig_wait_begin();
    CHECK(wait_ends());
    ask("--once --json");
    CHECK_U64(number(WAITS, "completed"), 2);
    CHECK_U64(number(WAITS, "longest_ever_us"), 0);
    rig_stop();
}

/* A disk for saved states, which QEMU makes itself. */
static void add_state_disk(void)
{
    char command[512];

    snprintf(
        command, sizeof(command),
        "{\"execute\": \"blockdev-create\", \"arguments\": {\"job-id\": \"make\", \"options\": "
        "{\"driver\": \"qcow2\", \"size\": 65536, \"file\": "
        "{\"driver\": \"file\", \"filename\": \"%s\"}}}}",
        state_file);
    fclose(fopen(state_file, "w"));
    free(machine_qmp(command));
    CHECK(rig_wait_for_answer("{\"execute\": \"query-jobs\"}", "\"concluded\""));
    snprintf(
        command, sizeof(command),
        "{\"execute\": \"blockdev-add\", \"arguments\": {\"driver\": \"qcow2\", \"node-name\": "
        "\"states\", \"file\": {\"driver\": \"file\", \"filename\": \"%s\"}}}",
        state_file);
    free(machine_qmp(command));
}

/* @command is "savevm" or "loadvm". */
static void state(const char *command)
{
    char line[160];

    snprintf(
        line, sizeof(line),
        "{\"execute\": \"human-monitor-command\", \"arguments\": {\"command-line\": \"%s s\"}}",
        command);
    char *reply = machine_qmp(line);
    if (!CHECK(strncmp(reply, "{\"return\": \"\"", 13) == 0)) {
        printf("# %s: %s\n", command, reply);
    }
    free(reply);
}

/*
 * A wait that was loaded takes the time from the load: neither from the writes before it was saved
 * nor from those after that, of which no more can be noted.
 */
static void load_begins_anew(void)
{
    start();
    add_state_disk();
    CHECK_U64(testdev_run(TESTDEV_MAP_WRITE, IOVA + PAGE, PAGE, 0), 0);
    rig_map(IOVA + PAGE, 0, 0);
    rig_invalidate_page(IOVA + PAGE);
    rig_wait_begin();
    machine_clock_step(5 * MS);
    state("savevm");
    for (unsigned i = 0; i < 100; i++) {
        rig_wait_begin();
    }
    machine_clock_step(2 * MS);
    state("loadvm");
    machine_clock_step(3 * MS);
    ask("--once --json");
    CHECK(says(COMMANDS, "state", "\"waiting\""));
    CHECK_U64(number(COMMANDS, "used"), 1);
    CHECK_U64(number(COMMANDS, "waiting_us"), 3000);
    rig_enable_devices(); /* their configuration is not part of the state */
    CHECK_U64(testdev_run(TESTDEV_UNMAP, 0, 0, 0), 0);
    machine_clock_step(1);
    machine_clock_step(1);
    ask("--once --json");
    CHECK(says(COMMANDS, "state", "\"idle\""));
    CHECK_U64(number(WAITS, "completed"), 2); /* with that of start() */
    CHECK_U64(number(WAITS, "longest_ever_us"), 3000);
    rig_stop();
}

static const struct check_case cases[] = {
    {"amdvi top counts exactly what a device did", NULL, counts_are_what_was_done},
    {"amdvi top shows the rings idle, stopped and off", NULL, rings_are_what_they_are},
    {"a COMPLETION_WAIT takes the time from its tail write", NULL, waits_take_their_time},
    {"no COMPLETION_WAIT is lost among many", NULL, many_waits_are_all_counted},
    {"a table of an interval has nothing of before", NULL, interval_has_its_own_counts},
    {"a reset forgets what was waiting", NULL, reset_forgets_waits},
    {"a COMPLETION_WAIT that was loaded takes the time from the load", NULL, load_begins_anew},
};

int main(void)
{
    char path[sizeof(folder) + 4];

    if (mkdtemp(folder) == NULL) {
        printf("Bail out! no folder\n");
        return 99;
    }
    snprintf(path, sizeof(path), "%s/qmp", folder);
    snprintf(state_file, sizeof(state_file), "%s/states", folder);
    snprintf(address, sizeof(address), "unix:%s,server=on,wait=off", path);
    int status = check_main(cases, CHECK_CASE_COUNT(cases));
    unlink(path);
    unlink(state_file);
    rmdir(folder);
    return status;
}
