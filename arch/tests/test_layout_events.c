/* SPDX-License-Identifier: BSD-2-Clause */
/* The events, stated a second time. See layout.h. */
#include "layout.h"

/*
 * Events
 */

static void event_codes_are_those_of_the_list(void)
{
    CHECK_U64(AMDVI_EVENT_ILLEGAL_DEV_TABLE_ENTRY, 1);
    CHECK_U64(AMDVI_EVENT_IO_PAGE_FAULT, 2);
    CHECK_U64(AMDVI_EVENT_DEV_TAB_HARDWARE_ERROR, 3);
    CHECK_U64(AMDVI_EVENT_PAGE_TAB_HARDWARE_ERROR, 4);
    CHECK_U64(AMDVI_EVENT_ILLEGAL_COMMAND_ERROR, 5);
    CHECK_U64(AMDVI_EVENT_COMMAND_HARDWARE_ERROR, 6);
    CHECK_U64(AMDVI_EVENT_IOTLB_INV_TIMEOUT, 7);
    CHECK_U64(AMDVI_EVENT_INVALID_DEVICE_REQUEST, 8);
}

static const struct layout_row illegal_dev_table_entry[] = {
    ROW(15, 0, AMDVI_EVENT_DEVICE_ID),
    GAP(50, 16),
    ROW(51, 51, AMDVI_EVENT_I),
    GAP(52, 52),
    ROW(53, 53, AMDVI_EVENT_RW),
    GAP(54, 54),
    ROW(55, 55, AMDVI_EVENT_RZ),
    ROW(56, 56, AMDVI_EVENT_TR),
    GAP(59, 57),
    ROW(63, 60, AMDVI_EVENT_CODE),
};

static const struct layout_row io_page_fault[] = {
    ROW(15, 0, AMDVI_EVENT_DEVICE_ID),
    GAP(31, 16),
    ROW(47, 32, AMDVI_EVENT_DOMAIN_ID),
    GAP(50, 48),
    ROW(51, 51, AMDVI_EVENT_I),
    ROW(52, 52, AMDVI_EVENT_PR),
    ROW(53, 53, AMDVI_EVENT_RW),
    ROW(54, 54, AMDVI_EVENT_PE),
    ROW(55, 55, AMDVI_EVENT_RZ),
    ROW(56, 56, AMDVI_EVENT_TR),
    GAP(59, 57),
    ROW(63, 60, AMDVI_EVENT_CODE),
};

static const struct layout_row dev_tab_hardware_error[] = {
    ROW(15, 0, AMDVI_EVENT_DEVICE_ID),
    GAP(50, 16),
    ROW(51, 51, AMDVI_EVENT_I),
    GAP(52, 52),
    ROW(53, 53, AMDVI_EVENT_RW),
    GAP(55, 54),
    ROW(56, 56, AMDVI_EVENT_TR),
    ROW(58, 57, AMDVI_EVENT_HW_TYPE),
    GAP(59, 59),
    ROW(63, 60, AMDVI_EVENT_CODE),
};

static const struct layout_row page_tab_hardware_error[] = {
    ROW(15, 0, AMDVI_EVENT_DEVICE_ID),
    GAP(31, 16),
    ROW(47, 32, AMDVI_EVENT_DOMAIN_ID),
    GAP(50, 48),
    ROW(51, 51, AMDVI_EVENT_I),
    GAP(52, 52),
    ROW(53, 53, AMDVI_EVENT_RW),
    GAP(55, 54),
    ROW(56, 56, AMDVI_EVENT_TR),
    ROW(58, 57, AMDVI_EVENT_HW_TYPE),
    GAP(59, 59),
    ROW(63, 60, AMDVI_EVENT_CODE),
};

static const struct layout_row illegal_command_error[] = {
    GAP(59, 0),
    ROW(63, 60, AMDVI_EVENT_CODE),
};

static const struct layout_row command_hardware_error[] = {
    GAP(56, 0),
    ROW(58, 57, AMDVI_EVENT_HW_TYPE),
    GAP(59, 59),
    ROW(63, 60, AMDVI_EVENT_CODE),
};

/* Choice: no type field, although one source suspects one. */
static const struct layout_row iotlb_inv_timeout[] = {
    ROW(15, 0, AMDVI_EVENT_DEVICE_ID),
    GAP(59, 16),
    ROW(63, 60, AMDVI_EVENT_CODE),
};

