/* SPDX-License-Identifier: BSD-2-Clause */
/* The dump: what there is to be read about a unit, a device and a walk. */
#include "policy.h"

#define ID    POLICY_ID(0, 0)
#define LINES 2048
#define IOVA  UINT64_C(0x40205000)

static struct policy policy;
static unsigned lines;
static char text[LINES][256];

static void take_line(void *ctx, const char *line)
{
    CHECK(ctx == &policy);
    CHECK(strlen(line) < sizeof(text[0]) && strchr(line, '\n') == NULL);
    if (CHECK(lines < LINES)) {
        snprintf(text[lines++], sizeof(text[0]), "%s", line);
    }
}

static void dump(unsigned unit_index, struct amdvi_drv_device *device, uint64_t iova)
{
    lines = 0;
    amdvi_drv_dump(policy.drv, unit_index, device, iova, take_line, &policy);
}

/* How many lines have all of it. */
static unsigned lines_with(const char *part, const char *other)
{
    unsigned found = 0;

    for (unsigned i = 0; i < lines; i++) {
        found += strstr(text[i], part) != NULL && strstr(text[i], other) != NULL;
    }
    return found;
}

static bool check_line(const char *part, const char *other)
{
    bool found = CHECK_U64(lines_with(part, other), 1);

    if (!found) {
        printf("# lines with \"%s\" and \"%s\"\n", part, other);
    }
    return found;
}

static bool start(void)
{
    return policy_start(&policy, &(struct policy_options){0});
}

static void every_register_has_a_line(void)
{
    char value[32];

    if (!start()) {
        return;
    }
    dump(0, NULL, 0);
    for (unsigned i = 0; i < AMDVI_REG_COUNT; i++) {
        snprintf(value, sizeof(value), "%016" PRIx64, rig_reg(&policy.rig, 0, (enum amdvi_reg)i));
        check_line(amdvi_regs[i].name, value);
    }
    check_line("unit 0000:00:00.2", "feb80000");
    check_line("events 0, lost 0", "repairs 0");
    CHECK_U64(lines_with("walk", ""), 0);
    dump(1, NULL, 0); /* there is no such unit */
    CHECK_U64(lines, 0);
    policy_stop(&policy);
}

static void the_last_commands_and_events_are_decoded(void)
{
    if (!start()) {
        return;
    }
    struct amdvi_drv_domain *domain = policy_attached(&policy, ID);
    CHECK_U64(amdvi_drv_unmap(domain, IOVA, 4096, NULL), AMDVI_DRV_OK);
    CHECK_REFUSED(&policy, ID, IOVA);
    dump(0, NULL, 0);
    char words[64];
    snprintf(words, sizeof(words), "[3000%04x00000000 00000000402050", domain->domain_id);
    CHECK(lines_with("INVALIDATE_IOMMU_PAGES", words) != 0);
    CHECK(lines_with("COMPLETION_WAIT", "") >= 2);
    CHECK_U64(lines_with("head ", "") >= 2, 1);
    CHECK_U64(lines_with("tail ", "") >= 2, 1);
    CHECK_U64(lines_with("IO_PAGE_FAULT 00:02.0", "read of 0x40205000: not present"), 1);
    CHECK_U64(lines_with("IO_PAGE_FAULT 00:02.0", "write of 0x40205000: not present"), 1);
    /* It is still there for whoever takes events. */
    while (amdvi_drv_poll(policy.drv)) {
    }
    CHECK_U64(policy.rig.events, 2);
    policy_stop(&policy);
}

static void a_device_has_its_entry_its_interrupts_and_its_walk(void)
{
    struct amdvi_drv_target target = {.vector = 0x51, .destination = 3};
    unsigned index = 0;

    if (!start()) {
        return;
    }
    struct amdvi_drv_device *device = policy_device(&policy, ID);
    dump(0, device, IOVA);
    check_line("device 00:02.0", "trusted");
    check_line("V=1 TV=0", "IV=1");
    check_line("walk of 0x40205000", "no tables");

    struct amdvi_drv_domain *domain = policy_domain(&policy, AMDVI_DRV_FLUSH_STRICT);
    CHECK_U64(amdvi_drv_attach(domain, device), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_map(domain, IOVA, 0x7000, 4096, AMDVI_DRV_READ), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_map(domain, 0x80000000, 0x40000000, 0x40000000, POLICY_RW), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_interrupt_alloc(device, 1, &index), AMDVI_DRV_OK);
    CHECK_U64(amdvi_drv_interrupt_set(device, index, &target), AMDVI_DRV_OK);
    dump(0, device, IOVA);
    check_line("V=1 TV=1", "levels 3");
    check_line("interrupt ", "vector 0x51, type 0, physical 0x03");
    check_line("level 3 entry 1 ", "table at");
    check_line("level 2 entry 1 ", "table at");
    check_line("level 1 entry 5 ", "page of 2^12 at 0x7000, read");
    CHECK_U64(lines_with("level 1", ", write"), 0);
    dump(0, device, 0x80001000);
    check_line("level 3 entry 2 ", "page of 2^30 at 0x40000000, read, write");
    CHECK_U64(lines_with("level 2", ""), 0);
    dump(0, device, IOVA + 4096);
    check_line("level 1 entry 6 ", "not present");
    dump(0, device, UINT64_C(1) << 39);
    check_line("walk of 0x8000000000", "no tables");
    CHECK_U64(lines_with("level", " entry "), 0);
    policy_stop(&policy);
}

static uint32_t (*true_read32)(void *ctx, void *window, uint32_t offset);
static uint32_t wild;

/* Pointers that no ring has. */
static uint32_t read32_wildly(void *ctx, void *window, uint32_t offset)
{
    return offset >= 0x2000 && offset <= 0x2018 ? wild : true_read32(ctx, window, offset);
}

static void wild_pointers_do_no_harm(void)
{
    static const uint32_t values[] = {0xffffffff, 0x7fff0, 0x1000, 0xff8, 1, 0x80000000};

    if (!start()) {
        return;
    }
    true_read32 = policy.rig.host.read32;
    policy.rig.host.read32 = read32_wildly;
    for (unsigned i = 0; i < CHECK_CASE_COUNT(values); i++) {
        wild = values[i];
        dump(0, NULL, 0);
        CHECK(lines > 20 && lines < 80);
    }
    policy.rig.host.read32 = true_read32;
    policy_stop(&policy);
}

static const struct check_case cases[] = {
    {"every register of a unit has a line", NULL, every_register_has_a_line},
    {"the last commands and events are decoded, and taken from nobody", NULL,
     the_last_commands_and_events_are_decoded},
    {"a device has lines for its entry, its interrupts, and the walk of an IOVA", NULL,
     a_device_has_its_entry_its_interrupts_and_its_walk},
    {"ring pointers that cannot be do no harm", NULL, wild_pointers_do_no_harm},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
