/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A whole embedder of libamdvi: 1 MiB of guest memory, an IOMMU, and the little that a driver would
 * write to program it. A device reads through a mapping, is refused where there is none, and the
 * event that the driver would find in its log is printed. Exits with 0 when all of that happened.
 */
#include <amdvi/command.h>
#include <amdvi/dte.h>
#include <amdvi/event.h>
#include <amdvi/iommu.h>
#include <amdvi/pte.h>
#include <amdvi/regs.h>

#include <inttypes.h>
#include <stdalign.h>
#include <stdio.h>
#include <string.h>

#define MEMORY_BYTES 0x100000

enum {
    DEVICE_TABLE = 0x10000,
    COMMANDS = 0x20000,
    EVENTS = 0x30000,
    PAGE_TABLE = 0x40000,
    STORE = 0x50000,
    PAGE = 0x60000
};

alignas(8) static uint8_t memory[MEMORY_BYTES];

static enum amdvi_memory_status read_memory(void *ctx, uint64_t spa, void *out, size_t size)
{
    (void)ctx;
    if (spa >= MEMORY_BYTES || size > MEMORY_BYTES - spa) {
        return AMDVI_MEMORY_ABSENT;
    }
    memcpy(out, &memory[spa], size);
    return AMDVI_MEMORY_OK;
}

static enum amdvi_memory_status write_memory(void *ctx, uint64_t spa, const void *data, size_t size)
{
    (void)ctx;
    if (spa >= MEMORY_BYTES || size > MEMORY_BYTES - spa) {
        return AMDVI_MEMORY_ABSENT;
    }
    memcpy(&memory[spa], data, size);
    return AMDVI_MEMORY_OK;
}

static void send_msi(void *ctx)
{
    (void)ctx;
    printf("the IOMMU sends its interrupt\n");
}

static void set_register(struct amdvi_iommu *iommu, enum amdvi_reg reg, uint64_t value)
{
    amdvi_iommu_mmio_write(iommu, amdvi_regs[reg].offset, 8, value);
}

/* What a driver does: tables, rings, enable, and a command to see that it works. */
static void program(struct amdvi_iommu *iommu, uint16_t device_id)
{
    /* In the order of the members, as C++ wants it. */
    struct amdvi_dte dte = {.page_root = PAGE_TABLE,
                            .domain_id = 7,
                            .mode = 1,
                            .valid = true,
                            .translation = true,
                            .read = true};
    struct amdvi_command wait = {.opcode = AMDVI_OPCODE_COMPLETION_WAIT,
                                 .store = true,
                                 .store_address = STORE,
                                 .store_data = 1};

    amdvi_dte_encode((struct amdvi_wire_dte *)&memory[DEVICE_TABLE + AMDVI_DTE_BYTES * device_id],
                     &dte);
    amdvi_le64_encode((struct amdvi_le64 *)&memory[PAGE_TABLE + AMDVI_PTE_BYTES * 5],
                      AMDVI_PTE_PR | AMDVI_PTE_IR | PAGE); /* IOVA 5000h, read-only */
    set_register(iommu, AMDVI_REG_DEV_TAB_BASE, DEVICE_TABLE);
    set_register(iommu, AMDVI_REG_CMD_BUF_BASE, COMMANDS | amdvi_put(AMDVI_CMD_BUF_BASE_LEN, 8));
    set_register(iommu, AMDVI_REG_EVENT_LOG_BASE, EVENTS | amdvi_put(AMDVI_EVENT_LOG_BASE_LEN, 8));
    set_register(iommu, AMDVI_REG_CONTROL,
                 AMDVI_CONTROL_IOMMU_EN | AMDVI_CONTROL_EVENT_LOG_EN | AMDVI_CONTROL_EVENT_INT_EN |
                     AMDVI_CONTROL_CMD_BUF_EN);
    amdvi_command_encode((struct amdvi_wire_command *)&memory[COMMANDS], &wait);
    set_register(iommu, AMDVI_REG_CMD_BUF_TAIL, AMDVI_CMD_BYTES);
}

int main(void)
{
    const uint16_t device_id = 0x0018; /* 00:03.0 */
    struct amdvi_config config;
    struct amdvi_host host = {
        .size = sizeof(host), .read = read_memory, .write = write_memory, .send_msi = send_msi};
    struct amdvi_iommu *iommu;

    amdvi_config_init(&config);
    if (amdvi_iommu_create(&iommu, &config, &host, NULL) != AMDVI_OK) {
        return 1;
    }
    program(iommu, device_id);
    if (memory[STORE] != 1) {
        return 1;
    }

    struct amdvi_reader *reader = amdvi_iommu_reader(iommu, 0);
    struct amdvi_request request = {
        .device_id = device_id, .access = AMDVI_ACCESS_READ, .iova = 0x5010, .size_bytes = 16};
    struct amdvi_translation answer;
    amdvi_reader_online(reader);
    if (amdvi_iommu_translate(reader, &request, &answer) != AMDVI_OK ||
        answer.outcome != AMDVI_OUTCOME_TRANSLATED || answer.spa != PAGE + 0x10) {
        return 1;
    }
    printf("a read of 5010h goes to %" PRIx64 "h, %" PRIu64 " bytes\n", answer.spa,
           answer.run_bytes);
    /* … the embedder copies the bytes here, before it releases … */
    amdvi_reader_release(reader);

    request.access = AMDVI_ACCESS_WRITE;
    if (amdvi_iommu_translate(reader, &request, &answer) != AMDVI_OK ||
        answer.outcome != AMDVI_OUTCOME_ABORTED) {
        return 1;
    }
    amdvi_reader_offline(reader);

    struct amdvi_event event;
    if (!amdvi_event_decode(&event, (const struct amdvi_wire_event *)&memory[EVENTS]) ||
        event.code != AMDVI_EVENT_IO_PAGE_FAULT || !event.write || !event.permission ||
        event.address != 0x5010 || event.device_id != device_id) {
        return 1;
    }
    printf("a write of it is refused: %s, device %04x, domain %u, address %" PRIx64 "h\n",
           amdvi_event_name(event.code), event.device_id, event.domain_id, event.address);
    amdvi_iommu_destroy(iommu);
    return 0;
}
