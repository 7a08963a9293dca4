/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Saved state: docs/saved-state.md has the format. A state is read twice: once into a copy of what
 * it says, every part of which is checked, and only then into the instance.
 */
#include <string.h>

#include <amdvi/ats.h>

#include "state.h"

#define VERSION       1
#define MAGIC_BYTES   8
#define SE_WORDS      (AMDVI_DEVICE_IDS / 64)
#define CAP_REGISTERS (AMDVI_CAP_SIZE / 4)

#define FEATURE_IOTLB_SUP   AMDVI_BIT(0)
#define FEATURE_HT_TUNNEL   AMDVI_BIT(1)
#define FEATURE_HT_ATS_RESV AMDVI_BIT(2)
#define FEATURE_PREBOOT     AMDVI_BIT(3)

/* No IOMMU gets there, and none gets from there to where the numbers begin again. */
#define LAST_TAG_MAX (UINT64_MAX / 2)

#define FLAG_WAITING AMDVI_BIT(0)
#define FLAG_PREBOOT AMDVI_BIT(1)

static const uint8_t magic[MAGIC_BYTES] = {'A', 'M', 'D', 'V', 'I', 0, 0, 0};

/* ---- Bytes --------------------------------------------------------------------------------- */

/* Where the next bytes come from or go to. Beyond the end nothing is touched, and `at` runs on. */
struct stream {
    bool is_writing;
    uint8_t *out;
    const uint8_t *in;
    size_t size_bytes;
    size_t at;
};

/* A number of @bytes (1 to 8): written, or read into the result. */
static uint64_t number(struct stream *stream, unsigned bytes, uint64_t value)
{
    uint64_t read = 0;

    for (unsigned i = 0; i < bytes; i++, stream->at++) {
        if (stream->at >= stream->size_bytes) {
            continue;
        }
        if (stream->is_writing) {
            stream->out[stream->at] = (uint8_t)(value >> (8 * i));
        } else {
            read |= (uint64_t)stream->in[stream->at] << (8 * i);
        }
    }
    return stream->is_writing ? value : read;
}

/* ---- The parts, for saving and loading alike ----------------------------------------------- */

/* A state as it lies in the file, unpacked. */
struct picture {
    uint8_t magic[MAGIC_BYTES];
    uint32_t version;
    uint32_t size_bytes;
    uint8_t va_size_bits;
    uint8_t pa_size_bits;
    uint8_t msi_num;
    uint8_t features;
    uint32_t cap[CAP_REGISTERS];
    uint64_t regs[AMDVI_REG_COUNT];
    uint8_t flags;
    uint64_t wait[2];
    uint64_t last_tag;
    unsigned request_count;
    struct amdvi_iotlb_request requests[AMDVI_IOTLB_REQUESTS]; /* deadline_ns: time left */
    unsigned se_count;
    uint64_t se[SE_WORDS];
    bool is_ordered; /* the SE record */
};

static void header(struct stream *stream, struct picture *picture)
{
    for (unsigned i = 0; i < MAGIC_BYTES; i++) {
        picture->magic[i] = (uint8_t)number(stream, 1, picture->magic[i]);
    }
    picture->version = (uint32_t)number(stream, 4, picture->version);
    picture->size_bytes = (uint32_t)number(stream, 4, picture->size_bytes);
    picture->va_size_bits = (uint8_t)number(stream, 1, picture->va_size_bits);
    picture->pa_size_bits = (uint8_t)number(stream, 1, picture->pa_size_bits);
    picture->msi_num = (uint8_t)number(stream, 1, picture->msi_num);
    picture->features = (uint8_t)number(stream, 1, picture->features);
}

static void registers(struct stream *stream, struct picture *picture)
{
    for (unsigned i = 0; i < CAP_REGISTERS; i++) {
        picture->cap[i] = (uint32_t)number(stream, 4, picture->cap[i]);
    }
    for (unsigned i = 0; i < AMDVI_REG_COUNT; i++) {
        picture->regs[i] = number(stream, 8, picture->regs[i]);
    }
}

