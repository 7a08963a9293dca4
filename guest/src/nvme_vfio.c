/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Two virtual functions of one NVMe controller, each in the hands of somebody else. This program
 * drives one of them through VFIO, while the kernel's driver uses the other for ordinary I/O; then
 * each is told to reach into memory that is not its own: this one into another program's page, the
 * kernel's memory and the queues of its sibling, the sibling into this program's memory.
 *
 *   nvme_vfio NAME SIBLING SIBLING-DISK
 *
 * NAME's and the sibling's disk have known contents in their first half; the second is there to be
 * written. What NAME's disk holds is told as that of "vfio-disk".
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/nvme_ioctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

#include "nvme_disk.h"
#include "pci.h"
#include "physmem.h"
#include "report.h"
#include "secret.h"
#include "sha256.h"
#include "vfio.h"

/* Above all memory of the machine, so that no physical address is by chance a mapped one. */
#define BASE_IOVA UINT64_C(0x1e0000000)

/* Our own page at the one address that the sibling can be told through its driver; see below. */
#define TRAP_IOVA UINT64_C(0)

enum { MIB = 1 << 20, ROUNDS_WANTED = 20 };

/* Sizes of successive transfers: within a page, two pages, a list of pages. */
static const size_t sizes[] = {512, 4096, 8192, NVME_DISK_PIECE_BYTES};

struct session {
    struct vfio_function function;
    struct nvme_disk disk;
    const char *sibling;
    const char *sibling_disk;
    unsigned char *trap;
    unsigned char *contents; /* what the disk must hold */
};

static void open_function(struct session *session, const char *name)
{
    const char *failed = vfio_open(&session->function, name, NVME_BAR_BYTES);

    if (failed != NULL) {
        give_up("vf-open", "%s: %s (%s)", name, failed, strerror(errno));
    }
    session->disk = (struct nvme_disk){
        .nvme.bar = session->function.bar,
        .memory = nvme_disk_allocate(NVME_DISK_MEMORY_BYTES),
        .iova = BASE_IOVA,
    };
    session->trap = nvme_disk_allocate(NVME_DISK_MEMORY_BYTES);
    if (!vfio_map(&session->function, session->disk.memory, BASE_IOVA, NVME_DISK_MEMORY_BYTES) ||
        !vfio_map(&session->function, session->trap, TRAP_IOVA, PAGE_BYTES)) {
        give_up("vf-open", "cannot map memory: %s", strerror(errno));
    }
    nvme_disk_open(&session->disk);
    report(true, "vf-open", "%s is driven by a program, through VFIO: namespace %u, %zu MiB", name,
           session->disk.namespace_id, session->disk.size_bytes / MIB);
    session->contents = nvme_disk_allocate(session->disk.size_bytes);
    nvme_disk_tell_known_half(&session->disk, session->contents, "vfio-disk");
}

static size_t choose(size_t limit)
{
    uint32_t number = 0;

    if (getrandom(&number, sizeof(number), 0) != sizeof(number)) {
        give_up("vf-io", "no random numbers");
    }
    return number % limit;
}

static void write_somewhere(struct session *session, size_t size_bytes)
{
    struct nvme_disk *disk = &session->disk;
    size_t half = disk->size_bytes / 2;
    size_t offset = half + choose((half - size_bytes) / NVME_BLOCK_BYTES) * NVME_BLOCK_BYTES;

    if (getrandom(session->contents + offset, 256, 0) != 256) {
        give_up("vf-io", "no random numbers");
    }
    memset(session->contents + offset + 256, (int)choose(256), size_bytes - 256);
    memcpy(disk->data, session->contents + offset, size_bytes);
    nvme_disk_write(disk, offset, size_bytes);
}

static bool read_somewhere(struct session *session, size_t size_bytes)
{
    struct nvme_disk *disk = &session->disk;
    size_t offset = choose((disk->size_bytes - size_bytes) / NVME_BLOCK_BYTES) * NVME_BLOCK_BYTES;

    nvme_disk_read(disk, offset, size_bytes);
    return memcmp(disk->data, session->contents + offset, size_bytes) == 0;
}

static pid_t start_sibling_io(const struct session *session, const char *action)
{
    size_t half = session->disk.size_bytes / 2 / MIB;
    char from[16];
    char count[16];

    snprintf(from, sizeof(from), "%zu", half);
    snprintf(count, sizeof(count), "%zu", half);
    pid_t child = fork();
    if (child == 0) {
        if (strcmp(action, "read") == 0) {
            execlp("disk_check", "disk_check", "read", session->sibling_disk, count, NULL);
        } else {
            execlp("disk_check", "disk_check", "write", session->sibling_disk, from, count, NULL);
        }
        _exit(127);
    }
    if (child < 0) {
        give_up("vf-io", "cannot start disk_check: %s", strerror(errno));
    }
    return child;
}

