/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A small virtual machine monitor with an IOMMU; docs/embedding.md explains it piece by piece. One
 * processor, two devices that do DMA, memory that can be unplugged, snapshots. A thread with a
 * script (guest.c) stands for the guest; with KVM, vcpu_run() would be ioctl(KVM_RUN).
 *
 * Threads: the processor's, in which the adder works too; the camera's; and the main loop's, which
 * runs commands that are left over. Exits with 0 when all that the guest checked held.
 */
#define _DEFAULT_SOURCE /* clock_gettime */

#include "monitor.h"

#include <amdvi/cap.h>
#include <amdvi/interrupt.h>
#include <amdvi/ivrs.h>
#include <amdvi/regs.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define WINDOW_SPA UINT64_C(0xfeb80000) /* the IOMMU's registers */
#define CAP_OFFSET 0x40
#define MSI_OFFSET 0x60

_Noreturn void die(const char *what)
{
    printf("Bail out! %s\n", what);
    exit(1);
}

/* Somebody may be waiting for this. */
static void set_flag(struct monitor *monitor, bool *flag)
{
    pthread_mutex_lock(&monitor->lock);
    *flag = true;
    pthread_cond_broadcast(&monitor->changed);
    pthread_mutex_unlock(&monitor->lock);
}

/* ---- Interrupts ------------------------------------------------------------------------------ */

/* The processor's local APIC takes a message. With KVM: ioctl(KVM_SIGNAL_MSI). */
static void deliver(struct monitor *monitor, uint32_t data)
{
    atomic_fetch_add(&monitor->vcpu.interrupts[data & AMDVI_MSI_DATA_VECTOR], 1);
    set_flag(monitor, &monitor->has_interrupt);
}

/* A device's message goes through the IOMMU. */
void send_message(struct monitor *monitor, struct amdvi_reader *reader, uint16_t device_id,
                  const struct device *device)
{
    struct amdvi_interrupt message = {
        .device_id = device_id, .address = device->msi_address, .data = (uint32_t)device->msi_data};
    struct amdvi_remapped remapped;

    amdvi_reader_online(reader);
    if (amdvi_iommu_remap(reader, &message, &remapped) == AMDVI_OK &&
        remapped.outcome == AMDVI_OUTCOME_TRANSLATED) {
        deliver(monitor, remapped.data);
    }
    amdvi_reader_offline(reader);
}

/* The IOMMU's own message does not: it is what its MSI capability says. */
static void host_send_msi(void *ctx)
{
    struct monitor *monitor = ctx;
    const uint8_t *msi = &monitor->config[MSI_OFFSET];

    if ((msi[2] & 1) != 0) {
        deliver(monitor, msi[12]);
    }
}

/* ---- The main loop --------------------------------------------------------------------------- */

/* From any thread: one that writes a register, or whose release lets a COMPLETION_WAIT go on. */
static void host_work(void *ctx)
{
    struct monitor *monitor = ctx;

    set_flag(monitor, &monitor->has_work);
}

static void *main_loop(void *ctx)
{
    struct monitor *monitor = ctx;

    pthread_mutex_lock(&monitor->lock);
    while (!monitor->is_stopping) {
        if (!monitor->has_work) {
            pthread_cond_wait(&monitor->changed, &monitor->lock);
            continue;
        }
        monitor->has_work = false;
        pthread_mutex_unlock(&monitor->lock);
        while (amdvi_iommu_process(monitor->iommu, 256)) {
            /* the rest of a real main loop has its turn here */
        }
        pthread_mutex_lock(&monitor->lock);
    }
    pthread_mutex_unlock(&monitor->lock);
    return NULL;
}

static void threads_start(struct monitor *monitor)
{
    monitor->is_stopping = false;
    if (pthread_create(&monitor->main_loop_thread, NULL, main_loop, monitor) != 0 ||
        pthread_create(&monitor->camera_thread, NULL, camera_main, monitor) != 0) {
        die("no threads");
    }
}

