/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * amdvi-driver: the software side of the AMD IOMMU (revision 1.20, and later parts used as such)
 * for operating systems, hypervisors and boot loaders. This header is the machine: from the IVRS to
 * all units enabled with everything blocked, the devices, what the units report, and power. Domains
 * are in drv_domain.h, interrupts in drv_interrupt.h.
 *
 * Safe by default: a device that nobody attached reaches nothing, its interrupts included, except
 * the memory that firmware demands for it (IVMD). Nothing is let through on the way there.
 */
#ifndef AMDVI_DRV_H
#define AMDVI_DRV_H

#include <amdvi/drv_host.h>
#include <amdvi/drv_log.h>

#ifdef __cplusplus
extern "C" {
#endif

struct amdvi_drv;        /* all IOMMUs of one machine */
struct amdvi_drv_device; /* a device, with all requester ids that its requests may carry */
struct amdvi_drv_domain; /* an address space: drv_domain.h */

/* ---- Bring-up -------------------------------------------------------------------------------- */

/* What is corrected; the names are those of the members of struct amdvi_drv_override. */
enum amdvi_drv_override_kind {
    AMDVI_DRV_OVERRIDE_IOAPIC, /* @handle, its id: sends as @device_id */
    AMDVI_DRV_OVERRIDE_HPET,   /* @handle, its number */
    AMDVI_DRV_OVERRIDE_ACPI,   /* the device with this @hid and @uid sends as @device_id */
    AMDVI_DRV_OVERRIDE_MEMORY, /* firmware memory: @first_spa to @last_spa for @device_id; with
                                  last < first, no IVMD is for this device */
    AMDVI_DRV_OVERRIDE_IGNORE, /* no unit at @window_base: leave it alone */
};

/* Corrects what broken firmware says; the first that fits counts, before the table. */
struct amdvi_drv_override {
    enum amdvi_drv_override_kind kind;
    uint8_t handle;
    uint16_t segment;
    uint16_t device_id;
    const char *hid; /* at most 8 characters */
    const char *uid;
    uint64_t first_spa;
    uint64_t last_spa; /* inclusive */
    uint64_t window_base;
};

struct amdvi_drv_config {
    size_t size; /* sizeof(struct amdvi_drv_config) */

    const void *ivrs; /* the table; only used during amdvi_drv_start() */
    size_t ivrs_bytes;
    const struct amdvi_drv_override *overrides;
    unsigned override_count;

    const struct amdvi_drv_block *arena; /* NULL: host->alloc */

    uint8_t commands_log2; /* entries of each command buffer, 8 to 15 */
    uint8_t events_log2;   /* of each event log, 8 to 15 */
    uint16_t domains_max;  /* domains at a time, 1 to 32767 */
    uint32_t wait_ms;      /* deadline of every wait for a completion; above the 1 s (InvTimeOut)
                              after which the IOMMU gives up a device's ATS answer */
    uint16_t faults_max;  /* events of one device within a second, before it is stopped; 0: never */
    bool pass_interrupts; /* do not touch interrupts: IV=0. Any device can then send any */
    bool self_test;       /* of every unit, before it is used: a failure fails the start. As with
                             amdvi_drv_self_test(), host->event hears of the commands that it
                             makes wrong, here before the start returns */
    uint8_t cpu_family;   /* of the host, for errata that depend on it; 0: unknown, all apply */
    uint8_t cpu_model;
};

/* 512 entries each, 1024 domains, 2 s, 1000 faults. */
void amdvi_drv_config_init(struct amdvi_drv_config *config);

/*
 * Bring up every unit of the table: devices resolved, firmware's memory mapped, all entries
 * blocked, then translation enabled, then everything invalidated. A unit that firmware or an
 * earlier kernel left running is taken over without being off in between. Where one unit fails, the
 * units that this call enabled are left enabled and blocked if they ran before, and switched off if
 * they did not.
 *
 * Faults of the table that can be skipped (an IVMD of no length, devices of no unit) are logged and
 * skipped; two IVMDs that contradict each other for one device, and a malformed block, are refused.
 *
 * @host    must stay until amdvi_drv_stop(). @config: copied.
 *
 * Returns    AMDVI_DRV_ERR_ARGUMENT, AMDVI_DRV_ERR_NO_MEMORY,
 *            AMDVI_DRV_ERR_TABLE        the IVRS cannot be used; host->log says where.
 *            AMDVI_DRV_ERR_UNSUPPORTED  no host translation; or a running unit's table cannot be
 *                                       replaced in one piece with 32-bit writes.
 *            AMDVI_DRV_ERR_TIMEOUT, AMDVI_DRV_ERR_HARDWARE: a unit does not answer, or
 *                                       has bits of a later revision that cannot be cleared.
 * Threading  setup only; task context.
 * Blocking   wait_ms for each unit.
 * Spec       1.20, IVRS, device table, IOMMU control; 2.6, IVHD types 11h and 40h.
 */
AMDVI_DRV_MUST_CHECK enum amdvi_drv_status amdvi_drv_start(struct amdvi_drv **out,
                                                           const struct amdvi_drv_host *host,
                                                           const struct amdvi_drv_config *config);

enum amdvi_drv_ending {
    AMDVI_DRV_SWITCH_OFF, /* every unit off, all memory given back: DMA is free after this */
    AMDVI_DRV_HAND_OVER,  /* kexec: every device blocked but for firmware's memory, rings and logs
                             stopped, units on; tables stay where they are, and are never given
                             back. Nothing of the instance may be used afterwards. */
};

/*
 * End it. All devices must be removed and all domains destroyed for AMDVI_DRV_SWITCH_OFF.
 *
 * Returns    AMDVI_DRV_ERR_BUSY     there are devices or domains.
 *            AMDVI_DRV_ERR_TIMEOUT  a unit does not stop, or not all could be invalidated; what was
 *                                   asked for is done all the same, but for giving memory back.
 * Threading  setup only; task context.
 */
AMDVI_DRV_MUST_CHECK enum amdvi_drv_status amdvi_drv_stop(struct amdvi_drv *drv,
                                                          enum amdvi_drv_ending ending);

/*
 * Before the machine sleeps: rings and logs stopped; translation stays on. Devices must be quiet.
 * And after: everything is programmed again, in the order of amdvi_drv_start(), from tables that
 * were in memory all the time. Erratum RD890: the window's base is restored first.
 *
 * Returns    AMDVI_DRV_ERR_TIMEOUT, AMDVI_DRV_ERR_HARDWARE.
 * Threading  task context, no other call under way.
 */
AMDVI_DRV_MUST_CHECK enum amdvi_drv_status amdvi_drv_suspend(struct amdvi_drv *drv);
AMDVI_DRV_MUST_CHECK enum amdvi_drv_status amdvi_drv_resume(struct amdvi_drv *drv);

/* ---- Units ----------------------------------------------------------------------------------- */

/* Errata that are handled; those that apply to a unit are bits of its errata. */
#define AMDVI_DRV_ERRATUM_63     0x001u /* SysMgt=01 needs IW=1 */
#define AMDVI_DRV_ERRATUM_732    0x002u /* and 733: log entries are late */
#define AMDVI_DRV_ERRATUM_746    0x004u /* family 15h: L2 configuration on start and resume */
#define AMDVI_DRV_ERRATUM_787    0x008u /* and 1312: status bits must be read again */
#define AMDVI_DRV_ERRATUM_ATS_WC 0x010u /* family 15h models 30h-3Fh: ATS write check */
#define AMDVI_DRV_ERRATUM_512G   0x020u /* pages of 512 GiB are not used */
#define AMDVI_DRV_ERRATUM_RD890  0x040u /* registers restored over suspend */
#define AMDVI_DRV_ERRATUM_SP5100 0x080u /* erratum 28: interrupts are not remapped */
#define AMDVI_DRV_ERRATUM_STONEY 0x100u /* Stoney Ridge: no ATS for its graphics */

struct amdvi_drv_unit_info {
    uint16_t segment;
    uint16_t device_id; /* of the IOMMU itself */
    uint64_t window_base;
    uint64_t efr;    /* as reconciled; 0 on revision 1.20 */
    uint32_t errata; /* AMDVI_DRV_ERRATUM_… */
    uint8_t levels_max;
    bool iotlb_sup;
    bool np_cache;
    bool efr_mismatch; /* register and IVHD differ; what both have is used */
    bool was_running;  /* taken over */
    bool failed;       /* its ring has stopped for good; what is blocked stays blocked */
    uint64_t events;
    uint64_t lost;
    uint64_t timeouts;
    unsigned repairs;
};

/* How many units the driver runs; their indices are 0 to that number less one. Any context. */
unsigned amdvi_drv_unit_count(const struct amdvi_drv *drv);

/* False beyond the last. Any context. */
bool amdvi_drv_unit_info(struct amdvi_drv *drv, unsigned unit_index,
                         struct amdvi_drv_unit_info *out);

/*
 * The interrupt of host->unit_message: acknowledge, drain and report the log, restart what stopped.
 * At most 256 events in one call; true when there are more, and the host calls again, from wherever
 * suits.
 *
 * Threading  any context, several at once.
 * Spec       1.20, event log, IOMMU status.
 */
bool amdvi_drv_unit_interrupt(struct amdvi_drv *drv, unsigned unit_index);

/*
 * Everything that falls due: all units as above, lazy invalidations whose time has come, devices to
 * be stopped or whose ATS timed out. True when there is more to do at once.
 *
 * Threading  any context but interrupt handlers, several at once.
 * Blocking   up to wait_ms, only after errors.
 */
bool amdvi_drv_poll(struct amdvi_drv *drv);

enum amdvi_drv_verdict {
    AMDVI_DRV_PASS,
    AMDVI_DRV_FAIL,
    AMDVI_DRV_NOT_TESTED,
};

/* One expectation of the self-test, and what became of it. */
struct amdvi_drv_test_result {
    const char *expectation; /* a sentence, true when it passes */
    enum amdvi_drv_verdict verdict;
    uint64_t expected;
    uint64_t found;
};

/*
 * Check a unit in use against what this driver relies on: registers keep what is written, commands
 * complete in order and store what they are told, a ring stopped by a bad command is repaired, the
 * log shows that command, its overflow can be restarted. No device is disturbed.
 *
 * host->event hears of the two bad commands as of any other.
 *
 * Each time two of the AMDVI_DRV_REPAIRS_MAX repairs of the ring are used. Half of them are for
 * true errors: when the other half is used up, what needs a bad command is AMDVI_DRV_NOT_TESTED.
 *
 * @report  called for each result, no lock held; may be NULL.
 *
 * Returns    how many failed.
 * Threading  task context; one at a time.
 * Blocking   up to 2 s.
 */
unsigned amdvi_drv_self_test(struct amdvi_drv *drv, unsigned unit_index,
                             void (*report)(void *ctx, const struct amdvi_drv_test_result *result),
                             void *ctx);

/*
 * Everything about a unit, a device, and the walk of one IOVA, line by line: registers, the
 * commands and events around head and tail, device table entry, interrupt table.
 *
 * @device  may be NULL: the unit alone.
 * @line    no lock held; the text has no newline.
 *
 * Threading  any context; for people, what changes meanwhile shows half.
 */
void amdvi_drv_dump(struct amdvi_drv *drv, unsigned unit_index, struct amdvi_drv_device *device,
                    uint64_t iova, void (*line)(void *ctx, const char *text), void *ctx);

/* ---- Devices --------------------------------------------------------------------------------- */

/* Requester ids of one device, its own and its IVRS alias included. */
#define AMDVI_DRV_REQUESTERS_MAX 8

struct amdvi_drv_device_config {
    uint16_t segment;
    uint16_t device_id;
    const uint16_t *aliases; /* further requester ids its requests may carry (bridges, phantom
                                functions); those of the IVRS are known */
    unsigned alias_count;
    bool trusted;        /* false: no identity, no ATS, bounce buffers for parts of pages */
    uint16_t ats_offset; /* of its ATS capability in configuration space; 0: none */
    void *cookie;        /* the host's */
};

/*
 * Make a device known. It stays blocked, but for firmware's memory.
 *
 * A requester id that an earlier device has too makes the two inseparable: they get the same domain
 * or none, one interrupt table, and are trusted only if both are.
 *
 * Returns    AMDVI_DRV_ERR_NO_UNIT, AMDVI_DRV_ERR_NO_MEMORY,
 *            AMDVI_DRV_ERR_EXISTS     it is known.
 *            AMDVI_DRV_ERR_UNTRUSTED  a device that shares its requester id has what only trusted
 *                                     devices may have.
 *            AMDVI_DRV_ERR_ARGUMENT   too many aliases, or one behind another unit.
 *            AMDVI_DRV_ERR_BUSY       a device that shares its requester id is being moved.
 *            AMDVI_DRV_ERR_TIMEOUT, AMDVI_DRV_ERR_COMMAND, AMDVI_DRV_ERR_HARDWARE: it is not known.
 * Threading  task context.
 * Spec       1.20, IVHD device entries.
 */
AMDVI_DRV_MUST_CHECK enum amdvi_drv_status
amdvi_drv_device_add(struct amdvi_drv *drv, const struct amdvi_drv_device_config *config,
                     struct amdvi_drv_device **out);

/*
 * Forget a device: detached, its interrupts freed, its entry blocked and invalidated.
 *
 * Returns    AMDVI_DRV_ERR_TIMEOUT, AMDVI_DRV_ERR_COMMAND, AMDVI_DRV_ERR_HARDWARE: it is blocked in
 *            memory but may not be in caches; the device stays known and can be removed again.
 *            AMDVI_DRV_ERR_BUSY.
 * Threading  task context.
 */
AMDVI_DRV_MUST_CHECK enum amdvi_drv_status amdvi_drv_device_remove(struct amdvi_drv_device *device);

/* The device that sends as @device_id, for reports; NULL. */
struct amdvi_drv_device *amdvi_drv_device_find(struct amdvi_drv *drv, uint16_t segment,
                                               uint16_t device_id);
void *amdvi_drv_device_cookie(const struct amdvi_drv_device *device);

/*
 * The requester id that firmware gave a device that has no PCI function: an IOAPIC, HPET, or ACPI
 * device. Feed it to amdvi_drv_device_add().
 *
 * Returns    AMDVI_DRV_ERR_NO_UNIT when neither the IVRS nor an override knows it.
 */
AMDVI_DRV_MUST_CHECK enum amdvi_drv_status amdvi_drv_ioapic_find(struct amdvi_drv *drv,
                                                                 uint8_t ioapic_id,
                                                                 uint16_t *out_segment,
                                                                 uint16_t *out_device_id);
AMDVI_DRV_MUST_CHECK enum amdvi_drv_status amdvi_drv_hpet_find(struct amdvi_drv *drv,
                                                               uint8_t number,
                                                               uint16_t *out_segment,
                                                               uint16_t *out_device_id);
AMDVI_DRV_MUST_CHECK enum amdvi_drv_status amdvi_drv_acpi_find(struct amdvi_drv *drv,
                                                               const char *hid, const char *uid,
                                                               uint16_t *out_segment,
                                                               uint16_t *out_device_id);

/*
 * Let a device that was stopped, because it faulted without end or its ATS timed out, work again.
 * Its ATS stays off until amdvi_drv_ats_enable().
 */
AMDVI_DRV_MUST_CHECK enum amdvi_drv_status
amdvi_drv_device_restart(struct amdvi_drv_device *device);

/* ---- ATS ------------------------------------------------------------------------------------- */

/*
 * Let the device keep translations. Invalidations of its domain go to the device too from here on.
 *
 * Returns    AMDVI_DRV_ERR_UNTRUSTED    not for this device.
 *            AMDVI_DRV_ERR_UNSUPPORTED  unit, IVRS, device, host or an erratum say no.
 *            as amdvi_drv_attach().
 * Threading  task context.
 * Spec       1.20, IOTLB support; PCI Express ATS 1.0.
 */
AMDVI_DRV_MUST_CHECK enum amdvi_drv_status amdvi_drv_ats_enable(struct amdvi_drv_device *device);
/* Off in the device first, then in its entry, then what it kept is invalidated. */
AMDVI_DRV_MUST_CHECK enum amdvi_drv_status amdvi_drv_ats_disable(struct amdvi_drv_device *device);

#ifdef __cplusplus
}
#endif

#endif
