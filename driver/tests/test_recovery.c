/* SPDX-License-Identifier: BSD-2-Clause */
/* What a machine under fire does: devices that fault without end, full logs, rings that stop. */
#include "boot.h"

#define FAULTS_MAX 20
#define IOVA       UINT64_C(0x40000)

/* ---- What the host hears --------------------------------------------------------------------- */

static struct {
    unsigned reports;
    uint64_t lost;
    unsigned stopped; /* reports that say so */
    uint16_t stopped_id;
    unsigned of_code[16];
    bool reached_after; /* when the host was told that it is stopped, it reached something still */
} heard;

static void hear(struct rig *rig, const struct amdvi_drv_report *report)
{
    uint64_t spa = 0;

    heard.reports++;
    heard.lost += report->lost;
    heard.of_code[report->raw[0] >> 60]++;
    if (report->device_stopped) {
        heard.stopped++;
        heard.stopped_id = report->event.device_id;
        heard.reached_after = rig_peek(rig, 0, heard.stopped_id, IOVA, false, &spa);
    }
}

static bool start(const struct policy_options *options)
{
    memset(&heard, 0, sizeof(heard));
    if (!policy_start(&boot.policy, options)) {
        return false;
    }
    boot.policy.rig.event = hear;
    return true;
}

static void poll(void)
{
    for (unsigned i = 0; i < 1000 && amdvi_drv_poll(boot.policy.drv); i++) {
    }
}

static void fault(uint16_t device_id, unsigned times)
{
    uint64_t spa = 0;

    for (unsigned i = 0; i < times; i++) {
        CHECK(!rig_access(&boot.policy.rig, 0, device_id, BOOT_MEMORY, false, &spa));
    }
}

static struct amdvi_drv_unit_info info(void)
{
    struct amdvi_drv_unit_info out = {.errata = 0};

    CHECK(amdvi_drv_unit_info(boot.policy.drv, 0, &out));
    return out;
}

/* ---- Devices --------------------------------------------------------------------------------- */

static void a_device_that_faults_without_end_is_stopped(void)
{
    uint16_t id = POLICY_ID(0, 0);

    CHECK(start(&(struct policy_options){.faults_max = FAULTS_MAX}));
    struct amdvi_drv_domain *domain = policy_attached(&boot.policy, id);
    struct amdvi_drv_device *device = amdvi_drv_device_find(boot.policy.drv, 0, id);
    struct amdvi_drv_block memory = policy_memory(&boot.policy, 4096);
    CHECK_U64(amdvi_drv_map(domain, IOVA, memory.spa, 4096, POLICY_RW), AMDVI_DRV_OK);

    fault(id, FAULTS_MAX);
    poll();
    CHECK_U64(heard.reports, FAULTS_MAX);
    CHECK_U64(heard.stopped, 0);
    CHECK_REACHES(&boot.policy, id, IOVA, memory.spa);
    fault(id, 30);
    fault(POLICY_ID(0, 1), 1);
    while (amdvi_drv_unit_interrupt(boot.policy.drv, 0)) {
    }
    /* Told once, blocked by then; of the rest it is only said how many they were. */
    CHECK_U64(heard.reports, FAULTS_MAX + 2);
    CHECK_U64(heard.stopped, 1);
    CHECK_U64(heard.stopped_id, id);
    CHECK(!heard.reached_after);
    CHECK_U64(heard.lost, 29);
    CHECK_U64(info().lost, 29);
    poll();
    CHECK_REFUSED(&boot.policy, id, IOVA);
    /* It is not heard any more, others are. */
    heard.reports = 0;
    fault(id, 100);
    fault(POLICY_ID(0, 1), 3);
    poll();
    CHECK_U64(heard.reports, 3);

    CHECK_U64(amdvi_drv_device_restart(device), AMDVI_DRV_OK);
    CHECK_REACHES(&boot.policy, id, IOVA, memory.spa);
    heard.reports = 0;
    fault(id, FAULTS_MAX);
    poll();
    CHECK_U64(heard.reports, FAULTS_MAX);
    CHECK_U64(heard.stopped, 1);
    CHECK_REACHES(&boot.policy, id, IOVA, memory.spa);
    policy_stop(&boot.policy);
}

