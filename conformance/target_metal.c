/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A target, and a runner for it: the machine that the suite was booted on. With the files of
 * examples/kernel, but for its main.c and iommu.c, it is a kernel of its own, which
 * examples/kernel/build --conformance makes. It prints TAP on the serial port.
 *
 * The machine is not reset between tests: the IOMMU is turned off, its caches are emptied, and its
 * registers and the memory of the tests are cleared. Endpoints are QEMU's edu devices; without one,
 * only registers, commands and events are tested, which is what a real machine has to offer.
 */
#include "requirement.h"

#include "kernel.h"

#include <amdvi/ivrs.h>

#include <stdarg.h>
#include <time.h>

#define TESTS_FIRST_SPA UINT64_C(0x100000) /* and to TARGET_RAM_BYTES */
#define SCRATCH         (TARGET_RAM_BYTES - 0x1000)
#define WINDOW_BYTES    0x4000u
#define OWN_VECTOR      0xe7u /* of the IOMMU's own interrupt */
#define TIMER_VECTOR    0xe6u
#define TIMER_PERIOD    10000000u /* 10 ms at QEMU's 1 GHz: it only ends HLT */
#define APIC            UINT64_C(0xfee00000)
#define APIC_TIMER      (0x320 / 4)
#define APIC_PERIOD     (0x380 / 4)
#define APIC_DIVIDE     (0x3e0 / 4)

#define EDU_DEVICE 0x11e81234u
#define EDU_BUFFER 0x40000u
#define EDU_HALF   2048u
#define EDU_RUN    1u

/* The capability's header. */
#define CAP_IOTLB  (1u << 24)
#define CAP_TUNNEL (1u << 25)
#define MISC       0x10u
#define MISC_RESV  (1u << 22)

static struct {
    uint16_t iommu;
    uint16_t cap;
    uint8_t *window;
    uint64_t endpoints; /* how many edu there are: none, one, or two */
    volatile uint64_t *registers[2];
    uint16_t device_ids[2];
    uint8_t written[EDU_HALF];
    uint32_t write_next;
    uint32_t late_next[2];
    uint32_t late_at;
    uint32_t own_msis;
} metal;

_Noreturn void kernel_main(uint32_t magic, const uint8_t *loader_info);

/* ---- What the suite wants of a C library ----------------------------------------------------- */

struct check_state *check_now(void)
{
    static struct check_state state;

    return &state;
}

int strcmp(const char *left, const char *right)
{
    while (*left != '\0' && *left == *right) {
        left++;
        right++;
    }
    return (unsigned char)*left - (unsigned char)*right;
}

int clock_gettime(clockid_t clock, struct timespec *out)
{
    uint64_t now = clock_ns();

    (void)clock;
    *out = (struct timespec){.tv_sec = (time_t)(now / 1000000000),
                             .tv_nsec = (long)(now % 1000000000)};
    return 0;
}

