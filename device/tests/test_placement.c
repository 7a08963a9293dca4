/* SPDX-License-Identifier: BSD-2-Clause */
/* The memory of an instance, between pages that must not be touched. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */

#include "host.h"

#include <sys/mman.h>
#include <unistd.h>

struct guarded {
    uint8_t *all;
    uint8_t *first; /* behind it, and before @end, is what may be touched */
    uint8_t *end;
    size_t bytes;
};

static bool guard(struct guarded *guarded, size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t inside = (bytes + page - 1) / page * page;

    guarded->bytes = inside + 2 * page;
    guarded->all = mmap(NULL, guarded->bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!CHECK(guarded->all != MAP_FAILED)) {
        return false;
    }
    guarded->first = guarded->all + page;
    guarded->end = guarded->first + inside;
    return CHECK_U64(mprotect(guarded->first, inside, PROT_READ | PROT_WRITE), 0);
}

/* Every reader, and so many different pages and devices that every slot of the caches is used. */
static void use_all_of_it(struct host *host, unsigned readers)
{
    for (unsigned i = 0; i < readers; i++) {
        struct amdvi_reader *reader = amdvi_iommu_reader(host->iommu, i);
        struct amdvi_translation got;
        struct amdvi_remapped remapped;

        amdvi_reader_online(reader);
        for (uint64_t page = 0; page < 512; page++) {
            struct amdvi_request request = {.device_id = DEVICE,
                                            .access = AMDVI_ACCESS_READ,
                                            .iova = page << 12,
                                            .size_bytes = 1};
            struct amdvi_interrupt interrupt = {
                .device_id = DEVICE, .address = 0xfee00000, .data = (uint32_t)(page & 0xff)};

            put64(host, ROOT + 8 * page, machine_entry(0, page << 12, true, true));
            CHECK_U64(amdvi_iommu_translate(reader, &request, &got), AMDVI_OK);
            CHECK_U64(got.outcome, AMDVI_OUTCOME_TRANSLATED);
            CHECK_U64(amdvi_iommu_remap(reader, &interrupt, &remapped), AMDVI_OK);
            CHECK_U64(remapped.outcome, AMDVI_OUTCOME_TRANSLATED);
            request.device_id = (uint16_t)(2 + page % 64); /* V=0 */
            CHECK_U64(amdvi_iommu_translate(reader, &request, &got), AMDVI_OK);
        }
        amdvi_reader_offline(reader);
    }
    amdvi_iommu_reset(host->iommu);
}

static void use_guarded(const struct amdvi_config *config, bool at_end)
{
    size_t bytes = amdvi_iommu_size_bytes(config);
    struct guarded guarded;
    struct host host;

    CHECK_U64(bytes % 64, 0);
    if (!guard(&guarded, bytes)) {
        return;
    }
    start_in(&host, config, at_end ? guarded.end - bytes : guarded.first);
    /* IV, IntCtl=10b, IntTabLen=8: a table of 256 entries at 4000h. */
    put64(&host, ENTRY + 16, V | UINT64_C(8) << 1 | 0x4000 | UINT64_C(2) << 60);
    for (unsigned i = 0; i < 128; i++) {
        put64(&host, 0x4000 + 8 * i, UINT64_C(0x0020000100200001));
    }
    use_all_of_it(&host, config->readers);
    stop(&host);
    munmap(guarded.all, guarded.bytes);
}

static void nothing_outside_the_given_memory_is_touched(void)
{
    static const unsigned entries[] = {0, 1, 3, 4, 5, 7, 8, 60, 64, 100};

    for (unsigned i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
        for (unsigned which = 0; which < 4; which++) {
            struct amdvi_config config = config_with_ats();

            config.readers = 1 + (i + which) % 3;
            config.tlb_entries = which == 0 || which == 3 ? entries[i] : 0;
            config.dte_entries = which == 1 || which == 3 ? entries[i] : 0;
            config.irte_entries = which == 2 || which == 3 ? entries[i] : 0;
            use_guarded(&config, false);
            use_guarded(&config, true);
        }
    }
}

static const struct check_case cases[] = {
    {"an instance touches nothing outside the memory that it is given", NULL,
     nothing_outside_the_given_memory_is_touched},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
