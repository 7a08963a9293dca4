/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Saved state: the machine is migrated into a file, a new QEMU starts from that, and the IOMMU goes
 * on where it was. The test devices are not part of it: their registers start anew.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ats_rig.h"
#include "check.h"
#include "rig.h"

#define IOVA 0x40000000u
#define PAGE 0x1000u

#define RIG_CONTROL (RIG_WINDOW + 0x18)
#define RIG_STATUS  (RIG_WINDOW + 0x2020)

static char state_file[256];
static char state_uri[sizeof(state_file) + 8];

static void save(void)
{
    char command[sizeof(state_uri) + 80];

    snprintf(command, sizeof(command),
             "{\"execute\": \"migrate\", \"arguments\": {\"uri\": \"%s\"}}", state_uri);
    free(machine_qmp("{\"execute\": \"stop\"}"));
    free(machine_qmp(command));
    CHECK(rig_wait_for_answer("{\"execute\": \"query-migrate\"}", "\"completed\""));
    machine_stop();
}

static void load(const char *const *args)
{
    const char *all[24] = {"-incoming", state_uri};
    size_t count = 2;

    while (args != NULL && *args != NULL && count < 23) {
        all[count++] = *args++;
    }
    rig_start_incoming(all);
    CHECK(rig_wait_for_answer("{\"execute\": \"query-status\"}", "\"paused\""));
}

static void go_on(void)
{
    free(machine_qmp("{\"execute\": \"cont\"}"));
    rig_enable_devices();
}

static void registers_stay(void)
{
    static const uint16_t offsets[] = {0x0,  0x8,    0x10,   0x18,   0x20,   0x28,
                                       0x30, 0x2000, 0x2008, 0x2010, 0x2018, 0x2020};
    uint64_t before[sizeof(offsets) / sizeof(offsets[0])];
    size_t count = sizeof(offsets) / sizeof(offsets[0]);

    rig_start();
    rig_attach(RIG_TESTDEV);
    machine_write64(RIG_WINDOW + 0x20, 0xabcd000 | 1);
    machine_write64(RIG_WINDOW + 0x28, 0xabcf000);
    CHECK(testdev_run(TESTDEV_READ, IOVA, 8, 0) != 0);
    for (size_t i = 0; i < count; i++) {
        before[i] = machine_read64(RIG_WINDOW + offsets[i]);
    }
    save();
    load(NULL);
    for (size_t i = 0; i < count; i++) {
        CHECK_U64(machine_read64(RIG_WINDOW + offsets[i]), before[i]);
    }
    CHECK_U64(pci_read32(RIG_IOMMU, 0x44), RIG_WINDOW | 1);
    pci_write32(RIG_IOMMU, 0x44, 0xfe000000); /* locked, as before */
    CHECK_U64(pci_read32(RIG_IOMMU, 0x44), RIG_WINDOW | 1);
    go_on();
    RIG_EVENTS(rig_page_fault(RIG_TESTDEV, 0, IOVA));
    rig_stop();
}

static void translation_goes_on(void)
{
    rig_start();
    rig_attach(RIG_TESTDEV);
    rig_map(IOVA, RIG_MEMORY, RIG_READ | RIG_WRITE);
    machine_fill(RIG_MEMORY, 0x41, PAGE);
    rig_attach_interrupts(RIG_TESTDEV);
    rig_remap(0x20, 1 | 0xa1 << 16);
    rig_invalidate_interrupts(RIG_TESTDEV);
    save();
    load(NULL);
    go_on();
    CHECK_U64(testdev_run(TESTDEV_READ, IOVA, PAGE, 0), 0);
    CHECK(testdev_buffer_is(0, PAGE, 0x41));
    CHECK(testdev_run(TESTDEV_READ, RIG_MEMORY, PAGE, 0) != 0);
    RIG_EVENTS(rig_page_fault(RIG_TESTDEV, 0, RIG_MEMORY));
    CHECK_U64(testdev_run(TESTDEV_STORE, 0xfee00000, 4, 0x20), 0);
    CHECK(machine_has_interrupt(0xa1));
    rig_map(IOVA, 0, 0);
    rig_flush(RIG_TESTDEV);
    CHECK(rig_wait_is_done());
    CHECK(testdev_run(TESTDEV_READ, IOVA, PAGE, 0) != 0);
    RIG_EVENTS(rig_page_fault(RIG_TESTDEV, 0, IOVA));
    rig_stop();
}