static const struct layout_row invalid_device_request[] = {
    ROW(15, 0, AMDVI_EVENT_DEVICE_ID), GAP(55, 16),
    ROW(56, 56, AMDVI_EVENT_TR),       ROW(59, 57, AMDVI_EVENT_REQUEST_TYPE),
    ROW(63, 60, AMDVI_EVENT_CODE),
};

struct event_figure {
    const char *name;
    enum amdvi_event_code code;
    const struct layout_row *rows;
    size_t count;
    unsigned address_lo; /* the second word is an address, from this bit up */
};

/* Choice: PAGE_TAB_HARDWARE_ERROR has address bits 63:3, since table entries are 8 bytes. */
static const struct event_figure event_figures[] = {
    {"ILLEGAL_DEV_TABLE_ENTRY", AMDVI_EVENT_ILLEGAL_DEV_TABLE_ENTRY, illegal_dev_table_entry,
     COUNT(illegal_dev_table_entry), 2},
    {"IO_PAGE_FAULT", AMDVI_EVENT_IO_PAGE_FAULT, io_page_fault, COUNT(io_page_fault), 0},
    {"DEV_TAB_HARDWARE_ERROR", AMDVI_EVENT_DEV_TAB_HARDWARE_ERROR, dev_tab_hardware_error,
     COUNT(dev_tab_hardware_error), 4},
    {"PAGE_TAB_HARDWARE_ERROR", AMDVI_EVENT_PAGE_TAB_HARDWARE_ERROR, page_tab_hardware_error,
     COUNT(page_tab_hardware_error), 3},
    {"ILLEGAL_COMMAND_ERROR", AMDVI_EVENT_ILLEGAL_COMMAND_ERROR, illegal_command_error,
     COUNT(illegal_command_error), 4},
    {"COMMAND_HARDWARE_ERROR", AMDVI_EVENT_COMMAND_HARDWARE_ERROR, command_hardware_error,
     COUNT(command_hardware_error), 4},
    {"IOTLB_INV_TIMEOUT", AMDVI_EVENT_IOTLB_INV_TIMEOUT, iotlb_inv_timeout,
     COUNT(iotlb_inv_timeout), 4},
    {"INVALID_DEVICE_REQUEST", AMDVI_EVENT_INVALID_DEVICE_REQUEST, invalid_device_request,
     COUNT(invalid_device_request), 0},
};

/* The bits of word 0 to which the figure gives a name. */
static uint64_t named_bits(const struct event_figure *figure)
{
    uint64_t mask = 0;

    for (size_t i = 0; i < figure->count; i++) {
        if (figure->rows[i].name != NULL) {
            mask |= bits(figure->rows[i].hi, figure->rows[i].lo);
        }
    }
    return mask;
}

static void each_event_tiles(void)
{
    for (size_t i = 0; i < COUNT(event_figures); i++) {
        check_tiles(64, event_figures[i].rows, event_figures[i].count);
    }
}

static void event_masks_are_the_named_bits_of_each_figure(void)
{
    for (size_t i = 0; i < COUNT(event_figures); i++) {
        const struct event_figure *figure = &event_figures[i];

        check_row(figure->name, amdvi_event_word0_mask(figure->code), named_bits(figure));
        check_row(figure->name, amdvi_event_address_mask(figure->code),
                  bits(63, figure->address_lo));
    }
}

/* The same masks as numbers, so that they are not only built from the rows above. */
static void event_masks_are_the_listed_numbers(void)
{
    CHECK_U64(amdvi_event_word0_mask(AMDVI_EVENT_ILLEGAL_DEV_TABLE_ENTRY), 0xF1A800000000FFFF);
    CHECK_U64(amdvi_event_word0_mask(AMDVI_EVENT_IO_PAGE_FAULT), 0xF1F8FFFF0000FFFF);
    CHECK_U64(amdvi_event_word0_mask(AMDVI_EVENT_DEV_TAB_HARDWARE_ERROR), 0xF72800000000FFFF);
    CHECK_U64(amdvi_event_word0_mask(AMDVI_EVENT_PAGE_TAB_HARDWARE_ERROR), 0xF728FFFF0000FFFF);
    CHECK_U64(amdvi_event_word0_mask(AMDVI_EVENT_ILLEGAL_COMMAND_ERROR), 0xF000000000000000);
    CHECK_U64(amdvi_event_word0_mask(AMDVI_EVENT_COMMAND_HARDWARE_ERROR), 0xF600000000000000);
    CHECK_U64(amdvi_event_word0_mask(AMDVI_EVENT_IOTLB_INV_TIMEOUT), 0xF00000000000FFFF);
    CHECK_U64(amdvi_event_word0_mask(AMDVI_EVENT_INVALID_DEVICE_REQUEST), 0xFF0000000000FFFF);
}

