#include "apdu/hex.h"
#include "ota/core/text.h"
#include "ota/oplist/text.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELD_MAX (2 * VAULT_KEYS_MAX + 1)
#define INDEX_MAX 15

void oplist_row_wipe(struct oplist_row *row)
{
    OPENSSL_cleanse(row, sizeof *row);
}

/* --- what a field may be --- */

static bool digits(const char *text, size_t min, size_t max)
{
    size_t n = strlen(text);

    return n >= min && n <= max && strspn(text, "0123456789") == n;
}

static bool iccid_valid(const char *text)
{
    uint8_t ef[EF_ICCID_LEN];

    return bcd_iccid_encode(text, ef) == ERR_OK;
}

static bool imsi_valid(const char *text)
{
    uint8_t ef[EF_IMSI_LEN];

    return bcd_imsi_encode(text, ef) == ERR_OK;
}

/* Keys are in key-issue lists and in hand-over lists of 3a, and nowhere else. */
static bool wants_keys(const struct oplist_header *h)
{
    return h->purpose == OPLIST_KEY_ISSUE ||
           (h->purpose == OPLIST_HAND_OVER && h->alternative == OPLIST_3A);
}

/* --- columns --------------------------------------------------------------------------------- */

static enum oplist_verdict read_iccid(const char *field, struct oplist_row *row)
{
    if (!iccid_valid(field))
        return OPLIST_BAD_ICCID;
    TEXT_COPY(row->iccid, field);
    TEXT_COPY(row->keys.iccid, field);
    return OPLIST_ACCEPTED;
}

static enum oplist_verdict read_imsi(const char *field, struct oplist_row *row)
{
    if (!imsi_valid(field))
        return OPLIST_BAD_IMSI;
    TEXT_COPY(row->imsi, field);
    return OPLIST_ACCEPTED;
}

static enum oplist_verdict read_msisdn(const char *field, struct oplist_row *row)
{
    if (!digits(field, 0, 15))
        return OPLIST_BAD_ROW;
    TEXT_COPY(row->msisdn, field);
    return OPLIST_ACCEPTED;
}

static enum oplist_verdict read_index(const char *field, struct oplist_row *row)
{
    unsigned long v = strtoul(field, NULL, 10);

    if (!digits(field, 1, 2) || field[0] == '0' || v > INDEX_MAX)
        return OPLIST_BAD_ROW;
    row->index = row->keys.index = (uint8_t)v;
    return OPLIST_ACCEPTED;
}

static enum oplist_verdict read_number(const char *field, uint64_t max, uint64_t *out)
{
    uint64_t v = strtoull(field, NULL, 10);

    if (!digits(field, 0, 15) || (field[0] == '0' && field[1] != '\0') || v > max)
        return OPLIST_BAD_ROW;
    *out = v;
    return OPLIST_ACCEPTED;
}

static enum oplist_verdict read_sqn(const char *field, struct oplist_row *row)
{
    return read_number(field, AKA_SQN_MAX, &row->sqn);
}

static enum oplist_verdict read_counter(const char *field, struct oplist_row *row)
{
    return read_number(field, SECPKT_COUNTER_MAX, &row->counter);
}

static enum oplist_verdict read_keys(const char *field, struct oplist_row *row)
{
    uint8_t bytes[VAULT_KEYS_MAX];
    struct wr w = WR_ARRAY(bytes);
    enum oplist_verdict v = OPLIST_ACCEPTED;

    if (field[0] == '\0')
        return v;
    if (strspn(field, "0123456789ABCDEF") != strlen(field) || hex_decode(field, &w) != ERR_OK ||
        vault_keys_read(RD_WR(&w), &row->keys) != ERR_OK)
        v = OPLIST_BAD_KEYS;
    row->has_keys = v == OPLIST_ACCEPTED;
    OPENSSL_cleanse(bytes, sizeof bytes);
    return v;
}

static enum err write_iccid(const struct oplist_row *row, char field[FIELD_MAX])
{
    if (!iccid_valid(row->iccid))
        return ERR_FORMAT;
    text_copy(field, FIELD_MAX, row->iccid);
    return ERR_OK;
}

static enum err write_imsi(const struct oplist_row *row, char field[FIELD_MAX])
{
    if (!imsi_valid(row->imsi))
        return ERR_FORMAT;
    text_copy(field, FIELD_MAX, row->imsi);
    return ERR_OK;
}

static enum err write_msisdn(const struct oplist_row *row, char field[FIELD_MAX])
{
    if (!digits(row->msisdn, 0, 15))
        return ERR_FORMAT;
    text_copy(field, FIELD_MAX, row->msisdn);
    return ERR_OK;
}

static enum err write_index(const struct oplist_row *row, char field[FIELD_MAX])
{
    if (row->index < 1 || row->index > INDEX_MAX)
        return ERR_RANGE;
    snprintf(field, FIELD_MAX, "%u", (unsigned)row->index);
    return ERR_OK;
}

/* Numbers that belong to the keys: nothing stands there without keys. */
static enum err write_number(const struct oplist_row *row, uint64_t v, uint64_t max,
                             char field[FIELD_MAX])
{
    if (v > max)
        return ERR_RANGE;
    if (row->has_keys)
        snprintf(field, FIELD_MAX, "%llu", (unsigned long long)v);
    return ERR_OK;
}

