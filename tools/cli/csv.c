#include "tools/cli/csv.h"

#include <openssl/crypto.h>
#include <string.h>

static enum err split(char *line, char **fields, size_t *count)
{
    size_t n = 0;

    line[strcspn(line, "\r\n")] = '\0';
    for (char *at = line; at != NULL; n++) {
        if (n == CSV_COLUMNS_MAX)
            return ERR_RANGE;
        fields[n] = at;
        at = strchr(at, ',');
        if (at != NULL)
            *at++ = '\0';
    }
    *count = n;
    return ERR_OK;
}

/* A line that is neither empty nor a comment. */
static enum err read_line(struct csv *c, char *line)
{
    do {
        if (fgets(line, CSV_LINE_MAX, c->file) == NULL)
            return ferror(c->file) ? ERR_IO : ERR_NOT_FOUND;
        c->line++;
        if (strlen(line) == CSV_LINE_MAX - 1)
            return ERR_RANGE;
    } while (line[0] == '#' || line[strspn(line, " \t\r\n")] == '\0');
    return ERR_OK;
}

enum err csv_open(struct csv *c, const char *path)
{
    enum err e;

    memset(c, 0, sizeof *c);
    c->file = fopen(path, "re");
    if (c->file == NULL)
        return ERR_NOT_FOUND;
    (void)setvbuf(c->file, c->buffer, _IOFBF, sizeof c->buffer);
    e = read_line(c, c->header);
    if (e == ERR_OK)
        e = split(c->header, c->columns, &c->column_count);
    if (e != ERR_OK)
        csv_close(c);
    return e == ERR_NOT_FOUND ? ERR_SHORT : e;
}

void csv_close(struct csv *c)
{
    if (c->file != NULL)
        fclose(c->file);
    OPENSSL_cleanse(c, sizeof *c);
}

enum err csv_next(struct csv *c)
{
    size_t count = 0;
    enum err e = read_line(c, c->row);

    if (e == ERR_OK)
        e = split(c->row, c->fields, &count);
    if (e == ERR_OK && count != c->column_count)
        return ERR_FORMAT;
    return e;
}

const char *csv_field(const struct csv *c, const char *column)
{
    for (size_t i = 0; i < c->column_count; i++) {
        if (strcmp(c->columns[i], column) == 0)
            return c->fields[i];
    }
    return NULL;
}