/* Afterwards no device does anything, and no lease is held. */
static void threads_stop(struct monitor *monitor)
{
    atomic_store(&monitor->camera.is_on, false);
    set_flag(monitor, &monitor->is_stopping);
    pthread_join(monitor->camera_thread, NULL);
    pthread_join(monitor->main_loop_thread, NULL);
}

/* ---- The IOMMU ------------------------------------------------------------------------------- */

static void config_init(struct amdvi_config *config)
{
    amdvi_config_init(config);
    config->readers = READERS;
    config->cap_next = MSI_OFFSET;
}

static void iommu_create(struct monitor *monitor)
{
    struct amdvi_config config;
    struct amdvi_host host = {
        .size = sizeof(host),
        .ctx = monitor,
        .read = host_read,
        .write = host_write,
        .map = host_map,
        .send_msi = host_send_msi,
        .work = host_work,
        .lease_revoked = host_lease_revoked,
    };

    config_init(&config);
    if (amdvi_iommu_create(&monitor->iommu, &config, &host, NULL) != AMDVI_OK) {
        die("no IOMMU");
    }
}

/* What firmware does on a real machine: the operating system expects the window to be on. */
static void iommu_firmware(struct monitor *monitor)
{
    amdvi_iommu_cap_write(monitor->iommu, AMDVI_CAP_OFFSET_BASE_HIGH, 4, WINDOW_SPA >> 32);
    amdvi_iommu_cap_write(monitor->iommu, AMDVI_CAP_OFFSET_BASE_LOW, 4,
                          (uint32_t)WINDOW_SPA | AMDVI_CAP_BASE_LOW_ENABLE);
}

/* The table that announces the IOMMU, for firmware to put among the others. */
static void ivrs_build(uint8_t *out, size_t room_bytes)
{
    struct amdvi_config config;
    const struct amdvi_ivrs_device devices[] = {
        {.kind = AMDVI_IVRS_DEVICE_RANGE, .device_id = 0x0008, .last_device_id = 0x00ff},
        {.kind = AMDVI_IVRS_DEVICE_IOAPIC, .device_id = AMDVI_IVRS_SOUTHBRIDGE_DEVICE_ID},
    };

    config_init(&config);
    const struct amdvi_ivrs_unit_description unit = {
        .unit = {.device_id = IOMMU_ID,
                 .capability_offset = CAP_OFFSET,
                 .msi_num = config.features.msi_num,
                 .window_spa = WINDOW_SPA},
        .devices = devices,
        .device_count = 2,
    };
    const struct amdvi_ivrs_description table = {
        .oem_id = "AMDVI",
        .oem_table_id = "MONITOR",
        .creator_id = "ME",
        .oem_revision = 1,
        .creator_revision = 1,
        .va_bits = config.features.va_size_bits,
        .pa_bits = config.features.pa_size_bits,
        .units = &unit,
        .unit_count = 1,
    };
    enum amdvi_ivrs_status status = amdvi_ivrs_build(&table, out, room_bytes, NULL, NULL);
    if (status != AMDVI_IVRS_OK) {
        die(amdvi_ivrs_status_text(status));
    }
}

/* The same machine goes on with another instance, as after a migration. */
static void snapshot(struct monitor *monitor)
{
    uint8_t state[AMDVI_SAVED_BYTES_MAX];
    size_t bytes;

    threads_stop(monitor);
    if (amdvi_iommu_save(monitor->iommu, state, sizeof(state), &bytes) != AMDVI_OK) {
        die("the state cannot be saved");
    }
    amdvi_iommu_destroy(monitor->iommu);
    iommu_create(monitor);
    if (amdvi_iommu_load(monitor->iommu, state, bytes) != AMDVI_OK) {
        die("the state is refused");
    }
    printf("# monitor: %zu bytes of state saved, and loaded into a new IOMMU\n", bytes);
    threads_start(monitor);
}

