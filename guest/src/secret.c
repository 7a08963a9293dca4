/* SPDX-License-Identifier: BSD-2-Clause */

/* Secrets themselves, and those that the kernel keeps; see secret.h. The victim is in victim.c. */
#include "secret.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "physmem.h"

enum {
    KEYS_AT_ONCE = 64,
    KEYS_LIMIT = 640,
    /* Large enough that the kernel allocates whole pages for it, below keyctl's 32767. */
    KEY_BYTES = 30000,
};

enum secret_place secret_place_of(uint64_t physical)
{
    return physical < SECRET_BOUNDARY ? SECRET_BELOW : SECRET_ABOVE;
}

void secret_make(unsigned char secret[SECRET_BYTES], const char *owner, unsigned number)
{
    if (getrandom(secret, SECRET_BYTES, 0) != SECRET_BYTES) {
        memset(secret, 0x5a, SECRET_BYTES);
    }
    snprintf((char *)secret, SECRET_BYTES / 2, SECRET_PREFIX " of the %s, number %u: %02x%02x",
             owner, number, secret[SECRET_BYTES - 1], secret[SECRET_BYTES - 2]);
}

struct key_search {
    struct kernel_secret *secrets;
    const int32_t *keys;
    unsigned char (*made)[SECRET_BYTES];
    size_t count;
};

/* Takes note of a key that was found, if its place still needs one. */
static bool key_found(void *context, uint64_t physical, const void *at)
{
    struct key_search *search = context;
    struct kernel_secret *secret = &search->secrets[secret_place_of(physical)];

    /* The secret must not reach into the next page, which may be anywhere. */
    if (secret->physical != 0 || physical % PAGE_BYTES > PAGE_BYTES - SECRET_BYTES) {
        return true;
    }
    for (size_t i = 0; i < search->count; i++) {
        if (memcmp(at, search->made[i], SECRET_BYTES) == 0) {
            secret->physical = physical;
            secret->key = search->keys[i];
            memcpy(secret->secret, search->made[i], SECRET_BYTES);
        }
    }
    return search->secrets[SECRET_BELOW].physical == 0 ||
           search->secrets[SECRET_ABOVE].physical == 0;
}

static bool add_key(int32_t *key, unsigned number, unsigned char made[SECRET_BYTES])
{
    static unsigned char payload[KEY_BYTES];
    char description[32];

    secret_make(made, "kernel", number);
    memcpy(payload, made, SECRET_BYTES);
    snprintf(description, sizeof(description), "amdvi:%u", number);
    *key = (int32_t)syscall(SYS_add_key, "user", description, payload, sizeof(payload),
                            KEY_SPEC_PROCESS_KEYRING);
    return *key >= 0;
}

bool kernel_secrets_add(struct kernel_secret secrets[SECRET_PLACES])
{
    static int32_t keys[KEYS_LIMIT];
    static unsigned char made[KEYS_LIMIT][SECRET_BYTES];
    static unsigned count;
    unsigned goal = count + KEYS_AT_ONCE;
    struct kernel_memory memory;

    if (goal > KEYS_LIMIT) {
        errno = ENOSPC;
        return false;
    }
    for (; count < goal; count++) {
        if (!add_key(&keys[count], count, made[count])) {
            return false;
        }
    }
    if (!kernel_memory_open(&memory)) {
        return false;
    }
    struct key_search keys_made = {.secrets = secrets, .keys = keys, .made = made, .count = count};
    kernel_memory_search(&memory, &(struct kernel_search){
                                      .needle = SECRET_PREFIX " of the kernel",
                                      .needle_bytes = strlen(SECRET_PREFIX " of the kernel"),
                                      .found = key_found,
                                      .context = &keys_made,
                                  });
    kernel_memory_close(&memory);
    return true;
}

bool kernel_secret_unchanged(const struct kernel_secret *secret)
{
    static unsigned char payload[KEY_BYTES];
    static const unsigned char zeros[KEY_BYTES];
    long got = syscall(SYS_keyctl, KEYCTL_READ, secret->key, payload, sizeof(payload));

    return got == KEY_BYTES && memcmp(payload, secret->secret, SECRET_BYTES) == 0 &&
           memcmp(payload + SECRET_BYTES, zeros, KEY_BYTES - SECRET_BYTES) == 0;
}