static void the_bound_is_for_one_second(void)
{
    uint16_t id = POLICY_ID(0, 0);

    CHECK(start(&(struct policy_options){.faults_max = FAULTS_MAX}));
    (void)policy_device(&boot.policy, id);
    for (unsigned i = 0; i < 10; i++) {
        fault(id, FAULTS_MAX);
        poll();
        rig_pass(&boot.policy.rig, UINT64_C(1000000000));
    }
    CHECK_U64(heard.reports, 10 * FAULTS_MAX);
    CHECK_U64(heard.stopped, 0);
    policy_stop(&boot.policy);

    /* And may be absent. */
    CHECK(start(&(struct policy_options){.faults_max = 0}));
    (void)policy_device(&boot.policy, id);
    fault(id, 200);
    poll();
    CHECK_U64(heard.reports, 200);
    policy_stop(&boot.policy);
}

/* A device that nobody added, of which an earlier kernel or firmware forgot to say stop. */
static void a_stranger_is_stopped_too(void)
{
    uint16_t id = POLICY_ID(0, 4);

    CHECK(start(&(struct policy_options){.faults_max = FAULTS_MAX}));
    fault(id, 100);
    poll();
    CHECK_U64(heard.stopped, 1);
    CHECK_U64(heard.stopped_id, id);
    CHECK_U64(heard.reports, FAULTS_MAX + 1);
    heard.reports = 0;
    fault(id, 100);
    poll();
    CHECK_U64(heard.reports, 0);
    const struct amdvi_drv_unit *unit = boot.policy.drv->units[0];
    struct amdvi_dte dte = amdvi_drv_device_table_read(&unit->table, id);
    CHECK(dte.valid && !dte.translation && dte.suppress_all);

    /* Once it is known, and attached, it begins anew. */
    struct amdvi_drv_domain *domain = policy_attached(&boot.policy, id);
    struct amdvi_drv_block memory = policy_memory(&boot.policy, 4096);
    CHECK_U64(amdvi_drv_map(domain, IOVA, memory.spa, 4096, POLICY_RW), AMDVI_DRV_OK);
    CHECK_REACHES(&boot.policy, id, IOVA, memory.spa);
    policy_stop(&boot.policy);
}

static void a_stopped_device_can_leave(void)
{
    uint16_t id = POLICY_ID(0, 0);

    CHECK(start(&(struct policy_options){.faults_max = FAULTS_MAX}));
    struct amdvi_drv_device *device = policy_device(&boot.policy, id);
    fault(id, 100);
    while (amdvi_drv_unit_interrupt(boot.policy.drv, 0)) {
    }
    CHECK_U64(heard.stopped, 1);
    CHECK_U64(amdvi_drv_device_remove(device), AMDVI_DRV_OK);
    CHECK(amdvi_drv_requester_find(boot.policy.drv->units[0], id) == NULL);
    poll();
    CHECK_REFUSED(&boot.policy, id, IOVA);
    policy_stop(&boot.policy);
}

/* ATS goes with it: off in the device, and only the host lets it on again. */
static void a_stopped_devices_ats_is_off(void)
{
    uint16_t id = POLICY_ID(0, 0);

    CHECK(start(&(struct policy_options){.faults_max = FAULTS_MAX, .rig = {.iotlb_sup = true}}));
    struct amdvi_drv_device *device = policy_device_with(&boot.policy, id, true, NULL, 0, true);
    struct amdvi_drv_domain *domain = policy_domain(&boot.policy, AMDVI_DRV_FLUSH_STRICT);
    struct rig_function *function = &boot.policy.rig.function[boot.policy.rig.function_count - 1];
    const struct amdvi_drv_unit *unit = boot.policy.drv->units[0];
    CHECK_U64(amdvi_drv_attach(domain, device), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_ats_enable(device), AMDVI_DRV_OK);
    CHECK(amdvi_drv_device_table_read(&unit->table, id).iotlb);
    fault(id, 100);
    while (amdvi_drv_unit_interrupt(boot.policy.drv, 0)) {
    }
    CHECK(!amdvi_drv_device_table_read(&unit->table, id).iotlb);
    poll();
    CHECK_U64(function->config[RIG_ATS_OFFSET / 4 + 1] >> 31, 0);
    CHECK_U64(domain->ats_count, 0);
    CHECK_U64(amdvi_drv_device_restart(device), AMDVI_DRV_OK);
    CHECK(!amdvi_drv_device_table_read(&unit->table, id).iotlb);
    CHECK(amdvi_drv_device_table_read(&unit->table, id).translation);
    CHECK_U64(amdvi_drv_ats_enable(device), AMDVI_DRV_OK);
    CHECK(amdvi_drv_device_table_read(&unit->table, id).iotlb);
    policy_stop(&boot.policy);
}