/* What the tests use: %s, and numbers with any length, width and leading zeros. */
static void print_one(const char **format, va_list *arguments)
{
    char digits[21] = {0};
    unsigned at = sizeof(digits) - 1;
    unsigned width = 0;
    bool is_long = false;

    for (; **format == 'l' || **format == 'z' || (**format >= '0' && **format <= '9'); ++*format) {
        is_long = is_long || **format == 'l' || **format == 'z';
        width = **format <= '9' ? width * 10 + (unsigned)(**format - '0') : width;
    }
    if (**format == 's') {
        print("%s", va_arg(*arguments, const char *));
        return;
    }
    unsigned base = **format == 'x' ? 16 : 10;
    uint64_t value = is_long ? va_arg(*arguments, unsigned long) : va_arg(*arguments, unsigned);
    do {
        digits[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0 || sizeof(digits) - 1 - at < width);
    print("%s", &digits[at]);
}

int printf(const char *restrict format, ...)
{
    const char *at = format;
    va_list arguments;
    char one[2] = {0};

    va_start(arguments, format);
    for (; *at != '\0'; at++) {
        if (*at == '%') {
            at++;
            print_one(&at, &arguments);
        } else {
            one[0] = *at;
            print("%s", one);
        }
    }
    va_end(arguments);
    return 0;
}

/* ---- Registers and memory -------------------------------------------------------------------- */

static uint64_t mmio_read(struct target *target, uint64_t offset, unsigned size_bytes)
{
    volatile uint8_t *at = metal.window + offset;

    (void)target;
    return size_bytes == 1   ? *at
           : size_bytes == 2 ? *(volatile uint16_t *)(volatile void *)at
           : size_bytes == 4 ? *(volatile uint32_t *)(volatile void *)at
                             : *(volatile uint64_t *)(volatile void *)at;
}

static void mmio_write(struct target *target, uint64_t offset, unsigned size_bytes, uint64_t value)
{
    volatile uint8_t *at = metal.window + offset;

    (void)target;
    order();
    if (size_bytes == 1) {
        *at = (uint8_t)value;
    } else if (size_bytes == 2) {
        *(volatile uint16_t *)(volatile void *)at = (uint16_t)value;
    } else if (size_bytes == 4) {
        *(volatile uint32_t *)(volatile void *)at = (uint32_t)value;
    } else {
        *(volatile uint64_t *)(volatile void *)at = value;
    }
}

static uint32_t config_read(struct target *target, unsigned offset, unsigned size_bytes)
{
    uint32_t word = pci_read(metal.iommu, (uint16_t)(offset & ~3u)) >> (8 * (offset & 3));

    (void)target;
    return size_bytes == 4 ? word : word & ((1u << (8 * size_bytes)) - 1);
}

static uint32_t cap_read(struct target *target, unsigned offset, unsigned size_bytes)
{
    return config_read(target, metal.cap + offset, size_bytes);
}

/* The ports have the size of the access; only the bytes that are meant are written. */
static void cap_write(struct target *target, unsigned offset, unsigned size_bytes, uint32_t value)
{
    unsigned at = metal.cap + offset;
    uint16_t port = (uint16_t)(0xcfc + (at & 3));

    (void)target;
    (void)pci_read(metal.iommu, (uint16_t)at); /* selects it */
    if (size_bytes == 1) {
        PORT_OUT(b, port, (uint8_t)value);
    } else if (size_bytes == 2) {
        PORT_OUT(w, port, (uint16_t)value);
    } else {
        PORT_OUT(l, port, value);
    }
}

static void memory_read(struct target *target, uint64_t spa, void *out, uint32_t size_bytes)
{
    (void)target;
    order();
    if (spa >= TARGET_ABSENT) {
        memset(out, 0xff, size_bytes);
    } else if (size_bytes == 8 && spa % 8 == 0) {
        uint64_t word = *(volatile uint64_t *)(uintptr_t)spa; /* in one piece */
        memcpy(out, &word, sizeof(word));
    } else {
        memcpy(out, (const void *)(uintptr_t)spa, size_bytes);
    }
}

static void memory_write(struct target *target, uint64_t spa, const void *data, uint32_t size_bytes)
{
    (void)target;
    if (spa < TARGET_ABSENT) {
        memcpy((void *)(uintptr_t)spa, data, size_bytes);
    }
    order();
}

static void settle(struct target *target)
{
    (void)target;
    order();
}

/* The tests ask when one is due at the latest; here it may be on its way for a moment. */
static unsigned own_msis(struct target *target)
{
    uint64_t end = clock_ns() + 2 * TIMER_PERIOD;

    (void)target;
    while (clock_ns() < end) {
        __asm__ volatile("hlt"); /* the timer ends it, if nothing else does */
    }
    uint32_t count = interrupt_counts[OWN_VECTOR] - metal.own_msis;
    metal.own_msis += count;
    return count;
}

/* ---- The endpoint: as in target_qemu_endpoints.c ----------------------------------------------*/

static void edu_transfer(unsigned which, uint64_t from, uint64_t to, uint64_t bytes,
                         uint64_t command)
{
    volatile uint64_t *registers = metal.registers[which];
    uint64_t end = clock_ns() + DEVICE_LIMIT_NS;

    order();
    registers[0x80 / 8] = from;
    registers[0x88 / 8] = to;
    registers[0x90 / 8] = bytes;
    registers[0x98 / 8] = command;
    while ((registers[0x98 / 8] & EDU_RUN) != 0) {
        if (clock_ns() > end) {
            panic("edu's DMA does not end");
        }
        __asm__ volatile("hlt"); /* with -icount sleep=off, QEMU's clock jumps ahead */
    }
}

static enum target_outcome edu_request(struct target *target, const struct target_request *request)
{
    unsigned which = request->device_id == target->endpoint[0] ? 0 : 1;
    uint32_t *next = request->kind == TARGET_WRITE ? &metal.write_next : &metal.late_next[which];

    if (request->kind == TARGET_WRITE) {
        if (*next + request->size_bytes > EDU_HALF) {
            *next = 0;
        }
        memcpy(request->data, metal.written + *next, request->size_bytes);
        edu_transfer(which, EDU_BUFFER + *next, request->address, request->size_bytes, EDU_RUN | 2);
    } else if (*next + request->size_bytes > TARGET_LATE_BYTES) {
        panic("edu is asked to read more than it keeps");
    } else {
        edu_transfer(which, request->address, EDU_BUFFER + EDU_HALF + *next, request->size_bytes,
                     EDU_RUN);
        metal.late_at = *next;
    }
    *next += request->size_bytes;
    return request->kind == TARGET_WRITE ? TARGET_UNKNOWN : TARGET_LATER;
}

static uint32_t edu_late_at(struct target *target)
{
    (void)target;
    return metal.late_at;
}

static void edu_late(struct target *target, uint16_t device_id, uint8_t *out)
{
    mmio_write(target, REG_CONTROL, 8, 0);
    edu_transfer(device_id == target->endpoint[0] ? 0 : 1, EDU_BUFFER + EDU_HALF, SCRATCH,
                 TARGET_LATE_BYTES, EDU_RUN | 2);
    memory_read(target, SCRATCH, out, TARGET_LATE_BYTES);
}

/* What it writes is in the first half of its buffer; the second forgets what it read. */
static void edu_fill(void)
{
    uint64_t state = 1;

    for (uint32_t i = 0; i < EDU_HALF; i++) {
        state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        metal.written[i] = (uint8_t)(state >> 56) | 1;
    }
    memset((void *)(uintptr_t)SCRATCH, 0, 0x1000);
    memcpy((void *)(uintptr_t)SCRATCH, metal.written, EDU_HALF);
    for (unsigned i = 0; i < metal.endpoints; i++) {
        edu_transfer(i, SCRATCH, EDU_BUFFER, 2 * EDU_HALF, EDU_RUN);
        metal.late_next[i] = 0;
    }
    metal.write_next = 0;
}

static const struct target_ops metal_ops = {
    .mmio_read = mmio_read,
    .mmio_write = mmio_write,
    .cap_read = cap_read,
    .cap_write = cap_write,
    .config_read = config_read,
    .memory_read = memory_read,
    .memory_write = memory_write,
    .request = edu_request,
    .late_at = edu_late_at,
    .late = edu_late,
    .own_msis = own_msis,
    .settle = settle,
};

/* ---- Between tests --------------------------------------------------------------------------- */

/* As rig_queue(), which is too slow for so many. */
static void queue(struct rig *rig, uint64_t word0, uint64_t word1)
{
    volatile uint64_t *ring = (volatile uint64_t *)(uintptr_t)RIG_COMMAND_BUFFER;

    ring[rig->command_tail / 8] = word0;
    ring[rig->command_tail / 8 + 1] = word1;
    rig->command_tail = (rig->command_tail + 16) % RIG_RING_BYTES;
    if (rig->command_tail % (RIG_RING_BYTES / 2) == 0) {
        rig_wait(rig);
    }
}

/* Every DomainID, and every device of bus 0: no test uses others. */
static void forget_caches(struct rig *rig)
{
    rig_enable(rig);
    for (uint64_t domain = 0; domain <= UINT16_MAX; domain++) {
        queue(rig, UINT64_C(3) << 60 | domain << 32, UINT64_C(0x7ffffffffffff003));
    }
    for (uint64_t device = 0; device <= UINT8_MAX; device++) {
        queue(rig, UINT64_C(2) << 60 | device, 0);
        queue(rig, UINT64_C(5) << 60 | device, 0);
    }
    rig_wait(rig);
}

static void stop(struct target *target)
{
    mmio_write(target, REG_CONTROL, 8, 0);
    for (unsigned i = 0; i < 1000000 && (mmio_read(target, REG_STATUS, 8) &
                                         (STATUS_CMD_BUF_RUN | STATUS_EVENT_LOG_RUN)) != 0;
         i++) {
        order();
    }
}

static void clean(struct rig *rig, struct target *target)
{
    static const uint16_t registers[] = {REG_DEVICE_TABLE,    REG_COMMAND_BASE, REG_EVENT_BASE,
                                         REG_EXCLUSION_LIMIT, REG_COMMAND_HEAD, REG_COMMAND_TAIL,
                                         REG_EVENT_HEAD,      REG_EVENT_TAIL,   REG_EXCLUSION_BASE};
    uintptr_t first = TESTS_FIRST_SPA;
    size_t words = (TARGET_RAM_BYTES - TESTS_FIRST_SPA) / 8;

    stop(target);
    __asm__ volatile("rep stosq" : "+D"(first), "+c"(words) : "a"(0ul) : "memory");
    rig_begin(rig, target);
    forget_caches(rig);
    stop(target);
    for (unsigned i = 0; i < sizeof(registers) / sizeof(registers[0]); i++) {
        mmio_write(target, registers[i], 8, 0);
    }
    mmio_write(target, REG_STATUS, 8,
               STATUS_EVENT_OVERFLOW | STATUS_EVENT_LOG_INT | STATUS_COM_WAIT_INT);
    memset((void *)(uintptr_t)RIG_COMMAND_BUFFER, 0, RIG_RING_BYTES);
    memset((void *)(uintptr_t)RIG_EVENT_LOG, 0, RIG_RING_BYTES);
    memset((void *)(uintptr_t)RIG_STORE, 0, 0x1000);
    edu_fill();
    own_msis(target);
    rig_begin(rig, target);
}

/* ---- Start ----------------------------------------------------------------------------------- */

static void find_iommu(void)
{
    struct acpi_table found;
    struct amdvi_ivrs_table table;
    struct amdvi_ivrs_block block;

    if (!acpi_find("IVRS", &found) ||
        amdvi_ivrs_open(&table, found.bytes, found.size_bytes, NULL) != AMDVI_IVRS_OK) {
        panic("no IVRS: this machine has no AMD IOMMU");
    }
    struct amdvi_ivrs_block_cursor cursor = amdvi_ivrs_blocks(&table);
    while (amdvi_ivrs_next_block(&cursor, &block) == AMDVI_IVRS_OK) {
        if (block.kind == AMDVI_IVRS_BLOCK_IVHD) {
            metal.iommu = block.unit.device_id;
            metal.cap = block.unit.capability_offset;
            metal.window = memory_map_device(block.unit.window_spa, WINDOW_BYTES);
            return;
        }
    }
    panic("the IVRS names no unit");
}

/* The first edu, and one whose DeviceID is over 127. */
static void find_endpoints(void)
{
    for (uint32_t id = 0; id <= UINT8_MAX && metal.endpoints < 2; id++) {
        if (pci_read((uint16_t)id, 0) == EDU_DEVICE && (metal.endpoints == 0 || id > 127)) {
            uint32_t bar = pci_read((uint16_t)id, 0x10) & ~0xfu;
            pci_write((uint16_t)id, 0x04, 0x0406);
            metal.registers[metal.endpoints] = memory_map_device(bar, 0x100000);
            metal.device_ids[metal.endpoints++] = (uint16_t)id;
        }
    }
}

/* What can be tested here. */
static uint64_t can_do(struct target *target)
{
    uint32_t header = cap_read(target, 0, 4);
    uint64_t can = CAN_CONFIG;

    can |= (header & CAP_IOTLB) != 0 ? CAN_IOTLB_ON : CAN_IOTLB_OFF;
    can |= (header & CAP_TUNNEL) != 0 ? CAN_HT_TUNNEL_ON : CAN_HT_TUNNEL_OFF;
    can |= (cap_read(target, MISC, 4) & MISC_RESV) != 0 ? CAN_ATS_RESV_ON : CAN_ATS_RESV_OFF;
    can |= metal.endpoints > 0 ? CAN_DMA : 0;
    can |= metal.endpoints > 1 ? CAN_SECOND : 0;
    if (pci_set_msi(metal.iommu, APIC | (uint64_t)interrupt_processor() << 12, OWN_VECTOR)) {
        can |= CAN_OWN_MSI;
    }
    return can;
}

static void start_timer(void)
{
    volatile uint32_t *apic = memory_map_device(APIC, 0x1000);

    apic[APIC_DIVIDE] = 0xb; /* by one */
    apic[APIC_TIMER] = 1u << 17 | TIMER_VECTOR;
    apic[APIC_PERIOD] = TIMER_PERIOD;
}

/* One requirement; true unless it fails. */
static bool run(const struct requirement *requirement, struct target *target, unsigned number)
{
    static struct rig rig;
    struct check_state *now = check_now();

    if ((requirement->needs & ~target->can) != 0) {
        printf("ok %u - %s %s # SKIP not tested here\n", number, requirement->id,
               requirement->sentence);
        return true;
    }
    clean(&rig, target);
    *now = (struct check_state){0};
    requirement->test(&rig);
    rig_finish(&rig);
    bool good = !now->failed && now->checks > 0;
    printf("%s %u - %s %s", good ? "ok" : "not ok", number, requirement->id, requirement->sentence);
    if (rig.outcome != NULL) {
        printf(" [%s]", rig.outcome);
    }
    printf("\n");
    return good;
}

static const struct target_kind_info target_metal = {
    .name = "metal",
    .sentence = "the machine that the suite was booted on",
};

_Noreturn void kernel_main(uint32_t magic, const uint8_t *loader_info)
{
    struct target target = {.kind = &target_metal, .ops = &metal_ops};
    unsigned number = 0;
    unsigned failed = 0;

    print("\namdvi conformance suite, loaded by %s\n", acpi_init(magic, loader_info));
    interrupts_init();
    clock_init();
    start_timer();
    pci_quiet();
    find_iommu();
    find_endpoints();
    target.can = can_do(&target);
    memcpy(target.endpoint, metal.device_ids, sizeof(target.endpoint));
    for (unsigned i = 0; requirement_areas[i] != NULL; i++) {
        for (const struct requirement *next = requirement_areas[i]->list; next->id != NULL;
             next++) {
            failed += !run(next, &target, ++number);
        }
    }
    printf("1..%u\n%u failed\n", number, failed);
    machine_end(failed == 0 ? 0x10 : 0x11);
}
