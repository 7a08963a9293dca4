/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every parser of the tool on damaged input: seeds in which bytes are changed, taken out, doubled,
 * or joined with another seed. The sanitizers' builds see what goes wrong; here it is enough that
 * it ends, and that promises hold. AMDVI_HOSTILE_ROUNDS=N does it for longer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../explain.h"
#include "../hex.h"
#include "../ivrs.h"
#include "../layout.h"
#include "../tree.h"
#include "../walk.h"
#include "check.h"
#include "random.h"

#define INPUT_MAX 8192

static struct random_source source;
static char input[INPUT_MAX + 1];
static size_t input_size;

static const char *const words[] = {
    "[    5.123456] AMD-Vi: DTE[0]: 6000000012345603\nDTE[1]: 0000000000000005\n",
    "0000000012345000: 0x12345603 0x60000000 0x00000005 0x00000000\n",
    "00 11 22 33 44 55 66 77 88 99 aa bb cc dd ee ff",
    "0x2020000500000018,0xfffff000 (XEN) event[0]=0x18 0xffffffffffffffffffffffffffffffff",
};

static const char *const logs[] = {
    "[   12.345678] igb 0000:03:00.0: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x000e "
    "address=0xfff00040 flags=0x0020]\n",
    "iommu ivhd0: AMD-Vi: Event logged [ILLEGAL_DEV_TABLE_ENTRY device=0000:03:00.0 "
    "pasid=0x00000 address=0x12000 flags=0x0080]\nAMD-Vi: DTE[0]: 6000000012345e03\nAMD-Vi: "
    "DTE[1]: 5\nAMD-Vi: DTE[2]: 2\nAMD-Vi: DTE[3]: 1\n",
    "AMD-Vi: Event logged [ILLEGAL_COMMAND_ERROR address=0x1]\nAMD-Vi: CMD[0]: 1\nAMD-Vi: "
    "CMD[1]: b0000000\nAMD-Vi: CMD[2]: 0\nAMD-Vi: CMD[3]: 0\n",
    "(XEN) [2026-11-28 07:00:00] AMD-Vi: IO_PAGE_FAULT: 0000:03:00.0 d0 addr 00000000fffdf000 "
    "flags 0x20 RW\n(XEN) AMD-Vi: INVALID_DEV_REQUEST 00000300 8a000000 f8000000 000000fd\n",
    "Nov 28 07:00:00 desk kernel: AMD-Vi: [Firmware Bug]: : IOAPIC[5] not in IVRS table\n",
    "2026-11-28T07:01:00.123456+00:00 desk kernel: AMD-Vi: A line\n<3>[Sat Nov 28 07:00:00 2026] "
    "AMD-Vi: Completion-Wait loop timed out\n",
    "{\"__REALTIME_TIMESTAMP\":\"1764313256200310\",\"_SOURCE_MONOTONIC_TIMESTAMP\":\"61200310\","
    "\"MESSAGE\":\"AMD-Vi: A line\\nAMD-Vi: another\"}\n{\"MESSAGE\":[65,77,68,45,86,105,255]}\n"
    "{\"dmesg\": [{\"time\": 61.5, \"msg\": \"AMD-Vi: A line\"}]}\n",
    "__CURSOR=s=1;i=1\n__REALTIME_TIMESTAMP=1764313256200310\nMESSAGE=AMD-Vi: A line\n\n"
    "__CURSOR=s=1;i=2\nMESSAGE\nAMD-Vi: A line, of no length\n\n",
};

static const char *const descriptions[] = {
    "oem_id: ME\noem_table_id: MYBOARD\ncreator_id: ME\niommus:\n  - device: 00:01.0\n    window: "
    "0xfed90000\n    flags: [isoc, coherent]\n    devices:\n      - range: 00:01.1-00:1f.7\n      "
    "- {ioapic: 0, device: \"00:14.0\", settings: [nmi_pass]}\n",
    "reserved_memory:\n  - {devices: 00:02.0, start: 0x1000, size: 4096, access: read-write}\n",
    "raw:\n- part: header\n  bytes: \"49 56 52 53 30 00 00 00 01 00 00 00 00 00 00 00 00 00 00 00 "
    "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00\"\n",
    "{\"iommus\": [{\"device\": \"00:01.0\", \"devices\": [{\"alias\": \"00:02.0\", \"source\": "
    "\"00:03.0\"}, {\"extended\": \"00:04.0\", \"ats_disabled\": \"true\"}]}]}",
};

