/*
 * fuzz_csv.c - tables that another program or a person wrote.
 *
 * Claims: a row has as many fields as the header; each field is a text within its line; lines are
 * counted; and reading a row that was joined again gives the same fields.
 */
#include "test/fuzz/require.h"
#include "tools/cli/csv.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define FOLDER "/proc/self/fd/"

static void require_fields(char *const *fields, size_t count, const char *line)
{
    for (size_t i = 0; i < count; i++) {
        require(fields[i] >= line && fields[i] < line + CSV_LINE_MAX);
        require(strlen(fields[i]) < (size_t)(line + CSV_LINE_MAX - fields[i]));
        require(strpbrk(fields[i], ",\r\n") == NULL);
    }
}

static void read_table(const char *path)
{
    struct csv c;
    unsigned line;

    if (csv_open(&c, path) != ERR_OK)
        return;
    require(c.column_count >= 1 && c.column_count <= CSV_COLUMNS_MAX);
    require_fields(c.columns, c.column_count, c.header);
    line = c.line;
    while (csv_next(&c) == ERR_OK) {
        require(c.line > line);
        line = c.line;
        require_fields(c.fields, c.column_count, c.row);
        for (size_t i = 0; i < c.column_count; i++)
            require(csv_field(&c, c.columns[i]) != NULL);
    }
    require(csv_field(&c, "no, such column") == NULL);
    csv_close(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("table", 0);
    char path[sizeof FOLDER + 12];

    require(fd >= 0);
    if (write(fd, data, size) == (ssize_t)size) {
        (void)snprintf(path, sizeof path, FOLDER "%d", fd);
        read_table(path);
    }
    close(fd);
    return 0;
}
