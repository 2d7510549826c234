#include "test/support/ota/scratch.h"

#include <check.h>
#include <ftw.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[64];
static pid_t owner;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st, (void)type, (void)where;
    return remove(path);
}

/* A child of the test that ends normally must not take the directory away. */
static void leave(void)
{
    if (getpid() != owner || chdir("/") != 0)
        return;
    nftw(directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void scratch_enter(void)
{
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

    snprintf(directory, sizeof directory, "%s/reseat-test.XXXXXX", base);
    ck_assert_ptr_nonnull(mkdtemp(directory));
    ck_assert_int_eq(chdir(directory), 0);
    owner = getpid();
    ck_assert_int_eq(atexit(leave), 0);
}

int scratch_run(const char *command)
{
    char *const argv[] = {(char[]){"sh"}, (char[]){"-c"}, (char *)(uintptr_t)command, NULL};
    pid_t pid;
    int status;

    if (posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ) != 0 ||
        waitpid(pid, &status, 0) != pid)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
