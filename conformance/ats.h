/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of ATS share: translation requests, and checks of their answers. */
#ifndef CONFORMANCE_ATS_H
#define CONFORMANCE_ATS_H

#include "entries.h"

static inline struct target_ats_answer ask(struct rig *rig, uint64_t iova)
{
    struct target_ats_answer answer;

    rig->target->ops->ats_translate(rig->target, rig->device, iova, &answer);
    return answer;
}

/* I=1 and @control, with the tables of rig_attach(). */
static inline void enable_ats(struct rig *rig, unsigned mode, uint64_t control)
{
    rig_enable(rig);
    rig_attach(rig, mode);
    set_entry(rig, attached(rig).q[0], RIG_DOMAIN | Q1_I | control, 0, 0);
}

/* The answer says where @iova is, and of it no more than the page of @size_log2. */
static inline void check_answer_at(struct rig *rig, uint64_t iova, uint64_t spa, unsigned size_log2,
                                   uint64_t access, const char *file, int line)
{
    struct target_ats_answer answer = ask(rig, iova);
    uint64_t mask = (UINT64_C(1) << answer.size_log2) - 1;

    check_true(!answer.refused, "the translation request is answered", file, line);
    check_u64(answer.read, (access & RIG_R) != 0, "R", file, line);
    check_u64(answer.write, (access & RIG_W) != 0, "W", file, line);
    check_true(answer.size_log2 >= 12 && answer.size_log2 <= size_log2,
               "the answer is about 4 KiB or more, and no more than the page", file, line);
    check_u64(answer.address & mask, 0, "the address is that of the block", file, line);
    check_u64(answer.address | (iova & mask), spa, "the address that follows", file, line);
}
#define CHECK_ANSWER(rig, iova, spa, size_log2, access)                                            \
    check_answer_at((rig), (iova), (spa), (size_log2), (access), __FILE__, __LINE__)

static inline void check_nothing_at(struct rig *rig, uint64_t iova, const char *file, int line)
{
    struct target_ats_answer answer = ask(rig, iova);

    check_true(!answer.refused && !answer.read && !answer.write, "the answer is R=W=0", file, line);
    rig_check_events(rig, NULL, 0, file, line);
}
#define CHECK_NOTHING(rig, iova) check_nothing_at((rig), (iova), __FILE__, __LINE__)

static inline struct rig_event invalid_translation(struct rig *rig, unsigned type, uint64_t address)
{
    return rig_event(EVENT_CODE_INVALID_REQUEST, rig->device, 0, EVENT_TR | EVENT_TYPE(type),
                     address);
}

#endif