/* A few damages to one seed, or to two. */
static void damage(const char *const *seeds, size_t count)
{
    const char *seed = seeds[random_below(&source, count)];

    input_size = strlen(seed);
    memcpy(input, seed, input_size);
    for (uint64_t n = random_below(&source, 6); n > 0; n--) {
        size_t at = (size_t)random_below(&source, input_size + 1);
        const char *other = seeds[random_below(&source, count)];
        size_t length = strlen(other);
        switch (random_below(&source, 5)) {
        case 0: /* a byte becomes any other */
        case 1:
            input[at] = (char)(random_u64(&source) & 0xff);
            input_size += at == input_size && input_size < INPUT_MAX ? 1 : 0;
            break;
        case 2: /* the rest is gone */
            input_size = at;
            break;
        case 3: /* another one follows */
            if (at + length <= INPUT_MAX) {
                memcpy(input + at, other, length);
                input_size = at + length;
            }
            break;
        default: /* a piece comes twice */
            length = input_size - at;
            if (input_size + length <= INPUT_MAX) {
                memcpy(input + input_size, input + at, length);
                input_size += length;
            }
            break;
        }
    }
    input[input_size] = '\0';
}

static unsigned rounds(void)
{
    const char *text = getenv("AMDVI_HOSTILE_ROUNDS");

    return text != NULL ? (unsigned)strtoul(text, NULL, 10) : 3000;
}

static void words_never_go_wrong(void)
{
    static struct cli_hex hex;
    static uint8_t bytes[8 * CLI_HEX_WORDS_MAX];
    static const size_t sizes[] = {4, 8, 16, 32};

    for (unsigned i = rounds(); i > 0; i--) {
        uint64_t entry[4] = {0};
        unsigned reserved;
        memset(&hex, 0, sizeof(hex));
        hex.is_bytes = random_below(&source, 2) == 0;
        damage(words, 4);
        bool is_parsed = cli_hex_parse(&hex, input);
        CHECK(is_parsed || hex.error[0] != '\0');
        size_t size = sizes[random_below(&source, 4)];
        size_t count = is_parsed ? cli_hex_entries(&hex, size, bytes) : 0;
        CHECK(count * size <= 8 * hex.count);
        memcpy(entry, bytes, size);
        json_decref(cli_layout_rows(&cli_dte_layout, CLI_REVISION_3, entry, &reserved));
        json_decref(cli_dte_summary(entry, CLI_REVISION_2));
        json_decref(cli_event_summary(entry));
        json_decref(cli_command_summary(entry, CLI_REVISION_1));
        json_decref(cli_irte_summary(entry, true));
        json_decref(cli_pte_summary(entry[0], (unsigned)random_below(&source, 7)));
    }
}

static void logs_never_go_wrong(void)
{
    for (unsigned i = rounds(); i > 0; i--) {
        damage(logs, 8);
        json_t *devices = cli_devices_from_lspci(input);
        json_t *document = cli_explain_log(input, input_size, devices, NULL);
        char *text = json_dumps(document, 0);
        CHECK(text != NULL && json_integer_value(json_object_get(document, "line_count")) >= 0);
        free(text);
        json_decref(document);
        json_decref(devices);
    }
}

/* The processor's time for a log of @count lines, each made from its number. */
static double explaining_takes(unsigned count, const char *format)
{
    size_t room = (size_t)count * 200;
    char *log = malloc(room);
    size_t size = 0;

    for (unsigned i = 0; i < count && CHECK(log != NULL); i++) {
        size += (size_t)snprintf(log + size, room - size, format, i / 1000, i % 1000, i & 0xffff,
                                 0xfff00000 + i * 64);
    }
    clock_t begin = clock();
    json_t *devices = json_object();
    json_t *document = cli_explain_log(log, size, devices, NULL);
    double seconds = (double)(clock() - begin) / CLOCKS_PER_SEC;
    CHECK_U64((uint64_t)json_integer_value(json_object_get(document, "line_count")), count);
    json_decref(document);
    json_decref(devices);
    free(log);
    return seconds;
}

/*
 * Ten times the lines may take thirty times as long, on a busy machine, but not a hundred; nor may
 * any kind of lines take so much longer than the first.
 */
static void time_grows_with_the_log(void)
{
    static const char *const formats[] = {
        "[%5u.%03u000] about something else %x %x\n",
        ("[%5u.%03u000] AMD-Vi: Event logged [IO_PAGE_FAULT device=0000:03:00.0 domain=%#x "
         "address=%#x flags=0x0020]\n"),
        "[%5u.%03u000] AMD-Vi: Event logged [IO_PAGE_FAULT domain=%#x address=%#x flags=0x0020]\n",
        "[%5u.%03u000] AMD-Vi: a line %x %x that nobody knows\n",
        "(XEN) [%5u.%03u000] AMD-Vi: a line %x %x that nobody knows\n",
        ("{\"__REALTIME_TIMESTAMP\":\"17145%05u%03u000\",\"MESSAGE\":\"AMD-Vi: Event logged "
         "[IO_PAGE_FAULT domain=%#x address=%#x flags=0x0020]\"}\n"),
        "{\"%u%u%x%x\": [\n", /* torn, and within each other */
    };

    double plain = explaining_takes(80000, formats[0]);

    for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
        double short_one = explaining_takes(8000, formats[i]);
        double long_one = explaining_takes(80000, formats[i]);
        if (!CHECK(long_one < 30 * short_one + 0.2) || !CHECK(long_one < 30 * plain + 0.2)) {
            printf("# %f and %f seconds for: %s", short_one, long_one, formats[i]);
        }
    }
}

