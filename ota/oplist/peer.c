#include "ota/core/text.h"
#include "ota/oplist/cms.h"
#include "ota/oplist/inside.h"

#include <openssl/err.h>
#include <string.h>

/* The peer in the current row of statement id. */
static enum err take_peer(struct oplist_party *p, int id, struct oplist_identity *peer, X509 **cert)
{
    const char *name = sql_text(p->sql, id, 0);
    struct rd der = sql_blob(p->sql, id, 3);
    const unsigned char *at = der.at;
    struct oplist_identity found = {.role = (enum oplist_role)sql_i64(p->sql, id, 1)};
    X509 *parsed;
    unsigned n = 0;
    enum err e = ERR_OK;

    if (!oplist_name_valid(name) || oplist_plmns_parse(sql_text(p->sql, id, 2), &found) != ERR_OK)
        return ERR_CORRUPT;
    TEXT_COPY(found.name, name);
    parsed = d2i_X509(NULL, &at, (long)der.left);
    if (parsed == NULL || X509_digest(parsed, EVP_sha256(), found.fingerprint, &n) != 1)
        e = ERR_CORRUPT;
    ERR_clear_error();
    if (e == ERR_OK)
        *peer = found;
    if (e == ERR_OK && cert != NULL)
        *cert = parsed;
    else
        X509_free(parsed);
    return e;
}

enum err oplist_peer_load(struct oplist_party *p, const char *name, struct oplist_identity *peer,
                          X509 **cert)
{
    enum err e = sql_first(p->sql, OPLIST_Q_PEER_FIND, SQL_ARGS(SQL_TEXT(name)));

    if (e == ERR_OK)
        e = take_peer(p, OPLIST_Q_PEER_FIND, peer, cert);
    sql_stop(p->sql, OPLIST_Q_PEER_FIND);
    return e;
}

enum err oplist_party_peer(struct oplist_party *p, const char *name, struct oplist_identity *peer)
{
    return oplist_peer_load(p, name, peer, NULL);
}

enum err oplist_party_peers(struct oplist_party *p, oplist_peer_fn *fn, void *arg)
{
    struct oplist_identity peer;
    enum err e = sql_start(p->sql, OPLIST_Q_PEER_EACH, SQL_NONE);

    while (e == ERR_OK && (e = sql_next(p->sql, OPLIST_Q_PEER_EACH)) == ERR_OK) {
        e = take_peer(p, OPLIST_Q_PEER_EACH, &peer, NULL);
        if (e == ERR_OK)
            e = fn(arg, &peer);
    }
    sql_stop(p->sql, OPLIST_Q_PEER_EACH);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err oplist_peer_signer(struct oplist_party *p, struct rd signed_data,
                            struct oplist_identity *peer, X509 **cert)
{
    enum err e = sql_start(p->sql, OPLIST_Q_PEER_EACH, SQL_NONE);
    bool found = false;

    while (e == ERR_OK && !found && (e = sql_next(p->sql, OPLIST_Q_PEER_EACH)) == ERR_OK) {
        X509 *candidate = NULL;
        struct oplist_identity identity;

        e = take_peer(p, OPLIST_Q_PEER_EACH, &identity, &candidate);
        found = e == ERR_OK && oplist_cms_names(signed_data, candidate);
        if (found) {
            *peer = identity;
            *cert = candidate;
        } else {
            X509_free(candidate);
        }
    }
    sql_stop(p->sql, OPLIST_Q_PEER_EACH);
    return e;
}

/* --- trust ----------------------------------------------------------------------------------- */

static void apply(struct oplist_identity *peer, const struct oplist_identity *override)
{
    if (override == NULL)
        return;
    if (override->name[0] != '\0')
        TEXT_COPY(peer->name, override->name);
    if (override->role != 0)
        peer->role = override->role;
    if (override->plmn_count != 0) {
        peer->plmn_count = override->plmn_count;
        memcpy(peer->plmns, override->plmns, sizeof peer->plmns);
    }
}

/* A network has one owner, or an operator could list another's IMSIs. */
static enum err refuse_overlap(void *arg, const struct oplist_identity *other)
{
    const struct oplist_identity *peer = arg;

    if (strcmp(other->name, peer->name) == 0)
        return ERR_OK;
    return oplist_identity_overlaps(peer, other) ? ERR_DENIED : ERR_OK;
}

/* ERR_NOT_FOUND: the name is free. ERR_OK: this certificate has it. ERR_EXISTS: another has. */
static enum err who_has(struct oplist_party *p, const struct oplist_identity *peer)
{
    struct oplist_identity known;
    enum err e = oplist_party_peer(p, peer->name, &known);

    if (e != ERR_OK)
        return e;
    return memcmp(known.fingerprint, peer->fingerprint, OPLIST_FINGERPRINT_LEN) == 0 ? ERR_OK
                                                                                     : ERR_EXISTS;
}

static enum err add_peer(struct oplist_party *p, const struct oplist_identity *peer, X509 *cert)
{
    char plmns[OPLIST_PLMNS_TEXT];
    unsigned char *der = NULL;
    int n = i2d_X509(cert, &der);
    enum err e;

    if (n <= 0)
        return ERR_CRYPTO;
    oplist_plmns_text(peer, plmns);
    e = sql_run(p->sql, OPLIST_Q_PEER_ADD,
                SQL_ARGS(SQL_TEXT(peer->name), SQL_I64(peer->role), SQL_TEXT(plmns),
                         SQL_BLOB(RD(der, (size_t)n))));
    OPENSSL_free(der);
    return e;
}

static enum err admit(struct oplist_party *p, struct oplist_identity *peer, X509 *cert)
{
    enum err e;

    if (!oplist_identity_sound(peer))
        return ERR_FORMAT;
    if (strcmp(peer->name, p->self.name) == 0)
        return ERR_EXISTS;
    if (oplist_identity_overlaps(peer, &p->self))
        return ERR_DENIED;
    e = oplist_party_peers(p, refuse_overlap, peer);
    if (e == ERR_OK)
        e = who_has(p, peer);
    return e == ERR_NOT_FOUND ? add_peer(p, peer, cert) : e;
}

enum err oplist_party_trust(struct oplist_party *p, const char *file,
                            const struct oplist_identity *override, struct oplist_identity *peer)
{
    struct oplist_identity identity;
    X509 *cert = NULL;
    enum err e = oplist_cert_read(file, &cert);

    if (e == ERR_OK)
        e = oplist_identity_read(cert, &identity);
    if (e == ERR_OK)
        apply(&identity, override);
    if (e == ERR_OK)
        e = sql_begin(p->sql);
    if (e == ERR_OK)
        e = admit(p, &identity, cert);
    if (e == ERR_OK)
        e = sql_commit(p->sql);
    if (e != ERR_OK)
        sql_rollback(p->sql);
    X509_free(cert);
    if (e == ERR_OK && peer != NULL)
        *peer = identity;
    return e;
}

enum err oplist_party_distrust(struct oplist_party *p, const char *name)
{
    enum err e = sql_run(p->sql, OPLIST_Q_PEER_DROP, SQL_ARGS(SQL_TEXT(name)));

    return e == ERR_OK && sql_changes(p->sql) == 0 ? ERR_NOT_FOUND : e;
}
