/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Leases whose device comes under other rules while they are held: another domain, an exclusion
 * range, a tunnel. The lease holds as long as the new rules say the same, and ends with them.
 */
#include "check.h"
#include "machine.h"

#define DEVICE 0x0100
#define BEFORE 7
#define AFTER  8
#define SPA(n) (MACHINE_FREE + UINT64_C(0x1000) * (n))
#define BYTES  0x4000

static const struct machine_options cached = {.tlb_entries = 256, .dte_entries = 16};

/* Four pages that are mapped to themselves, and a lease of all of them. */
struct scene {
    struct machine machine;
    struct amdvi_lease lease;
    uint64_t root;
};

static void map(struct scene *scene, bool read_write)
{
    for (unsigned page = 0; page < 4; page++) {
        machine_map(&scene->machine, scene->root, 3, SPA(page), SPA(page), 12, read_write,
                    read_write);
    }
}

static void set_up(struct scene *scene, const struct machine_options *options)
{
    machine_start(&scene->machine, options);
    scene->root = machine_set_paged(&scene->machine, DEVICE, BEFORE, 3);
    map(scene, true);
}

static void take_of(struct scene *scene, bool from_tunnel, uint64_t spa)
{
    struct amdvi_request request = {.device_id = DEVICE,
                                    .access = AMDVI_ACCESS_WRITE,
                                    .iova = SPA(0),
                                    .size_bytes = BYTES,
                                    .from_tunnel = from_tunnel};
    struct amdvi_translation out = {.outcome = AMDVI_OUTCOME_ABORTED};

    CHECK_U64(amdvi_lease_take(scene->machine.reader, &scene->lease, &request, NULL, &out),
              AMDVI_OK);
    CHECK_U64(out.outcome, AMDVI_OUTCOME_TRANSLATED);
    CHECK_U64(out.run_bytes, BYTES);
    CHECK_U64(out.spa, spa);
    amdvi_reader_release(scene->machine.reader);
}

static void take(struct scene *scene)
{
    take_of(scene, false, SPA(0));
}

static void enter(struct scene *scene, bool valid, uint16_t domain_id)
{
    struct amdvi_dte dte = {.valid = valid,
                            .translation = true,
                            .read = true,
                            .write = true,
                            .mode = 3,
                            .page_root = scene->root,
                            .domain_id = domain_id};

    machine_set_dte(&scene->machine, DEVICE, &dte);
    machine_invalidate_device(&scene->machine, DEVICE);
}

static void check_is_revoked(struct scene *scene)
{
    CHECK(!machine_wait(&scene->machine));
    CHECK_U64(scene->machine.revocations, 1);
    amdvi_lease_release(&scene->lease);
    CHECK(machine_waited(&scene->machine));
}

/* The lease is held now, and ends with a page that changes in this domain. */
static void check_ends_with(struct scene *scene, uint16_t domain_id)
{
    CHECK(machine_wait(&scene->machine));
    CHECK_U64(scene->machine.revocations, 0);
    machine_map(&scene->machine, scene->root, 3, SPA(2), SPA(9), 12, true, true);
    machine_invalidate_pages(&scene->machine, domain_id, SPA(2), false);
    check_is_revoked(scene);
}

static void in_another_domain_that_one_ends_it(void)
{
    struct scene scene;

    set_up(&scene, &cached);
    take(&scene);
    enter(&scene, true, AFTER);
    check_ends_with(&scene, AFTER);
    machine_stop(&scene.machine);
}

static void the_domain_that_was_left_does_not(void)
{
    struct scene scene;

    set_up(&scene, &cached);
    take(&scene);
    enter(&scene, true, AFTER);
    CHECK(machine_wait(&scene.machine));
    machine_map(&scene.machine, scene.root, 3, SPA(2), SPA(9), 12, true, true);
    machine_invalidate_pages(&scene.machine, BEFORE, SPA(2), false);
    CHECK(machine_wait(&scene.machine));
    CHECK_U64(scene.machine.revocations, 0);
    amdvi_lease_release(&scene.lease);
    machine_stop(&scene.machine);
}

