#include "ota/core/disk.h"
#include "ota/core/text.h"
#include "ota/oplist/inside.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define KEY_FILE     "party.key"
#define CERT_FILE    "party.crt"
#define DB_FILE      "party.db"
#define PEM_MAX      16384
#define DAYS_MAX     36500
#define PATH_LEN_MAX 4096
#define CURVE        "P-256"

static enum err join(const char *dir, const char *name, char path[PATH_LEN_MAX])
{
    int n = snprintf(path, PATH_LEN_MAX, "%s/%s", dir, name);

    return n < 0 || n >= PATH_LEN_MAX ? ERR_RANGE : ERR_OK;
}

/* --- making ---------------------------------------------------------------------------------- */

/* What a writer of OpenSSL put into memory becomes the file; the memory is wiped. */
static enum err store(const char *dir, const char *name, BIO *bio)
{
    char path[PATH_LEN_MAX];
    char *at = NULL;
    long n = BIO_get_mem_data(bio, &at);
    enum err e = join(dir, name, path);

    if (e == ERR_OK)
        e = disk_write(path, RD((const uint8_t *)at, (size_t)n));
    return e;
}

static enum err store_key(const char *dir, EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    enum err e = ERR_CRYPTO;

    if (bio != NULL && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1)
        e = store(dir, KEY_FILE, bio);
    BIO_free(bio);
    return e;
}

static enum err store_cert(const char *dir, X509 *cert)
{
    BIO *bio = BIO_new(BIO_s_mem());
    enum err e = ERR_CRYPTO;

    if (bio != NULL && PEM_write_bio_X509(bio, cert) == 1)
        e = store(dir, CERT_FILE, bio);
    BIO_free(bio);
    return e;
}

static enum err store_identity(struct sql *sql, const struct oplist_identity *identity)
{
    char plmns[OPLIST_PLMNS_TEXT];
    const char *role = oplist_role_text(identity->role);
    enum err e;

    oplist_plmns_text(identity, plmns);
    e = sql_begin(sql);
    if (e == ERR_OK)
        e = sql_run(sql, OPLIST_Q_META_SET, SQL_ARGS(SQL_TEXT("name"), SQL_TEXT(identity->name)));
    if (e == ERR_OK)
        e = sql_run(sql, OPLIST_Q_META_SET, SQL_ARGS(SQL_TEXT("role"), SQL_TEXT(role)));
    if (e == ERR_OK)
        e = sql_run(sql, OPLIST_Q_META_SET, SQL_ARGS(SQL_TEXT("plmns"), SQL_TEXT(plmns)));
    return e != ERR_OK ? e : sql_commit(sql);
}

static enum err read_key(const char *dir, EVP_PKEY **key);

/* A key without a party is what an init that was cut short left: it is taken over. */
static enum err key_for(const char *dir, EVP_PKEY **key)
{
    enum err e = read_key(dir, key);

    if (e != ERR_NOT_FOUND)
        return e;
    *key = EVP_EC_gen(CURVE);
    return *key == NULL ? ERR_CRYPTO : store_key(dir, *key);
}

static enum err make_credentials(const char *dir, const struct oplist_identity *identity,
                                 unsigned days)
{
    EVP_PKEY *key = NULL;
    X509 *cert = NULL;
    enum err e = key_for(dir, &key);

    if (e == ERR_OK) {
        cert = oplist_identity_certify(identity, key, days);
        e = cert == NULL ? ERR_CRYPTO : store_cert(dir, cert);
    }
    X509_free(cert);
    EVP_PKEY_free(key);
    return e;
}

static bool has_party(const char *db)
{
    struct sql *sql = NULL;
    bool there = sql_open(db, &oplist_file, &sql) == ERR_OK &&
                 sql_first(sql, OPLIST_Q_META_GET, SQL_ARGS(SQL_TEXT("name"))) == ERR_OK;

    if (sql != NULL)
        sql_stop(sql, OPLIST_Q_META_GET);
    sql_close(&sql);
    return there;
}

static enum err make_file(const char *db, const struct oplist_identity *identity)
{
    struct sql *sql = NULL;
    enum err e = sql_create(db, &oplist_file, &sql);

    if (e == ERR_EXISTS)
        e = sql_open(db, &oplist_file, &sql);
    if (e == ERR_OK)
        e = store_identity(sql, identity);
    sql_close(&sql);
    return e;
}

enum err oplist_party_init(const char *dir, const struct oplist_identity *identity, unsigned days)
{
    char db[PATH_LEN_MAX];
    enum err e = join(dir, DB_FILE, db);

    if (e != ERR_OK)
        return e;
    if (!oplist_name_valid(identity->name))
        return ERR_FORMAT;
    if (!oplist_identity_sound(identity) || days < 1 || days > DAYS_MAX)
        return ERR_RANGE;
    if (mkdir(dir, 0700) != 0 && errno != EEXIST)
        return ERR_IO;
    if (has_party(db))
        return ERR_EXISTS;
    e = make_credentials(dir, identity, days);
    return e != ERR_OK ? e : make_file(db, identity);
}

/* --- opening --------------------------------------------------------------------------------- */

