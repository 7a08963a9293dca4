/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Each single store to some pages, as the processor makes it: the pages are read-only, a store to
 * them faults, is let run alone with the trap flag, and then told of. So a compiler that splits a
 * store is seen, and a memset() word by word. On other processors there is no such thing here.
 */
#define _GNU_SOURCE /* REG_EFL, MAP_ANONYMOUS */

#include "rig.h"
#include "rig_private.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__x86_64__) && defined(__linux__)

#include <ucontext.h>

#define TRAP_FLAG 0x100

/* A signal handler has no other way to find it. */
static struct {
    struct rig *rig;
    uint8_t *first;
    size_t size_bytes;
    bool is_stepping;
} watched;

static void protect(int rights)
{
    if (mprotect(watched.first, watched.size_bytes, rights) != 0) {
        abort();
    }
}

static void on_fault(int number, siginfo_t *info, void *context)
{
    ucontext_t *user = context;
    const uint8_t *at = info->si_addr;

    if (watched.rig == NULL || watched.is_stepping || at < watched.first ||
        at >= watched.first + watched.size_bytes) {
        signal(number, SIG_DFL); /* a true one: again, and then the end */
        return;
    }
    protect(PROT_READ | PROT_WRITE);
    watched.is_stepping = true;
    user->uc_mcontext.gregs[REG_EFL] |= TRAP_FLAG;
}

static void on_trap(int number, siginfo_t *info, void *context)
{
    ucontext_t *user = context;

    (void)info;
    if (!watched.is_stepping) {
        signal(number, SIG_DFL);
        return;
    }
    user->uc_mcontext.gregs[REG_EFL] &= ~TRAP_FLAG;
    watched.is_stepping = false;
    rig_changed(watched.rig, RIG_STORED);
    if (watched.rig != NULL) {
        protect(PROT_READ);
    }
}

bool rig_watch(struct rig *rig, const void *bytes, size_t size_bytes)
{
    struct sigaction fault = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    struct sigaction trap = {.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO};
    uint64_t offset = rig_spa(rig, bytes) / 4096 * 4096;

    if (rig->options.non_coherent || sigaction(SIGSEGV, &fault, NULL) != 0 ||
        sigaction(SIGTRAP, &trap, NULL) != 0) {
        return false;
    }
    watched.first = rig->memory + offset;
    watched.size_bytes = (size_t)(rig_spa(rig, bytes) + size_bytes - offset + 4095) / 4096 * 4096;
    watched.is_stepping = false;
    watched.rig = rig;
    protect(PROT_READ);
    return true;
}

void rig_unwatch(struct rig *rig)
{
    if (watched.rig == rig) {
        watched.rig = NULL;
        protect(PROT_READ | PROT_WRITE);
    }
}

#else

bool rig_watch(struct rig *rig, const void *bytes, size_t size_bytes)
{
    (void)rig;
    (void)bytes;
    (void)size_bytes;
    return false;
}

void rig_unwatch(struct rig *rig)
{
    (void)rig;
}

#endif
