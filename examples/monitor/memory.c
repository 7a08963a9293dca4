/* SPDX-License-Identifier: BSD-2-Clause */
/* Guest memory: what the IOMMU reads and writes, pointers into it, and memory that is unplugged. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */

#include "monitor.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

/* With layout held. *@bytes becomes what there is in one piece from @spa on, if that is less. */
static uint8_t *ram_at(struct monitor *monitor, uint64_t spa, uint64_t *bytes)
{
    for (unsigned i = 0; i < 2; i++) {
        const struct bank *bank = &monitor->banks[i];
        uint64_t offset = spa - bank->spa;

        if (bank->bytes != NULL && offset < bank->size_bytes) {
            *bytes = *bytes < bank->size_bytes - offset ? *bytes : bank->size_bytes - offset;
            return &bank->bytes[offset];
        }
    }
    return NULL;
}

/* Aligned words at once, since the guest changes its tables while they are read. */
void copy_from_ram(uint8_t *to, const uint8_t *ram, uint64_t bytes)
{
    for (uint64_t i = 0; i < bytes;) {
        const void *from = &ram[i];
        if ((uintptr_t)from % 8 == 0 && bytes - i >= 8) {
            uint64_t word = __atomic_load_n((const uint64_t *)from, __ATOMIC_ACQUIRE);
            memcpy(&to[i], &word, sizeof(word));
            i += sizeof(word);
        } else if ((uintptr_t)from % 4 == 0 && bytes - i >= 4) {
            uint32_t word = __atomic_load_n((const uint32_t *)from, __ATOMIC_ACQUIRE);
            memcpy(&to[i], &word, sizeof(word));
            i += sizeof(word);
        } else {
            to[i] = __atomic_load_n(&ram[i], __ATOMIC_ACQUIRE);
            i++;
        }
    }
}

static void copy_to_ram(uint8_t *ram, const uint8_t *from, uint64_t bytes)
{
    for (uint64_t i = 0; i < bytes;) {
        void *to = &ram[i];
        if ((uintptr_t)to % 8 == 0 && bytes - i >= 8) {
            uint64_t word;
            memcpy(&word, &from[i], sizeof(word));
            __atomic_store_n((uint64_t *)to, word, __ATOMIC_RELEASE);
            i += sizeof(word);
        } else if ((uintptr_t)to % 4 == 0 && bytes - i >= 4) {
            uint32_t word;
            memcpy(&word, &from[i], sizeof(word));
            __atomic_store_n((uint32_t *)to, word, __ATOMIC_RELEASE);
            i += sizeof(word);
        } else {
            __atomic_store_n(&ram[i], from[i], __ATOMIC_RELEASE);
            i++;
        }
    }
}

enum amdvi_memory_status host_read(void *ctx, uint64_t spa, void *out, size_t size_bytes)
{
    struct monitor *monitor = ctx;
    uint64_t bytes = size_bytes;

    pthread_rwlock_rdlock(&monitor->layout);
    const uint8_t *ram = ram_at(monitor, spa, &bytes);
    bool is_there = ram != NULL && bytes == size_bytes;
    if (is_there) {
        copy_from_ram(out, ram, bytes);
    }
    pthread_rwlock_unlock(&monitor->layout);
    return is_there ? AMDVI_MEMORY_OK : AMDVI_MEMORY_ABSENT;
}

enum amdvi_memory_status host_write(void *ctx, uint64_t spa, const void *data, size_t size_bytes)
{
    struct monitor *monitor = ctx;
    uint64_t bytes = size_bytes;

    pthread_rwlock_rdlock(&monitor->layout);
    uint8_t *ram = ram_at(monitor, spa, &bytes);
    bool is_there = ram != NULL && bytes == size_bytes;
    if (is_there) {
        copy_to_ram(ram, data, bytes); /* and into your dirty log */
    }
    pthread_rwlock_unlock(&monitor->layout);
    return is_there ? AMDVI_MEMORY_OK : AMDVI_MEMORY_ABSENT;
}

/* Good until amdvi_iommu_memory_changed(): see unplug(). */
void *host_map(void *ctx, uint64_t spa, bool write, uint64_t *run_bytes)
{
    struct monitor *monitor = ctx;

    (void)write; /* all of it can be written */
    pthread_rwlock_rdlock(&monitor->layout);
    uint8_t *ram = ram_at(monitor, spa, run_bytes);
    pthread_rwlock_unlock(&monitor->layout);
    return ram;
}

/* The memory goes when nobody can have a pointer into it any more, and not before. */
void unplug(struct monitor *monitor)
{
    struct bank *dimm = &monitor->banks[1];

    pthread_rwlock_wrlock(&monitor->layout);
    uint8_t *bytes = dimm->bytes;
    dimm->bytes = NULL;
    pthread_rwlock_unlock(&monitor->layout);
    uint64_t ticket = amdvi_iommu_memory_changed(monitor->iommu, dimm->spa, dimm->size_bytes);
    while (!amdvi_iommu_is_drained(monitor->iommu, ticket)) {
        sleep_ms(1);
    }
    munmap(bytes, dimm->size_bytes);
    printf("# monitor: memory unplugged\n");
}

uint8_t *memory_new(uint64_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED) {
        die("no memory");
    }
    return memory;
}
