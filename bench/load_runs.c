/* SPDX-License-Identifier: BSD-2-Clause */
/* What is done over and over: by the library, and by the comparator. */
#include "load.h"

#include <amdvi/interrupt.h>

#include <stdlib.h>
#include <string.h>

/* A run that was refused measures how fast a refusal is. */
static void must(bool held)
{
    if (!held) {
        abort();
    }
}

void load_pointer(void *what, unsigned count)
{
    struct load *load = what;
    void *host = NULL;

    for (unsigned i = 0; i < count; i++) {
        host =
            amdvi_iommu_pointer(load->reader, load->device_id, load->iova, 4096, AMDVI_ACCESS_READ);
        BENCH_HIDE(host);
        amdvi_reader_release(load->reader);
    }
    must(host != NULL);
}

void load_pointer_next(void *what, unsigned count)
{
    struct load *load = what;
    void *host = NULL;

    for (unsigned i = 0; i < count; i++) {
        uint64_t iova = load->iova + load_next(&load->position, load->mask) * load->size_bytes;

        host = amdvi_iommu_pointer(load->reader, load->device_id, iova, 4096, AMDVI_ACCESS_READ);
        BENCH_HIDE(host);
        amdvi_reader_release(load->reader);
    }
    must(host != NULL);
}

void load_pointer_large(void *what, unsigned count)
{
    struct load *load = what;
    void *host = NULL;

    for (unsigned i = 0; i < count; i++) {
        uint64_t iova = LOAD_LARGE + load->random[i % LOAD_RANDOM] * UINT64_C(4096);

        host = amdvi_iommu_pointer(load->reader, load->device_id, iova, 4096, AMDVI_ACCESS_READ);
        BENCH_HIDE(host);
        amdvi_reader_release(load->reader);
    }
    must(host != NULL);
}

void load_pointer_mixed(void *what, unsigned count)
{
    struct load *load = what;
    void *host = NULL;

    for (unsigned i = 0; i < count; i++) {
        host = amdvi_iommu_pointer(load->reader, load->device_id,
                                   i % 2 != 0 ? LOAD_LARGE : LOAD_ONE, 4096, AMDVI_ACCESS_READ);
        BENCH_HIDE(host);
        amdvi_reader_release(load->reader);
    }
    must(host != NULL);
}

void load_pointer_copy(void *what, unsigned count)
{
    struct load *load = what;

    for (unsigned i = 0; i < count; i++) {
        const void *host =
            amdvi_iommu_pointer(load->reader, load->device_id, load->iova, 4096, AMDVI_ACCESS_READ);
        memcpy(load->buffer, host, 4096);
        __asm__ volatile("" : : : "memory");
        amdvi_reader_release(load->reader);
    }
}

void load_full(void *what, unsigned count)
{
    struct load *load = what;
    struct amdvi_translation translation = {.outcome = AMDVI_OUTCOME_ABORTED};

    for (unsigned i = 0; i < count; i++) {
        struct amdvi_request request = {.device_id = load->device_id,
                                        .access = AMDVI_ACCESS_READ,
                                        .iova = load->iova,
                                        .size_bytes = 4096};

        must(amdvi_iommu_translate(load->reader, &request, &translation) == AMDVI_OK);
        amdvi_reader_release(load->reader);
    }
    must(translation.outcome == AMDVI_OUTCOME_TRANSLATED);
}

static void segments_of(struct load *load, uint64_t iova)
{
    struct amdvi_segment segments[512];
    struct amdvi_segments all;
    struct amdvi_request request = {.device_id = load->device_id,
                                    .access = AMDVI_ACCESS_READ,
                                    .iova = iova,
                                    .size_bytes = load->size_bytes};

    must(amdvi_iommu_segments(load->reader, &request, segments, 512, &all) == AMDVI_OK &&
         all.size_bytes == load->size_bytes);
    __asm__ volatile("" : : "r"(segments) : "memory");
    amdvi_reader_release(load->reader);
}

void load_segments(void *what, unsigned count)
{
    struct load *load = what;

    for (unsigned i = 0; i < count; i++) {
        segments_of(load, load->iova);
    }
}

void load_segments_next(void *what, unsigned count)
{
    struct load *load = what;

    for (unsigned i = 0; i < count; i++) {
        segments_of(load, load->iova + load_next(&load->position, load->mask) * load->size_bytes);
    }
}