/* The completion comes late: blocked in memory at once, and completed by a later poll. */
static void a_stop_is_completed_later(void)
{
    uint16_t id = POLICY_ID(0, 0);

    CHECK(start(&(struct policy_options){.faults_max = FAULTS_MAX, .wait_ms = 10}));
    struct amdvi_drv_domain *domain = policy_attached(&boot.policy, id);
    struct amdvi_drv_block memory = policy_memory(&boot.policy, 4096);
    CHECK_U64(amdvi_drv_map(domain, IOVA, memory.spa, 4096, POLICY_RW), AMDVI_DRV_OK);
    fault(id, 100);
    boot.policy.rig.completion = RIG_NEVER;
    poll();
    CHECK_U64(heard.stopped, 1);
    CHECK(!heard.reached_after);
    const struct amdvi_drv_requester *requester =
        amdvi_drv_requester_find(boot.policy.drv->units[0], id);
    CHECK(requester->stop_due);
    CHECK(info().timeouts != 0);
    boot.policy.rig.completion = RIG_AT_ONCE;
    rig_pass(&boot.policy.rig, 1);
    poll();
    CHECK(!requester->stop_due && requester->stopped);
    CHECK_REFUSED(&boot.policy, id, IOVA);
    policy_stop(&boot.policy);
}

/* ---- The log --------------------------------------------------------------------------------- */

static void one_call_takes_256_events(void)
{
    boot_prepare(&(struct policy_options){0});
    memset(&heard, 0, sizeof(heard));
    boot.config.events_log2 = 10;
    boot.config.faults_max = 0;
    boot.policy.rig.event = hear;
    CHECK_U64(amdvi_drv_start(&boot.policy.drv, &boot.policy.rig.host, &boot.config), AMDVI_DRV_OK);
    fault(POLICY_ID(0, 0), 600);
    CHECK(amdvi_drv_unit_interrupt(boot.policy.drv, 0));
    CHECK(heard.reports <= 256 && heard.reports > 200);
    CHECK(amdvi_drv_poll(boot.policy.drv));
    CHECK(heard.reports <= 512);
    CHECK(!amdvi_drv_unit_interrupt(boot.policy.drv, 0));
    CHECK_U64(heard.reports, 600);
    CHECK_U64(heard.lost, 0);
    CHECK_U64(info().events, 600);
    CHECK(!amdvi_drv_unit_interrupt(boot.policy.drv, 7)); /* no such unit */
    policy_stop(&boot.policy);
}

static void a_full_log_goes_on(void)
{
    CHECK(start(&(struct policy_options){0}));
    for (unsigned round = 0; round < 3; round++) {
        memset(&heard, 0, sizeof(heard));
        fault(POLICY_ID(0, 0), 400);
        poll();
        CHECK_U64(heard.reports, 255);
        CHECK(heard.lost >= 1);
        heard.reports = 0;
        fault(POLICY_ID(0, 0), 7);
        poll();
        CHECK_U64(heard.reports, 7);
    }
    CHECK(info().lost >= 3);
    policy_stop(&boot.policy);
}

static uint32_t (*real_read32)(void *ctx, void *window, uint32_t offset);

/* EventLogInt that never goes. */
static uint32_t read_stuck_status(void *ctx, void *window, uint32_t offset)
{
    uint32_t value = real_read32(ctx, window, offset);

    return offset == amdvi_regs[AMDVI_REG_STATUS].offset ? value | 2 : value;
}

static void a_status_that_stays_or_comes_back_is_survived(void)
{
    CHECK(start(&(struct policy_options){0}));
    fault(POLICY_ID(0, 0), 3);
    boot.policy.rig.status_races = true;
    CHECK(!amdvi_drv_unit_interrupt(boot.policy.drv, 0));
    CHECK_U64(heard.reports, 3);
    CHECK_U64(rig_reg(&boot.policy.rig, 0, AMDVI_REG_STATUS) & 7, 0);

    real_read32 = boot.policy.rig.host.read32;
    boot.policy.rig.host.read32 = read_stuck_status;
    fault(POLICY_ID(0, 0), 3);
    CHECK(amdvi_drv_unit_interrupt(boot.policy.drv, 0)); /* ends */
    CHECK_U64(heard.reports, 6);
    boot.policy.rig.host.read32 = real_read32;
    policy_stop(&boot.policy);
}

