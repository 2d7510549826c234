#include "ota/hlr/export.h"
#include "apdu/hex.h"

#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define AMF "8000" /* separation bit set (TS 33.401 annex H): what 4G and 5G cores use */

/* Keys of a subscriber as text. */
struct texts {
    char k[2 * SECRET_LEN_MAX + 1];
    char opc[2 * SECRET_LEN_MAX + 1];
};

__attribute__((format(printf, 2, 3))) static void put(struct wr *w, const char *format, ...)
{
    char text[HLR_EXPORT_MAX];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= sizeof text)
        w->overflow = true;
    else
        wr_bytes(w, text, (size_t)n);
    OPENSSL_cleanse(text, sizeof text);
}

#define RATE "{\"downlink\":{\"value\":1,\"unit\":3},\"uplink\":{\"value\":1,\"unit\":3}}"

static enum err write_open5gs(const struct hlr_subscriber *s, const struct texts *t, struct wr *w)
{
    bool has = s->msisdn[0] != '\0';

    if (s->key.algorithm != AKA_MILENAGE)
        return ERR_UNSUPPORTED;
    put(w,
        "{\"schema_version\":1,\"imsi\":\"%s\",\"msisdn\":[%s%s%s],\"imeisv\":[],"
        "\"security\":{\"k\":\"%s\",\"op\":null,\"opc\":\"%s\",\"amf\":\"" AMF "\","
        "\"sqn\":{\"$numberLong\":\"%llu\"}},\"ambr\":" RATE ",",
        s->imsi, has ? "\"" : "", s->msisdn, has ? "\"" : "", t->k, t->opc,
        (unsigned long long)s->sqn);
    put(w, "\"slice\":[{\"sst\":1,\"default_indicator\":true,\"session\":[{\"name\":\"internet\","
           "\"type\":3,\"qos\":{\"index\":9,\"arp\":{\"priority_level\":8,"
           "\"pre_emption_capability\":1,\"pre_emption_vulnerability\":1}},\"ambr\":" RATE ","
           "\"pcc_rule\":[]}]}],\"access_restriction_data\":32,\"subscriber_status\":0,"
           "\"network_access_mode\":0,\"subscribed_rau_tau_timer\":12}\n");
    return wr_result(w);
}

static enum err write_srsran(const struct hlr_subscriber *s, const struct texts *t, struct wr *w)
{
    if (s->key.algorithm == AKA_TUAK)
        return ERR_UNSUPPORTED;
    put(w, "ue%s,%s,%s,%s,opc,%s," AMF ",%012llx,7,dynamic\n", s->imsi,
        s->key.algorithm == AKA_MILENAGE ? "mil" : "xor", s->imsi, t->k,
        s->key.algorithm == AKA_MILENAGE ? t->opc : t->k, (unsigned long long)s->sqn);
    return wr_result(w);
}

static enum err write_vty(const struct hlr_subscriber *s, const struct texts *t, struct wr *w)
{
    if (s->key.algorithm != AKA_MILENAGE)
        return ERR_UNSUPPORTED;
    put(w, "subscriber imsi %s create\n", s->imsi);
    if (s->msisdn[0] != '\0')
        put(w, "subscriber imsi %s update msisdn %s\n", s->imsi, s->msisdn);
    put(w, "subscriber imsi %s update aud3g milenage k %s opc %s\n", s->imsi, t->k, t->opc);
    return wr_result(w);
}

static const struct {
    const char *name;
    enum err (*write)(const struct hlr_subscriber *s, const struct texts *t, struct wr *w);
} formats[HLR_FORMATS] = {
    [HLR_OPEN5GS] = {"open5gs", write_open5gs},
    [HLR_SRSRAN] = {"srsran", write_srsran},
    [HLR_VTY] = {"vty", write_vty},
};

enum err hlr_format_parse(const char *text, enum hlr_format *format)
{
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        if (strcmp(text, formats[i].name) == 0) {
            *format = (enum hlr_format)i;
            return ERR_OK;
        }
    }
    return ERR_NOT_FOUND;
}

enum err hlr_export(enum hlr_format format, const struct hlr_subscriber *s, struct wr *w)
{
    struct texts t;
    enum err e = hex_encode(RD_SECRET(&s->key.k), t.k, sizeof t.k);

    if (e == ERR_OK)
        e = hex_encode(RD_SECRET(&s->key.opc), t.opc, sizeof t.opc);
    if (e == ERR_OK)
        e = formats[format].write(s, &t, w);
    OPENSSL_cleanse(&t, sizeof t);
    return e;
}
