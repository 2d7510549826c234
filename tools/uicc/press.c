#include "tools/uicc/press.h"
#include "uicc/perso.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE  4096U
#define PAGES (PERSO_NVM_SIZE / PAGE)

struct press {
    struct nvm_device device;
    bool dirty[PAGES];
    uint8_t *bytes; /* PERSO_NVM_SIZE */
};

static bool inside(uint64_t offset, size_t n)
{
    return offset <= PERSO_NVM_SIZE && n <= PERSO_NVM_SIZE - offset;
}

static enum err ram_read(void *context, uint64_t offset, void *out, size_t n)
{
    const struct press *p = context;

    if (!inside(offset, n))
        return ERR_RANGE;
    memcpy(out, p->bytes + offset, n);
    return ERR_OK;
}

static enum err ram_write(void *context, uint64_t offset, const void *in, size_t n)
{
    struct press *p = context;

    if (!inside(offset, n))
        return ERR_RANGE;
    memcpy(p->bytes + offset, in, n);
    for (uint64_t page = offset / PAGE; n > 0 && page <= (offset + n - 1) / PAGE; page++)
        p->dirty[page] = true;
    return ERR_OK;
}

static enum err ram_sync(void *context)
{
    (void)context;
    return ERR_OK;
}

enum err press_new(struct press **out)
{
    struct press *p = calloc(1, sizeof *p);

    if (p == NULL)
        return ERR_NOMEM;
    p->bytes = calloc(1, PERSO_NVM_SIZE);
    if (p->bytes == NULL) {
        free(p);
        return ERR_NOMEM;
    }
    p->device = (struct nvm_device){p, PERSO_NVM_SIZE, ram_read, ram_write, ram_sync};
    *out = p;
    return ERR_OK;
}

struct nvm_device *press_blank(struct press *p)
{
    for (size_t i = 0; i < PAGES; i++) {
        if (p->dirty[i])
            OPENSSL_cleanse(p->bytes + i * PAGE, PAGE);
        p->dirty[i] = false;
    }
    return &p->device;
}

void press_free(struct press **p)
{
    if (*p == NULL)
        return;
    (void)press_blank(*p);
    free((*p)->bytes);
    free(*p);
    *p = NULL;
}

/* The pages that were written; the others stay holes. */
static enum err write_pages(const struct press *p, int fd)
{
    if (ftruncate(fd, (off_t)PERSO_NVM_SIZE) != 0)
        return ERR_SPACE;
    for (size_t i = 0; i < PAGES; i++) {
        size_t done = 0;

        while (p->dirty[i] && done < PAGE) {
            size_t at = i * PAGE + done;
            ssize_t n = pwrite(fd, p->bytes + at, PAGE - done, (off_t)at);

            if (n < 0 && errno != EINTR)
                return errno == ENOSPC || errno == EDQUOT ? ERR_SPACE : ERR_IO;
            done += n > 0 ? (size_t)n : 0;
        }
    }
    return ERR_OK;
}

enum err press_save(const struct press *p, const char *path)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    enum err e;

    if (fd < 0)
        return errno == EEXIST ? ERR_EXISTS : ERR_IO;
    e = write_pages(p, fd);
    if (close(fd) != 0 && e == ERR_OK)
        e = ERR_IO;
    return e;
}