/* ---- The ring -------------------------------------------------------------------------------- */

static void spoil_next_command(void)
{
    boot.policy.rig.corrupt_after = 1;
    boot.policy.rig.corrupt_word0 = UINT64_C(0xf) << 60;
    boot.policy.rig.corrupt_word1 = 0;
}

static void a_refused_command_is_told_and_repaired(void)
{
    uint16_t id = POLICY_ID(0, 0);

    CHECK(start(&(struct policy_options){0}));
    struct amdvi_drv_domain *domain = policy_attached(&boot.policy, id);
    struct amdvi_drv_block memory = policy_memory(&boot.policy, 4096);
    CHECK_U64(amdvi_drv_map(domain, IOVA, memory.spa, 4096, POLICY_RW), AMDVI_DRV_OK);
    CHECK_REACHES(&boot.policy, id, IOVA, memory.spa);
    spoil_next_command();
    CHECK_U64(amdvi_drv_unmap(domain, IOVA, 4096, NULL), AMDVI_DRV_ERR_COMMAND);
    poll();
    CHECK_U64(heard.of_code[AMDVI_EVENT_ILLEGAL_COMMAND_ERROR], 1);
    CHECK_U64(info().repairs, 1);
    CHECK(!info().failed);
    CHECK_U64(amdvi_drv_domain_recover(domain), AMDVI_DRV_OK);
    CHECK_REFUSED(&boot.policy, id, IOVA);
    policy_stop(&boot.policy);
}

/* Nobody waits: poll alone finds it, in the log, and has the ring run again. */
static void poll_repairs_a_ring_that_nobody_waits_for(void)
{
    struct amdvi_command command = {.opcode = AMDVI_OPCODE_INVALIDATE_DEVTAB_ENTRY, .device_id = 9};
    uint32_t number = 0;

    for (unsigned logged = 0; logged < 2; logged++) {
        CHECK(start(&(struct policy_options){0}));
        struct amdvi_drv_unit *unit = boot.policy.drv->units[0];
        if (logged == 0) {
            CHECK_U64(amdvi_drv_log_stop(&unit->log), AMDVI_DRV_OK);
        }
        spoil_next_command();
        CHECK_U64(amdvi_drv_ring_submit(&unit->ring, &command, 1, UINT64_MAX, &number),
                  AMDVI_DRV_OK);
        CHECK(!amdvi_drv_ring_is_completed(&unit->ring, number));
        poll();
        CHECK(amdvi_drv_ring_is_completed(&unit->ring, number));
        CHECK_U64(info().repairs, 1);
        CHECK_U64(heard.of_code[AMDVI_EVENT_ILLEGAL_COMMAND_ERROR], logged);
        policy_stop(&boot.policy);
    }
}