static void ring(struct stream *stream, struct picture *picture)
{
    picture->flags = (uint8_t)number(stream, 1, picture->flags);
    picture->wait[0] = number(stream, 8, picture->wait[0]);
    picture->wait[1] = number(stream, 8, picture->wait[1]);
}

static void iotlb_request(struct stream *stream, struct amdvi_iotlb_request *request)
{
    struct amdvi_iotlb_invalidation *what = &request->what;

    what->device_id = (uint16_t)number(stream, 2, what->device_id);
    what->queue_id = (uint16_t)number(stream, 2, what->queue_id);
    what->first_iova = number(stream, 8, what->first_iova);
    what->last_iova = number(stream, 8, what->last_iova);
    what->tag = number(stream, 8, what->tag);
    request->command_spa = number(stream, 8, request->command_spa);
    request->deadline_ns = number(stream, 8, request->deadline_ns);
}

static void iotlb(struct stream *stream, struct picture *picture)
{
    picture->last_tag = number(stream, 8, picture->last_tag);
    picture->request_count = (unsigned)number(stream, 2, picture->request_count);
    for (unsigned i = 0; i < picture->request_count && i < AMDVI_IOTLB_REQUESTS; i++) {
        iotlb_request(stream, &picture->requests[i]);
    }
}

static void se_write(struct stream *stream, const struct picture *picture)
{
    for (unsigned word = 0; word < SE_WORDS; word++) {
        if (picture->se[word] != 0) {
            number(stream, 2, word);
            number(stream, 8, picture->se[word]);
        }
    }
}

static void se_read(struct stream *stream, struct picture *picture)
{
    unsigned next = 0; /* the smallest word that may follow */

    picture->is_ordered = picture->se_count <= SE_WORDS;
    for (unsigned i = 0; i < picture->se_count && picture->is_ordered; i++) {
        unsigned word = (unsigned)number(stream, 2, 0);
        uint64_t bits = number(stream, 8, 0);

        picture->is_ordered = word >= next && word < SE_WORDS && bits != 0;
        if (picture->is_ordered) {
            picture->se[word] = bits;
            next = word + 1;
        }
    }
}

static void whole(struct stream *stream, struct picture *picture)
{
    header(stream, picture);
    registers(stream, picture);
    ring(stream, picture);
    iotlb(stream, picture);
    picture->se_count = (unsigned)number(stream, 2, picture->se_count);
    if (stream->is_writing) {
        se_write(stream, picture);
    } else {
        se_read(stream, picture);
    }
}

/* ---- Saving -------------------------------------------------------------------------------- */

static uint8_t features_of(const struct amdvi_features *features)
{
    return (uint8_t)((features->iotlb_sup ? FEATURE_IOTLB_SUP : 0) |
                     (features->ht_tunnel ? FEATURE_HT_TUNNEL : 0) |
                     (features->ht_ats_resv ? FEATURE_HT_ATS_RESV : 0) |
                     (features->preboot_range_count != 0 ? FEATURE_PREBOOT : 0));
}

static void take_ring(struct amdvi_iommu *iommu, struct picture *picture)
{
    struct amdvi_wire_command wire;

    if (atomic_load(&iommu->is_preboot)) {
        picture->flags |= FLAG_PREBOOT;
    }
    if (iommu->ring.waiting) {
        picture->flags |= FLAG_WAITING;
        amdvi_command_encode(&wire, &iommu->ring.wait);
        picture->wait[0] = amdvi_le64_decode(&wire.word[0]);
        picture->wait[1] = amdvi_le64_decode(&wire.word[1]);
    }
}

static void take_iotlb(struct amdvi_iommu *iommu, struct picture *picture)
{
    uint64_t now = 0;

    if (iommu->config.features.iotlb_sup) {
        now = iommu->host.now_ns(iommu->host.ctx);
    }
    picture->last_tag = iommu->iotlb_tag;
    for (uint64_t left = iommu->iotlb_in_flight; left != 0; left &= left - 1) {
        struct amdvi_iotlb_request *request = &picture->requests[picture->request_count++];
        *request = iommu->iotlb[__builtin_ctzll(left)];
        if (request->deadline_ns != UINT64_MAX) {
            request->deadline_ns = request->deadline_ns > now ? request->deadline_ns - now : 0;
        }
    }
}

