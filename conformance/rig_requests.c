/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests of the endpoint, and what came of them. */
#include "rig.h"

#include "checks.h"

#include <string.h>

#define REQUEST_MAX 4096
#define MARGIN      16 /* bytes on each side that must stay as they are */

/* ---- Memory requests ------------------------------------------------------------------------- */

/* Bytes that no other call gives: a counter through a mixing function. Never 0. */
static void make_pattern(struct rig *rig, uint8_t *out, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes; i++) {
        if (i % 8 == 0) {
            rig->pattern++;
        }
        uint64_t mixed = rig->pattern * UINT64_C(0x9e3779b97f4a7c15);
        mixed ^= mixed >> 29;
        out[i] = (uint8_t)(mixed >> (8 * (i % 8))) | 1;
    }
}

void rig_fill_pattern(struct rig *rig, uint64_t spa, uint32_t bytes)
{
    uint8_t data[REQUEST_MAX];

    while (bytes != 0) {
        uint32_t part = bytes < REQUEST_MAX ? bytes : REQUEST_MAX;
        make_pattern(rig, data, part);
        rig->target->ops->memory_write(rig->target, spa, data, part);
        spa += part;
        bytes -= part;
    }
}

/* What one request is compared with. */
struct scene {
    uint8_t before[REQUEST_MAX + 2 * MARGIN]; /* memory around the place, before */
    uint8_t after[REQUEST_MAX + 2 * MARGIN];
    uint8_t data[REQUEST_MAX]; /* of the endpoint */
    uint8_t before_data[REQUEST_MAX];
    uint64_t first; /* SPA of before[0] and after[0] */
    uint32_t bytes; /* of each */
    bool has_data;  /* data[] was read */
};

/* Runs of bytes that may not leak: a chance match of one or two is none. */
static bool leaks(const uint8_t *got, const uint8_t *secret, uint32_t bytes)
{
    uint32_t same = 0;

    for (uint32_t i = 0; i < bytes; i++) {
        same += got[i] == secret[i];
    }
    return same * 2 > bytes;
}

static bool check_done(const struct scene *scene, const struct target_request *request,
                       const char *file, int line)
{
    const uint8_t *memory = scene->before + MARGIN;
    uint8_t want[sizeof(scene->before)];
    bool held = true;

    memcpy(want, scene->before, scene->bytes);
    if (scene->has_data) {
        held = check_true(memcmp(scene->data, memory, request->size_bytes) == 0,
                          "the read gives what is in memory", file, line);
    }
    if (request->kind != TARGET_READ) {
        memcpy(want + MARGIN, request->kind == TARGET_ATOMIC ? scene->before_data : scene->data,
               request->size_bytes);
    }
    return check_true(memcmp(scene->after, want, scene->bytes) == 0,
                      request->kind == TARGET_READ ? "the read changes no memory"
                                                   : "the write changes exactly its bytes",
                      file, line) &&
           held;
}

static bool check_refused(const struct scene *scene, const struct target_request *request,
                          const char *file, int line)
{
    bool held = check_true(memcmp(scene->after, scene->before, scene->bytes) == 0,
                           "the refused request changes no memory", file, line);

    if (scene->has_data) {
        held = check_true(!leaks(scene->data, scene->before + MARGIN, request->size_bytes),
                          "the refused request gives nothing of the memory", file, line) &&
               held;
    }
    return held;
}

/* The data is in the endpoint still: rig_check_late() compares it. */
static void record_late(struct rig *rig, const struct target_request *request, bool allowed,
                        const uint8_t *memory, const char *file, int line)
{
    uint32_t at = rig->target->ops->late_at(rig->target);
    unsigned which = request->device_id == rig->target->endpoint[0] ? 0 : 1;

    if (!check_true(rig->late_count < RIG_LATE_MAX && at + request->size_bytes <= TARGET_LATE_BYTES,
                    "there is room for another late read", file, line)) {
        return;
    }
    memcpy(rig->late_secret[which] + at, memory, request->size_bytes);
    rig->late[rig->late_count++] = (struct rig_late){.device_id = request->device_id,
                                                     .allowed = allowed,
                                                     .at = at,
                                                     .bytes = request->size_bytes,
                                                     .file = file,
                                                     .line = line};
}

