/*
 * export.h - subscribers as other cores read them. Each function appends the lines of one
 * subscriber; they contain keys, so whoever stores them does so with mode 0600.
 */
#ifndef RESEAT_OTA_HLR_EXPORT_H
#define RESEAT_OTA_HLR_EXPORT_H

#include "ota/hlr/hlr.h"

#define HLR_EXPORT_MAX 1024 /* bytes of one subscriber, in any format */

enum hlr_format {
    HLR_OPEN5GS, /* one JSON document a line, for mongoimport */
    HLR_SRSRAN,  /* user_db.csv of srsRAN 4G */
    HLR_VTY,     /* commands for the VTY of a running osmo-hlr, after "enable" */
    HLR_FORMATS
};
/* "open5gs", "srsran", "vty". ERR_NOT_FOUND. */
NODISCARD enum err hlr_format_parse(const char *text, enum hlr_format *format);

/* ERR_UNSUPPORTED: the core has no such algorithm. ERR_SPACE. */
NODISCARD enum err hlr_export(enum hlr_format format, const struct hlr_subscriber *s, struct wr *w);

#endif