static void a_ring_that_fails_for_good_keeps_blocking(void)
{
    uint16_t id = POLICY_ID(0, 0);
    struct amdvi_command command = {.opcode = AMDVI_OPCODE_INVALIDATE_DEVTAB_ENTRY, .device_id = 9};
    struct amdvi_drv_device *other = NULL;
    uint32_t number = 0;

    CHECK(start(&(struct policy_options){.rig = {.pause_ns = 1000}}));
    struct amdvi_drv_domain *domain = policy_attached(&boot.policy, id);
    struct amdvi_drv_ring *ring = &boot.policy.drv->units[0]->ring;
    unsigned lines = boot.policy.rig.log_lines;
    for (unsigned i = 0; i <= AMDVI_DRV_REPAIRS_MAX; i++) {
        spoil_next_command();
        CHECK_U64(amdvi_drv_ring_submit(ring, &command, 1, UINT64_MAX, &number), AMDVI_DRV_OK);
        poll(); /* from the log's event */
        CHECK_U64(amdvi_drv_ring_wait(ring, number, 0),
                  i < AMDVI_DRV_REPAIRS_MAX ? AMDVI_DRV_ERR_COMMAND : AMDVI_DRV_ERR_HARDWARE);
    }
    CHECK_U64(boot.policy.rig.log_lines, lines + 1);
    CHECK_U64(amdvi_drv_unmap(domain, IOVA, 4096, NULL), AMDVI_DRV_ERR_HARDWARE);
    poll();
    CHECK(info().failed);
    CHECK_U64(info().repairs, AMDVI_DRV_REPAIRS_MAX);
    /* Whoever comes later fails at once, and changes nothing for the better. */
    uint64_t before_ns = boot.policy.rig.now_ns;
    struct amdvi_drv_device_config config = {.device_id = POLICY_ID(0, 1)};
    CHECK_U64(amdvi_drv_device_add(boot.policy.drv, &config, &other), AMDVI_DRV_ERR_HARDWARE);
    CHECK(other == NULL);
    CHECK_U64((boot.policy.rig.now_ns - before_ns) / 1000000, 0);
    CHECK(!amdvi_drv_poll(boot.policy.drv));
    CHECK_REFUSED(&boot.policy, id, IOVA);
    CHECK_REFUSED(&boot.policy, POLICY_ID(0, 1), IOVA);
    /* Only the end of all helps: everything stays held, as nothing could be invalidated. */
    CHECK_U64(amdvi_drv_stop(boot.policy.drv, AMDVI_DRV_SWITCH_OFF), AMDVI_DRV_ERR_BUSY);
    boot.policy.rig.held_blocks = 0;
    boot.policy.rig.held_bytes = 0;
    boot.policy.rig.held_windows = 0;
    CHECK(rig_stop(&boot.policy.rig));
}

/* ---- Firmware's memory under fire ------------------------------------------------------------ */

static void a_stopped_stranger_gets_its_memory_back_when_it_is_added(void)
{
    CHECK(start(&(struct policy_options){
        .faults_max = FAULTS_MAX, .memory = &boot_memory, .memory_count = 1}));
    CHECK_REACHES(&boot.policy, BOOT_HOMELY, BOOT_HOME, BOOT_HOME);
    fault(BOOT_HOMELY, 100);
    poll();
    CHECK_U64(heard.stopped, 1);
    CHECK_REFUSED(&boot.policy, BOOT_HOMELY, BOOT_HOME);
    (void)policy_device(&boot.policy, BOOT_HOMELY);
    CHECK_REACHES(&boot.policy, BOOT_HOMELY, BOOT_HOME, BOOT_HOME);
    policy_stop(&boot.policy);
}

static const struct check_case cases[] = {
    {"a device that faults without end is stopped, told of once, and can be restarted",
     "1.20 event log", a_device_that_faults_without_end_is_stopped},
    {"the bound is for one second, and may be absent", NULL, the_bound_is_for_one_second},
    {"a device that nobody added is stopped too, and begins anew once it is added", NULL,
     a_stranger_is_stopped_too},
    {"a stopped device can be removed, and leaves nothing behind", NULL,
     a_stopped_device_can_leave},
    {"a stopped device's ATS is off, in its entry first, and stays off after a restart",
     "1.20 IOTLB support", a_stopped_devices_ats_is_off},
    {"a stop whose completion is late is completed by a later poll", "1.20 COMPLETION_WAIT",
     a_stop_is_completed_later},
    {"one call takes 256 events at most, and says that there are more", "1.20 event log",
     one_call_takes_256_events},
    {"O-1: a log that was full goes on, and says that events were lost", "1.20 event log",
     a_full_log_goes_on},
    {"J-1: status bits that come back, or never go, are survived", "1.20 IOMMU status",
     a_status_that_stays_or_comes_back_is_survived},
    {"a refused command is told to who waits and to the host, and the ring goes on",
     "1.20 ILLEGAL_COMMAND_ERROR", a_refused_command_is_told_and_repaired},
    {"poll repairs a ring that nobody waits for, with and without a log",
     "1.20 ILLEGAL_COMMAND_ERROR", poll_repairs_a_ring_that_nobody_waits_for},
    {"a unit whose ring has failed for good keeps blocking, and everything else fails at once",
     "1.20 command buffer", a_ring_that_fails_for_good_keeps_blocking},
    {"a stopped device with firmware's memory has it again when it is added", "1.20 IVMD",
     a_stopped_stranger_gets_its_memory_back_when_it_is_added},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
