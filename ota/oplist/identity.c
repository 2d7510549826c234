#include "ota/oplist/identity.h"
#include "ota/core/text.h"

#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#define URN_PLMN "urn:reseat:plmn:"

static const char *const roles[] = {
    [OPLIST_OPERATOR] = "operator",
    [OPLIST_MANUFACTURER] = "manufacturer",
};

const char *oplist_role_text(enum oplist_role role)
{
    size_t i = (size_t)role;

    return i < ARRAY_LEN(roles) && roles[i] != NULL ? roles[i] : "unknown role";
}

enum err oplist_role_parse(const char *text, enum oplist_role *role)
{
    for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
        if (roles[i] != NULL && strcmp(text, roles[i]) == 0) {
            *role = (enum oplist_role)i;
            return ERR_OK;
        }
    }
    return ERR_NOT_FOUND;
}

bool oplist_name_valid(const char *name)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789.-_";
    size_t n = strlen(name);

    return n >= 1 && n <= OPLIST_NAME_MAX && strspn(name, allowed) == n;
}

static enum err add_plmn(struct oplist_identity *identity, const char *text, size_t n)
{
    char plmn[7];
    uint8_t encoded[PLMN_LEN];

    if (identity->plmn_count == OPLIST_PLMNS_MAX || n >= sizeof plmn)
        return ERR_RANGE;
    memcpy(plmn, text, n);
    plmn[n] = '\0';
    if (bcd_plmn_encode(plmn, encoded) != ERR_OK)
        return ERR_FORMAT;
    memcpy(identity->plmns[identity->plmn_count++], plmn, sizeof plmn);
    return ERR_OK;
}

enum err oplist_plmns_parse(const char *text, struct oplist_identity *identity)
{
    struct oplist_identity parsed = *identity;
    enum err e = ERR_OK;

    parsed.plmn_count = 0;
    while (e == ERR_OK && *text != '\0') {
        size_t n = strcspn(text, ",");

        e = add_plmn(&parsed, text, n);
        text += n + (text[n] == ',');
    }
    if (e == ERR_OK)
        *identity = parsed;
    return e;
}

bool oplist_owns_imsi(const struct oplist_identity *identity, const char *imsi)
{
    for (size_t i = 0; i < identity->plmn_count; i++) {
        if (strncmp(imsi, identity->plmns[i], strlen(identity->plmns[i])) == 0)
            return true;
    }
    return false;
}

bool oplist_identity_sound(const struct oplist_identity *identity)
{
    return oplist_name_valid(identity->name) &&
           ((identity->role == OPLIST_OPERATOR && identity->plmn_count > 0) ||
            (identity->role == OPLIST_MANUFACTURER && identity->plmn_count == 0));
}

/* "00101" and "001012" overlap: some IMSI would be both's. */
bool oplist_identity_overlaps(const struct oplist_identity *a, const struct oplist_identity *b)
{
    for (size_t i = 0; i < a->plmn_count; i++) {
        for (size_t k = 0; k < b->plmn_count; k++) {
            size_t x = strlen(a->plmns[i]), y = strlen(b->plmns[k]);

            if (strncmp(a->plmns[i], b->plmns[k], x < y ? x : y) == 0)
                return true;
        }
    }
    return false;
}

void oplist_plmns_text(const struct oplist_identity *identity, char text[OPLIST_PLMNS_TEXT])
{
    *text = '\0';
    for (size_t i = 0; i < identity->plmn_count; i++) {
        text_append(text, OPLIST_PLMNS_TEXT, i == 0 ? "" : ",");
        text_append(text, OPLIST_PLMNS_TEXT, identity->plmns[i]);
    }
}

/* --- in a certificate --- */

static bool subject_text(X509 *cert, int nid, char *out, size_t cap)
{
    return X509_NAME_get_text_by_NID(X509_get_subject_name(cert), nid, out, (int)cap) > 0;
}