static enum err read_key(const char *dir, EVP_PKEY **key)
{
    char path[PATH_LEN_MAX];
    struct stat st;
    uint8_t *pem = NULL;
    size_t n = 0;
    BIO *bio;
    enum err e = join(dir, KEY_FILE, path);

    if (e == ERR_OK && stat(path, &st) == 0 && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        e = ERR_DENIED;
    if (e == ERR_OK)
        e = disk_read(path, PEM_MAX, &pem, &n);
    if (e != ERR_OK)
        return e;
    bio = BIO_new_mem_buf(pem, (int)n);
    *key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, NULL, (char[]){""});
    BIO_free(bio);
    disk_free(&pem, n);
    ERR_clear_error();
    return *key == NULL ? ERR_KEY : ERR_OK;
}

static X509 *parse_cert(const uint8_t *bytes, size_t n)
{
    BIO *bio = BIO_new_mem_buf(bytes, (int)n);
    X509 *cert = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, NULL, NULL);

    BIO_free(bio);
    if (cert == NULL)
        cert = d2i_X509(NULL, &bytes, (long)n);
    ERR_clear_error();
    return cert;
}

enum err oplist_cert_read(const char *path, X509 **cert)
{
    uint8_t *bytes = NULL;
    size_t n = 0;
    EVP_PKEY *key;
    char curve[32] = "";
    enum err e = disk_read(path, PEM_MAX, &bytes, &n);

    if (e != ERR_OK)
        return e;
    *cert = parse_cert(bytes, n);
    disk_free(&bytes, n);
    key = *cert == NULL ? NULL : X509_get0_pubkey(*cert);
    if (key == NULL || EVP_PKEY_get_group_name(key, curve, sizeof curve, NULL) != 1 ||
        (strcmp(curve, "prime256v1") != 0 && strcmp(curve, CURVE) != 0)) {
        X509_free(*cert);
        *cert = NULL;
        return ERR_FORMAT;
    }
    return ERR_OK;
}

static enum err load_credentials(const char *dir, struct oplist_party *p)
{
    char path[PATH_LEN_MAX];
    enum err e = read_key(dir, &p->key);

    if (e == ERR_OK)
        e = join(dir, CERT_FILE, path);
    if (e == ERR_OK)
        e = oplist_cert_read(path, &p->cert);
    if (e == ERR_OK && X509_check_private_key(p->cert, p->key) != 1)
        e = ERR_KEY;
    ERR_clear_error();
    return e;
}

static enum err meta(struct oplist_party *p, const char *name, char *out, size_t cap)
{
    enum err e = sql_first(p->sql, OPLIST_Q_META_GET, SQL_ARGS(SQL_TEXT(name)));

    if (e == ERR_OK) {
        const char *text = sql_text(p->sql, OPLIST_Q_META_GET, 0);

        e = text_copy(out, cap, text) ? ERR_OK : ERR_CORRUPT;
    }
    sql_stop(p->sql, OPLIST_Q_META_GET);
    return e;
}

static enum err load_identity(struct oplist_party *p)
{
    char role[32], plmns[OPLIST_PLMNS_TEXT];
    unsigned n = 0;
    enum err e = meta(p, "name", p->self.name, sizeof p->self.name);

    if (e == ERR_OK)
        e = meta(p, "role", role, sizeof role);
    if (e == ERR_OK)
        e = meta(p, "plmns", plmns, sizeof plmns);
    if (e != ERR_OK)
        return e;
    if (oplist_role_parse(role, &p->self.role) != ERR_OK ||
        oplist_plmns_parse(plmns, &p->self) != ERR_OK || !oplist_identity_sound(&p->self))
        return ERR_CORRUPT;
    return X509_digest(p->cert, EVP_sha256(), p->self.fingerprint, &n) == 1 ? ERR_OK : ERR_CRYPTO;
}

enum err oplist_party_open(const char *dir, struct oplist_party **out)
{
    char path[PATH_LEN_MAX];
    struct oplist_party *p = NULL;
    enum err e = join(dir, DB_FILE, path);

    if (e != ERR_OK)
        return e;
    p = calloc(1, sizeof *p);
    if (p == NULL)
        return ERR_NOMEM;
    e = sql_open(path, &oplist_file, &p->sql);
    if (e == ERR_OK)
        e = load_credentials(dir, p);
    if (e == ERR_OK)
        e = load_identity(p);
    if (e == ERR_OK)
        e = oplist_sent_recover(p);
    if (e == ERR_OK)
        *out = p;
    else
        oplist_party_close(&p);
    return e;
}

void oplist_party_close(struct oplist_party **p)
{
    if (*p == NULL)
        return;
    sql_close(&(*p)->sql);
    EVP_PKEY_free((*p)->key);
    X509_free((*p)->cert);
    free(*p);
    *p = NULL;
}

const struct oplist_identity *oplist_party_self(const struct oplist_party *p)
{
    return &p->self;
}

enum err oplist_party_begin(struct oplist_party *p)
{
    return sql_begin(p->sql);
}

enum err oplist_party_commit(struct oplist_party *p)
{
    enum err e = sql_commit(p->sql);

    return e != ERR_OK ? e : oplist_sent_recover(p);
}

void oplist_party_rollback(struct oplist_party *p)
{
    sql_rollback(p->sql);
}
