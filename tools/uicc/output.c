#include "tools/uicc/output.h"
#include "apdu/hex.h"
#include "ota/vault/vault.h"
#include "tools/cli/cli.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_LEN    4096
#define CSV_ROW_MAX 1024
#define WORK_PREFIX ".make-"
#define CSV_HEAD \
    "iccid,imsi,msisdn,algorithm,k,opc,ota_algorithm,kic,kid,kik,index,adm1,pin1,puk1\n"

struct output {
    const struct output_options *options;
    const struct batch *batch;
    int dir;             /* locked: one make at a time works in DIR */
    char work[PATH_LEN]; /* the folder that everything is made in; "" when it is gone */
    struct vault *vault;
    FILE *csv;
};

/* dir/name, ERR_RANGE if that is too long. */
static enum err join(char path[PATH_LEN], const char *dir, const char *name)
{
    int n = snprintf(path, PATH_LEN, "%s/%s", dir, name);

    return n > 0 && n < PATH_LEN ? ERR_OK : ERR_RANGE;
}

static enum err card_path(char path[PATH_LEN], const char *dir, const char *iccid)
{
    char name[ICCID_DIGITS_MAX + 8];

    (void)snprintf(name, sizeof name, "%s.card", iccid);
    return join(path, dir, name);
}

static enum err from_errno(void)
{
    switch (errno) {
    case EEXIST:
        return ERR_EXISTS;
    case ENOENT:
        return ERR_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return ERR_DENIED;
    case ENOSPC:
    case EDQUOT:
        return ERR_SPACE;
    case ENOTDIR:
        return ERR_CONDITIONS;
    default:
        return ERR_IO;
    }
}

/* ---- cards.csv ---- */

static const char *algorithm_name(enum aka_algorithm a)
{
    return a == AKA_MILENAGE ? "milenage" : a == AKA_TUAK ? "tuak" : "xor";
}

static void hex_field(char *out, size_t cap, const struct secret *s)
{
    *out = '\0';
    if (s->len > 0 && hex_encode(RD_SECRET(s), out, cap) != ERR_OK)
        *out = '\0';
}

static enum err write_row(struct output *o, const struct perso_card *card,
                          const struct batch_codes *codes)
{
    const struct perso_pair *p = &card->pairs[0];
    const struct secret *keys[] = {&p->aka.k, &p->aka.opc, &p->kic.key, &p->kid.key, &p->kik.key};
    char hex[ARRAY_LEN(keys)][2 * SECRET_LEN_MAX + 1];
    char adm1[17], row[CSV_ROW_MAX];
    enum err e = ERR_OK;
    int n;

    for (size_t i = 0; i < ARRAY_LEN(keys); i++)
        hex_field(hex[i], sizeof hex[i], keys[i]);
    if (hex_encode(RD_ARRAY(card->adm1), adm1, sizeof adm1) != ERR_OK)
        e = ERR_SPACE;
    n = snprintf(row, sizeof row, "%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,1,%s,%s,%s\n", card->iccid,
                 card->imsi, card->msisdn + 1, algorithm_name(p->aka.algorithm), hex[0], hex[1],
                 secpkt_algorithm_text(p->kic.algorithm, o->batch->cc_len), hex[2], hex[3], hex[4],
                 adm1, codes->pin1, codes->puk1);
    if (e == ERR_OK && fwrite(row, 1, (size_t)n, o->csv) != (size_t)n)
        e = from_errno();
    OPENSSL_cleanse(hex, sizeof hex);
    OPENSSL_cleanse(adm1, sizeof adm1);
    OPENSSL_cleanse(row, sizeof row);
    return e;
}

/* Rows of cards that are not made anew stay. */
static enum err copy_rows(struct output *o, FILE *old)
{
    char row[CSV_ROW_MAX], iccid[ICCID_DIGITS_MAX + 1];
    enum err e = ERR_OK;

    if (fgets(row, sizeof row, old) == NULL || strcmp(row, CSV_HEAD) != 0)
        return ERR_FORMAT;
    while (e == ERR_OK && fgets(row, sizeof row, old) != NULL) {
        size_t n = strcspn(row, ",");

        if (n >= sizeof iccid || strchr(row, '\n') == NULL) {
            e = ERR_FORMAT;
            break;
        }
        memcpy(iccid, row, n);
        iccid[n] = '\0';
        if (!batch_has(o->batch, iccid) && fputs(row, o->csv) == EOF)
            e = from_errno();
    }
    OPENSSL_cleanse(row, sizeof row);
    return e;
}