/* An event, and its sixteen bytes in memory. */
struct event_row {
    const char *name;
    struct amdvi_event event;
    struct amdvi_wire_event want;
};

static const struct event_row event_rows[] = {
    {"ILLEGAL_DEV_TABLE_ENTRY: write, reserved bit",
     {.code = AMDVI_EVENT_ILLEGAL_DEV_TABLE_ENTRY,
      .device_id = 0x0010,
      .write = true,
      .reserved = true,
      .address = 0x00000000FEDCBA98},
     {{{{0x10, 0x00, 0x00, 0x00, 0x00, 0x00, 0xA0, 0x10}},
       {{0x98, 0xBA, 0xDC, 0xFE, 0x00, 0x00, 0x00, 0x00}}}}},
    {"ILLEGAL_DEV_TABLE_ENTRY: interrupt",
     {.code = AMDVI_EVENT_ILLEGAL_DEV_TABLE_ENTRY,
      .device_id = 0xFF07,
      .interrupt = true,
      .address = 0x00000000FEE01004},
     {{{{0x07, 0xFF, 0x00, 0x00, 0x00, 0x00, 0x08, 0x10}},
       {{0x04, 0x10, 0xE0, 0xFE, 0x00, 0x00, 0x00, 0x00}}}}},
    {"ILLEGAL_DEV_TABLE_ENTRY: translation request",
     {.code = AMDVI_EVENT_ILLEGAL_DEV_TABLE_ENTRY,
      .device_id = 0x0100,
      .translation = true,
      .address = 0xFFFFFFFFFFFFFFFF},
     {{{{0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x11}},
       {{0xFC, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}}}}},
    {"IO_PAGE_FAULT: write, page not present",
     {.code = AMDVI_EVENT_IO_PAGE_FAULT,
      .device_id = 0x0100,
      .domain_id = 5,
      .write = true,
      .address = 0x0000000123456000},
     {{{{0x00, 0x01, 0x00, 0x00, 0x05, 0x00, 0x20, 0x20}},
       {{0x00, 0x60, 0x45, 0x23, 0x01, 0x00, 0x00, 0x00}}}}},
    {"IO_PAGE_FAULT: read, permission",
     {.code = AMDVI_EVENT_IO_PAGE_FAULT,
      .device_id = 0x1234,
      .domain_id = 0xABCD,
      .present = true,
      .permission = true,
      .address = 0xFEDCBA9876543210},
     {{{{0x34, 0x12, 0x00, 0x00, 0xCD, 0xAB, 0x50, 0x20}},
       {{0x10, 0x32, 0x54, 0x76, 0x98, 0xBA, 0xDC, 0xFE}}}}},
    {"IO_PAGE_FAULT: write, reserved bit, odd address",
     {.code = AMDVI_EVENT_IO_PAGE_FAULT,
      .device_id = 0x0008,
      .domain_id = 1,
      .present = true,
      .write = true,
      .reserved = true,
      .address = 0x0000000000000FFF},
     {{{{0x08, 0x00, 0x00, 0x00, 0x01, 0x00, 0xB0, 0x20}},
       {{0xFF, 0x0F, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00}}}}},
    {"IO_PAGE_FAULT: interrupt, entry present, reserved bit",
     {.code = AMDVI_EVENT_IO_PAGE_FAULT,
      .device_id = 0x00A0,
      .domain_id = 0x0200,
      .interrupt = true,
      .present = true,
      .reserved = true,
      .address = 0x00000000FEE00000},
     {{{{0xA0, 0x00, 0x00, 0x00, 0x00, 0x02, 0x98, 0x20}},
       {{0x00, 0x00, 0xE0, 0xFE, 0x00, 0x00, 0x00, 0x00}}}}},
    {"IO_PAGE_FAULT: translation request",
     {.code = AMDVI_EVENT_IO_PAGE_FAULT,
      .device_id = 0x0300,
      .domain_id = 2,
      .translation = true,
      .address = 0x0000000000001000},
     {{{{0x00, 0x03, 0x00, 0x00, 0x02, 0x00, 0x00, 0x21}},
       {{0x00, 0x10, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00}}}}},
    {"DEV_TAB_HARDWARE_ERROR: translation request, master abort",
     {.code = AMDVI_EVENT_DEV_TAB_HARDWARE_ERROR,
      .device_id = 0x1234,
      .translation = true,
      .type = 1,
      .address = 0x000000FF00044680},
     {{{{0x34, 0x12, 0x00, 0x00, 0x00, 0x00, 0x00, 0x33}},
       {{0x80, 0x46, 0x04, 0x00, 0xFF, 0x00, 0x00, 0x00}}}}},
    {"DEV_TAB_HARDWARE_ERROR: interrupt, data error",
     {.code = AMDVI_EVENT_DEV_TAB_HARDWARE_ERROR,
      .device_id = 0x00F8,
      .interrupt = true,
      .type = 3,
      .address = 0x0000000000101F10},
     {{{{0xF8, 0x00, 0x00, 0x00, 0x00, 0x00, 0x08, 0x36}},
       {{0x10, 0x1F, 0x10, 0x00, 0x00, 0x00, 0x00, 0x00}}}}},
    {"PAGE_TAB_HARDWARE_ERROR: write, data error",
     {.code = AMDVI_EVENT_PAGE_TAB_HARDWARE_ERROR,
      .device_id = 0xA5C3,
      .domain_id = 0xBEEF,
      .write = true,
      .type = 3,
      .address = 0x000FFFFFFFFFFFF8},
     {{{{0xC3, 0xA5, 0x00, 0x00, 0xEF, 0xBE, 0x20, 0x46}},
       {{0xF8, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x00}}}}},
    {"ILLEGAL_COMMAND_ERROR",
     {.code = AMDVI_EVENT_ILLEGAL_COMMAND_ERROR, .address = 0x0000000010000FF0},
     {{{{0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x50}},
       {{0xF0, 0x0F, 0x00, 0x10, 0x00, 0x00, 0x00, 0x00}}}}},
    {"COMMAND_HARDWARE_ERROR: target abort",
     {.code = AMDVI_EVENT_COMMAND_HARDWARE_ERROR, .type = 2, .address = 0x0008000000000010},
     {{{{0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x64}},
       {{0x10, 0x00, 0x00, 0x00, 0x00, 0x00, 0x08, 0x00}}}}},
    {"COMMAND_HARDWARE_ERROR: store to an address with bit 3 set",
     {.code = AMDVI_EVENT_COMMAND_HARDWARE_ERROR, .type = 1, .address = 0x0000000000002008},
     {{{{0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x62}},
       {{0x00, 0x20, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00}}}}},
    {"IOTLB_INV_TIMEOUT",
     {.code = AMDVI_EVENT_IOTLB_INV_TIMEOUT, .device_id = 0x0310, .address = 0x0000000010000120},
     {{{{0x10, 0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x70}},
       {{0x20, 0x01, 0x00, 0x10, 0x00, 0x00, 0x00, 0x00}}}}},
    {"INVALID_DEVICE_REQUEST: type 5",
     {.code = AMDVI_EVENT_INVALID_DEVICE_REQUEST,
      .device_id = 0x0418,
      .type = 5,
      .address = 0x000000FDF8000004},
     {{{{0x18, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x8A}},
       {{0x04, 0x00, 0x00, 0xF8, 0xFD, 0x00, 0x00, 0x00}}}}},
    {"INVALID_DEVICE_REQUEST: type 7",
     {.code = AMDVI_EVENT_INVALID_DEVICE_REQUEST,
      .device_id = 0x0418,
      .type = 7,
      .address = 0x000000FDFC000CF9},
     {{{{0x18, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x8E}},
       {{0xF9, 0x0C, 0x00, 0xFC, 0xFD, 0x00, 0x00, 0x00}}}}},
    {"INVALID_DEVICE_REQUEST: translation request, type 1",
     {.code = AMDVI_EVENT_INVALID_DEVICE_REQUEST,
      .device_id = 0x0500,
      .translation = true,
      .type = 1,
      .address = 0x000000FDF9100000},
     {{{{0x00, 0x05, 0x00, 0x00, 0x00, 0x00, 0x00, 0x83}},
       {{0x00, 0x00, 0x10, 0xF9, 0xFD, 0x00, 0x00, 0x00}}}}},
};

