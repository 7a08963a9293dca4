/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A program with a secret: a page of random bytes, whose machine address and first bytes it tells
 * the watcher. Once it is given a line of input it looks whether the page is as it was.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "../../src/physmem.h"
#include "../../src/report.h"
#include "machine.h"

enum { SHOWN_BYTES = 64 };

int main(void)
{
    static unsigned char made[PAGE_BYTES];
    char text[2 * SHOWN_BYTES + 1];
    char ignored[64];
    unsigned char *page = machine_page();

    if (getrandom(made, sizeof(made), 0) != sizeof(made)) {
        give_up("secret", "no random bytes: %s", strerror(errno));
    }
    memcpy(page, made, PAGE_BYTES);
    uint64_t machine = machine_address_of(page);
    if (machine == 0) {
        give_up("secret", "cannot tell its machine address: %s", strerror(errno));
    }
    for (int i = 0; i < SHOWN_BYTES; i++) {
        snprintf(text + (size_t)i * 2, 3, "%02x", made[i]);
    }
    tell("secret", "0x%llx %s", (unsigned long long)machine, text);
    if (read(STDIN_FILENO, ignored, sizeof(ignored)) <= 0) {
        give_up("secret", "was not asked");
    }
    /* The address first: otherwise it could be another page that is as it was. */
    report(machine_address_of(page) == machine, "secret-place",
           "the secret is still at machine address 0x%llx", (unsigned long long)machine);
    report(memcmp(page, made, PAGE_BYTES) == 0, "secret", "the secret is as it was");
    return report_status();
}