/* This program's disk and the sibling's are used at the same time. */
static void run_both(struct session *session, const char *action)
{
    pid_t child = start_sibling_io(session, action);
    unsigned rounds_together = 0;
    unsigned rounds = 0;
    unsigned wrong = 0;
    int status = 0;
    bool ended = false;

    while (!ended || rounds < ROUNDS_WANTED) {
        size_t size = sizes[rounds % (sizeof(sizes) / sizeof(sizes[0]))];
        write_somewhere(session, size);
        wrong += read_somewhere(session, size) ? 0 : 1;
        rounds++;
        ended = ended || waitpid(child, &status, WNOHANG) == child;
        rounds_together += ended ? 0 : 1;
    }
    report(
        wrong == 0 && rounds_together > 0 && status == 0, "vf-io",
        "%s: %u pieces written and %u read, %u wrong, %u while the kernel did its I/O (%s) on %s",
        session->function.name, rounds, rounds, wrong, rounds_together, action, session->sibling);
}

/* --- into memory that is not its own ---------------------------------------------------------- */

struct target {
    const char *name;
    uint64_t address;
    const unsigned char *secret; /* NULL: whatever is there, if it is not zero */
};

static void tell_refused(const char *name, const char *kind, uint64_t address, bool reached)
{
    tell(reached ? "reached" : "refused", "%s %s 0x%llx", name, kind, (unsigned long long)address);
}

/* The place on the disk that attempts at reading memory leave their traces at: its last block. */
static size_t trace_offset(const struct session *session)
{
    return session->disk.size_bytes - NVME_BLOCK_BYTES;
}

static int run_block(struct session *session, uint8_t opcode, size_t offset, uint64_t iova)
{
    return nvme_disk_run(
        &session->disk,
        &(struct nvme_disk_transfer){
            .opcode = opcode, .offset = offset, .iova = iova, .size_bytes = NVME_BLOCK_BYTES});
}

/* The function is to read the target, and to write what it read to its disk. */
static void steal(struct session *session, const struct target *target)
{
    const unsigned char *block = session->disk.data;
    size_t offset = trace_offset(session);
    bool came = false;
    int status = run_block(session, NVME_IO_WRITE, offset, target->address);

    nvme_disk_read(&session->disk, offset, NVME_BLOCK_BYTES);
    for (size_t i = 0; i < NVME_BLOCK_BYTES && target->secret == NULL; i++) {
        came = came || block[i] != session->contents[offset + i];
    }
    if (target->secret != NULL) {
        came = memmem(block, NVME_BLOCK_BYTES, target->secret, SECRET_BYTES / 2) != NULL;
    }
    memcpy(session->contents + offset, block, NVME_BLOCK_BYTES);
    tell_refused(session->function.name, "read", target->address, came);
    report(!came, "vf-attack", "%s %s %s at 0x%llx (NVMe's status 0x%x)", session->function.name,
           came ? "READ" : "cannot read", target->name, (unsigned long long)target->address,
           (unsigned)status);
}

/* The function is to write known data there; whether it did, the caller finds out. */
static int overwrite(struct session *session, const struct target *target)
{
    return run_block(session, NVME_IO_READ, 0, target->address);
}

static void report_overwriting(const struct session *session, const struct target *target,
                               int status, bool changed)
{
    tell_refused(session->function.name, "write", target->address, changed);
    report(!changed, "vf-attack", "%s %s %s at 0x%llx (NVMe's status 0x%x)", session->function.name,
           changed ? "CHANGED" : "cannot change", target->name, (unsigned long long)target->address,
           (unsigned)status);
}

static void attack_program(struct session *session)
{
    struct victim victim;
    struct victim_answer answer;
    enum secret_place place = SECRET_ABOVE;

    if (!victim_start(&victim) || !victim_ask(&victim, VICTIM_TRIM, &answer) ||
        answer.physical[place] == 0) {
        give_up("vf-attack", "the victim program has no page");
    }
    struct target target = {"another program's page", answer.physical[place], answer.secret[place]};
    steal(session, &target);
    int status = overwrite(session, &target);
    bool alive = victim_ask(&victim, VICTIM_LOOK, &answer);
    report_overwriting(session, &target, status, !alive || !answer.unchanged[place]);
    victim_stop(&victim);
}

static void attack_kernel(struct session *session)
{
    static struct kernel_secret secrets[SECRET_PLACES];

    if (!kernel_secrets_add(secrets)) {
        give_up("vf-attack", "cannot find keys in the kernel's memory: %s", strerror(errno));
    }
    const struct kernel_secret *secret =
        &secrets[secrets[SECRET_BELOW].physical != 0 ? SECRET_BELOW : SECRET_ABOVE];
    if (secret->physical == 0) {
        give_up("vf-attack", "found no key in the kernel's memory");
    }
    struct target target = {"a key in the kernel's memory", secret->physical, secret->secret};
    steal(session, &target);
    int status = overwrite(session, &target);
    report_overwriting(session, &target, status, !kernel_secret_unchanged(secret));
}