void rig_check_late(struct rig *rig)
{
    uint8_t got[2][TARGET_LATE_BYTES];
    bool have[2] = {false, false};

    for (unsigned i = 0; i < rig->late_count; i++) {
        const struct rig_late *late = &rig->late[i];
        unsigned which = late->device_id == rig->target->endpoint[0] ? 0 : 1;
        const uint8_t *secret = rig->late_secret[which] + late->at;

        if (!have[which]) {
            rig->target->ops->late(rig->target, late->device_id, got[which]);
            have[which] = true;
        }
        if (late->allowed) {
            check_true(memcmp(got[which] + late->at, secret, late->bytes) == 0,
                       "the read gave what was in memory", late->file, late->line);
        } else {
            check_true(!leaks(got[which] + late->at, secret, late->bytes),
                       "the refused request gave nothing of the memory", late->file, late->line);
        }
    }
}

bool rig_check_request(struct rig *rig, const struct target_request *like, uint64_t spa,
                       bool allowed, const char *file, int line)
{
    static struct scene scene;
    const struct target_ops *ops = rig->target->ops;
    struct target_request request = *like;
    bool held = true;

    if (!check_true(like->size_bytes >= 1 && like->size_bytes <= REQUEST_MAX,
                    "the request has 1 to 4096 bytes", file, line)) {
        return false;
    }
    scene.first = spa - MARGIN;
    scene.bytes = like->size_bytes + 2 * MARGIN;
    make_pattern(rig, scene.before, scene.bytes);
    ops->memory_write(rig->target, scene.first, scene.before, scene.bytes);
    make_pattern(rig, scene.before_data, like->size_bytes);
    memset(scene.data, 0, sizeof(scene.data)); /* no byte of a pattern is 0 */
    if (like->kind != TARGET_READ) {
        memcpy(scene.data, scene.before_data, like->size_bytes);
    }
    request.data = scene.data;
    enum target_outcome outcome = ops->request(rig->target, &request);
    ops->memory_read(rig->target, scene.first, scene.after, scene.bytes);
    scene.has_data =
        outcome != TARGET_LATER && (like->kind == TARGET_READ || like->kind == TARGET_ATOMIC);
    if (outcome == TARGET_LATER) {
        record_late(rig, &request, allowed, scene.before + MARGIN, file, line);
    } else if (outcome != TARGET_UNKNOWN) {
        held = check_true((outcome == TARGET_DONE) == allowed,
                          allowed ? "the request is not aborted" : "the request is aborted", file,
                          line);
    }
    return (allowed ? check_done : check_refused)(&scene, &request, file, line) && held;
}

bool rig_check_access(struct rig *rig, enum target_kind kind, uint64_t iova, uint64_t spa,
                      uint32_t bytes, bool allowed, const char *file, int line)
{
    struct target_request request = {
        .device_id = rig->device, .kind = kind, .address = iova, .size_bytes = bytes};

    return rig_check_request(rig, &request, spa, allowed, file, line);
}

/* ---- Interrupts ------------------------------------------------------------------------------ */

void rig_interrupt(struct rig *rig, uint16_t device_id, uint64_t address, uint32_t data)
{
    struct target_interrupt interrupt = {.device_id = device_id, .address = address, .data = data};

    rig->target->ops->interrupt(rig->target, &interrupt);
}

bool rig_check_messages(struct rig *rig, const struct target_message *want, unsigned count,
                        const char *file, int line)
{
    struct target_message got[16];
    unsigned found = rig->target->ops->messages(rig->target, got, 16);
    bool held = check_u64(found, count, "interrupts that arrived", file, line);

    for (unsigned i = 0; i < found && i < count && i < 16; i++) {
        held = check_u64(got[i].vector, want[i].vector, "vector", file, line) && held;
        held = check_u64(got[i].delivery, want[i].delivery, "delivery mode", file, line) && held;
        held =
            check_u64(got[i].destination, want[i].destination, "destination", file, line) && held;
        held = check_u64(got[i].logical, want[i].logical, "destination mode", file, line) && held;
        held = check_u64(got[i].level, want[i].level, "trigger mode", file, line) && held;
    }
    return held;
}

unsigned rig_own_msis(struct rig *rig)
{
    rig->target->ops->settle(rig->target);
    return rig->target->ops->own_msis(rig->target);
}
