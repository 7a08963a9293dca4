/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * amdvi top on a terminal. Terminals are outside of what this project exists for: the library is
 * ncurses (MIT), which also draws only what has changed, so that nothing flickers.
 *
 * While the machine is waited for, keys are heard all the same.
 */
#include "top.h"

#include <curses.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define HEADER_LINES 6 /* title, summaries, an empty one, headings */
#define RETRY_S      0.5

enum { PAIR_BAD = 1, PAIR_NOTE };

struct screen {
    struct top_options *options;
    struct cli_qmp qmp;
    bool is_connected;
    json_t *paths;
    json_t *before; /* samples, and what is between them */
    json_t *now;
    json_t *report;
    size_t unit;  /* that is shown */
    size_t first; /* row that is shown */
    bool paused;
    bool since_start;
    bool quit;
};

static double clock_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- Drawing --------------------------------------------------------------------------------- */

static void draw_line(int y, const char *text, attr_t attributes)
{
    attron(attributes);
    mvaddnstr(y, 0, text, COLS);
    attroff(attributes);
}

/* A bar over the whole width. */
static void draw_bar(int y, const char *text)
{
    attron(A_REVERSE);
    mvprintw(y, 0, "%-*.*s", COLS, COLS, text);
    attroff(A_REVERSE);
}

static attr_t colour(int pair)
{
    return has_colors() ? (attr_t)COLOR_PAIR(pair) : A_BOLD;
}

static void draw_title(const struct screen *screen, const json_t *unit)
{
    size_t units = json_array_size(json_object_get(screen->report, "units"));
    char name[64];
    char line[TOP_LINE_BYTES];

    if (unit == NULL) {
        draw_bar(0, "amdvi top  waiting for the machine");
        return;
    }
    snprintf(name, sizeof(name), "%.30s", top_unit_name(unit));
    if (units > 1) {
        snprintf(name, sizeof(name), "%.30s (%zu of %zu)", top_unit_name(unit), screen->unit + 1,
                 units);
    }
    if (!screen->is_connected) {
        snprintf(line, sizeof(line), "amdvi top  %s: the machine has ENDED; waiting for the next",
                 name);
    } else {
        snprintf(line, sizeof(line), "amdvi top  %s %s, machine %.30s, %s%s", name,
                 json_is_true(json_object_get(unit, "enabled")) ? "enabled" : "not enabled",
                 cli_text(screen->report, "machine"),
                 json_is_real(json_object_get(screen->report, "interval_s")) ? "per second"
                                                                             : "since the start",
                 screen->paused ? ", PAUSED" : "");
    }
    draw_bar(0, line);
}

/* The column that is sorted by stands out. */
static void draw_headings(const struct screen *screen)
{
    char line[TOP_LINE_BYTES];
    int x = 0;

    top_heading_text(line, screen->report);
    draw_line(HEADER_LINES - 1, line, A_DIM);
    for (unsigned i = 0; i < TOP_COLUMNS; i++) {
        int width = top_headings[i].width < 0 ? -top_headings[i].width : top_headings[i].width;
        if (i == screen->options->sort && x < COLS) {
            mvchgat(HEADER_LINES - 1, x, width, A_REVERSE, 0, NULL);
        }
        x += width + 1;
    }
}

static int rows_that_fit(void)
{
    return LINES > HEADER_LINES + 2 ? LINES - HEADER_LINES - 2 : 0;
}

static void draw_row(const struct screen *screen, const json_t *row, int y)
{
    char line[TOP_LINE_BYTES];
    bool has_faults = json_integer_value(json_object_get(row, "faults")) > 0;

    top_row_text(line, screen->report, row);
    draw_line(y, line, has_faults ? colour(PAIR_NOTE) : A_NORMAL);
}