static uint64_t word_of(const uint8_t bytes[8])
{
    uint64_t word = 0;

    for (unsigned i = 0; i < 8; i++) {
        word |= (uint64_t)bytes[i] << (8 * i);
    }
    return word;
}

/* The words of @event, encoded over memory that was not clear. */
static void encode_words(const struct amdvi_event *event, uint64_t out[2])
{
    struct amdvi_wire_event wire;

    memset(&wire, 0xA5, sizeof(wire));
    amdvi_event_encode(&wire, event);
    out[0] = word_of(wire.word[0].byte);
    out[1] = word_of(wire.word[1].byte);
}

static void events_encode_to_their_bytes(void)
{
    CHECK_U64(sizeof(struct amdvi_wire_event), 16);
    CHECK_U64(sizeof(struct amdvi_wire_command), 16);
    for (size_t i = 0; i < COUNT(event_rows); i++) {
        const struct event_row *row = &event_rows[i];
        struct amdvi_wire_event wire;

        memset(&wire, 0xA5, sizeof(wire));
        amdvi_event_encode(&wire, &row->event);
        for (size_t byte = 0; byte < 16; byte++) {
            check_row(row->name, wire.word[byte / 8].byte[byte % 8],
                      row->want.word[byte / 8].byte[byte % 8]);
        }
    }
}