/* A device that held the mapping has ended its I/O before it is saved, or begins it anew. */
static void parked_wait_goes_on(void)
{
    rig_start();
    rig_attach(RIG_TESTDEV);
    rig_map(IOVA, RIG_MEMORY, RIG_READ | RIG_WRITE);
    CHECK_U64(testdev_run(TESTDEV_MAP_WRITE, IOVA, PAGE, 0), 0);
    rig_map(IOVA, 0, 0);
    rig_invalidate_page(IOVA);
    rig_wait_begin();
    machine_clock_step(1000000);
    CHECK(!rig_wait_is_done());
    save();
    load(NULL);
    machine_clock_step(1000000);
    CHECK(!rig_wait_is_done()); /* nothing is written to memory while the machine stands */
    go_on();
    machine_clock_step(1000000);
    CHECK(rig_wait_is_done());
    CHECK_U64(machine_read32(RIG_WINDOW + 0x2000), machine_read32(RIG_WINDOW + 0x2008));
    rig_flush(RIG_TESTDEV);
    CHECK(rig_wait_is_done());
    rig_stop();
}

/* What releases a wait while the machine stands completes it when the machine runs again. */
static void stopped_machine_writes_nothing(void)
{
    rig_start();
    rig_attach(RIG_TESTDEV);
    rig_map(IOVA, RIG_MEMORY, RIG_READ | RIG_WRITE);
    CHECK_U64(testdev_run(TESTDEV_MAP_WRITE, IOVA, PAGE, 0), 0);
    rig_map(IOVA, 0, 0);
    rig_invalidate_page(IOVA);
    rig_wait_begin();
    free(machine_qmp("{\"execute\": \"stop\"}"));
    CHECK_U64(testdev_run(TESTDEV_UNMAP, 0, 0, 0x77), 0);
    machine_clock_step(1000000);
    machine_clock_step(1000000);
    CHECK(!rig_wait_is_done());
    save();
    load(NULL);
    CHECK(!rig_wait_is_done());
    go_on();
    machine_clock_step(1000000);
    CHECK(rig_wait_is_done());
    rig_stop();
}

static void full_log_stays(void)
{
    rig_start();
    rig_attach(RIG_TESTDEV);
    machine_write64(RIG_CONTROL, 0x100d); /* EventIntEn too */
    for (unsigned i = 0; i < 33; i++) {
        testdev_run(TESTDEV_READ, IOVA + i * 16 * PAGE, 16 * PAGE, 0);
    }
    uint64_t status = machine_read64(RIG_STATUS);

    CHECK_U64(status & 0x3, 0x3); /* EventOverflow, EventLogInt */
    save();
    load(NULL);
    CHECK_U64(machine_read64(RIG_STATUS), status);
    go_on();
    testdev_run(TESTDEV_READ, IOVA, 8, 0); /* no room */
    CHECK_U64(rig_events(NULL, 0), 511);
    testdev_run(TESTDEV_READ, IOVA, 8, 0); /* not before the overflow is cleared */
    RIG_NO_EVENTS();
    machine_write64(RIG_CONTROL, 0x1009);
    machine_write64(RIG_STATUS, 0x3);
    machine_write64(RIG_WINDOW + 0x2010, 0);
    machine_write64(RIG_WINDOW + 0x2018, 0);
    machine_write64(RIG_CONTROL, 0x100d);
    CHECK(testdev_run(TESTDEV_READ, IOVA, 8, 0) != 0);
    RIG_EVENTS(rig_page_fault(RIG_TESTDEV, 0, IOVA));
    rig_stop();
}

