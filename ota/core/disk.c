#include "ota/core/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STAGED ".staged"

static char *joined(const char *path, const char *suffix)
{
    char *name = malloc(strlen(path) + strlen(suffix) + 1);

    if (name != NULL)
        stpcpy(stpcpy(name, path), suffix);
    return name;
}

static enum err write_all(int fd, struct rd bytes)
{
    while (bytes.left > 0) {
        ssize_t done = write(fd, bytes.at, bytes.left);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return ERR_IO;
        bytes = RD(bytes.at + done, bytes.left - (size_t)done);
    }
    return fsync(fd) == 0 ? ERR_OK : ERR_IO;
}

static enum err write_and_close(int fd, struct rd bytes)
{
    enum err e = fd < 0 ? ERR_IO : write_all(fd, bytes);

    if (fd >= 0 && close(fd) != 0)
        e = ERR_IO;
    return e;
}

static enum err sync_parent(const char *path)
{
    char *parent = joined(path, "");
    char *slash = parent == NULL ? NULL : strrchr(parent, '/');
    enum err e = ERR_IO;
    int fd;

    if (parent == NULL)
        return ERR_NOMEM;
    if (slash != NULL)
        slash[slash == parent ? 1 : 0] = '\0';
    fd = open(slash == NULL ? "." : parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        e = fsync(fd) == 0 ? ERR_OK : ERR_IO;
        close(fd);
    }
    free(parent);
    return e;
}

enum err disk_create(const char *path, struct rd bytes)
{
    char *aside = joined(path, ".XXXXXX");
    enum err e;

    if (aside == NULL)
        return ERR_NOMEM;
    e = write_and_close(mkostemp(aside, O_CLOEXEC), bytes); /* mode 0600 */
    if (e == ERR_OK && link(aside, path) != 0)
        e = errno == EEXIST ? ERR_EXISTS : ERR_IO;
    unlink(aside);
    if (e == ERR_OK)
        e = sync_parent(path);
    free(aside);
    return e;
}

enum err disk_stage(const char *path, struct rd bytes)
{
    char *aside = joined(path, STAGED);
    enum err e;

    if (aside == NULL)
        return ERR_NOMEM;
    if (unlink(aside) != 0 && errno != ENOENT)
        e = ERR_IO;
    else
        e = write_and_close(open(aside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), bytes);
    if (e == ERR_OK)
        e = sync_parent(path);
    free(aside);
    return e;
}

enum err disk_publish(const char *path)
{
    char *aside = joined(path, STAGED);
    enum err e = ERR_OK;

    if (aside == NULL)
        return ERR_NOMEM;
    if (rename(aside, path) != 0)
        e = errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    if (e == ERR_OK)
        e = sync_parent(path);
    free(aside);
    return e;
}

/* What was not published is half a file, or a secret that nobody looks for. */
static void drop_staged(const char *path)
{
    char *aside = joined(path, STAGED);

    if (aside != NULL)
        (void)unlink(aside);
    free(aside);
}

enum err disk_write(const char *path, struct rd bytes)
{
    enum err e = disk_stage(path, bytes);

    if (e == ERR_OK)
        e = disk_publish(path);
    if (e != ERR_OK)
        drop_staged(path);
    return e;
}

static enum err open_error(void)
{
    if (errno == ENOENT || errno == ENOTDIR)
        return ERR_NOT_FOUND;
    return errno == EACCES ? ERR_DENIED : ERR_IO;
}

/* A pipe or a growing file has no size to trust: the block grows as bytes come. */
static enum err read_all(FILE *f, size_t max, uint8_t **bytes, size_t *n)
{
    size_t cap = 0, len = 0;
    uint8_t *block = NULL;
    enum err e = ERR_OK;

    while (e == ERR_OK && !feof(f)) {
        if (len == cap) {
            size_t wider = cap == 0 ? 65536 : 2 * cap;
            uint8_t *grown = malloc(wider);

            if (grown == NULL) {
                e = ERR_NOMEM;
                break;
            }
            if (len > 0)
                memcpy(grown, block, len);
            disk_free(&block, cap);
            block = grown;
            cap = wider;
        }
        len += fread(block + len, 1, cap - len, f);
        if (ferror(f))
            e = ERR_IO;
        else if (len > max)
            e = ERR_SPACE;
    }
    if (e != ERR_OK) {
        disk_free(&block, cap);
        return e;
    }
    *bytes = block;
    *n = len;
    return ERR_OK;
}

enum err disk_read(const char *path, size_t max, uint8_t **bytes, size_t *n)
{
    FILE *f = fopen(path, "rbe");
    enum err e;

    if (f == NULL)
        return open_error();
    setvbuf(f, NULL, _IONBF, 0); /* no second copy of what may be keys */
    e = read_all(f, max, bytes, n);
    fclose(f);
    return e;
}

void disk_free(uint8_t **bytes, size_t n)
{
    if (*bytes != NULL)
        OPENSSL_cleanse(*bytes, n);
    free(*bytes);
    *bytes = NULL;
}