static void once_translated_its_domain_ends_it(void)
{
    struct scene scene;

    set_up(&scene, &cached);
    enter(&scene, false, BEFORE); /* V=0: passed as it comes */
    take(&scene);
    enter(&scene, true, AFTER);
    check_ends_with(&scene, AFTER);
    machine_stop(&scene.machine);
}

static void once_the_iommu_is_on_its_domain_ends_it(void)
{
    struct scene scene;
    uint64_t control;

    set_up(&scene, &cached);
    control = machine_reg(&scene.machine, AMDVI_REG_CONTROL);
    machine_set_reg(&scene.machine, AMDVI_REG_CONTROL, 0);
    take(&scene);
    machine_set_reg(&scene.machine, AMDVI_REG_CONTROL, control);
    check_ends_with(&scene, BEFORE);
    machine_stop(&scene.machine);
}

/* ---- The exclusion range --------------------------------------------------------------------- */

static void exclude(struct scene *scene, bool is_excluded)
{
    machine_set_reg(&scene->machine, AMDVI_REG_EXCL_LIMIT, SPA(3));
    machine_set_reg(&scene->machine, AMDVI_REG_EXCL_BASE, is_excluded ? SPA(0) | 3 : 0);
}

static void no_longer_excluded_its_domain_ends_it(void)
{
    struct scene scene;

    set_up(&scene, &cached);
    exclude(&scene, true);
    take(&scene);
    exclude(&scene, false);
    check_ends_with(&scene, BEFORE);
    machine_stop(&scene.machine);
}

/* No command says so: the next wait knows. */
static void no_longer_excluded_and_not_mapped_it_ends(void)
{
    struct scene scene;

    set_up(&scene, &cached);
    map(&scene, false);
    exclude(&scene, true);
    take(&scene);
    exclude(&scene, false);
    check_is_revoked(&scene);
    machine_stop(&scene.machine);
}

static void excluded_from_its_tables_it_ends(void)
{
    struct scene scene;

    set_up(&scene, &cached);
    for (unsigned page = 0; page < 4; page++) {
        machine_map(&scene.machine, scene.root, 3, SPA(page), SPA(4 + page), 12, true, true);
    }
    take_of(&scene, false, SPA(4));
    exclude(&scene, true); /* to the pages of the same addresses now */
    check_is_revoked(&scene);
    machine_stop(&scene.machine);
}

/* ---- The tunnel of HyperTransport ------------------------------------------------------------ */

static void what_is_no_longer_let_through_the_tunnel_ends(void)
{
    struct amdvi_config config;
    struct machine_options options = cached;
    struct scene scene;

    amdvi_config_init(&config);
    config.features.ht_tunnel = true;
    options.features = &config.features;
    set_up(&scene, &options);
    map(&scene, false);
    take_of(&scene, true, SPA(0));
    machine_set_reg(&scene.machine, AMDVI_REG_CONTROL,
                    machine_reg(&scene.machine, AMDVI_REG_CONTROL) | AMDVI_CONTROL_HT_TUN_EN);
    check_is_revoked(&scene);
    machine_stop(&scene.machine);
}

static const struct check_case cases[] = {
    {"a lease in another domain ends when that one's tables change", "1.20 INVALIDATE_IOMMU_PAGES",
     in_another_domain_that_one_ends_it},
    {"the domain that its device left does not concern it", "1.20 INVALIDATE_IOMMU_PAGES",
     the_domain_that_was_left_does_not},
    {"a lease of a passed device ends when the tables that it has now change",
     "1.20 INVALIDATE_DEVTAB_ENTRY", once_translated_its_domain_ends_it},
    {"a lease of before the IOMMU was on ends when the tables change", "1.20 IOMMU Control",
     once_the_iommu_is_on_its_domain_ends_it},
    {"a lease that is no longer excluded ends when the tables change", "1.20 Exclusion Base",
     no_longer_excluded_its_domain_ends_it},
    {"a lease that is no longer excluded ends where nothing is mapped", "1.20 Exclusion Base",
     no_longer_excluded_and_not_mapped_it_ends},
    {"a lease ends when another page is excluded in its place", "1.20 Exclusion Base",
     excluded_from_its_tables_it_ends},
    {"a lease through the tunnel ends when HtTunEn has it translated", "1.20 IOMMU Control",
     what_is_no_longer_let_through_the_tunnel_ends},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