/* The IOMMU's message, raised while the machine stands, is sent by the machine that goes on. */
static void pending_message_is_sent(void)
{
    rig_start();
    rig_attach(RIG_TESTDEV);
    unsigned msi = pci_capability(RIG_IOMMU, 0x05);

    pci_write32(RIG_IOMMU, msi + 4, 0xfee00000);
    pci_write32(RIG_IOMMU, msi + 8, 0);
    pci_write16(RIG_IOMMU, msi + 12, 0x61);
    pci_write16(RIG_IOMMU, msi + 2, 0x0001);
    machine_write64(RIG_CONTROL, 0x100d); /* EventIntEn too */
    free(machine_qmp("{\"execute\": \"stop\"}"));
    CHECK(testdev_run(TESTDEV_READ, IOVA, 8, 0) != 0);
    machine_clock_step(1000000);
    CHECK(!machine_has_interrupt(0x61));
    save();
    load(NULL);
    machine_clock_step(1000000);
    CHECK(!machine_has_interrupt(0x61));
    go_on();
    machine_clock_step(1000000);
    CHECK(machine_has_interrupt(0x61));
    rig_stop();
}

static void preboot_stays(void)
{
    static const char *const args[] = {"-global", "amdvi.preboot-block=all", NULL};

    for (unsigned was_enabled = 0; was_enabled < 2; was_enabled++) {
        rig_start_raw(args);
        if (was_enabled) {
            rig_program();
            machine_write64(RIG_CONTROL, 0);
        }
        save();
        load(args);
        go_on();
        CHECK((testdev_run(TESTDEV_READ, RIG_MEMORY, 8, 0) == 0) == (was_enabled == 1));
        rig_stop();
    }
}

static void both_units_go_on(void)
{
    static const char *const args[] = {"-device", "pxb-pcie,id=pxb1,bus_nr=64,bus=pcie.0,addr=9",
                                       "-device", "amdvi,id=iommu1,root=pxb1,bus=pcie.0,addr=3",
                                       NULL};

    rig_start_with(args, NULL);
    rig_select(1);
    machine_write64(RIG_WINDOW + 0x4000, 0x1234001);
    save();
    load(args);
    CHECK_U64(machine_read64(RIG_WINDOW), 0x2001ff);
    CHECK_U64(machine_read64(RIG_WINDOW + 0x4000), 0x1234001);
    rig_stop();
}

/* Change the byte @offset behind the start of the IOMMU's part of the file: its length and its id.
 */
static bool damage(size_t offset, uint8_t value)
{
    static const char id[] = "\x12"
                             "0000:00:02.0/amdvi";
    FILE *file = fopen(state_file, "r+b");
    bool found = false;

    if (file == NULL || fseek(file, 0, SEEK_END) != 0) {
        return false;
    }
    size_t bytes = (size_t)ftell(file);
    char *data = malloc(bytes);

    rewind(file);
    if (fread(data, 1, bytes, file) == bytes) {
        for (size_t at = 0; at + offset + 64 < bytes && !found; at++) {
            if (memcmp(data + at, id, sizeof(id) - 1) == 0) {
                found = fseek(file, (long)(at + offset), SEEK_SET) == 0 &&
                        fwrite(&value, 1, 1, file) == 1;
            }
        }
    }
    free(data);
    return fclose(file) == 0 && found;
}

static bool is_refused(const char *const *more, const char *text)
{
    const char *args[32] = {"-machine", "q35", "-m", "256M", "-incoming", state_uri};
    size_t count = 6;

    while (*more != NULL && count < 31) {
        args[count++] = *more++;
    }
    char *output = machine_refuses(args);
    bool is = strstr(output, text) != NULL;

    if (!is) {
        printf("# no \"%s\" in: %s\n", text, output);
    }
    free(output);
    return is;
}

