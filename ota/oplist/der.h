/*
 * der.h - compare a DER structure with a drawn template.
 *
 * OpenSSL reads CMS leniently: BER lengths, versions it does not look at, hybrid curve points,
 * names that differ in case. What a signature or a GCM tag does not cover could be changed
 * without being noticed. So every byte that is not covered must be the one the template has.
 */
#ifndef RESEAT_OTA_OPLIST_DER_H
#define RESEAT_OTA_OPLIST_DER_H

#include "apdu/buf.h"

enum oplist_der_kind {
    OPLIST_DER_OPEN,  /* a constructed object with this tag; its content follows in the template */
    OPLIST_DER_CLOSE, /* the end of it */
    OPLIST_DER_FIXED, /* these very bytes, tag and length included */
    OPLIST_DER_VALUE, /* an object with this tag; length if not 0; content begins with bytes */
};

struct oplist_der_row {
    enum oplist_der_kind kind;
    uint8_t tag;
    struct rd bytes;
    size_t length;
    struct rd *value; /* out: content of a VALUE, or the whole FIXED object; may be NULL */
};

#define OPLIST_DER_DEPTH_MAX 12

/*
 * errors: ERR_FORMAT  anything differs, a length is not in its shortest form, or bytes follow
 * The outs of the template are set as far as it matched.
 */
NODISCARD enum err oplist_der_match(struct rd der, const struct oplist_der_row *rows, size_t count);

#endif