static void draw_rows(struct screen *screen, const json_t *unit)
{
    const json_t *rows = json_object_get(unit, "devices");
    size_t count = json_array_size(rows);
    size_t room = (size_t)rows_that_fit();
    size_t last_first = count > room ? count - room : 0;

    screen->first = screen->first < last_first ? screen->first : last_first;
    size_t shown = count - screen->first < room ? count - screen->first : room;
    for (size_t i = 0; i < shown; i++) {
        draw_row(screen, json_array_get(rows, screen->first + i), HEADER_LINES + (int)i);
    }
    char line[TOP_LINE_BYTES];
    top_row_text(line, screen->report, json_object_get(unit, "all"));
    draw_line(HEADER_LINES + (int)shown, line, A_BOLD);
}

static void draw_unit(struct screen *screen, const json_t *unit)
{
    char line[TOP_LINE_BYTES];

    for (unsigned i = 0; i < TOP_SUMMARIES; i++) {
        enum top_summary what = (enum top_summary)i;
        top_summary_text(line, screen->report, unit, what);
        draw_line(1 + (int)i, line, top_summary_is_bad(unit, what) ? colour(PAIR_BAD) : A_NORMAL);
    }
    draw_headings(screen);
    draw_rows(screen, unit);
}

static void draw(struct screen *screen)
{
    const json_t *units = json_object_get(screen->report, "units");

    screen->unit = screen->unit < json_array_size(units) ? screen->unit : 0;
    const json_t *unit = json_array_get(units, screen->unit);
    erase();
    if (unit != NULL) {
        draw_unit(screen, unit);
    }
    draw_title(screen, unit);
    draw_bar(LINES - 1, "q quit  space pause  t since start  d n r h w f i sort  a all  Tab next "
                        "IOMMU");
    move(LINES - 1, 0);
    refresh();
}

/* ---- Samples --------------------------------------------------------------------------------- */

static void make_report(struct screen *screen)
{
    bool is_whole = screen->since_start || screen->before == NULL;

    json_decref(screen->report);
    screen->report =
        screen->now == NULL
            ? NULL
            : top_report(screen->options, is_whole ? NULL : screen->before, screen->now);
}

static void disconnect(struct screen *screen)
{
    cli_qmp_close(&screen->qmp);
    json_decref(screen->paths);
    screen->paths = NULL;
    screen->is_connected = false;
}

static enum cli_qmp_end take_sample(struct screen *screen)
{
    json_t *now = NULL;
    enum cli_qmp_end end = CLI_QMP_FINE;

    if (!screen->is_connected) {
        end = top_open(&screen->qmp, screen->options, &screen->paths);
        if (end != CLI_QMP_FINE) {
            return end;
        }
        screen->is_connected = true;
        /* Another machine than the one before: nothing to compare with. */
        json_decref(screen->now);
        screen->now = NULL;
    }
    end = top_sample(&screen->qmp, screen->paths, &now);
    if (end != CLI_QMP_FINE) {
        disconnect(screen);
        return end;
    }
    json_decref(screen->before);
    screen->before = screen->now;
    screen->now = now;
    return CLI_QMP_FINE;
}

/* ---- Keys ------------------------------------------------------------------------------------ */

static bool sort_by(struct screen *screen, int key)
{
    struct top_options *options = screen->options;

    for (unsigned i = 0; i < TOP_COLUMNS; i++) {
        if (key == top_headings[i].word[0]) {
            options->reverse = options->sort == i && !options->reverse;
            options->sort = (enum top_column)i;
            return true;
        }
    }
    return false;
}

static void scroll_rows(struct screen *screen, int by)
{
    size_t back = by < 0 ? (size_t)-by : 0;

    screen->first = by < 0 ? screen->first - (back < screen->first ? back : screen->first)
                           : screen->first + (size_t)by;
}

#define KEY_CONTROL_C 3