static void descriptions_never_go_wrong(void)
{
    for (unsigned i = rounds(); i > 0; i--) {
        char error[160] = "";
        uint8_t *table = NULL;
        uint32_t size = 0;
        damage(descriptions, 4);
        json_t *tree = cli_tree_parse(input, input_size, error, sizeof(error));
        if (tree != NULL) {
            size = cli_ivrs_build_tree(tree, &table, error, sizeof(error));
        }
        CHECK(size != 0 || error[0] != '\0');
        free(table);
        json_decref(tree);
    }
}

/* A table that the library builds, damaged, with its checksum put right again. */
static void tables_never_go_wrong(void)
{
    static const char *const none[] = {""};
    char error[160];
    uint8_t *seed = NULL;
    json_t *tree = cli_tree_parse(descriptions[0], strlen(descriptions[0]), error, sizeof(error));
    uint32_t seed_size = cli_ivrs_build_tree(tree, &seed, error, sizeof(error));

    json_decref(tree);
    for (unsigned i = rounds(); i > 0 && CHECK(seed_size != 0); i--) {
        struct amdvi_ivrs_table table;
        uint8_t bytes[256] = {0};
        unsigned errors;
        uint32_t size = seed_size + (uint32_t)random_below(&source, 40);
        damage(none, 1);
        memcpy(bytes, seed, seed_size);
        for (uint64_t n = random_below(&source, 8); n > 0; n--) {
            bytes[10 + random_below(&source, size - 10)] = (uint8_t)random_u64(&source);
        }
        cli_ivrs_seal(bytes, size);
        json_decref(cli_ivrs_fields(bytes, size));
        json_decref(cli_ivrs_findings(bytes, size, &errors));
        if (amdvi_ivrs_open(&table, bytes, size, NULL) == AMDVI_IVRS_OK) {
            /* Whatever it is, it comes back from its description. */
            uint8_t *again = NULL;
            tree = cli_ivrs_write(&table);
            CHECK(cli_ivrs_build_tree(tree, &again, error, sizeof(error)) == size &&
                  memcmp(again, bytes, size) == 0);
            json_decref(tree);
            free(again);
        }
    }
    free(seed);
}

static void images_never_go_wrong(void)
{
    char path[] = "/tmp/test_cli_hostile.XXXXXX";
    int fd = mkstemp(path);
    uint8_t file[1024];

    for (unsigned i = rounds() / 4; i > 0 && CHECK(fd >= 0); i--) {
        struct cli_image image;
        uint64_t word;
        memset(file, 0, sizeof(file));
        memcpy(file, "\177ELF\2\1\1", 7);
        file[32] = 64;
        file[54] = 56;
        file[56] = (uint8_t)random_below(&source, 5);
        for (unsigned at = 64; at + 56 <= 64 + 4 * 56; at += 56) {
            file[at] = 1;
            file[at + 8] = 64;
            file[at + 33] = 1;
        }
        for (uint64_t n = random_below(&source, 10); n > 0; n--) {
            file[4 + random_below(&source, 300)] = (uint8_t)random_u64(&source);
        }
        CHECK(pwrite(fd, file, sizeof(file), 0) == (ssize_t)sizeof(file));
        if (cli_image_open(&image, path, 0)) {
            cli_image_read(&image, random_u64(&source) >> random_below(&source, 64), &word, 8);
            cli_image_close(&image);
        }
    }
    close(fd);
    unlink(path);
}

static const struct check_case cases[] = {
    {"words in hexadecimal are read or refused, whatever they are", NULL, words_never_go_wrong},
    {"logs are explained, whatever they hold", NULL, logs_never_go_wrong},
    {"the time that a log takes grows with its length", NULL, time_grows_with_the_log},
    {"descriptions are built or refused, whatever they say", NULL, descriptions_never_go_wrong},
    {"tables are shown, checked and described, whatever they hold", NULL, tables_never_go_wrong},
    {"images are opened or refused, whatever their headers say", NULL, images_never_go_wrong},
};

int main(void)
{
    random_start(&source, 20261128);
    if (freopen("/dev/null", "w", stderr) == NULL) { /* complaints are no news here */
        return 1;
    }
    return check_main(cases, CHECK_CASE_COUNT(cases));
}
