/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Runs a fuzz target once on each file of a folder, without the fuzzer: for ./test, with any
 * compiler. A child does it, so that a file that ends the program is named.
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS, scandir */

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_BYTES    65536
#define SECONDS_EACH 20 /* of one file, sanitizers and a busy machine included */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool run_file(const char *folder, const char *name)
{
    static uint8_t bytes[MAX_BYTES];
    char path[4096];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return false;
    }
    size_t size = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    /* Exactly so many bytes, that the sanitizer sees a read behind them. */
    uint8_t *exact = malloc(size != 0 ? size : 1);
    if (exact == NULL) {
        return false;
    }
    memcpy(exact, bytes, size);
    alarm(SECONDS_EACH);
    LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    return true;
}

static int is_file(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* @current is shared with the parent: the file that is being run. */
static int run_all(const char *folder, struct dirent **names, int count, volatile int *current)
{
    for (int i = 0; i < count; i++) {
        *current = i;
        if (!run_file(folder, names[i]->d_name)) {
            return 1;
        }
    }
    *current = count;
    return 0;
}

int main(int argc, char **argv)
{
    struct dirent **names = NULL;
    int status = 0;

    if (argc != 2) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    int count = scandir(argv[1], &names, is_file, alphasort);
    volatile int *current =
        mmap(NULL, sizeof(*current), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (count < 0 || current == MAP_FAILED) {
        perror(argv[1]);
        return 2;
    }
    printf("1..1\n");
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        exit(run_all(argv[1], names, count, current));
    }
    bool ended = child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
                 WEXITSTATUS(status) == 0;
    bool passed = ended && count > 0 && *current == count;
    if (!passed) {
        printf("# %s: stopped at %s\n", argv[1],
               *current < count ? names[*current]->d_name : "the end");
    }
    printf("%s 1 - the fuzzer's %d inputs end well\n", passed ? "ok" : "not ok", count);
    for (int i = 0; i < count; i++) {
        free(names[i]);
    }
    free(names);
    return passed ? 0 : 1;
}
