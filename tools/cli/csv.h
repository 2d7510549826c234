/*
 * csv.h - tables with a header line, as Reseat's programs write and read them: fields
 * without quotes, separated by commas; "#" begins a comment line.
 */
#ifndef RESEAT_TOOLS_CLI_CSV_H
#define RESEAT_TOOLS_CLI_CSV_H

#include "apdu/err.h"

#include <stdio.h>

#define CSV_COLUMNS_MAX 32
#define CSV_LINE_MAX    2048
#define CSV_BUFFER      16384

struct csv {
    FILE *file;
    unsigned line; /* of the row read last, from 1 */
    size_t column_count;
    char header[CSV_LINE_MAX], row[CSV_LINE_MAX];
    char buffer[CSV_BUFFER]; /* of the stream: tables hold keys, and what is freed is not wiped */
    char *columns[CSV_COLUMNS_MAX], *fields[CSV_COLUMNS_MAX];
};

/* errors: ERR_NOT_FOUND (no such file), ERR_SHORT (no header), ERR_RANGE (too long or wide) */
NODISCARD enum err csv_open(struct csv *c, const char *path);
void csv_close(struct csv *c); /* wipes what was read */

/* The next row. ERR_NOT_FOUND at the end, ERR_FORMAT (another number of fields), ERR_RANGE,
 * ERR_IO. */
NODISCARD enum err csv_next(struct csv *c);

/* Field of the row by the column's name; NULL when there is no such column. */
const char *csv_field(const struct csv *c, const char *column);

#endif