static enum err begin_csv(struct output *o, const char *path)
{
    char made[PATH_LEN];
    FILE *old;
    enum err e = join(made, o->work, "cards.csv");

    if (e != ERR_OK)
        return e;
    o->csv = fopen(made, "wxe");
    if (o->csv == NULL)
        return from_errno();
    setvbuf(o->csv, NULL, _IONBF, 0); /* keys leave no copy behind in a stream buffer */
    if (fputs(CSV_HEAD, o->csv) == EOF)
        return from_errno();
    old = fopen(path, "re");
    if (old == NULL)
        return errno == ENOENT ? ERR_OK : from_errno();
    setvbuf(old, NULL, _IONBF, 0);
    e = copy_rows(o, old);
    fclose(old);
    return e;
}

/* ---- the vault ---- */

static enum err open_vault(struct output *o, const char *path)
{
    struct secret kek SECRET_WIPED = {.len = 0};
    char source[PATH_LEN + 16];
    enum err e;

    (void)snprintf(source, sizeof source, "@%s/vault.key", o->options->dir);
    if (o->options->kek != NULL)
        (void)snprintf(source, sizeof source, "%s", o->options->kek);
    e = vault_wrap_kek(source, access(path, F_OK) != 0, &kek);
    if (e != ERR_OK)
        cli_fail_kek(source, e);
    OPENSSL_cleanse(source, sizeof source);
    if (e != ERR_OK)
        return e;
    e = vault_create(path, &kek, &o->vault);
    if (e == ERR_EXISTS)
        e = vault_open(path, &kek, &o->vault);
    return e == ERR_OK ? vault_begin(o->vault) : e;
}

static enum err add_pair(struct output *o, const struct perso_card *card, uint8_t index)
{
    const struct perso_pair *p = &card->pairs[index - 1];
    struct vault_pair pair VAULT_PAIR_WIPED = {
        .index = index,
        .aka = p->aka,
        .ota = {p->kic, p->kid, o->batch->cc_len},
        .kik = p->kik,
    };

    memcpy(pair.iccid, card->iccid, sizeof pair.iccid);
    return vault_add(o->vault, &pair, 1, index == 1 ? o->options->operator_name : NULL);
}

/* ---- the folder ---- */

static enum err check_no_card(const struct output_options *options, const struct batch *batch,
                              char *what, size_t what_cap)
{
    char path[PATH_LEN], iccid[ICCID_DIGITS_MAX + 1];
    struct stat st;

    for (uint64_t n = 0; n < batch->count && !options->force; n++) {
        enum err e = batch_iccid(batch, n, iccid);

        if (e == ERR_OK)
            e = card_path(path, options->dir, iccid);
        if (e == ERR_OK && lstat(path, &st) == 0)
            e = ERR_EXISTS;
        if (e != ERR_OK) {
            (void)snprintf(what, what_cap, "%s", path);
            return e;
        }
    }
    return ERR_OK;
}

/* A folder of ours with the files in it. */
static void remove_folder(const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;

    if (dir == NULL)
        return;
    while ((entry = readdir(dir)) != NULL)
        (void)unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
    (void)rmdir(path);
}

/* What a killed make left behind; nobody else works here while the lock is ours. */
static void remove_leftovers(const char *path)
{
    DIR *dir = opendir(path);
    const struct dirent *entry;
    char left[PATH_LEN];

    if (dir == NULL)
        return;
    while ((entry = readdir(dir)) != NULL) {
        if (strncmp(entry->d_name, WORK_PREFIX, strlen(WORK_PREFIX)) == 0 &&
            join(left, path, entry->d_name) == ERR_OK)
            remove_folder(left);
    }
    closedir(dir);
}

static enum err begin_folder(struct output *o)
{
    enum err e;

