/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What DMA and commands cost behind `-device amdvi` and behind QEMU's own `-device amd-iommu`: two
 * machines in one run, asked in turns, each with amdvi-benchdev (../amdvi_bench_device.h), the same
 * tables and the same commands. Before anything is timed, data must be seen to go where the tables
 * say, and pages to be cached and forgotten when they should be.
 *
 * bench/qemu builds this and runs it.
 */
#include "bench_rig.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define KINDS 2

/* What a row asks for that is no row. */
#define QUESTION_CHECK 1000000u

struct result {
    double ns[KINDS]; /* of one operation, the fastest of all rounds */
};

static struct {
    unsigned rounds;
    unsigned trials;
    const char *json;
} options = {.rounds = 8, .trials = 200};

/* ---- Workers: a process for each machine ----------------------------------------------------- */

struct worker {
    pid_t pid;
    int fd;
};

static void worker_main(const struct bench_kind *kind, int fd)
{
    unsigned question;

    bench_start(kind);
    while (read(fd, &question, sizeof(question)) == (ssize_t)sizeof(question)) {
        double answer = question == QUESTION_CHECK
                            ? (bench_check() ? 0 : NAN)
                            : bench_measure(&bench_rows[question], options.trials);

        if (write(fd, &answer, sizeof(answer)) != (ssize_t)sizeof(answer)) {
            break;
        }
    }
    machine_stop();
    exit(0);
}

static struct worker worker_start(const struct bench_kind *kind)
{
    int pair[2];
    struct worker worker;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        perror("socketpair");
        exit(2);
    }
    fflush(stdout);
    worker.pid = fork();
    if (worker.pid == 0) {
        close(pair[0]);
        worker_main(kind, pair[1]);
    }
    close(pair[1]);
    worker.fd = pair[0];
    return worker;
}

static double ask(const struct worker *worker, unsigned question)
{
    double answer;

    if (write(worker->fd, &question, sizeof(question)) != (ssize_t)sizeof(question) ||
        read(worker->fd, &answer, sizeof(answer)) != (ssize_t)sizeof(answer)) {
        fprintf(stderr, "a machine has ended\n");
        exit(2);
    }
    if (isnan(answer)) {
        fprintf(stderr, "so nothing is measured\n");
        exit(1);
    }
    return answer;
}

static void worker_stop(const struct worker *worker)
{
    int status;

    shutdown(worker->fd,
             SHUT_RDWR); /* the other worker has a copy, so that close() is not enough */
    close(worker->fd);
    while (waitpid(worker->pid, &status, 0) < 0 && errno == EINTR) {
    }
}

/* ---- Report ---------------------------------------------------------------------------------- */

static double ratio_of(const struct result *result)
{
    return result->ns[0] / result->ns[1];
}

static const char *verdict(const struct bench_row *row, const struct result *result)
{
    if (row->goal_one_in == 0) {
        return "";
    }
    return ratio_of(result) <= 1.0 / row->goal_one_in ? "met" : "missed";
}

static void report(const struct result *results)
{
    printf("| what, ns | amdvi | amd-iommu | ratio | goal | |\n|---|---|---|---|---|---|\n");
    for (unsigned i = 0; i < bench_rows_count; i++) {
        char goal[24] = "";

        if (bench_rows[i].goal_one_in == 1) {
            snprintf(goal, sizeof(goal), "≤ 1");
        } else if (bench_rows[i].goal_one_in != 0) {
            snprintf(goal, sizeof(goal), "≤ 1/%u", bench_rows[i].goal_one_in);
        }
        printf("| %s | %.1f | %.1f | %.3f | %s | %s |\n", bench_rows[i].text, results[i].ns[0],
               results[i].ns[1], ratio_of(&results[i]), goal, verdict(&bench_rows[i], &results[i]));
    }
}

static void write_json(const char *path, const struct result *results)
{
    FILE *file = fopen(path, "w");

    if (file == NULL) {
        perror(path);
        exit(2);
    }
    fprintf(file, "[\n");
    for (unsigned i = 0; i < bench_rows_count; i++) {
        fprintf(file,
                "  {\"what\": \"%s\", \"amdvi_ns\": %.2f, \"amd_iommu_ns\": %.2f, "
                "\"ratio\": %.4f, \"goal_one_in\": %u, \"verdict\": \"%s\"}%s\n",
                bench_rows[i].text, results[i].ns[0], results[i].ns[1], ratio_of(&results[i]),
                bench_rows[i].goal_one_in, verdict(&bench_rows[i], &results[i]),
                i + 1 < bench_rows_count ? "," : "");
    }
    fprintf(file, "]\n");
    fclose(file);
}

/* ---- Everything ------------------------------------------------------------------------------ */

static void measure_all(struct result *results)
{
    struct worker workers[KINDS];

    for (unsigned kind = 0; kind < KINDS; kind++) {
        workers[kind] = worker_start(&bench_kinds[kind]);
        ask(&workers[kind], QUESTION_CHECK);
    }
    for (unsigned round = 0; round < options.rounds; round++) {
        for (unsigned i = 0; i < bench_rows_count; i++) {
            for (unsigned kind = 0; kind < KINDS; kind++) {
                double ns = ask(&workers[kind], i);

                if (round == 0 || ns < results[i].ns[kind]) {
                    results[i].ns[kind] = ns;
                }
            }
        }
    }
    for (unsigned kind = 0; kind < KINDS; kind++) {
        worker_stop(&workers[kind]);
    }
}

static void parse(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quick") == 0) {
            options.rounds = 1;
            options.trials = 10;
        } else if (strcmp(argv[i], "--json") == 0 && i + 1 < argc) {
            options.json = argv[++i];
        } else {
            fprintf(stderr, "Usage: bench_qemu [--quick] [--json FILE]\n");
            exit(2);
        }
    }
}

int main(int argc, char **argv)
{
    struct result *results = calloc(bench_rows_count, sizeof(*results));

    if (results == NULL) {
        return 2;
    }
    parse(argc, argv);
    measure_all(results);
    report(results);
    if (options.json != NULL) {
        write_json(options.json, results);
    }
    free(results);
    return 0;
}