void load_remap(void *what, unsigned count)
{
    struct load *load = what;
    struct amdvi_remapped remapped = {.outcome = AMDVI_OUTCOME_ABORTED};

    for (unsigned i = 0; i < count; i++) {
        struct amdvi_interrupt interrupt = {
            .device_id = load->device_id, .address = AMDVI_MSI_BASE, .data = 5};

        must(amdvi_iommu_remap(load->reader, &interrupt, &remapped) == AMDVI_OK);
        amdvi_reader_release(load->reader);
    }
    must(remapped.outcome == AMDVI_OUTCOME_TRANSLATED && remapped.remapped);
}

void load_commands(void *what, unsigned count)
{
    struct load *load = what;

    for (unsigned done = 0; done < count; done += LOAD_BATCH) {
        scene_tell(&load->scene, count - done < LOAD_BATCH ? count - done : LOAD_BATCH);
    }
}

void load_waits(void *what, unsigned count)
{
    struct load *load = what;

    for (unsigned i = 0; i < count; i++) {
        scene_tell(&load->scene, 2);
    }
}

/* ---- The comparator -------------------------------------------------------------------------- */

void load_textbook_pointer(void *what, unsigned count)
{
    struct load *load = what;
    void *host = NULL;

    for (unsigned i = 0; i < count; i++) {
        host = textbook_pointer(load->textbook, load->device_id, load->iova, AMDVI_ACCESS_READ);
        BENCH_HIDE(host);
    }
    must(host != NULL);
}

void load_textbook_pointer_next(void *what, unsigned count)
{
    struct load *load = what;
    void *host = NULL;

    for (unsigned i = 0; i < count; i++) {
        host = textbook_pointer(load->textbook, load->device_id,
                                load->iova + load_next(&load->textbook_position, load->mask) *
                                                 load->size_bytes,
                                AMDVI_ACCESS_READ);
        BENCH_HIDE(host);
    }
    must(host != NULL);
}

void load_textbook_pointer_large(void *what, unsigned count)
{
    struct load *load = what;

    for (unsigned i = 0; i < count; i++) {
        void *host = textbook_pointer(load->textbook, load->device_id,
                                      LOAD_LARGE + load->random[i % LOAD_RANDOM] * UINT64_C(4096),
                                      AMDVI_ACCESS_READ);
        BENCH_HIDE(host);
    }
}

void load_textbook_copy(void *what, unsigned count)
{
    struct load *load = what;

    for (unsigned i = 0; i < count; i++) {
        memcpy(load->buffer,
               textbook_pointer(load->textbook, load->device_id, load->iova, AMDVI_ACCESS_READ),
               4096);
        __asm__ volatile("" : : : "memory");
    }
}

static void textbook_segments_of(struct load *load, uint64_t iova)
{
    struct amdvi_segment segments[512];

    must(textbook_segments(load->textbook, load->device_id, iova, load->size_bytes, segments) != 0);
    __asm__ volatile("" : : "r"(segments) : "memory");
}

void load_textbook_segments(void *what, unsigned count)
{
    struct load *load = what;

    for (unsigned i = 0; i < count; i++) {
        textbook_segments_of(load, load->iova);
    }
}

void load_textbook_segments_next(void *what, unsigned count)
{
    struct load *load = what;

    for (unsigned i = 0; i < count; i++) {
        textbook_segments_of(load, load->iova + load_next(&load->textbook_position, load->mask) *
                                                    load->size_bytes);
    }
}

void load_textbook_remap(void *what, unsigned count)
{
    struct load *load = what;
    uint32_t data = 0;

    for (unsigned i = 0; i < count; i++) {
        data = textbook_remap(load->textbook, load->device_id, 5);
        BENCH_HIDE(data);
    }
    must(data != 0);
}

void load_textbook_commands(void *what, unsigned count)
{
    struct load *load = what;

    for (unsigned done = 0; done < count; done += LOAD_BATCH) {
        textbook_tell(load->textbook, count - done < LOAD_BATCH ? count - done : LOAD_BATCH);
    }
}

void load_textbook_waits(void *what, unsigned count)
{
    struct load *load = what;

    for (unsigned i = 0; i < count; i++) {
        textbook_tell(load->textbook, 2);
    }
}
