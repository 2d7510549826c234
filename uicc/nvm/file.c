/*
 * The only system calls of uicc/.
 *
 * The lock is flock(): it belongs to the open file, goes with the process however that
 * ends, and two opens of one process exclude each other too.
 */
#include "uicc/nvm/nvm.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FLAGS (O_RDWR | O_CLOEXEC | O_NOFOLLOW)

struct nvm_file {
    struct nvm_device device;
    int fd;
};

static const struct {
    int number;
    enum err e;
} errors[] = {
    {ENOENT, ERR_NOT_FOUND}, {ENOTDIR, ERR_NOT_FOUND}, {EEXIST, ERR_EXISTS},
    {EWOULDBLOCK, ERR_BUSY}, {EACCES, ERR_DENIED},     {EPERM, ERR_DENIED},
    {EROFS, ERR_DENIED},     {ELOOP, ERR_DENIED},      {EISDIR, ERR_FORMAT},
    {ENOSPC, ERR_SPACE},     {EDQUOT, ERR_SPACE},      {EFBIG, ERR_SPACE},
    {ENOMEM, ERR_NOMEM},
};

static enum err from_errno(void)
{
    for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
        if (errors[i].number == errno)
            return errors[i].e;
    }
    return ERR_IO;
}

static bool inside(const struct nvm_file *f, uint64_t offset, size_t n)
{
    return offset <= f->device.size && n <= f->device.size - offset;
}

static enum err file_read(void *context, uint64_t offset, void *out, size_t n)
{
    const struct nvm_file *f = context;
    uint8_t *at = out;

    if (!inside(f, offset, n))
        return ERR_RANGE;
    while (n > 0) {
        ssize_t got = pread(f->fd, at, n, (off_t)offset);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return from_errno();
        if (got == 0)
            return ERR_IO; /* somebody cut the file off under us */
        at += got;
        offset += (uint64_t)got;
        n -= (size_t)got;
    }
    return ERR_OK;
}

static enum err file_write(void *context, uint64_t offset, const void *in, size_t n)
{
    const struct nvm_file *f = context;
    const uint8_t *at = in;

    if (!inside(f, offset, n))
        return ERR_RANGE;
    while (n > 0) {
        ssize_t put = pwrite(f->fd, at, n, (off_t)offset);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return from_errno();
        at += put;
        offset += (uint64_t)put;
        n -= (size_t)put;
    }
    return ERR_OK;
}

static enum err file_sync(void *context)
{
    const struct nvm_file *f = context;

    return fdatasync(f->fd) == 0 ? ERR_OK : from_errno();
}

static enum err lock(const struct nvm_file *f)
{
    return flock(f->fd, LOCK_EX | LOCK_NB) == 0 ? ERR_OK : from_errno();
}

static enum err take_size(struct nvm_file *f)
{
    struct stat st;

    if (fstat(f->fd, &st) != 0)
        return from_errno();
    if (!S_ISREG(st.st_mode))
        return ERR_FORMAT;
    f->device.size = (uint64_t)st.st_size;
    return ERR_OK;
}

/* The new name survives a power cut only after its directory was synced. */
static enum err sync_directory(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *name = slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path) + 1);
    int fd = name == NULL ? -1 : open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    enum err e = ERR_OK;

    if (name == NULL)
        return ERR_NOMEM;
    if (fd < 0 || fsync(fd) != 0)
        e = from_errno();
    if (fd >= 0)
        close(fd);
    free(name);
    return e;
}

/* An open, unlocked file; NULL with errno set. */
static struct nvm_file *open_file(const char *path, int flags)
{
    struct nvm_file *f = calloc(1, sizeof *f);

    if (f == NULL)
        return NULL;
    /* Not to hang on a pipe that somebody put in the card's place. */
    f->fd = open(path, flags | O_NONBLOCK, S_IRUSR | S_IWUSR);
    if (f->fd < 0) {
        free(f);
        return NULL;
    }
    f->device = (struct nvm_device){
        .context = f, .read = file_read, .write = file_write, .sync = file_sync};
    return f;
}

enum err nvm_file_open(const char *path, struct nvm_file **out)
{
    struct nvm_file *f = open_file(path, FLAGS);
    enum err e;

    if (f == NULL)
        return from_errno();
    e = lock(f);
    if (e == ERR_OK)
        e = take_size(f);
    if (e != ERR_OK) {
        nvm_file_close(&f);
        return e;
    }
    *out = f;
    return ERR_OK;
}

static enum err set_size(const struct nvm_file *f, uint64_t size)
{
    if (size > INT64_MAX)
        return ERR_SPACE;
    return ftruncate(f->fd, (off_t)size) == 0 ? ERR_OK : from_errno();
}

static enum err prepare_new(struct nvm_file *f, const char *path, uint64_t size)
{
    enum err e = lock(f);

    if (e == ERR_OK)
        e = set_size(f, size);
    if (e == ERR_OK)
        e = take_size(f);
    if (e == ERR_OK && fsync(f->fd) != 0)
        e = from_errno();
    return e != ERR_OK ? e : sync_directory(path);
}

enum err nvm_file_create(const char *path, uint64_t size, struct nvm_file **out)
{
    struct nvm_file *f = open_file(path, FLAGS | O_CREAT | O_EXCL);
    enum err e;

    if (f == NULL)
        return from_errno();
    e = prepare_new(f, path, size);
    if (e != ERR_OK) {
        unlink(path);
        nvm_file_close(&f);
        return e;
    }
    *out = f;
    return ERR_OK;
}

void nvm_file_close(struct nvm_file **f)
{
    if (*f == NULL)
        return;
    close((*f)->fd);
    free(*f);
    *f = NULL;
}

struct nvm_device *nvm_file_device(struct nvm_file *f)
{
    return &f->device;
}
