/*
 * disk.h - whole files that are either old or new after a crash, and for their owner alone.
 *
 * Everything written has mode 0600 and is on the disk (file and directory synced) when the
 * function returns.
 */
#ifndef RESEAT_OTA_CORE_DISK_H
#define RESEAT_OTA_CORE_DISK_H

#include "apdu/buf.h"

/* Put bytes at path, replacing what is there. ERR_IO, ERR_NOMEM. */
NODISCARD enum err disk_write(const char *path, struct rd bytes);

/* Put bytes at path unless a file is there: ERR_EXISTS. The name never shows half of them. */
NODISCARD enum err disk_create(const char *path, struct rd bytes);

/*
 * The two halves of disk_write(), for a caller that records in between what will be there:
 * bytes go beside path under a name of their own, and that file is then moved to path.
 * errors: ERR_NOT_FOUND (publish)  nothing is staged for path; ERR_IO, ERR_NOMEM
 */
NODISCARD enum err disk_stage(const char *path, struct rd bytes);
NODISCARD enum err disk_publish(const char *path);

/*
 * Read a file whole; the caller frees *bytes (disk_free() wipes it first).
 * errors: ERR_NOT_FOUND, ERR_DENIED, ERR_SPACE (longer than max), ERR_IO, ERR_NOMEM
 */
NODISCARD enum err disk_read(const char *path, size_t max, uint8_t **bytes, size_t *n);
void disk_free(uint8_t **bytes, size_t n);

#endif