/* The addresses of its queues are mapped, but for the sibling only. */
static void attack_sibling(struct session *session)
{
    volatile void *bar = pci_map_bar0(session->sibling, NVME_BAR_BYTES);

    if (bar == NULL) {
        give_up("vf-attack", "cannot look at %s's registers: %s", session->sibling,
                strerror(errno));
    }
    struct target commands = {"its sibling's queue of commands",
                              nvme_read_wide(bar, NVME_REG_ADMIN_COMMANDS), NULL};
    struct target completions = {"its sibling's queue of completions",
                                 nvme_read_wide(bar, NVME_REG_ADMIN_COMPLETIONS), NULL};
    steal(session, &commands);
    steal(session, &completions);
    /* Only the kernel's report, and the sibling going on, can show that this did nothing. */
    int status = overwrite(session, &completions);
    report_overwriting(session, &completions, status, false);
}

/*
 * The sibling's driver maps what it is asked to transfer. A command for which no data is announced
 * goes to the controller with address 0 all the same, and the controller wants to have its data.
 */
static int run_sibling(int disk, uint8_t opcode, uint64_t block)
{
    struct nvme_passthru_cmd command = {
        .opcode = opcode,
        .nsid = (uint32_t)ioctl(disk, NVME_IOCTL_ID),
        .cdw10 = (uint32_t)block,
        .timeout_ms = 10000,
    };

    int status = ioctl(disk, NVME_IOCTL_IO_CMD, &command);
    if (status < 0) {
        give_up("vf-attack", "cannot send a command to the sibling: %s", strerror(errno));
    }
    return status;
}

static void attack_by_sibling(struct session *session)
{
    static _Alignas(NVME_PAGE_BYTES) unsigned char block[NVME_BLOCK_BYTES];
    unsigned char secret[SECRET_BYTES];
    size_t offset = trace_offset(session);
    int disk = open(session->sibling_disk, O_RDWR | O_DIRECT | O_CLOEXEC);

    if (disk < 0) {
        give_up("vf-attack", "cannot open %s: %s", session->sibling_disk, strerror(errno));
    }
    secret_make(secret, "driver", 0);
    memcpy(session->trap, secret, SECRET_BYTES);
    memcpy(session->trap + SECRET_BYTES, secret, SECRET_BYTES);
    int status = run_sibling(disk, NVME_IO_WRITE, offset / NVME_BLOCK_BYTES);
    bool leaked = pread(disk, block, sizeof(block), (off_t)offset) != sizeof(block) ||
                  memmem(block, sizeof(block), secret, SECRET_BYTES / 2) != NULL;
    tell_refused(session->sibling, "read", TRAP_IOVA, leaked);
    report(!leaked, "vf-attack", "%s %s this program's page at 0 (NVMe's status 0x%x)",
           session->sibling, leaked ? "READ" : "cannot read", (unsigned)status);

    status = run_sibling(disk, NVME_IO_READ, 0);
    bool changed = memcmp(session->trap, secret, SECRET_BYTES) != 0 ||
                   memcmp(session->trap + SECRET_BYTES, secret, SECRET_BYTES) != 0;
    tell_refused(session->sibling, "write", TRAP_IOVA, changed);
    report(!changed, "vf-attack", "%s %s this program's page at 0 (NVMe's status 0x%x)",
           session->sibling, changed ? "CHANGED" : "cannot change", (unsigned)status);
    close(disk);
}

/* The trap is no trap unless the address works for the function that it is mapped for. */
static void check_trap(struct session *session)
{
    int status = run_block(session, NVME_IO_READ, 0, TRAP_IOVA);

    report(status == 0 && memcmp(session->trap, session->contents, NVME_BLOCK_BYTES) == 0,
           "vf-trap", "%s itself writes this program's page at 0", session->function.name);
}

static void finish(struct session *session)
{
    size_t half = session->disk.size_bytes / 2;
    char sum[SHA256_TEXT_BYTES];

    sha256_text(session->contents + half, half, sum);
    tell("sum", "write vfio-disk %s", sum);
    uint64_t interrupts = vfio_wait_interrupt(&session->function, 0);
    report(interrupts > 0, "vf-interrupt",
           "%s: %llu interrupts came to the program for %u commands", session->function.name,
           (unsigned long long)interrupts, session->disk.commands);
    if (!nvme_stop(&session->disk.nvme)) {
        give_up("vf-close", "%s cannot be stopped", session->function.name);
    }
    vfio_close(&session->function);
}

int main(int argc, char **argv)
{
    static struct session session;

    if (argc != 4) {
        give_up("vf-open", "usage: nvme_vfio NAME SIBLING SIBLING-DISK");
    }
    session.sibling = argv[2];
    session.sibling_disk = argv[3];
    open_function(&session, argv[1]);
    run_both(&session, "read");
    check_trap(&session);
    attack_program(&session);
    attack_kernel(&session);
    attack_sibling(&session);
    attack_by_sibling(&session);
    run_both(&session, "write");
    finish(&session);
    return report_status();
}
