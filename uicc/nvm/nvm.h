/*
 * nvm.h - the memory of a card, as a device.
 *
 * Power may be lost at any moment: a write that was not yet followed by a
 * successful sync may afterwards be there whole, in part, or not at all, in any
 * order. After sync returned ERR_OK everything written before is there. A write or
 * sync that failed leaves the same doubt about what was written since the last sync.
 */
#ifndef RESEAT_UICC_NVM_NVM_H
#define RESEAT_UICC_NVM_NVM_H

#include "apdu/buf.h"

struct nvm_device {
    void *context;
    uint64_t size; /* bytes addressable; reading what was never written gives zeros */
    /* errors: ERR_RANGE (not within size), ERR_SPACE (host is full), ERR_IO */
    NODISCARD enum err (*read)(void *context, uint64_t offset, void *out, size_t n);
    NODISCARD enum err (*write)(void *context, uint64_t offset, const void *in, size_t n);
    NODISCARD enum err (*sync)(void *context);
};

/*
 * Device on a host file (nvm/file.c), locked against other processes while open. A new
 * file has mode 0600, is size bytes long and takes room only for what is written.
 * Symbolic links are not followed.
 *
 * errors: ERR_NOT_FOUND, ERR_EXISTS (create), ERR_BUSY (open elsewhere), ERR_DENIED (also
 *         for a link), ERR_FORMAT (no regular file), ERR_SPACE, ERR_NOMEM, ERR_IO
 */
struct nvm_file;
NODISCARD enum err nvm_file_open(const char *path, struct nvm_file **out);
NODISCARD enum err nvm_file_create(const char *path, uint64_t size, struct nvm_file **out);
void nvm_file_close(struct nvm_file **f);
struct nvm_device *nvm_file_device(struct nvm_file *f);

#endif
