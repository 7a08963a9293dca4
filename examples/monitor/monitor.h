/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of the example monitor share. */
#ifndef MONITOR_H
#define MONITOR_H

#include "guest.h"

#include <amdvi/iommu.h>

#include <pthread.h>

enum { READER_VCPU, READER_CAMERA, READERS };

struct bank {
    uint64_t spa;
    uint64_t size_bytes;
    uint8_t *bytes; /* NULL: unplugged */
};

struct device {
    uint64_t iova;
    uint64_t result;
    uint64_t msi_address;
    uint64_t msi_data;
    _Atomic unsigned status;
    atomic_bool is_on;      /* of the camera: it shall go on, */
    atomic_bool is_revoked; /* and may no longer */
};

struct monitor {
    struct amdvi_iommu *iommu;
    struct bank banks[2];
    pthread_rwlock_t layout; /* of banks */
    uint8_t config[256];     /* the IOMMU's configuration space, but for its capability block */
    struct device adder, camera;
    struct vcpu vcpu;
    pthread_t main_loop_thread, camera_thread;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    bool has_work, has_interrupt, is_stopping;
};

/* main.c */
_Noreturn void die(const char *what);
void send_message(struct monitor *monitor, struct amdvi_reader *reader, uint16_t device_id,
                  const struct device *device);

/* memory.c: a member of struct amdvi_host each, and the rest. */
enum amdvi_memory_status host_read(void *ctx, uint64_t spa, void *out, size_t size_bytes);
enum amdvi_memory_status host_write(void *ctx, uint64_t spa, const void *data, size_t size_bytes);
void *host_map(void *ctx, uint64_t spa, bool write, uint64_t *run_bytes);
void copy_from_ram(uint8_t *to, const uint8_t *ram, uint64_t bytes);
uint8_t *memory_new(uint64_t bytes);
void unplug(struct monitor *monitor);

/* devices.c */
void *camera_main(void *ctx);
void device_write(struct monitor *monitor, struct device *device, uint64_t offset, uint64_t value);
void host_lease_revoked(void *ctx, void *cookie);
void sleep_ms(unsigned ms);

#endif
