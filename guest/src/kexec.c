/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * From one kernel to the next, without the firmware between.
 *
 *   kexec load KERNEL INITRD COMMAND-LINE    the kernel that "kexec run" starts
 *   kexec crash KERNEL INITRD COMMAND-LINE   the kernel that a panic starts, in its own memory
 *   kexec run
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "report.h"

static int open_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0) {
        give_up("kexec", "cannot open %s: %s", path, strerror(errno));
    }
    return fd;
}

static void load(char **files, const char *command_line, unsigned long flags)
{
    int kernel = open_file(files[0]);
    int initrd = open_file(files[1]);

    if (syscall(SYS_kexec_file_load, kernel, initrd, strlen(command_line) + 1, command_line,
                flags) != 0) {
        give_up("kexec", "the kernel does not take %s: %s", files[0], strerror(errno));
    }
    report(true, "kexec", "loaded a kernel %s",
           flags != 0 ? "for when this one crashes" : "to follow this one");
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "load") == 0) {
        load(argv + 2, argv[4], 0);
    } else if (argc == 5 && strcmp(argv[1], "crash") == 0) {
        load(argv + 2, argv[4], KEXEC_FILE_ON_CRASH);
    } else if (argc == 2 && strcmp(argv[1], "run") == 0) {
        syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_KEXEC, NULL);
        give_up("kexec", "cannot start the next kernel: %s", strerror(errno));
    } else {
        give_up("kexec", "usage: kexec load|crash|run ...");
    }
    return report_status();
}
