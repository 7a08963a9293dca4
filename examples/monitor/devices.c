/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Two devices that do DMA: the adder reads, in the thread of the processor that tells it to; the
 * camera writes, in a thread of its own, for as long as it is on.
 */
#define _DEFAULT_SOURCE /* nanosleep */

#include "monitor.h"

#include <time.h>

void sleep_ms(unsigned ms)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000L * ms}, NULL);
}

/* All of @size_bytes, or false. This is how a device model reads memory. */
static bool dma_read(struct amdvi_reader *reader, uint16_t device_id, uint64_t iova, uint8_t *out,
                     uint64_t size_bytes)
{
    struct amdvi_segment segments[4];
    struct amdvi_segments found = {.more = true};
    uint64_t done = 0;

    amdvi_reader_online(reader);
    const void *host = amdvi_iommu_pointer(reader, device_id, iova, size_bytes, AMDVI_ACCESS_READ);
    if (host != NULL) {
        copy_from_ram(out, host, size_bytes);
        done = size_bytes;
    }
    while (done != size_bytes && found.more) {
        struct amdvi_request rest = {.device_id = device_id,
                                     .access = AMDVI_ACCESS_READ,
                                     .iova = iova + done,
                                     .size_bytes = size_bytes - done};

        if (amdvi_iommu_segments(reader, &rest, segments, 4, &found) != AMDVI_OK) {
            break;
        }
        for (unsigned i = 0; i < found.count; i++) {
            copy_from_ram(&out[done], segments[i].host, segments[i].size_bytes);
            done += segments[i].size_bytes;
        }
    }
    amdvi_reader_offline(reader); /* nothing above is used below */
    return done == size_bytes;
}

/* The adder adds bytes up, in the processor's thread, while the guest waits. */
static void adder_run(struct monitor *monitor, uint64_t size_bytes)
{
    struct amdvi_reader *reader = amdvi_iommu_reader(monitor->iommu, READER_VCPU);
    struct device *adder = &monitor->adder;
    uint8_t bytes[2 * PAGE_BYTES];

    adder->result = 0;
    if (size_bytes == 0 || size_bytes > sizeof(bytes) ||
        !dma_read(reader, ADDER_ID, adder->iova, bytes, size_bytes)) {
        adder->status = STATUS_REFUSED;
        return;
    }
    for (uint64_t i = 0; i < size_bytes; i++) {
        adder->result += bytes[i];
    }
    adder->status = STATUS_DONE;
}

/* A frame takes 8 ms: it is the host's I/O, which does not stop half way. */
static void camera_frame(uint8_t *page, unsigned frame)
{
    for (unsigned part = 0; part < 8; part++) {
        for (unsigned i = 0; i < PAGE_BYTES / 8; i++) {
            uint8_t *byte = &page[part * (PAGE_BYTES / 8) + i];

            __atomic_store_n(byte, (uint8_t)frame, __ATOMIC_RELAXED);
        }
        sleep_ms(1);
    }
}

/*
 * The camera writes frames into a page until it is switched off. That is longer than a reader may
 * be online: it takes a lease.
 */
static void camera_film(struct monitor *monitor, struct amdvi_reader *reader)
{
    struct device *camera = &monitor->camera;
    struct amdvi_request request = {.device_id = CAMERA_ID,
                                    .access = AMDVI_ACCESS_WRITE,
                                    .iova = camera->iova,
                                    .size_bytes = PAGE_BYTES};
    struct amdvi_translation answer;
    struct amdvi_lease lease;

    atomic_store(&camera->is_revoked, false);
    amdvi_reader_online(reader);
    bool has_lease = amdvi_lease_take(reader, &lease, &request, camera, &answer) == AMDVI_OK &&
                     answer.outcome == AMDVI_OUTCOME_TRANSLATED;
    amdvi_reader_offline(reader);
    bool is_whole = has_lease && answer.host != NULL && answer.run_bytes == PAGE_BYTES;
    unsigned frame = 1;
    while (is_whole && atomic_load(&camera->is_on)) {
        bool is_last = atomic_load(&camera->is_revoked);

        camera_frame(answer.host, frame++);
        if (is_last) {
            break;
        }
    }
    if (has_lease) {
        amdvi_lease_release(&lease);
    }
    atomic_store(&camera->is_on, false);
    camera->result = frame - 1;
    atomic_store(&camera->status, !is_whole                          ? STATUS_REFUSED
                                  : atomic_load(&camera->is_revoked) ? STATUS_REVOKED
                                                                     : STATUS_DONE);
    send_message(monitor, reader, CAMERA_ID, camera);
}

void host_lease_revoked(void *ctx, void *cookie)
{
    struct device *camera = cookie;

    (void)ctx;
    atomic_store(&camera->is_revoked, true);
}

void *camera_main(void *ctx)
{
    struct monitor *monitor = ctx;
    struct amdvi_reader *reader = amdvi_iommu_reader(monitor->iommu, READER_CAMERA);

    pthread_mutex_lock(&monitor->lock);
    while (!monitor->is_stopping) {
        if (!atomic_load(&monitor->camera.is_on)) {
            pthread_cond_wait(&monitor->changed, &monitor->lock);
            continue;
        }
        pthread_mutex_unlock(&monitor->lock);
        camera_film(monitor, reader);
        pthread_mutex_lock(&monitor->lock);
    }
    pthread_mutex_unlock(&monitor->lock);
    return NULL;
}

void device_write(struct monitor *monitor, struct device *device, uint64_t offset, uint64_t value)
{
    uint64_t *registers[] = {[DEVICE_IOVA / 8] = &device->iova,
                             [CAMERA_MSI_ADDRESS / 8] = &device->msi_address,
                             [CAMERA_MSI_DATA / 8] = &device->msi_data};

    if (offset == DEVICE_COMMAND && device == &monitor->adder) {
        adder_run(monitor, value);
    } else if (offset == DEVICE_COMMAND) {
        pthread_mutex_lock(&monitor->lock);
        atomic_store(&device->status, value != 0 ? STATUS_RUNNING : device->status);
        atomic_store(&device->is_on, value != 0);
        pthread_cond_broadcast(&monitor->changed);
        pthread_mutex_unlock(&monitor->lock);
    } else if (offset <= CAMERA_MSI_DATA && registers[offset / 8] != NULL) {
        *registers[offset / 8] = value;
    }
}
