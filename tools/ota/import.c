#include "ota/core/text.h"
#include "tools/cli/cli.h"
#include "tools/cli/csv.h"
#include "tools/ota/access.h"
#include "tools/ota/commands.h"

#include <string.h>

#define BATCH 5000 /* cards in one transaction: a server on the same ledger waits for it */

static const char *const wanted[] = {
    "iccid", "imsi", "msisdn", "algorithm", "k", "ota_algorithm", "kic", "kid", "kik", "index",
};

static bool has_columns(const struct csv *csv, const char *path)
{
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++) {
        bool found = false;

        for (size_t j = 0; j < csv->column_count; j++)
            found |= strcmp(csv->columns[j], wanted[i]) == 0;
        if (!found) {
            cli_fail("%s: there is no column %s", path, wanted[i]);
            return false;
        }
    }
    return true;
}

static enum err read_algorithm(const char *text, enum aka_algorithm *out)
{
    static const struct {
        const char *text;
        enum aka_algorithm algorithm;
    } rows[] = {{"milenage", AKA_MILENAGE}, {"tuak", AKA_TUAK}, {"xor", AKA_XOR}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (strcmp(rows[i].text, text) == 0) {
            *out = rows[i].algorithm;
            return ERR_OK;
        }
    }
    return ERR_FORMAT;
}

static bool ota_length(enum secpkt_algorithm a, size_t len)
{
    switch (a) {
    case SECPKT_DES:
        return len == 8;
    case SECPKT_3DES2:
        return len == 16;
    case SECPKT_3DES3:
        return len == 24;
    default:
        return len == 16 || len == 24 || len == 32;
    }
}

/* K of 16 bytes, and OPc like it or none; TUAK: K of 32 bytes, too, and TOPc of 32. */
static bool aka_lengths(const struct aka_key *key)
{
    bool tuak = key->algorithm == AKA_TUAK;

    return (key->k.len == 16 || (tuak && key->k.len == 32)) &&
           (key->opc.len == 0 || key->opc.len == (tuak ? 32 : 16));
}

static enum err read_ota_key(const struct csv *csv, const char *column, struct secpkt_key *out,
                             uint8_t *cc_len)
{
    enum err e = secret_from_hex(&out->key, csv_field(csv, column));

    if (e == ERR_OK && out->key.len == 0)
        e = ERR_KEY;
    if (e == ERR_OK)
        e = secpkt_algorithm_from_text(csv_field(csv, "ota_algorithm"), out->key.len,
                                       &out->algorithm, cc_len);
    return e == ERR_OK && !ota_length(out->algorithm, out->key.len) ? ERR_KEY : e;
}

static enum err read_aka(const struct csv *csv, struct aka_key *out)
{
    const char *opc = csv_field(csv, "opc");
    enum aka_algorithm algorithm;
    enum err e = read_algorithm(csv_field(csv, "algorithm"), &algorithm);

    if (e != ERR_OK)
        return e;
    aka_key_defaults(out, algorithm);
    e = secret_from_hex(&out->k, csv_field(csv, "k"));
    if (e == ERR_OK && opc)
        e = secret_from_hex(&out->opc, opc);
    return e == ERR_OK && !aka_lengths(out) ? ERR_KEY : e;
}

static enum err read_keys(const struct csv *csv, struct vault_pair *out)
{
    uint64_t index = 0;
    enum err e = cli_number(csv_field(csv, "index"), 1, 15, &index);

    out->index = (uint8_t)index;
    if (e == ERR_OK)
        e = TEXT_COPY(out->iccid, csv_field(csv, "iccid")) ? ERR_OK : ERR_RANGE;
    if (e == ERR_OK)
        e = read_aka(csv, &out->aka);
    if (e == ERR_OK)
        e = read_ota_key(csv, "kic", &out->ota.kic, &out->ota.cc_len);
    if (e == ERR_OK)
        e = read_ota_key(csv, "kid", &out->ota.kid, &out->ota.cc_len);
    return e == ERR_OK ? read_ota_key(csv, "kik", &out->kik, &out->ota.cc_len) : e;
}

