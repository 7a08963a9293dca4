/* SPDX-License-Identifier: BSD-2-Clause */
/* Accesses carried out inside the library: translate, touch memory, release. */
#include <string.h>

#include "state.h"

/* Bytes that a fill writes at once. */
#define FILL_BYTES 256

static enum amdvi_memory_status fill(struct amdvi_iommu *iommu, uint64_t spa, uint8_t byte,
                                     uint64_t size_bytes)
{
    uint8_t block[FILL_BYTES];
    memset(block, byte, sizeof(block));

    for (uint64_t done = 0; done < size_bytes;) {
        size_t part = size_bytes - done < FILL_BYTES ? (size_t)(size_bytes - done) : FILL_BYTES;
        enum amdvi_memory_status status =
            iommu->host.write(iommu->host.ctx, spa + done, block, part);
        if (status != AMDVI_MEMORY_OK) {
            return status;
        }
        done += part;
    }
    return AMDVI_MEMORY_OK;
}

/* The part of the access that @translation is about, @offset bytes into it. */
static enum amdvi_memory_status touch(struct amdvi_iommu *iommu,
                                      const struct amdvi_access_request *request, size_t offset,
                                      const struct amdvi_translation *translation)
{
    uint8_t *buffer = request->buffer;
    size_t part = (size_t)translation->run_bytes;

    switch (request->operation) {
    case AMDVI_OPERATION_READ:
        return iommu->host.read(iommu->host.ctx, translation->spa, buffer + offset, part);
    case AMDVI_OPERATION_WRITE:
        return iommu->host.write(iommu->host.ctx, translation->spa, buffer + offset, part);
    case AMDVI_OPERATION_FILL:
        return fill(iommu, translation->spa, *buffer, part);
    case AMDVI_OPERATION_COMPARE_EXCHANGE:
        return iommu->host.compare_exchange(iommu->host.ctx, translation->spa, buffer,
                                            request->desired, part);
    }
    return AMDVI_MEMORY_ERROR;
}

static enum amdvi_access access_of(enum amdvi_operation operation)
{
    switch (operation) {
    case AMDVI_OPERATION_READ:
        return AMDVI_ACCESS_READ;
    case AMDVI_OPERATION_WRITE:
    case AMDVI_OPERATION_FILL:
        return AMDVI_ACCESS_WRITE;
    case AMDVI_OPERATION_COMPARE_EXCHANGE:
        break;
    }
    return AMDVI_ACCESS_READ_WRITE;
}

static enum amdvi_status check(const struct amdvi_iommu *iommu,
                               const struct amdvi_access_request *request)
{
    if (request->size_bytes == 0 || request->iova + (request->size_bytes - 1) < request->iova ||
        request->operation > AMDVI_OPERATION_COMPARE_EXCHANGE) {
        return AMDVI_ERR_ARGUMENT;
    }
    if (request->operation != AMDVI_OPERATION_COMPARE_EXCHANGE) {
        return AMDVI_OK;
    }
    if ((request->size_bytes != 4 && request->size_bytes != 8) ||
        request->iova % request->size_bytes != 0) {
        return AMDVI_ERR_ARGUMENT;
    }
    return iommu->host.compare_exchange != NULL ? AMDVI_OK : AMDVI_ERR_UNSUPPORTED;
}

enum amdvi_status amdvi_iommu_access(struct amdvi_reader *reader,
                                     const struct amdvi_access_request *request,
                                     struct amdvi_access_result *out)
{
    enum amdvi_status status = check(reader->iommu, request);
    amdvi_reader_check_online(reader);
    if (status != AMDVI_OK) {
        return status;
    }
    *out = (struct amdvi_access_result){.outcome = AMDVI_OUTCOME_TRANSLATED};
    bool going = true; /* nothing has failed yet: what is done counts as done_bytes */
    for (size_t offset = 0; offset < request->size_bytes;) {
        struct amdvi_request rest = {
            .device_id = request->device_id,
            .access = access_of(request->operation),
            .iova = request->iova + offset,
            .size_bytes = request->size_bytes - offset,
            .translated = request->translated,
            .non_posted = request->non_posted,
        };
        struct amdvi_translation translation;
        status = amdvi_iommu_translate(reader, &rest, &translation);
        if (status != AMDVI_OK) {
            return status;
        }
        if (translation.outcome != AMDVI_OUTCOME_TRANSLATED) {
            out->outcome = going ? translation.outcome : out->outcome;
            going = false;
        } else if (going) {
            out->memory = touch(reader->iommu, request, offset, &translation);
            going = out->memory == AMDVI_MEMORY_OK;
            out->outcome = going ? AMDVI_OUTCOME_TRANSLATED : AMDVI_OUTCOME_ABORTED;
            out->done_bytes += going ? (size_t)translation.run_bytes : 0;
        }
        offset += (size_t)translation.run_bytes;
        amdvi_reader_release(reader);
    }
    return AMDVI_OK;
}