static void bad_state_is_refused(void)
{
    static const char *const same[] = {"-device", "amdvi,addr=2", NULL};
    static const char *const other[] = {"-device", "amdvi,addr=2,preboot-block=all", NULL};

    /* After the id: instance and version; of the PCI function its version, configuration space and
       four lines; two flags; the length of the library's state. */
    const size_t length = 19 + 4 + 4 + 4 + 256 + 16 + 2;

    machine_start(same);
    save();
    CHECK(is_refused(other, "saved state of"));
    CHECK(damage(length + 4, 0xff));
    CHECK(is_refused(same, "saved state of"));
    machine_start(same);
    save();
    CHECK(damage(length, 0x7f)); /* 2 GiB of it */
    CHECK(is_refused(same, "length"));
}

/* The IOMMU sends it again, when the devices are there; the device has to answer as before. */
static void invalidation_in_flight(void)
{
    ats_start();
    rig_set_iotlb_timeout(4); /* 1 s */
    ats_write(ATSDEV_REG_MUTE, 1);
    ats_invalidate(ATS_DEVICE, 4, IOVA);
    rig_wait_begin();
    ats_let_things_happen();
    CHECK(!rig_wait_is_done());
    save();
    load(ats_args);
    CHECK(!rig_wait_is_done());
    go_on();
    ats_let_things_happen();
    CHECK_U64(ats_read(ATSDEV_REG_ENABLED), 1);
    CHECK_U64(ats_read(ATSDEV_REG_PENDING), 1);
    CHECK_U64(ats_read(ATSDEV_REG_INVALIDATE), IOVA);
    CHECK(!rig_wait_is_done());
    ats_write(ATSDEV_REG_MUTE, 0);
    ats_let_things_happen();
    CHECK(rig_wait_is_done());
    machine_clock_step(2000 * MILLISECOND);
    RIG_NO_EVENTS();
    rig_stop();
}

/* Nor does the time stand still that it has for that. */
static void invalidation_times_out(void)
{
    ats_start();
    rig_set_iotlb_timeout(4);
    ats_write(ATSDEV_REG_MUTE, 1);
    uint64_t command = ats_invalidate(ATS_DEVICE, 4, IOVA);
    rig_wait_begin();
    save();
    load(ats_args);
    go_on();
    CHECK(!rig_wait_is_done());
    machine_clock_step(1001 * MILLISECOND);
    ats_let_things_happen();
    RIG_EVENTS(ats_timeout(ATS_DEVICE, command));
    CHECK(rig_wait_is_done());
    rig_stop();
}

static const struct check_case cases[] = {
    {"all registers stay as they were", "1.20 MMIO registers", registers_stay},
    {"translation and remapping go on by the same tables", NULL, translation_goes_on},
    {"a completion wait that was parked goes on", "1.20 COMPLETION_WAIT", parked_wait_goes_on},
    {"while the machine stands, nothing is written to memory", NULL,
     stopped_machine_writes_nothing},
    {"an overflowed event log stays so", "1.20 event log", full_log_stays},
    {"the IOMMU's own interrupt is sent by the machine that goes on", NULL,
     pending_message_is_sent},
    {"preboot: what was blocked stays blocked, and nothing else", "preboot-block", preboot_stays},
    {"two IOMMUs keep apart", NULL, both_units_go_on},
    {"a state that is damaged or of another device is refused", NULL, bad_state_is_refused},
    {"a device goes on owing the answer to an invalidation", "1.20 INVALIDATE_IOTLB_PAGES",
     invalidation_in_flight},
    {"an invalidation that nobody answers is reported after migration", "1.20 IOTLB_INV_TIMEOUT",
     invalidation_times_out},
};

int main(void)
{
    const char *dir = getenv("TMPDIR");

    snprintf(state_file, sizeof(state_file), "%s/amdvi-state.%d", dir != NULL ? dir : "/tmp",
             (int)getpid());
    snprintf(state_uri, sizeof(state_uri), "file:%s", state_file);
    int status = check_main(cases, CHECK_CASE_COUNT(cases));

    unlink(state_file);
    return status;
}