static enum err read_uris(X509 *cert, struct oplist_identity *identity)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    enum err e = ERR_OK;

    for (int i = 0; e == ERR_OK && i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        const char *uri;

        if (name->type != GEN_URI)
            continue;
        uri = (const char *)ASN1_STRING_get0_data(name->d.uniformResourceIdentifier);
        if (strncmp(uri, URN_PLMN, strlen(URN_PLMN)) == 0)
            e = add_plmn(identity, uri + strlen(URN_PLMN), strlen(uri) - strlen(URN_PLMN));
    }
    GENERAL_NAMES_free(names);
    return e;
}

enum err oplist_identity_read(X509 *cert, struct oplist_identity *out)
{
    struct oplist_identity identity = {.name = ""};
    char role[32] = "";
    unsigned n = 0;
    enum err e;

    if (X509_digest(cert, EVP_sha256(), identity.fingerprint, &n) != 1)
        return ERR_CRYPTO;
    if (!subject_text(cert, NID_commonName, identity.name, sizeof identity.name))
        identity.name[0] = '\0';
    if (subject_text(cert, NID_organizationalUnitName, role, sizeof role) &&
        oplist_role_parse(role, &identity.role) != ERR_OK)
        identity.role = 0;
    e = read_uris(cert, &identity);
    if (e == ERR_OK)
        *out = identity;
    return e;
}

static bool add_extension(X509 *cert, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *ext;
    bool ok;

    X509V3_set_ctx(&ctx, cert, cert, NULL, NULL, 0);
    ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    ok = ext != NULL && X509_add_ext(cert, ext, -1) == 1;
    X509_EXTENSION_free(ext);
    return ok;
}

static bool add_plmns(X509 *cert, const struct oplist_identity *identity)
{
    char value[OPLIST_PLMNS_MAX * (sizeof "URI:" URN_PLMN + 8)] = "";

    for (size_t i = 0; i < identity->plmn_count; i++) {
        text_append(value, sizeof value, i == 0 ? "URI:" URN_PLMN : ",URI:" URN_PLMN);
        text_append(value, sizeof value, identity->plmns[i]);
    }
    return identity->plmn_count == 0 || add_extension(cert, NID_subject_alt_name, value);
}

static bool add_subject(X509 *cert, const struct oplist_identity *identity)
{
    X509_NAME *name = X509_get_subject_name(cert);
    const unsigned char *cn = (const unsigned char *)identity->name;
    const unsigned char *ou = (const unsigned char *)oplist_role_text(identity->role);

    return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, cn, -1, -1, 0) == 1 &&
           X509_NAME_add_entry_by_txt(name, "OU", MBSTRING_UTF8, ou, -1, -1, 0) == 1 &&
           X509_set_issuer_name(cert, name) == 1;
}

/* 120 random bits: positive, and never the same twice. */
static bool set_serial(X509 *cert)
{
    BIGNUM *bn = BN_new();
    bool ok = bn != NULL && BN_rand(bn, 120, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
              BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(cert)) != NULL;

    BN_free(bn);
    return ok;
}

X509 *oplist_identity_certify(const struct oplist_identity *identity, EVP_PKEY *key, unsigned days)
{
    X509 *cert = X509_new();
    bool ok = cert != NULL && X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert) &&
              X509_time_adj_ex(X509_getm_notBefore(cert), 0, 0, NULL) != NULL &&
              X509_time_adj_ex(X509_getm_notAfter(cert), (int)days, 0, NULL) != NULL &&
              add_subject(cert, identity) && X509_set_pubkey(cert, key) == 1 &&
              add_extension(cert, NID_basic_constraints, "critical,CA:FALSE") &&
              add_extension(cert, NID_key_usage, "critical,digitalSignature,keyAgreement") &&
              add_extension(cert, NID_subject_key_identifier, "hash") &&
              add_plmns(cert, identity) && X509_sign(cert, key, EVP_sha256()) > 0;

    if (!ok) {
        X509_free(cert);
        return NULL;
    }
    return cert;
}
