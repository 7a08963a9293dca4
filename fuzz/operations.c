/* SPDX-License-Identifier: BSD-2-Clause */
/* What the guest's software does: registers, memory, commands. */
#include "harness.h"

#include <amdvi/cap.h>
#include <amdvi/command.h>
#include <amdvi/dte.h>
#include <amdvi/event.h>
#include <amdvi/irte.h>
#include <amdvi/pte.h>

#include <string.h>

static bool runs_commands(uint64_t offset)
{
    enum amdvi_reg reg = amdvi_reg_at(offset);

    return reg == AMDVI_REG_CONTROL || reg == AMDVI_REG_CMD_BUF_TAIL ||
           reg == AMDVI_REG_EXCL_BASE || reg == AMDVI_REG_EXCL_LIMIT;
}

static void write_window(struct fuzz_machine *machine, uint64_t offset, unsigned size_bytes,
                         uint64_t value)
{
    unsigned turns = machine->options.commands_per_write;

    fuzz_enter(machine, runs_commands(offset) ? fuzz_calls_turns(machine, turns) : 0);
    amdvi_iommu_mmio_write(machine->iommu, offset, size_bytes, value);
    fuzz_note_control(machine);
    fuzz_check_registers(machine);
}

static uint64_t ring_base(struct fuzz_input *input)
{
    /* Mostly the smallest length: large rings cost time. */
    unsigned form = fuzz_u8(input);
    unsigned length = form < 192 ? 8 : form % 16;

    return (fuzz_page(input) & AMDVI_CMD_BUF_BASE_BASE) | amdvi_put(AMDVI_CMD_BUF_BASE_LEN, length);
}

static uint64_t suitable_value(struct fuzz_input *input, enum amdvi_reg reg)
{
    switch (reg) {
    case AMDVI_REG_DEV_TAB_BASE:
        return (fuzz_page(input) & AMDVI_DEV_TAB_BASE_BASE) |
               amdvi_put(AMDVI_DEV_TAB_BASE_SIZE, fuzz_u8(input));
    case AMDVI_REG_CMD_BUF_BASE:
    case AMDVI_REG_EVENT_LOG_BASE:
        return ring_base(input);
    case AMDVI_REG_CONTROL:
        return fuzz_u16(input) ^
               (AMDVI_CONTROL_IOMMU_EN | AMDVI_CONTROL_EVENT_LOG_EN | AMDVI_CONTROL_CMD_BUF_EN);
    case AMDVI_REG_EXCL_BASE:
        return (fuzz_iova(input) & AMDVI_EXCL_BASE_BASE) | fuzz_below(input, 4);
    case AMDVI_REG_EXCL_LIMIT:
        return fuzz_iova(input);
    case AMDVI_REG_CMD_BUF_HEAD:
    case AMDVI_REG_CMD_BUF_TAIL:
    case AMDVI_REG_EVENT_LOG_HEAD:
    case AMDVI_REG_EVENT_LOG_TAIL:
        return (uint64_t)fuzz_u16(input) * AMDVI_RING_ENTRY_BYTES / 4;
    case AMDVI_REG_STATUS:
        return fuzz_u8(input);
    case AMDVI_REG_COUNT:
        break;
    }
    return 0;
}

/* The registers are those that exist, whatever the library has more of. */
void fuzz_do_register_write(struct fuzz_machine *machine, struct fuzz_input *input)
{
    enum amdvi_reg reg = (enum amdvi_reg)fuzz_below(input, AMDVI_REG_COUNT);
    uint64_t value = suitable_value(input, reg);

    write_window(machine, amdvi_regs[reg].offset, 8, value);
}

void fuzz_do_window(struct fuzz_machine *machine, struct fuzz_input *input)
{
    unsigned form = fuzz_u8(input);
    unsigned size_bytes = (form & 0x80) != 0 ? fuzz_u8(input) : 1U << (form & 3);
    uint64_t offset = (form & 0x40) != 0
                          ? fuzz_u16(input)
                          : amdvi_regs[fuzz_below(input, AMDVI_REG_COUNT)].offset + (form >> 3) % 8;

    if (form == 0xff) {
        offset = fuzz_u64(input);
    }
    if ((form & 4) != 0) {
        fuzz_enter(machine, FUZZ_CALLS_NONE);
        uint64_t value = amdvi_iommu_mmio_read(machine->iommu, offset, size_bytes);
        fuzz_note(machine, value);
        if (size_bytes < 8 && value >> (8 * size_bytes) != 0) {
            fuzz_fail(machine, "a read gives more bytes than it was asked for");
        }
        return;
    }
    write_window(machine, offset, size_bytes, fuzz_u64(input));
}

