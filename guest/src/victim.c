/* SPDX-License-Identifier: BSD-2-Clause */

/* The program that is attacked: another process with pages of its own; see secret.h. */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "physmem.h"
#include "secret.h"

enum { CHUNK_BYTES = 2 << 20, MORE_CHUNKS = 64 };

struct holding {
    unsigned char *memory;
    size_t size_bytes;
    size_t taken_bytes;
    unsigned char *page[SECRET_PLACES];
    unsigned char secret[SECRET_PLACES][SECRET_BYTES];
};

/* Each page is its secret over and over, so that a change anywhere in it is noticed. */
static bool page_is_unchanged(const unsigned char *page, const unsigned char *secret)
{
    bool same = true;

    for (size_t i = 0; i < PAGE_BYTES; i += SECRET_BYTES) {
        same = same && memcmp(page + i, secret, SECRET_BYTES) == 0;
    }
    return same;
}

static void fill_page(struct holding *holding, enum secret_place place, unsigned char *page)
{
    secret_make(holding->secret[place], "victim program", place);
    for (size_t i = 0; i < PAGE_BYTES; i += SECRET_BYTES) {
        memcpy(page + i, holding->secret[place], SECRET_BYTES);
    }
    mlock(page, PAGE_BYTES);
    holding->page[place] = page;
}

static bool has_both(const struct holding *holding)
{
    return holding->page[SECRET_BELOW] != NULL && holding->page[SECRET_ABOVE] != NULL;
}

/* At most three quarters of the machine's memory. */
static bool reserve_memory(struct holding *holding)
{
    holding->size_bytes = (size_t)sysconf(_SC_PHYS_PAGES) / 4 * 3 * PAGE_BYTES;
    void *memory = mmap(NULL, holding->size_bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    holding->memory = memory;
    return memory != MAP_FAILED;
}

/* Takes the next piece; false if it was the last. */
static bool take_chunk(struct holding *holding)
{
    unsigned char *chunk = holding->memory + holding->taken_bytes;

    if (holding->taken_bytes + CHUNK_BYTES > holding->size_bytes) {
        return false;
    }
    madvise(chunk, CHUNK_BYTES, MADV_POPULATE_WRITE);
    *(volatile unsigned char *)chunk = 1; /* for kernels that do not know this advice */
    holding->taken_bytes += CHUNK_BYTES;
    uint64_t physical = physical_address_of(chunk);
    if (physical != 0 && holding->page[secret_place_of(physical)] == NULL) {
        fill_page(holding, secret_place_of(physical), chunk);
    }
    return true;
}

/* Gives back everything but the pages with secrets. */
static void trim(const struct holding *holding)
{
    for (size_t i = 0; i + CHUNK_BYTES <= holding->size_bytes; i += CHUNK_BYTES) {
        unsigned char *chunk = holding->memory + i;
        bool is_kept = chunk == holding->page[SECRET_BELOW] || chunk == holding->page[SECRET_ABOVE];

        if (!is_kept) {
            munmap(chunk, CHUNK_BYTES);
        }
    }
}

static void fill_answer(const struct holding *holding, struct victim_answer *answer)
{
    memset(answer, 0, sizeof(*answer));
    for (int place = 0; place < SECRET_PLACES; place++) {
        if (holding->page[place] != NULL) {
            answer->physical[place] = physical_address_of(holding->page[place]);
            answer->unchanged[place] =
                page_is_unchanged(holding->page[place], holding->secret[place]);
            memcpy(answer->secret[place], holding->secret[place], SECRET_BYTES);
        }
    }
}

static _Noreturn void victim_main(int question, int answer)
{
    static struct holding holding;
    static struct victim_answer reply;
    char asked;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!reserve_memory(&holding)) {
        _exit(1);
    }
    while (!has_both(&holding) && take_chunk(&holding)) {
        /* on to the next */
    }
    while (read(question, &asked, 1) == 1) {
        for (int i = 0; i < MORE_CHUNKS && asked == VICTIM_MORE; i++) {
            take_chunk(&holding);
        }
        if (asked == VICTIM_TRIM) {
            trim(&holding);
        }
        fill_answer(&holding, &reply);
        if (write(answer, &reply, sizeof(reply)) != sizeof(reply)) {
            break;
        }
    }
    _exit(0);
}

bool victim_start(struct victim *victim)
{
    int question[2];
    int answer[2];

    if (pipe(question) != 0 || pipe(answer) != 0) {
        return false;
    }
    victim->pid = fork();
    if (victim->pid == 0) {
        close(question[1]);
        close(answer[0]);
        victim_main(question[0], answer[1]);
    }
    close(question[0]);
    close(answer[1]);
    victim->question = question[1];
    victim->answer = answer[0];
    return victim->pid > 0;
}

bool victim_ask(const struct victim *victim, enum victim_question question,
                struct victim_answer *answer)
{
    char asked = (char)question;

    return write(victim->question, &asked, 1) == 1 &&
           read(victim->answer, answer, sizeof(*answer)) == sizeof(*answer);
}

void victim_stop(struct victim *victim)
{
    if (victim->pid > 0) {
        kill(victim->pid, SIGKILL);
        waitpid(victim->pid, NULL, 0);
    }
    victim->pid = -1;
}