/* "+" is dropped: SMPP addresses by digits, with TON international. counter: optional column. */
static enum err read_card(const struct csv *csv, struct ledger_card *out)
{
    const char *msisdn = csv_field(csv, "msisdn"), *counter = csv_field(csv, "counter");

    if (msisdn[0] == '+')
        msisdn++;
    if (!TEXT_COPY(out->iccid, csv_field(csv, "iccid")) ||
        !TEXT_COPY(out->imsi, csv_field(csv, "imsi")) || !TEXT_COPY(out->msisdn, msisdn))
        return ERR_RANGE;
    return counter && *counter ? cli_number(counter, 0, SECPKT_COUNTER_MAX - 1, &out->counter)
                               : ERR_OK;
}

/* Importing a file twice, after a crash say, is no error: what is there is the same card. */
static bool is_there(struct ledger *l, const struct ledger_card *card,
                     const struct vault_pair *keys)
{
    struct ledger_card there;

    return ledger_card_by_iccid(l, card->iccid, &there) == ERR_OK && there.owner == LEDGER_OURS &&
           there.key_index == keys->index && strcmp(there.imsi, card->imsi) == 0;
}

struct progress {
    uint64_t added, there;
    struct cli_progress bar;
};

static enum err import_row(struct ledger *l, const struct csv *csv, struct progress *p)
{
    VAULT_PAIR_WIPED struct vault_pair keys = {0};
    struct ledger_card card = {0};
    enum err e = read_card(csv, &card);

    if (e == ERR_OK)
        e = read_keys(csv, &keys);
    if (e != ERR_OK)
        return e;
    e = ledger_card_add(l, &card, &keys);
    if (e == ERR_EXISTS && is_there(l, &card, &keys)) {
        p->there++;
        return ERR_OK;
    }
    p->added += e == ERR_OK;
    return e;
}

/* *end: the file is. */
static enum err import_batch(struct ledger *l, struct csv *csv, struct progress *p, bool *end)
{
    enum err e = ledger_begin(l);

    for (unsigned i = 0; i < BATCH && e == ERR_OK; i++) {
        e = csv_next(csv);
        if (e == ERR_NOT_FOUND) {
            *end = true;
            e = ERR_OK;
            break;
        }
        if (e == ERR_OK)
            e = import_row(l, csv, p);
    }
    if (e == ERR_OK)
        e = ledger_commit(l);
    ledger_rollback(l);
    cli_progress(&p->bar, p->added + p->there);
    return e;
}

static uint64_t count_rows(const char *path)
{
    struct csv csv;
    uint64_t n = 0;

    if (csv_open(&csv, path) != ERR_OK)
        return 0;
    while (csv_next(&csv) == ERR_OK)
        n++;
    csv_close(&csv);
    return n;
}

static int import(struct ledger *l, struct csv *csv, const char *path)
{
    struct progress p = {0};
    bool end = false;
    enum err e = ERR_OK;

    cli_progress_begin(&p.bar, "cards", count_rows(path));
    while (!end && e == ERR_OK)
        e = import_batch(l, csv, &p, &end);
    cli_progress_end(&p.bar);
    if (e != ERR_OK)
        return cli_fail("%s:%u: %s", path, csv->line,
                        e == ERR_KEY ? "a key of the wrong length" : err_text(e));
    printf("%llu cards imported, %llu were there\n", (unsigned long long)p.added,
           (unsigned long long)p.there);
    return CLI_OK;
}

int card_import_main(int argc, char **argv)
{
    struct access a;
    const char *path = access_one_argument(
        argc, argv, "CARDS.CSV",
        "Take cards and their keys into the ledger, which is made if missing. A card that "
        "moved away and comes back replaces its record.",
        &a);
    struct ledger *l;
    struct csv csv;
    int status = CLI_FAILED;
    enum err e = csv_open(&csv, path);

    if (e != ERR_OK)
        return cli_fail("%s: %s", path, err_text(e));
    l = has_columns(&csv, path) ? access_open(&a, true) : NULL;
    if (l)
        status = import(l, &csv, path);
    ledger_close(&l);
    csv_close(&csv);
    return status;
}
