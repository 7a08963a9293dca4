/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the parts of amdvi_ivrs_check() share: the state of one run over a table.
 */
#ifndef AMDVI_IVRS_SURVEY_H
#define AMDVI_IVRS_SURVEY_H

#include "amdvi/ivrs.h"

#pragma GCC visibility push(hidden)

/* Comparing all pairs of more blocks than this is left out: it bounds the work. */
enum { SURVEY_PAIRED_BLOCKS_MAX = 256 };

struct amdvi_ivrs_survey {
    const struct amdvi_ivrs_table *table;
    struct amdvi_ivrs_checker *checker;
    uint32_t errors;
    uint32_t block_count;
    uint8_t linux_type; /* the one type of block that Linux takes IOMMUs from */
    uint8_t xen_type;   /* the same for Xen; 0 when there is none */
    bool is_torn;       /* a part could not be read: what it names, others may read nevertheless */
};

/* Report one finding, for those of its readers that are in @readers; for none, do nothing. */
void amdvi_ivrs_survey_report(struct amdvi_ivrs_survey *survey, enum amdvi_ivrs_finding_kind kind,
                              uint32_t readers, uint32_t offset);

/* Report to @readers that the table or one of its blocks cannot be read beyond @offset. */
void amdvi_ivrs_survey_report_malformed(struct amdvi_ivrs_survey *survey, uint32_t readers,
                                        enum amdvi_ivrs_status status, uint32_t offset);

/* The readers that look at a block: the specification always, Linux and Xen at one type each. */
uint32_t amdvi_ivrs_survey_readers(const struct amdvi_ivrs_survey *survey,
                                   const struct amdvi_ivrs_block *block);

/*
 * The steps. The first looks at the entries of one IVHD and the second at one IVMD; the others, at
 * all blocks together, are only for tables of at most SURVEY_PAIRED_BLOCKS_MAX blocks.
 */
void amdvi_ivrs_survey_entries(struct amdvi_ivrs_survey *survey,
                               const struct amdvi_ivrs_block *block);
void amdvi_ivrs_survey_memory(struct amdvi_ivrs_survey *survey,
                              const struct amdvi_ivrs_block *block);
void amdvi_ivrs_survey_last_device(struct amdvi_ivrs_survey *survey);
void amdvi_ivrs_survey_shared_devices(struct amdvi_ivrs_survey *survey);
void amdvi_ivrs_survey_ioapics(struct amdvi_ivrs_survey *survey);
void amdvi_ivrs_survey_memory_pairs(struct amdvi_ivrs_survey *survey);

#pragma GCC visibility pop

#endif