void fuzz_do_capability(struct fuzz_machine *machine, struct fuzz_input *input)
{
    unsigned form = fuzz_u8(input);
    unsigned size_bytes = (form & 0x80) != 0 ? fuzz_u8(input) : 1U << (form & 3) % 3;
    unsigned offset = (form & 0x40) != 0 ? fuzz_u32(input) : (form >> 2) % AMDVI_CAP_SIZE;
    uint64_t base = 0;
    uint64_t base_before = 0;

    fuzz_enter(machine, FUZZ_CALLS_NONE);
    bool was_on = amdvi_iommu_window(machine->iommu, &base_before);
    uint32_t header = amdvi_iommu_cap_read(machine->iommu, AMDVI_CAP_OFFSET_HEADER, 4);
    amdvi_iommu_cap_write(machine->iommu, offset, size_bytes, fuzz_u32(input));
    fuzz_note(machine, amdvi_iommu_cap_read(machine->iommu, offset, size_bytes));
    bool is_on = amdvi_iommu_window(machine->iommu, &base);
    if (was_on && (!is_on || base != base_before)) {
        fuzz_fail(machine, "the window moved although it is locked");
    }
    if (is_on && base % AMDVI_MMIO_SIZE != 0) {
        fuzz_fail(machine, "the window is not aligned");
    }
    if (header != amdvi_iommu_cap_read(machine->iommu, AMDVI_CAP_OFFSET_HEADER, 4)) {
        fuzz_fail(machine, "the capability header was written");
    }
}

void fuzz_do_reset(struct fuzz_machine *machine, struct fuzz_input *input)
{
    (void)input;
    fuzz_enter(machine, FUZZ_CALLS_NONE);
    amdvi_iommu_reset(machine->iommu);
    if (!machine->options.threads) {
        memset(machine->first, 0, sizeof(machine->first));
        machine->was_enabled = false;
        machine->preboot_unknown = false;
    }
    fuzz_check_registers(machine);
}

void fuzz_do_process(struct fuzz_machine *machine, struct fuzz_input *input)
{
    unsigned budget = fuzz_u8(input);

    machine->has_work = false;
    fuzz_enter(machine, fuzz_calls_turns(machine, budget));
    fuzz_note(machine, amdvi_iommu_process(machine->iommu, budget));
    fuzz_check_registers(machine);
}

void fuzz_do_memory(struct fuzz_machine *machine, struct fuzz_input *input)
{
    unsigned form = fuzz_u8(input);
    uint64_t spa = fuzz_address(input) & ~UINT64_C(7);
    uint64_t value = form < 32 ? UINT64_MAX : form < 64 ? 0 : fuzz_u64(input);

    if ((form & 1) == 0 || form >= 64) {
        fuzz_store(machine, spa, value);
        return;
    }
    for (uint64_t offset = 0; offset < FUZZ_PAGE; offset += 8) {
        fuzz_store(machine, (spa & ~(FUZZ_PAGE - 1)) + offset, value);
    }
}

/* Four words, not at once: in between, the library may look. */
void fuzz_do_device_entry(struct fuzz_machine *machine, struct fuzz_input *input)
{
    uint64_t base = fuzz_reg(machine, AMDVI_REG_DEV_TAB_BASE) & AMDVI_DEV_TAB_BASE_BASE;
    uint16_t device_id = fuzz_device(input);
    uint64_t word[4];

    fuzz_device_entry(input, word);
    for (unsigned i = 0; i < 4; i++) {
        fuzz_store(machine, base + (uint64_t)AMDVI_DTE_BYTES * device_id + 8 * (uint64_t)i,
                   word[i]);
    }
}