/* With lock and log_lock held. */
static void take(struct amdvi_iommu *iommu, struct picture *picture)
{
    const struct amdvi_features *features = &iommu->config.features;

    memset(picture, 0, sizeof(*picture));
    memcpy(picture->magic, magic, sizeof(magic));
    picture->version = VERSION;
    picture->va_size_bits = features->va_size_bits;
    picture->pa_size_bits = features->pa_size_bits;
    picture->msi_num = features->msi_num;
    picture->features = features_of(features);
    memcpy(picture->cap, iommu->cap, sizeof(picture->cap));
    for (unsigned i = 0; i < AMDVI_REG_COUNT; i++) {
        picture->regs[i] = amdvi_iommu_reg(iommu, (enum amdvi_reg)i);
    }
    take_ring(iommu, picture);
    take_iotlb(iommu, picture);
    for (unsigned i = 0; i < SE_WORDS; i++) {
        picture->se[i] = atomic_load_explicit(&iommu->fault_logged[i], memory_order_relaxed);
        picture->se_count += picture->se[i] != 0;
    }
}

enum amdvi_status amdvi_iommu_save(struct amdvi_iommu *iommu, void *buffer, size_t size_bytes,
                                   size_t *written)
{
    struct stream measure = {.is_writing = true};
    struct stream stream = {.is_writing = true, .out = buffer, .size_bytes = size_bytes};
    struct picture picture;

    pthread_mutex_lock(&iommu->lock);
    pthread_mutex_lock(&iommu->log_lock);
    take(iommu, &picture);
    pthread_mutex_unlock(&iommu->log_lock);
    pthread_mutex_unlock(&iommu->lock);

    whole(&measure, &picture);
    *written = measure.at;
    if (measure.at > size_bytes) {
        return AMDVI_ERR_NO_MEMORY;
    }
    picture.size_bytes = (uint32_t)measure.at;
    whole(&stream, &picture);
    return AMDVI_OK;
}

/* ---- Loading: is it a state that an IOMMU can be in? --------------------------------------- */

static bool is_for(const struct picture *picture, const struct amdvi_features *features)
{
    return memcmp(picture->magic, magic, sizeof(magic)) == 0 && picture->version == VERSION &&
           picture->va_size_bits == features->va_size_bits &&
           picture->pa_size_bits == features->pa_size_bits &&
           picture->msi_num == features->msi_num && picture->features == features_of(features);
}

/* Only what software can write may differ from the block of the instance, as it is after reset. */
static bool is_cap_possible(const struct picture *picture, const struct amdvi_iommu *iommu)
{
    for (unsigned i = 0; i < CAP_REGISTERS; i++) {
        const struct amdvi_cap_info *info = amdvi_cap_info((enum amdvi_cap_offset)(4 * i));

        if (((picture->cap[i] ^ iommu->cap[i]) & ~(info->rw | info->rw1s)) != 0) {
            return false;
        }
    }
    return true;
}

static bool are_bits_possible(const struct picture *picture)
{
    for (unsigned i = 0; i < AMDVI_REG_COUNT; i++) {
        const struct amdvi_reg_info *info = &amdvi_regs[i];
        uint64_t changing = info->rw | info->rw1c;

        /* Read-only bits that never change have their reset value; those of Status do change. */
        if (i == AMDVI_REG_STATUS) {
            changing |= info->ro;
        }
        if (((picture->regs[i] ^ info->reset) & ~changing) != 0) {
            return false;
        }
    }
    return true;
}

static uint64_t ring_bytes(const struct picture *picture, enum amdvi_reg base)
{
    return amdvi_ring_base_bytes(picture->regs[base]);
}

/* A pointer keeps its value when the base is written, and that sets it to 0. */
static bool is_pointer_possible(const struct picture *picture, enum amdvi_reg pointer,
                                enum amdvi_reg base)
{
    return picture->regs[pointer] == 0 || picture->regs[pointer] < ring_bytes(picture, base);
}

