/* Kills the process in which it is preloaded when it writes a given line of a journal.
 *
 * KILL_LINE holds texts that must all stand in the line, parted by tabs; KILL_NTH counts such lines from 1;
 * KILL_HOW is `before` it is written, `after` it is written, or `torn`: when half of it is.
 * A line is one write to a file named *.jsonl that begins as every record does. Linux only. */
#define _GNU_SOURCE
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_long met;

static int is_journal(int fd)
{
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path);
    return length > 6 && memcmp(path + length - 6, ".jsonl", 6) == 0;
}

static int fits(const char *line, size_t length, const char *wanted)
{
    while (*wanted) {
        size_t part = strcspn(wanted, "\t");
        if (memmem(line, length, wanted, part) == NULL)
            return 0;
        wanted += part + (wanted[part] == '\t');
    }
    return 1;
}

static void die(void)
{
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

ssize_t write(int fd, const void *line, size_t length)
{
    const char *wanted = getenv("KILL_LINE"), *nth = getenv("KILL_NTH"), *how = getenv("KILL_HOW");
    if (wanted && nth && how && length > 6 && memcmp(line, "{\"at\":", 6) == 0 && is_journal(fd)
        && fits(line, length, wanted) && atomic_fetch_add(&met, 1) + 1 == atol(nth)) {
        if (strcmp(how, "before") == 0)
            die();
        syscall(SYS_write, fd, line, strcmp(how, "torn") == 0 ? length / 2 : length);
        die();
    }
    return syscall(SYS_write, fd, line, length);
}