/* Where requests will look for it: the index is one of those that fuzz_iova() uses. */
void fuzz_do_table_entry(struct fuzz_machine *machine, struct fuzz_input *input)
{
    static const uint16_t indices[8] = {0, 1, 2, 511, 3, 4, 8, 256};
    unsigned form = fuzz_u8(input);
    uint64_t table = form < 224 ? (FUZZ_TABLES + form % 16) * FUZZ_PAGE : fuzz_page(input);
    unsigned where = fuzz_u8(input);
    unsigned index = where < 224 ? indices[where % 8] : where;
    unsigned count = where < 224 ? 1 + (where >> 3) % 4 : 1;
    uint64_t entry = fuzz_table_entry(input);

    /* Sometimes neighbours that carry on, so that there are runs to join. */
    for (unsigned i = 0; i < count; i++) {
        fuzz_store(machine, table + 8 * (uint64_t)((index + i) % 512),
                   entry + (where >= 64 ? i * FUZZ_PAGE : 0));
    }
}

void fuzz_do_interrupt_entry(struct fuzz_machine *machine, struct fuzz_input *input)
{
    uint64_t page = (FUZZ_TABLES + fuzz_u8(input) % 16) * FUZZ_PAGE;
    uint64_t spa = page + fuzz_u16(input) % FUZZ_PAGE / 4 * 4;
    unsigned shift = spa % 8 == 0 ? 0 : 32;
    uint64_t other = fuzz_load(machine, spa) & ~(UINT64_C(0xffffffff) << shift);

    fuzz_store(machine, spa, other | (uint64_t)fuzz_interrupt_entry(input) << shift);
}

static void queue(struct fuzz_machine *machine, const uint64_t word[2])
{
    uint64_t base = fuzz_reg(machine, AMDVI_REG_CMD_BUF_BASE);
    uint64_t tail = fuzz_reg(machine, AMDVI_REG_CMD_BUF_TAIL);
    uint64_t bytes = amdvi_ring_bytes((unsigned)amdvi_get(base, AMDVI_CMD_BUF_BASE_LEN));

    fuzz_store(machine, (base & AMDVI_CMD_BUF_BASE_BASE) + tail, word[0]);
    fuzz_store(machine, (base & AMDVI_CMD_BUF_BASE_BASE) + tail + 8, word[1]);
    write_window(machine, amdvi_regs[AMDVI_REG_CMD_BUF_TAIL].offset, 8,
                 bytes == 0 ? 0 : (tail + AMDVI_CMD_BYTES) % bytes);
}

void fuzz_do_command(struct fuzz_machine *machine, struct fuzz_input *input)
{
    uint64_t word[2];

    fuzz_command(input, word);
    queue(machine, word);
}

static void queue_command(struct fuzz_machine *machine, const struct amdvi_command *command)
{
    struct amdvi_wire_command wire;

    amdvi_command_encode(&wire, command);
    queue(machine,
          (uint64_t[2]){amdvi_le64_decode(&wire.word[0]), amdvi_le64_decode(&wire.word[1])});
}

/* Whatever the fuzzer's devices and domains may have in a cache. */
void fuzz_do_invalidate_all(struct fuzz_machine *machine, struct fuzz_input *input)
{
    (void)input;
    for (uint16_t i = 0; i < 8; i++) {
        queue_command(machine, &(struct amdvi_command){
                                   .opcode = AMDVI_OPCODE_INVALIDATE_DEVTAB_ENTRY, .device_id = i});
        queue_command(machine,
                      &(struct amdvi_command){.opcode = AMDVI_OPCODE_INVALIDATE_INTERRUPT_TABLE,
                                              .device_id = i});
    }
    for (uint16_t i = 0; i < 4; i++) {
        queue_command(machine,
                      &(struct amdvi_command){.opcode = AMDVI_OPCODE_INVALIDATE_IOMMU_PAGES,
                                              .domain_id = i,
                                              .address = UINT64_C(0x7ffffffffffff000),
                                              .size = true,
                                              .pde = true});
    }
}

void fuzz_do_log_read(struct fuzz_machine *machine, struct fuzz_input *input)
{
    uint64_t tail = fuzz_reg(machine, AMDVI_REG_EVENT_LOG_TAIL);

    (void)input;
    write_window(machine, amdvi_regs[AMDVI_REG_EVENT_LOG_HEAD].offset, 8, tail);
    write_window(machine, amdvi_regs[AMDVI_REG_STATUS].offset, 8, UINT64_MAX);
}