static void press(struct screen *screen, int key)
{
    switch (key) {
    case 'q':
    case KEY_CONTROL_C:
        screen->quit = true;
        break;
    case ' ':
        screen->paused = !screen->paused;
        break;
    case 't':
        screen->since_start = !screen->since_start;
        break;
    case 'a':
        screen->options->all = !screen->options->all;
        break;
    case '\t':
        screen->unit++;
        break;
    case KEY_UP:
    case KEY_DOWN:
        scroll_rows(screen, key == KEY_UP ? -1 : 1);
        break;
    case KEY_PPAGE:
    case KEY_NPAGE:
        scroll_rows(screen, key == KEY_PPAGE ? -rows_that_fit() : rows_that_fit());
        break;
    default:
        sort_by(screen, key);
        break;
    }
}

/* All keys that are there; a new size of the terminal is one of them. True: the user quits. */
static bool press_keys(void *ctx)
{
    struct screen *screen = ctx;
    int key;

    while ((key = getch()) != ERR) {
        press(screen, key);
    }
    make_report(screen);
    draw(screen);
    return screen->quit;
}

/* Hears keys until then. A terminal that is gone quits. */
static void wait_until(struct screen *screen, double when_s)
{
    struct pollfd keys = {.fd = STDIN_FILENO, .events = POLLIN};

    while (!screen->quit) {
        double left_s = when_s - clock_s();
        if (left_s <= 0) {
            return;
        }
        int ready = poll(&keys, 1, (int)(left_s * 1000) + 1);
        if (ready > 0 && (keys.revents & POLLIN) == 0) {
            screen->quit = true;
        } else if (ready != 0) {
            press_keys(screen);
        }
    }
}

/* ---- Running --------------------------------------------------------------------------------- */

static bool may_go_on(const struct screen *screen, enum cli_qmp_end end)
{
    return end == CLI_QMP_FINE ||
           (screen->options->wait && (end == CLI_QMP_ABSENT || end == CLI_QMP_ENDED));
}

static enum cli_qmp_end run(struct screen *screen)
{
    enum cli_qmp_end end = CLI_QMP_FINE;

    while (!screen->quit) {
        double next_s = clock_s() + screen->options->interval_s;
        if (!screen->paused) {
            end = take_sample(screen);
            if (screen->quit || !may_go_on(screen, end)) {
                break;
            }
            make_report(screen);
            draw(screen);
        }
        if (!screen->is_connected) {
            next_s = clock_s() + RETRY_S;
        } else if (screen->before == NULL) {
            next_s = clock_s() + 0.2; /* the first figures of an interval come soon */
        }
        wait_until(screen, next_s);
    }
    return end;
}

static void begin_screen(const struct cli_out *out)
{
    initscr();
    raw();
    noecho();
    nodelay(stdscr, TRUE);
    keypad(stdscr, TRUE);
    set_escdelay(25);
    curs_set(0);
    if (out->colour && has_colors()) {
        start_color();
        use_default_colors();
        init_pair(PAIR_BAD, COLOR_RED, -1);
        init_pair(PAIR_NOTE, COLOR_YELLOW, -1);
    }
}

bool top_screen_is_there(void)
{
    return true;
}

int top_screen_run(const struct cli_out *out, struct top_options *options)
{
    struct screen screen = {.options = options,
                            .qmp = {.fd = -1, .watch_fd = STDIN_FILENO, .watch = press_keys}};

    screen.qmp.watch_ctx = &screen;
    /* A machine that cannot be asked is said on the terminal as it was. */
    enum cli_qmp_end end =
        options->wait ? CLI_QMP_FINE : top_open(&screen.qmp, options, &screen.paths);
    if (end != CLI_QMP_FINE) {
        cli_complain("%s", screen.qmp.error);
        return CLI_FINDINGS;
    }
    screen.is_connected = !options->wait;
    begin_screen(out);
    end = run(&screen);
    endwin();
    if (!screen.quit) {
        cli_complain("%s", screen.qmp.error);
    }
    disconnect(&screen);
    json_decref(screen.before);
    json_decref(screen.now);
    json_decref(screen.report);
    return screen.quit || end == CLI_QMP_ENDED ? CLI_FINE : CLI_FINDINGS;
}