static enum err write_sqn(const struct oplist_row *row, char field[FIELD_MAX])
{
    return write_number(row, row->sqn, AKA_SQN_MAX, field);
}

static enum err write_counter(const struct oplist_row *row, char field[FIELD_MAX])
{
    return write_number(row, row->counter, SECPKT_COUNTER_MAX, field);
}

static enum err write_keys(const struct oplist_row *row, char field[FIELD_MAX])
{
    uint8_t bytes[VAULT_KEYS_MAX];
    struct wr w = WR_ARRAY(bytes);
    enum err e = ERR_OK;

    if (row->has_keys)
        e = vault_keys_write(&row->keys, &w);
    if (e == ERR_OK)
        e = hex_encode(RD_WR(&w), field, FIELD_MAX);
    OPENSSL_cleanse(bytes, sizeof bytes);
    return e;
}

static const struct column {
    const char *name;
    enum oplist_verdict (*read)(const char *field, struct oplist_row *row);
    enum err (*write)(const struct oplist_row *row, char field[FIELD_MAX]);
} columns[] = {
    {"iccid", read_iccid, write_iccid},    {"imsi", read_imsi, write_imsi},
    {"msisdn", read_msisdn, write_msisdn}, {"index", read_index, write_index},
    {"sqn", read_sqn, write_sqn},          {"counter", read_counter, write_counter},
    {"keys", read_keys, write_keys},
};

/* The column that names begins with; *names moves to the next one. NULL at the end. */
static const struct column *next_column(const char **names)
{
    size_t n = strcspn(*names, ",");
    const struct column *found = NULL;

    for (size_t i = 0; i < ARRAY_LEN(columns); i++) {
        if (strlen(columns[i].name) == n && strncmp(*names, columns[i].name, n) == 0)
            found = &columns[i];
    }
    *names += n + ((*names)[n] == ',');
    return found;
}

/* --- rows ------------------------------------------------------------------------------------ */

enum err oplist_row_write(const struct oplist_header *h, const struct oplist_row *row, struct wr *w)
{
    const char *names = oplist_rule(h->purpose)->columns;
    const struct column *c;
    char field[FIELD_MAX];
    enum err e = row->has_keys == wants_keys(h) ? ERR_OK : ERR_FORMAT;

    while (e == ERR_OK && (c = next_column(&names)) != NULL) {
        field[0] = '\0';
        e = c->write(row, field);
        wr_bytes(w, field, strlen(field));
        wr_u8(w, *names == '\0' ? '\n' : ',');
    }
    OPENSSL_cleanse(field, sizeof field);
    return e != ERR_OK ? e : wr_result(w);
}

/* The next field of the line, which ends with end; false when there is none or it is too long. */
static bool take_field(struct rd *line, char end, char field[FIELD_MAX])
{
    const uint8_t *at = line->left == 0 ? NULL : memchr(line->at, end, line->left);
    size_t n = at == NULL ? FIELD_MAX : (size_t)(at - line->at);

    if (n >= FIELD_MAX || memchr(line->at, '\0', n) != NULL)
        return false;
    memcpy(field, line->at, n);
    field[n] = '\0';
    *line = RD(line->at + n + 1, line->left - n - 1);
    return true;
}

/* There is one form of every row only: 007 is not 7, and a number without keys is none. */
static bool is_canonical(const struct oplist_header *h, const struct oplist_row *row,
                         struct rd line)
{
    uint8_t bytes[OPLIST_LINE_MAX];
    struct wr w = WR_ARRAY(bytes);
    bool same = oplist_row_write(h, row, &w) == ERR_OK && rd_equal(RD_WR(&w), line);

    OPENSSL_cleanse(bytes, sizeof bytes);
    return same;
}

enum oplist_verdict oplist_row_read(const struct oplist_header *h, struct rd *rows,
                                    struct oplist_row *row)
{
    const char *names = oplist_rule(h->purpose)->columns;
    const uint8_t *end = rows->left == 0 ? NULL : memchr(rows->at, '\n', rows->left);
    const struct column *c;
    char field[FIELD_MAX];
    enum oplist_verdict v = OPLIST_ACCEPTED;
    struct rd line, whole;

    oplist_row_wipe(row);
    if (end == NULL || rd_take(rows, (size_t)(end - rows->at) + 1, &whole) != ERR_OK)
        return OPLIST_BAD_ROW;
    line = whole;
    while (v == OPLIST_ACCEPTED && (c = next_column(&names)) != NULL)
        v = take_field(&line, *names == '\0' ? '\n' : ',', field) ? c->read(field, row)
                                                                  : OPLIST_BAD_ROW;
    OPENSSL_cleanse(field, sizeof field);
    if (v == OPLIST_ACCEPTED && line.left != 0)
        v = OPLIST_BAD_ROW;
    if (v == OPLIST_ACCEPTED && row->has_keys != wants_keys(h))
        v = OPLIST_BAD_KEYS;
    if (v == OPLIST_ACCEPTED && !is_canonical(h, row, whole))
        v = OPLIST_BAD_ROW;
    return v;
}