static bool is_run_possible(const struct picture *picture, uint64_t run, uint64_t enable,
                            enum amdvi_reg base)
{
    return !amdvi_has(picture->regs[AMDVI_REG_STATUS], run) ||
           (amdvi_control_enables(picture->regs[AMDVI_REG_CONTROL], enable) &&
            ring_bytes(picture, base) != 0);
}

static bool is_waiting(const struct picture *picture)
{
    return amdvi_has(picture->flags, FLAG_WAITING);
}

static bool are_rings_possible(const struct picture *picture)
{
    /* A command that was fetched is finished although the ring was switched off meanwhile. */
    bool commands =
        is_waiting(picture) || is_run_possible(picture, AMDVI_STATUS_CMD_BUF_RUN,
                                               AMDVI_CONTROL_CMD_BUF_EN, AMDVI_REG_CMD_BUF_BASE);

    bool overflown = amdvi_has(picture->regs[AMDVI_REG_STATUS], AMDVI_STATUS_EVENT_OVERFLOW) &&
                     amdvi_has(picture->regs[AMDVI_REG_STATUS], AMDVI_STATUS_EVENT_LOG_RUN);

    return commands && !overflown &&
           is_run_possible(picture, AMDVI_STATUS_EVENT_LOG_RUN, AMDVI_CONTROL_EVENT_LOG_EN,
                           AMDVI_REG_EVENT_LOG_BASE) &&
           is_pointer_possible(picture, AMDVI_REG_CMD_BUF_HEAD, AMDVI_REG_CMD_BUF_BASE) &&
           is_pointer_possible(picture, AMDVI_REG_CMD_BUF_TAIL, AMDVI_REG_CMD_BUF_BASE) &&
           is_pointer_possible(picture, AMDVI_REG_EVENT_LOG_HEAD, AMDVI_REG_EVENT_LOG_BASE) &&
           is_pointer_possible(picture, AMDVI_REG_EVENT_LOG_TAIL, AMDVI_REG_EVENT_LOG_BASE);
}

static bool decode_wait(const struct picture *picture, struct amdvi_command *out)
{
    struct amdvi_wire_command wire;

    amdvi_le64_encode(&wire.word[0], picture->wait[0]);
    amdvi_le64_encode(&wire.word[1], picture->wait[1]);
    return amdvi_command_decode(out, &wire);
}

static bool is_wait_possible(const struct picture *picture, const struct amdvi_features *features)
{
    struct amdvi_command command;
    uint64_t known = FLAG_WAITING | FLAG_PREBOOT;

    if (amdvi_has(picture->flags, ~known) ||
        (amdvi_has(picture->flags, FLAG_PREBOOT) &&
         (features->preboot_range_count == 0 ||
          amdvi_has(picture->regs[AMDVI_REG_CONTROL], AMDVI_CONTROL_IOMMU_EN)))) {
        return false;
    }
    if (!is_waiting(picture)) {
        return picture->wait[0] == 0 && picture->wait[1] == 0;
    }
    return amdvi_has(picture->regs[AMDVI_REG_STATUS], AMDVI_STATUS_CMD_BUF_RUN) &&
           ring_bytes(picture, AMDVI_REG_CMD_BUF_BASE) != 0 && decode_wait(picture, &command) &&
           (command.opcode == AMDVI_OPCODE_COMPLETION_WAIT ||
            (command.opcode == AMDVI_OPCODE_INVALIDATE_IOTLB_PAGES && features->iotlb_sup));
}

static bool is_request_possible(const struct picture *picture,
                                const struct amdvi_iotlb_request *request)
{
    uint64_t first = request->what.first_iova;
    uint64_t inside = request->what.last_iova - first; /* size less one */

    return request->what.last_iova >= first && (inside & (inside + 1)) == 0 &&
           (first & inside) == 0 && inside >= 0xfff && request->what.tag != 0 &&
           request->what.tag <= picture->last_tag && request->command_spa % AMDVI_CMD_BYTES == 0;
}