/* ---- Exits ----------------------------------------------------------------------------------- */

/* What software may write in the header and in the MSI capability. */
static uint8_t config_writable(uint64_t offset)
{
    if (offset == MSI_OFFSET + 2) {
        return 0x01; /* the MSI is on */
    }
    return (offset >= MSI_OFFSET + 4 && offset < MSI_OFFSET + 14) || offset == 4 ? 0xff : 0;
}

static void config_init_space(uint8_t config[256])
{
    const uint8_t header[16] = {0x22, 0x10, 0x51, 0x14, 0, 0, 0x10, 0, /* capabilities */
                                0,    0,    0x06, 0x08};               /* class 0806h */

    memcpy(config, header, sizeof(header));
    config[0x34] = CAP_OFFSET;
    config[MSI_OFFSET] = 0x05; /* MSI, 64-bit address */
    config[MSI_OFFSET + 2] = 0x80;
}

static void config_exit(struct monitor *monitor, uint64_t offset, struct vcpu_exit *exit)
{
    uint64_t at = offset % PAGE_BYTES;
    uint64_t in_block = at - CAP_OFFSET;
    unsigned size = exit->size_bytes;

    if (offset / PAGE_BYTES != IOMMU_ID || size > 4 || at + size > sizeof(monitor->config)) {
        exit->value = UINT64_MAX; /* no function there, or nothing that we have */
    } else if (in_block < AMDVI_CAP_SIZE && exit->is_write) {
        amdvi_iommu_cap_write(monitor->iommu, (unsigned)in_block, size, (uint32_t)exit->value);
    } else if (in_block < AMDVI_CAP_SIZE) {
        exit->value = amdvi_iommu_cap_read(monitor->iommu, (unsigned)in_block, size);
    } else if (exit->is_write) {
        for (unsigned i = 0; i < size; i++) {
            uint8_t mask = config_writable(at + i);
            uint8_t *byte = &monitor->config[at + i];

            *byte = (uint8_t)((*byte & ~mask) | ((exit->value >> (8 * i)) & mask));
        }
    } else {
        exit->value = 0;
        for (unsigned i = 0; i < size; i++) {
            exit->value |= (uint64_t)monitor->config[at + i] << (8 * i);
        }
    }
}

static void device_exit(struct monitor *monitor, struct device *device, uint64_t offset,
                        struct vcpu_exit *exit)
{
    if (exit->is_write) {
        device_write(monitor, device, offset, exit->value);
    } else {
        exit->value = offset == DEVICE_RESULT ? device->result : atomic_load(&device->status);
    }
}

/* False: the machine is switched off. */
static bool board_exit(struct monitor *monitor, uint64_t offset, const struct vcpu_exit *exit)
{
    if (exit->is_write && offset == BOARD_SNAPSHOT) {
        snapshot(monitor);
    } else if (exit->is_write && offset == BOARD_UNPLUG) {
        unplug(monitor);
    } else if (exit->is_write && offset == BOARD_RESET) {
        amdvi_iommu_reset(monitor->iommu);
        iommu_firmware(monitor);
    }
    return !exit->is_write || offset != BOARD_POWER_OFF;
}

static bool mmio_exit(struct monitor *monitor, struct vcpu_exit *exit)
{
    uint64_t spa = exit->address;
    uint64_t window;

    if (amdvi_iommu_window(monitor->iommu, &window) && spa - window < AMDVI_MMIO_SIZE) {
        if (exit->is_write) {
            amdvi_iommu_mmio_write(monitor->iommu, spa - window, exit->size_bytes, exit->value);
        } else {
            exit->value = amdvi_iommu_mmio_read(monitor->iommu, spa - window, exit->size_bytes);
        }
    } else if (spa - ECAM_SPA < ECAM_BYTES) {
        config_exit(monitor, spa - ECAM_SPA, exit);
    } else if (spa - ADDER_SPA < PAGE_BYTES) {
        device_exit(monitor, &monitor->adder, spa - ADDER_SPA, exit);
    } else if (spa - CAMERA_SPA < PAGE_BYTES) {
        device_exit(monitor, &monitor->camera, spa - CAMERA_SPA, exit);
    } else if (spa - BOARD_SPA < PAGE_BYTES) {
        return board_exit(monitor, spa - BOARD_SPA, exit);
    }
    return true;
}