/* Something to say in an event, and the bits it takes where the event has them at all. */
struct event_probe {
    const char *name;
    unsigned hi;
    unsigned lo;
    struct amdvi_event event;
};

static const struct event_probe event_probes[] = {
    {"device_id", 15, 0, {.device_id = 0xFFFF}}, {"domain_id", 47, 32, {.domain_id = 0xFFFF}},
    {"interrupt", 51, 51, {.interrupt = true}},  {"present", 52, 52, {.present = true}},
    {"write", 53, 53, {.write = true}},          {"permission", 54, 54, {.permission = true}},
    {"reserved", 55, 55, {.reserved = true}},    {"translation", 56, 56, {.translation = true}},
    {"type bit 0", 57, 57, {.type = 1}},         {"type bit 1", 58, 58, {.type = 2}},
};

static void an_event_sets_no_bit_that_its_figure_does_not_name(void)
{
    for (size_t i = 0; i < COUNT(event_figures); i++) {
        const struct event_figure *figure = &event_figures[i];
        uint64_t code = (uint64_t)figure->code << 60;

        for (size_t j = 0; j < COUNT(event_probes); j++) {
            const struct event_probe *probe = &event_probes[j];
            uint64_t want = code | (bits(probe->hi, probe->lo) & named_bits(figure));
            struct amdvi_event event = probe->event;
            uint64_t words[2];

            event.code = figure->code;
            encode_words(&event, words);
            if (!check_row(probe->name, words[0], want)) {
                printf("#   of event: %s\n", figure->name);
            }
            check_row(probe->name, words[1], 0);
        }
    }
}

static void an_event_address_keeps_the_bits_of_its_figure(void)
{
    for (size_t i = 0; i < COUNT(event_figures); i++) {
        const struct event_figure *figure = &event_figures[i];
        const struct amdvi_event event = {.code = figure->code, .address = UINT64_MAX};
        uint64_t words[2];

        encode_words(&event, words);
        check_row(figure->name, words[0], (uint64_t)figure->code << 60);
        check_row(figure->name, words[1], bits(63, figure->address_lo));
    }
}

static const struct check_case cases[] = {
    {"event codes are those of the list", "1.20 event log", event_codes_are_those_of_the_list},
    {"each event's word 0 tiles 64 bits", "1.20 event log", each_event_tiles},
    {"event masks are the named bits of each figure", "1.20 event log",
     event_masks_are_the_named_bits_of_each_figure},
    {"event masks are the listed numbers", "1.20 event log", event_masks_are_the_listed_numbers},
    {"events encode to their bytes", "1.20 event log", events_encode_to_their_bytes},
    {"an event sets no bit that its figure does not name", "1.20 event log",
     an_event_sets_no_bit_that_its_figure_does_not_name},
    {"an event's address keeps the bits of its figure", "1.20 event log",
     an_event_address_keeps_the_bits_of_its_figure},
};

int main(void)
{
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
