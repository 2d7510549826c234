#include "test/support/vectors.h"
#include "apdu/hex.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS_MAX 32
#define ROWS_MAX    4096

struct vectors {
    char *text;
    size_t row_count; /* without the header */
    char *fields[ROWS_MAX + 1][COLUMNS_MAX];
    size_t column_count;
};

static char *read_whole(const char *path)
{
    FILE *f = fopen(path, "rb");
    char *text;
    long size;

    ck_assert_msg(f != NULL, "cannot open %s (tests run in the repository root)", path);
    fseek(f, 0, SEEK_END);
    size = ftell(f);
    rewind(f);
    text = malloc((size_t)size + 1);
    ck_assert_ptr_nonnull(text);
    ck_assert_uint_eq(fread(text, 1, (size_t)size, f), (size_t)size);
    text[size] = '\0';
    fclose(f);
    return text;
}

/* Cut one field off *at (NUL-terminated in place); true if the line goes on. */
static bool cut_field(char **at, char **field)
{
    char *p = *at;
    char end;

    if (*p == '"') {
        *field = ++p;
        p += strcspn(p, "\"");
        ck_assert_msg(*p == '"', "quoted field does not end");
        *p++ = '\0';
    } else {
        *field = p;
    }
    p += strcspn(p, ",\r\n");
    end = *p;
    if (end == '\r')
        *p++ = '\0';
    if (end != '\0')
        *p++ = '\0';
    *at = p;
    return end == ',';
}

struct vectors *vectors_open(const char *path)
{
    struct vectors *v = calloc(1, sizeof *v);
    char *at;

    ck_assert_ptr_nonnull(v);
    v->text = read_whole(path);
    at = v->text;
    for (size_t row = 0; *at != '\0'; row++) {
        size_t column = 0;
        bool more = true;

        ck_assert_uint_le(row, ROWS_MAX);
        while (more) {
            ck_assert_uint_lt(column, COLUMNS_MAX);
            more = cut_field(&at, &v->fields[row][column++]);
        }
        if (row == 0)
            v->column_count = column;
        ck_assert_msg(column == v->column_count, "%s: row %zu has %zu fields", path, row, column);
        v->row_count = row;
    }
    return v;
}

void vectors_close(struct vectors *v)
{
    free(v->text);
    free(v);
}

size_t vectors_count(const struct vectors *v)
{
    return v->row_count;
}

const char *vectors_text(const struct vectors *v, size_t row, const char *column)
{
    ck_assert_uint_lt(row, v->row_count);
    for (size_t i = 0; i < v->column_count; i++) {
        if (strcmp(v->fields[0][i], column) == 0)
            return v->fields[row + 1][i];
    }
    ck_abort_msg("no column %s", column);
}

size_t vectors_bytes(const struct vectors *v, size_t row, const char *column, uint8_t *out,
                     size_t cap)
{
    struct wr w = WR(out, cap);

    ck_assert_msg(hex_decode(vectors_text(v, row, column), &w) == ERR_OK, "row %zu: %s is no hex",
                  row, column);
    return w.len;
}
