/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Reads and writes a disk past the page cache, so that every byte crosses by the disk's own DMA:
 * several requests at a time, of sizes from one sector to 1 MiB, at odd places in their pages.
 *
 *   disk_check read DEVICE MIB           read the first MIB, tell their SHA-256
 *   disk_check write DEVICE FROM MIB     write MIB at FROM MiB, read them back, tell their SHA-256
 *   disk_check wait DEVICE SECONDS       keep several reads under way for so long
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "report.h"
#include "sha256.h"

enum { MIB = 1 << 20, WORKERS = 4, WAITERS = 6, ALIGNMENT = 4096 };

/* Sizes of successive requests, in bytes; multiples of a sector. */
static const size_t sizes[] = {512, 4096, 65536, 1536, MIB, 8192, 131072 + 512, 16384};

struct job {
    int fd;
    bool is_write;
    unsigned char *memory;
    size_t size_bytes;
    off_t disk_offset;
    atomic_size_t requests;
    atomic_int error;
    pthread_mutex_t lock;
    size_t next;
};

/* Takes the next piece of the job; 0 when nothing is left. */
static size_t take_piece(struct job *job, size_t *offset)
{
    pthread_mutex_lock(&job->lock);
    size_t number = atomic_fetch_add(&job->requests, 1);
    size_t size = sizes[number % (sizeof(sizes) / sizeof(sizes[0]))];
    if (size > job->size_bytes - job->next) {
        size = job->size_bytes - job->next;
    }
    *offset = job->next;
    job->next += size;
    pthread_mutex_unlock(&job->lock);
    return size;
}

static void *work(void *argument)
{
    struct job *job = argument;
    size_t offset;

    for (size_t size = take_piece(job, &offset); size != 0; size = take_piece(job, &offset)) {
        off_t position = job->disk_offset + (off_t)offset;
        ssize_t done = job->is_write ? pwrite(job->fd, job->memory + offset, size, position)
                                     : pread(job->fd, job->memory + offset, size, position);
        if (done != (ssize_t)size) {
            atomic_store(&job->error, done < 0 ? errno : EIO);
        }
    }
    return NULL;
}

/* Status 0 or an errno. */
static int run_job(struct job *job)
{
    pthread_t workers[WORKERS];

    pthread_mutex_init(&job->lock, NULL);
    for (int i = 0; i < WORKERS; i++) {
        if (pthread_create(&workers[i], NULL, work, job) != 0) {
            give_up("disk", "cannot start a thread");
        }
    }
    for (int i = 0; i < WORKERS; i++) {
        pthread_join(workers[i], NULL);
    }
    pthread_mutex_destroy(&job->lock);
    return atomic_load(&job->error);
}

static int open_disk(const char *device, int flags)
{
    int fd = open(device, flags | O_DIRECT | O_CLOEXEC);

    if (fd < 0) {
        give_up("disk", "cannot open %s: %s", device, strerror(errno));
    }
    return fd;
}

static unsigned char *allocate(size_t size_bytes)
{
    unsigned char *memory = aligned_alloc(ALIGNMENT, size_bytes);

    if (memory == NULL) {
        give_up("disk", "no memory");
    }
    memset(memory, 0, size_bytes);
    return memory;
}

static void check_reading(const char *device, size_t size_bytes)
{
    char sum[SHA256_TEXT_BYTES];
    struct job job = {.fd = open_disk(device, O_RDONLY),
                      .memory = allocate(size_bytes),
                      .size_bytes = size_bytes};
    int error = run_job(&job);

    if (error != 0) {
        give_up("disk-read", "%s: %s", device, strerror(error));
    }
    sha256_text(job.memory, size_bytes, sum);
    tell("sum", "read %s %s", device, sum);
    report(true, "disk-read", "%s: read %zu MiB in %zu requests", device, size_bytes / MIB,
           atomic_load(&job.requests) - WORKERS);
    free(job.memory);
    close(job.fd);
}