static bool are_requests_possible(const struct picture *picture,
                                  const struct amdvi_features *features)
{
    if (picture->request_count > AMDVI_IOTLB_REQUESTS || picture->last_tag > LAST_TAG_MAX ||
        (!features->iotlb_sup && (picture->request_count != 0 || picture->last_tag != 0))) {
        return false;
    }
    for (unsigned i = 0; i < picture->request_count; i++) {
        unsigned of_device = 0;

        for (unsigned j = 0; j < picture->request_count; j++) {
            const struct amdvi_iotlb_invalidation *other = &picture->requests[j].what;

            of_device += other->device_id == picture->requests[i].what.device_id;
            if (i != j && other->tag == picture->requests[i].what.tag) {
                return false;
            }
        }
        if (of_device > AMDVI_ATS_ITAGS || !is_request_possible(picture, &picture->requests[i])) {
            return false;
        }
    }
    return true;
}

static bool is_possible(const struct picture *picture, const struct amdvi_iommu *iommu)
{
    const struct amdvi_features *features = &iommu->config.features;

    return is_for(picture, features) && is_cap_possible(picture, iommu) &&
           are_bits_possible(picture) && are_rings_possible(picture) &&
           is_wait_possible(picture, features) && are_requests_possible(picture, features) &&
           picture->is_ordered;
}

/* ---- Loading: into the instance ------------------------------------------------------------ */

static void put_iotlb(struct amdvi_iommu *iommu, const struct picture *picture)
{
    uint64_t now = 0;

    if (picture->request_count != 0) {
        now = iommu->host.now_ns(iommu->host.ctx);
    }
    iommu->iotlb_tag = picture->last_tag;
    iommu->iotlb_in_flight = 0;
    for (unsigned i = 0; i < picture->request_count; i++) {
        struct amdvi_iotlb_request *request = &iommu->iotlb[i];

        *request = picture->requests[i];
        iommu->iotlb_in_flight |= AMDVI_BIT(i);
        if (request->deadline_ns < UINT64_MAX - now) {
            request->deadline_ns += now;
        } else {
            request->deadline_ns = UINT64_MAX;
        }
    }
}

/* With lock and log_lock held. */
static void put(struct amdvi_iommu *iommu, const struct picture *picture)
{
    memcpy(iommu->cap, picture->cap, sizeof(iommu->cap));
    for (unsigned i = 0; i < AMDVI_REG_COUNT; i++) {
        amdvi_iommu_set_reg(iommu, (enum amdvi_reg)i, picture->regs[i]);
    }
    for (unsigned i = 0; i < SE_WORDS; i++) {
        atomic_store_explicit(&iommu->fault_logged[i], picture->se[i], memory_order_relaxed);
    }
    atomic_store(&iommu->is_preboot, amdvi_has(picture->flags, FLAG_PREBOOT));
    iommu->ring.waiting = is_waiting(picture) && decode_wait(picture, &iommu->ring.wait);
    iommu->ring.parked = false;
    iommu->ring.target = atomic_load(&iommu->epoch);
    atomic_store(&iommu->wait_target, 0);
    put_iotlb(iommu, picture);
}

enum amdvi_status amdvi_iommu_load(struct amdvi_iommu *iommu, const void *buffer, size_t size_bytes)
{
    struct stream stream = {.in = buffer, .size_bytes = size_bytes};
    struct amdvi_effects effects = {0};
    struct picture picture = {0};

    whole(&stream, &picture);
    if (stream.at != size_bytes || picture.size_bytes != size_bytes) {
        return AMDVI_ERR_STATE;
    }
    pthread_mutex_lock(&iommu->lock);
    pthread_mutex_lock(&iommu->log_lock);
    bool is_good = is_possible(&picture, iommu);
    if (is_good) {
        amdvi_invalidate_all(iommu, &effects);
        put(iommu, &picture);
    }
    pthread_mutex_unlock(&iommu->log_lock);
    pthread_mutex_unlock(&iommu->lock);
    if (!is_good) {
        return AMDVI_ERR_STATE;
    }
    amdvi_effects_deliver(iommu, &effects);
    amdvi_iotlb_send_again(iommu);
    amdvi_go_on(iommu);
    return AMDVI_OK;
}