/* Until there is an interrupt; the timer's comes each millisecond. */
static void halt_exit(struct monitor *monitor)
{
    struct timespec end;

    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_nsec += 1000000;
    end.tv_sec += end.tv_nsec / 1000000000;
    end.tv_nsec %= 1000000000;
    pthread_mutex_lock(&monitor->lock);
    while (!monitor->has_interrupt &&
           pthread_cond_timedwait(&monitor->changed, &monitor->lock, &end) == 0) {
    }
    monitor->has_interrupt = false;
    pthread_mutex_unlock(&monitor->lock);
}

/* ioctl(KVM_RUN): the guest runs until it does something that is not its own. */
static struct vcpu_exit *vcpu_run(struct vcpu *vcpu)
{
    sem_post(&vcpu->enter);
    sem_wait(&vcpu->left);
    return &vcpu->exit;
}

static void exit_loop(struct monitor *monitor)
{
    bool is_on = true;

    while (is_on) {
        struct vcpu_exit *exit = vcpu_run(&monitor->vcpu);

        switch (exit->reason) {
        case EXIT_MMIO:
            is_on = mmio_exit(monitor, exit);
            break;
        case EXIT_HLT:
            halt_exit(monitor);
            break;
        }
    }
    sem_post(&monitor->vcpu.enter); /* the guest's last instruction */
}

/* ---- From the beginning to the end ----------------------------------------------------------- */

static void print_stats(struct monitor *monitor)
{
    struct amdvi_stats stats;

    amdvi_iommu_stats(monitor->iommu, &stats);
    printf("# monitor: %" PRIu64 " translations, %" PRIu64 " aborted, %" PRIu64
           " interrupts, %" PRIu64 " commands, %" PRIu64 " events since the snapshot\n",
           stats.translations, stats.aborted, stats.interrupts, stats.commands, stats.events);
    printf("# monitor: %" PRIu64 " commands had to wait, %" PRIu64 " leases were revoked\n",
           stats.waits_parked, stats.leases_revoked);
}

int main(void)
{
    static struct monitor monitor = {.lock = PTHREAD_MUTEX_INITIALIZER,
                                     .layout = PTHREAD_RWLOCK_INITIALIZER};
    struct vcpu *vcpu = &monitor.vcpu;
    pthread_condattr_t clock;
    pthread_t guest;

    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&monitor.changed, &clock);
    setvbuf(stdout, NULL, _IOLBF, 0); /* what was said is said, whatever comes */
    monitor.banks[0] = (struct bank){0, RAM_BYTES, memory_new(RAM_BYTES)};
    monitor.banks[1] = (struct bank){DIMM_SPA, DIMM_BYTES, memory_new(DIMM_BYTES)};
    vcpu->ram = monitor.banks[0].bytes;
    config_init_space(monitor.config);
    iommu_create(&monitor);
    iommu_firmware(&monitor);
    ivrs_build(&vcpu->ram[IVRS_SPA], PAGE_BYTES);
    threads_start(&monitor);
    sem_init(&vcpu->enter, 0, 0);
    sem_init(&vcpu->left, 0, 0);
    if (pthread_create(&guest, NULL, guest_main, vcpu) != 0) {
        die("no guest");
    }
    exit_loop(&monitor);
    pthread_join(guest, NULL);
    threads_stop(&monitor);
    print_stats(&monitor);
    amdvi_iommu_destroy(monitor.iommu);
    munmap(vcpu->ram, RAM_BYTES);
    return vcpu->failed == 0 ? 0 : 1;
}