static void fill_randomly(unsigned char *memory, size_t size_bytes)
{
    for (size_t filled = 0; filled < size_bytes;) {
        ssize_t got = getrandom(memory + filled, size_bytes - filled, 0);
        if (got <= 0) {
            give_up("disk-write", "no random numbers: %s", strerror(errno));
        }
        filled += (size_t)got;
    }
}

static void check_writing(const char *device, off_t disk_offset, size_t size_bytes)
{
    char sum[SHA256_TEXT_BYTES];
    struct job job = {.fd = open_disk(device, O_RDWR),
                      .is_write = true,
                      .memory = allocate(size_bytes),
                      .size_bytes = size_bytes,
                      .disk_offset = disk_offset};
    fill_randomly(job.memory, size_bytes);
    int error = run_job(&job);

    if (error != 0 || fsync(job.fd) != 0) {
        give_up("disk-write", "%s: %s", device, strerror(error != 0 ? error : errno));
    }
    struct job again = {.fd = job.fd,
                        .memory = allocate(size_bytes),
                        .size_bytes = size_bytes,
                        .disk_offset = disk_offset};
    error = run_job(&again);
    if (error != 0) {
        give_up("disk-write", "%s: reading back: %s", device, strerror(error));
    }
    sha256_text(job.memory, size_bytes, sum);
    tell("sum", "write %s %s", device, sum);
    report(memcmp(job.memory, again.memory, size_bytes) == 0, "disk-write",
           "%s: wrote %zu MiB in %zu requests and read them back", device, size_bytes / MIB,
           atomic_load(&job.requests) - WORKERS);
    free(job.memory);
    free(again.memory);
    close(job.fd);
}

struct waiting {
    int fd;
    time_t end;
    size_t number;
    atomic_size_t *requests;
    atomic_int *error;
};

static time_t now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec;
}

static void *keep_waiting(void *argument)
{
    struct waiting *waiting = argument;
    unsigned char *memory = allocate(16 * ALIGNMENT);

    /* Spread over the disk's time to answer, so that some requests are always under way. */
    nanosleep(&(struct timespec){.tv_nsec = (long)waiting->number * 70000000L}, NULL);
    while (now() < waiting->end) {
        size_t size = (waiting->number % 4 + 1) * ALIGNMENT;
        off_t offset = (off_t)(atomic_fetch_add(waiting->requests, 1) % 64 * MIB / 4);
        if (pread(waiting->fd, memory, size, offset) != (ssize_t)size) {
            atomic_store(waiting->error, errno != 0 ? errno : EIO);
            break;
        }
    }
    free(memory);
    return NULL;
}

static void check_waiting(const char *device, int seconds)
{
    pthread_t threads[WAITERS];
    struct waiting waiting[WAITERS];
    atomic_size_t requests = 0;
    atomic_int error = 0;
    int fd = open_disk(device, O_RDONLY);

    for (size_t i = 0; i < WAITERS; i++) {
        waiting[i] = (struct waiting){
            .fd = fd, .end = now() + seconds, .number = i, .requests = &requests, .error = &error};
        if (pthread_create(&threads[i], NULL, keep_waiting, &waiting[i]) != 0) {
            give_up("disk-wait", "cannot start a thread");
        }
    }
    for (size_t i = 0; i < WAITERS; i++) {
        pthread_join(threads[i], NULL);
    }
    size_t done = atomic_load(&requests);
    report(atomic_load(&error) == 0, "disk-wait", "%s: %zu reads in %d s, all waited for", device,
           done, seconds);
    close(fd);
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "read") == 0) {
        check_reading(argv[2], (size_t)atoi(argv[3]) * MIB);
    } else if (argc == 5 && strcmp(argv[1], "write") == 0) {
        check_writing(argv[2], (off_t)atoi(argv[3]) * MIB, (size_t)atoi(argv[4]) * MIB);
    } else if (argc == 4 && strcmp(argv[1], "wait") == 0) {
        check_waiting(argv[2], atoi(argv[3]));
    } else {
        give_up("disk", "usage: disk_check read|write|wait DEVICE ...");
    }
    return report_status();
}