    o->dir = open(o->options->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (o->dir < 0)
        return from_errno();
    if (flock(o->dir, LOCK_EX | LOCK_NB) != 0)
        return ERR_BUSY;
    remove_leftovers(o->options->dir);
    e = join(o->work, o->options->dir, WORK_PREFIX "XXXXXX");
    if (e != ERR_OK || mkdtemp(o->work) == NULL) {
        *o->work = '\0';
        return e != ERR_OK ? e : from_errno();
    }
    return ERR_OK;
}

/* DIR and what is missing above it. */
static enum err make_dirs(const char *dir)
{
    char path[PATH_LEN];
    size_t len = strlen(dir);

    if (len == 0 || len >= sizeof path)
        return ERR_RANGE;
    for (size_t n = 1; n <= len; n++) {
        if (dir[n] != '/' && dir[n] != '\0')
            continue;
        memcpy(path, dir, n);
        path[n] = '\0';
        if (mkdir(path, S_IRWXU) != 0 && errno != EEXIST)
            return from_errno();
    }
    return ERR_OK;
}

enum err output_open(const struct output_options *options, const struct batch *batch,
                     struct output **out, char *what, size_t what_cap)
{
    struct output *o;
    char path[PATH_LEN];
    enum err e;

    (void)snprintf(what, what_cap, "%s", options->dir);
    e = make_dirs(options->dir);
    if (e == ERR_OK)
        e = check_no_card(options, batch, what, what_cap);
    if (e != ERR_OK)
        return e;
    o = calloc(1, sizeof *o);
    if (o == NULL)
        return ERR_NOMEM;
    o->options = options;
    o->batch = batch;
    o->dir = -1;
    e = begin_folder(o);
    if (e == ERR_OK)
        e = join(path, options->dir, "cards.csv");
    if (e == ERR_OK) {
        (void)snprintf(what, what_cap, "%s", path);
        e = begin_csv(o, path);
    }
    if (e == ERR_OK)
        e = join(path, options->dir, "vault.db");
    if (e == ERR_OK) {
        (void)snprintf(what, what_cap, "%s", path);
        e = open_vault(o, path);
    }
    if (e != ERR_OK)
        output_close(&o);
    else
        *out = o;
    return e;
}

enum err output_card(struct output *o, const struct press *press, const struct perso_card *card,
                     const struct batch_codes *codes)
{
    char path[PATH_LEN];
    enum err e = card_path(path, o->work, card->iccid);

    if (e == ERR_OK)
        e = press_save(press, path);
    for (uint8_t i = 1; i <= card->slot_count && e == ERR_OK; i++)
        e = add_pair(o, card, i);
    return e == ERR_OK ? write_row(o, card, codes) : e;
}

static enum err move(const struct output *o, const char *name)
{
    char from[PATH_LEN], to[PATH_LEN];
    enum err e = join(from, o->work, name);

    if (e == ERR_OK)
        e = join(to, o->options->dir, name);
    if (e == ERR_OK && rename(from, to) != 0)
        e = from_errno();
    return e;
}

static enum err move_all(const struct output *o)
{
    char iccid[ICCID_DIGITS_MAX + 1], name[ICCID_DIGITS_MAX + 8];
    enum err e = ERR_OK;

    for (uint64_t n = 0; n < o->batch->count && e == ERR_OK; n++) {
        e = batch_iccid(o->batch, n, iccid);
        (void)snprintf(name, sizeof name, "%s.card", iccid);
        if (e == ERR_OK)
            e = move(o, name);
    }
    return e == ERR_OK ? move(o, "cards.csv") : e;
}

enum err output_finish(struct output *o)
{
    enum err e = syncfs(o->dir) != 0 ? from_errno() : ERR_OK;

    if (e == ERR_OK)
        e = vault_commit(o->vault);
    if (e == ERR_OK)
        e = move_all(o);
    if (e == ERR_OK && fsync(o->dir) != 0)
        e = from_errno();
    return e;
}

void output_close(struct output **o)
{
    if (*o == NULL)
        return;
    if ((*o)->csv != NULL)
        fclose((*o)->csv);
    vault_close(&(*o)->vault);
    if (*(*o)->work != '\0')
        remove_folder((*o)->work);
    if ((*o)->dir >= 0)
        (void)close((*o)->dir);
    free(*o);
    *o = NULL;
}
