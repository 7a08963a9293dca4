/* SPDX-License-Identifier: BSD-2-Clause */
/* Mistakes of the embedder's with readers: an assertion ends the program, each in one of its own.
 */
#define _DEFAULT_SOURCE /* fork */

#include "check.h"
#include "machine.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEVICE 0x0100

static uint8_t buffer[16];

static void release(struct amdvi_reader *reader)
{
    amdvi_reader_release(reader);
}

static void go_offline(struct amdvi_reader *reader)
{
    amdvi_reader_offline(reader);
}

static void translate(struct amdvi_reader *reader)
{
    struct amdvi_request request = {
        .device_id = DEVICE, .access = AMDVI_ACCESS_READ, .size_bytes = 1};
    struct amdvi_translation out;

    (void)amdvi_iommu_translate(reader, &request, &out);
}

static void find_pointer(struct amdvi_reader *reader)
{
    (void)amdvi_iommu_pointer(reader, DEVICE, 0, 1, AMDVI_ACCESS_READ);
}

static void find_segments(struct amdvi_reader *reader)
{
    struct amdvi_request request = {
        .device_id = DEVICE, .access = AMDVI_ACCESS_READ, .size_bytes = 1};
    struct amdvi_segment segment;
    struct amdvi_segments out;

    (void)amdvi_iommu_segments(reader, &request, &segment, 1, &out);
}

static void carry_out(struct amdvi_reader *reader)
{
    struct amdvi_access_request request = {.device_id = DEVICE,
                                           .operation = AMDVI_OPERATION_READ,
                                           .size_bytes = sizeof(buffer),
                                           .buffer = buffer};
    struct amdvi_access_result out;

    (void)amdvi_iommu_access(reader, &request, &out);
}

static void lease(struct amdvi_reader *reader)
{
    struct amdvi_request request = {
        .device_id = DEVICE, .access = AMDVI_ACCESS_READ, .size_bytes = 1};
    struct amdvi_translation out;
    struct amdvi_lease taken;

    (void)amdvi_lease_take(reader, &taken, &request, NULL, &out);
}

static void ask_for_device(struct amdvi_reader *reader)
{
    struct amdvi_ats_completion out;

    (void)amdvi_iommu_ats_translate(reader, DEVICE, 0, &out);
}

static void remap(struct amdvi_reader *reader)
{
    struct amdvi_interrupt interrupt = {.device_id = DEVICE, .address = AMDVI_MSI_BASE};
    struct amdvi_remapped out;

    (void)amdvi_iommu_remap(reader, &interrupt, &out);
}

static void (*const calls[])(struct amdvi_reader *reader) = {
    release,   go_offline, translate,      find_pointer, find_segments,
    carry_out, lease,      ask_for_device, remap,
};

/* How a child ends that makes the call with the reader online, or not. */
static int end_of(struct machine *machine, void (*call)(struct amdvi_reader *reader), bool online)
{
    fflush(stdout); /* else the child may print it, too */
    pid_t child = fork();
    int status = 0;

    if (child == 0) {
        struct rlimit no_core = {0, 0};

        setrlimit(RLIMIT_CORE, &no_core);
        signal(SIGABRT, SIG_DFL);
        (void)!freopen("/dev/null", "w", stderr); /* what the assertion says */
        if (!online) {
            amdvi_reader_offline(machine->reader);
        }
        call(machine->reader);
        _exit(0);
    }
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    return status;
}

static void a_reader_that_is_offline_is_refused_by_every_call(void)
{
    struct machine_options options = machine_cache_sizes[2];
    struct machine machine;

    options.host_pointers = true;
    machine_start(&machine, &options);
    uint64_t root = machine_set_paged(&machine, DEVICE, 1, 3);
    machine_map(&machine, root, 3, 0, MACHINE_FREE, 12, true, true);
    /* What is known is found out, too. */
    CHECK(amdvi_iommu_pointer(machine.reader, DEVICE, 0, 1, AMDVI_ACCESS_READ) != NULL);
    CHECK(machine_translate(&machine, DEVICE, 0, 1, AMDVI_ACCESS_READ).cached);
    for (unsigned i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        int status = end_of(&machine, calls[i], false);

        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
        status = end_of(&machine, calls[i], true);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    machine_stop(&machine);
}

static const struct check_case cases[] = {
    {"every call with a reader that is offline is found out", NULL,
     a_reader_that_is_offline_is_refused_by_every_call},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
