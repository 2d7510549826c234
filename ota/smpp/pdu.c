/*
 * pdu.c - the field tables of SMPP 3.4 clause 4, and one reader and one writer that follow them.
 */
#include "ota/smpp/pdu.h"

#include <openssl/crypto.h>
#include <string.h>

enum field_kind {
    FIELD_U8,
    FIELD_U16,
    FIELD_TEXT,    /* C-octet string: size counts the NUL */
    FIELD_OCTETS,  /* exactly size octets */
    FIELD_MESSAGE, /* sm_length(1) and that many octets */
    FIELD_REST,    /* TLV only: all octets, as a struct rd */
};

struct field {
    enum field_kind kind;
    size_t offset, size;
};

#define TEXT(member)                                                                          \
    {                                                                                         \
        FIELD_TEXT, offsetof(struct smpp_pdu, member), sizeof(((struct smpp_pdu *)0)->member) \
    }
#define U8(member)                                     \
    {                                                  \
        FIELD_U8, offsetof(struct smpp_pdu, member), 1 \
    }
#define MESSAGE(member)                                                  \
    {                                                                    \
        FIELD_MESSAGE, offsetof(struct smpp_pdu, member), SMPP_SHORT_MAX \
    }
#define ADDRESS(member) U8(member.ton), U8(member.npi), TEXT(member.digits)

/* SMPP 3.4 4.1.1, 4.1.3, 4.1.5 */
static const struct field bind_fields[] = {
    TEXT(system_id), TEXT(password), TEXT(system_type),   U8(interface_version),
    U8(range.ton),   U8(range.npi),  TEXT(address_range),
};

/* SMPP 3.4 4.1.2, 4.1.4, 4.1.6 */
static const struct field bind_resp_fields[] = {TEXT(system_id)};

/* SMPP 3.4 4.4.1, 4.6.1 */
static const struct field message_fields[] = {
    TEXT(service_type),      ADDRESS(source),        ADDRESS(destination), U8(esm_class),
    U8(protocol_id),         U8(priority),           TEXT(schedule),       TEXT(validity),
    U8(registered_delivery), U8(replace_if_present), U8(data_coding),      U8(default_message),
    MESSAGE(short_message),
};

/* SMPP 3.4 4.7.1; addresses there may be longer, but no subscriber's is */
static const struct field data_fields[] = {
    TEXT(service_type), ADDRESS(source),         ADDRESS(destination),
    U8(esm_class),      U8(registered_delivery), U8(data_coding),
};

/* SMPP 3.4 4.4.2, 4.6.2 */
static const struct field message_resp_fields[] = {TEXT(message_id)};

struct body {
    uint32_t command;
    const char *name;
    const struct field *fields;
    size_t count;
    bool tlvs;
};

#define FIELDS(a) (a), ARRAY_LEN(a)
#define NO_FIELDS NULL, 0

static const struct body bodies[] = {
    {SMPP_BIND_RECEIVER, "bind_receiver", FIELDS(bind_fields), false},
    {SMPP_BIND_RECEIVER | SMPP_RESPONSE, "bind_receiver_resp", FIELDS(bind_resp_fields), true},
    {SMPP_BIND_TRANSMITTER, "bind_transmitter", FIELDS(bind_fields), false},
    {SMPP_BIND_TRANSMITTER | SMPP_RESPONSE, "bind_transmitter_resp", FIELDS(bind_resp_fields),
     true},
    {SMPP_BIND_TRANSCEIVER, "bind_transceiver", FIELDS(bind_fields), false},
    {SMPP_BIND_TRANSCEIVER | SMPP_RESPONSE, "bind_transceiver_resp", FIELDS(bind_resp_fields),
     true},
    {SMPP_SUBMIT_SM, "submit_sm", FIELDS(message_fields), true},
    {SMPP_SUBMIT_SM | SMPP_RESPONSE, "submit_sm_resp", FIELDS(message_resp_fields), true},
    {SMPP_DELIVER_SM, "deliver_sm", FIELDS(message_fields), true},
    {SMPP_DELIVER_SM | SMPP_RESPONSE, "deliver_sm_resp", FIELDS(message_resp_fields), true},
    {SMPP_DATA_SM, "data_sm", FIELDS(data_fields), true},
    {SMPP_DATA_SM | SMPP_RESPONSE, "data_sm_resp", FIELDS(message_resp_fields), true},
    {SMPP_UNBIND, "unbind", NO_FIELDS, false},
    {SMPP_UNBIND | SMPP_RESPONSE, "unbind_resp", NO_FIELDS, false},
    {SMPP_ENQUIRE_LINK, "enquire_link", NO_FIELDS, false},
    {SMPP_ENQUIRE_LINK | SMPP_RESPONSE, "enquire_link_resp", NO_FIELDS, false},
    {SMPP_GENERIC_NACK, "generic_nack", NO_FIELDS, false},
};

struct tlv_row {
    uint16_t tag;
    enum smpp_tlv bit;
    struct field field;
};

#define TLV_FIELD(kind, member, size)                 \
    {                                                 \
        kind, offsetof(struct smpp_pdu, member), size \
    }

/* SMPP 3.4 5.3.2. Written in this order; parameters that are not here are passed over. */
static const struct tlv_row tlvs[] = {
    {0x0204, SMPP_TLV_USER_REFERENCE, TLV_FIELD(FIELD_U16, user_reference, 2)},
    {0x020C, SMPP_TLV_SAR_REFERENCE, TLV_FIELD(FIELD_U16, sar_reference, 2)},
    {0x020E, SMPP_TLV_SAR_TOTAL, TLV_FIELD(FIELD_U8, sar_total, 1)},
    {0x020F, SMPP_TLV_SAR_SEQUENCE, TLV_FIELD(FIELD_U8, sar_sequence, 1)},
    {0x0210, SMPP_TLV_SC_VERSION, TLV_FIELD(FIELD_U8, sc_version, 1)},
    {0x0426, SMPP_TLV_MORE_MESSAGES, TLV_FIELD(FIELD_U8, more_messages, 1)},
    {0x001E, SMPP_TLV_RECEIPTED_MESSAGE_ID,
     TLV_FIELD(FIELD_TEXT, receipted_message_id, SMPP_MESSAGE_ID_MAX + 1)},
    {0x0427, SMPP_TLV_MESSAGE_STATE, TLV_FIELD(FIELD_U8, message_state, 1)},
    {0x0423, SMPP_TLV_NETWORK_ERROR, TLV_FIELD(FIELD_OCTETS, network_error, 3)},
    {0x0424, SMPP_TLV_MESSAGE_PAYLOAD, TLV_FIELD(FIELD_REST, message_payload, 0)},
};

struct status_row {
    uint32_t status;
    enum smpp_remedy remedy;
    const char *text;
};

#define SMPP_STATUS_ROW(name, value, remedy, text) {(value), (remedy), (text)},
static const struct status_row statuses[] = {SMPP_STATUS_LIST(SMPP_STATUS_ROW)};
#undef SMPP_STATUS_ROW

static const struct status_row *find_status(uint32_t status)
{
    for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
        if (statuses[i].status == status)
            return &statuses[i];
    }
    return NULL;
}

const char *smpp_status_text(uint32_t status)
{
    const struct status_row *row = find_status(status);

    return row ? row->text : "reserved or vendor's own status";
}

enum smpp_remedy smpp_status_remedy(uint32_t status)
{
    const struct status_row *row = find_status(status);

    return row ? row->remedy : SMPP_RETRY;
}

static const struct body *find_body(uint32_t command)
{
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        if (bodies[i].command == command)
            return &bodies[i];
    }
    return NULL;
}

const char *smpp_command_name(uint32_t command)
{
    const struct body *body = find_body(command);

    return body ? body->name : "unknown";
}

enum err smpp_length(struct rd stream, size_t *length)
{
    uint32_t value;
    enum err e = rd_u32(&stream, &value);

    if (e != ERR_OK)
        return e;
    if (value < SMPP_HEADER_LEN || value > SMPP_PDU_MAX)
        return ERR_RANGE;
    *length = value;
    return ERR_OK;
}

static enum err read_text(struct rd *r, char *out, size_t size)
{
    size_t look = r->left < size ? r->left : size;
    const uint8_t *end = look ? memchr(r->at, 0, look) : NULL;

    if (!end)
        return look < size ? ERR_SHORT : ERR_FORMAT;
    return rd_copy(r, out, (size_t)(end - r->at) + 1);
}

static enum err read_field(struct rd *r, const struct field *f, struct smpp_pdu *pdu)
{
    void *member = (char *)pdu + f->offset;
    uint8_t len;
    enum err e;

    switch (f->kind) {
    case FIELD_U8:
        return rd_u8(r, member);
    case FIELD_U16:
        return rd_u16(r, member);
    case FIELD_TEXT:
        return read_text(r, member, f->size);
    case FIELD_OCTETS:
        return rd_copy(r, member, f->size);
    case FIELD_MESSAGE:
        e = rd_u8(r, &len);
        return e == ERR_OK ? rd_take(r, len, member) : e;
    case FIELD_REST:
        return rd_take(r, r->left, member);
    }
    return ERR_UNSUPPORTED;
}

static const struct tlv_row *find_tlv(uint16_t tag)
{
    for (size_t i = 0; i < ARRAY_LEN(tlvs); i++) {
        if (tlvs[i].tag == tag)
            return &tlvs[i];
    }
    return NULL;
}

/* Some SMS centres send receipted_message_id without its NUL; nothing is lost by taking it. */
static enum err read_tlv_text(struct rd value, char *out, size_t size)
{
    size_t len = value.left ? strnlen((const char *)value.at, value.left) : 0;

    if (len >= size)
        return ERR_FORMAT;
    if (len)
        memcpy(out, value.at, len);
    out[len] = '\0';
    return ERR_OK;
}

static enum err read_tlv(struct rd *r, struct smpp_pdu *pdu)
{
    const struct tlv_row *row;
    uint16_t tag, len;
    struct rd value;
    enum err e = rd_u16(r, &tag);

    if (e == ERR_OK)
        e = rd_u16(r, &len);
    if (e == ERR_OK)
        e = rd_take(r, len, &value);
    if (e != ERR_OK)
        return e;
    row = find_tlv(tag);
    if (!row)
        return ERR_OK;
    if (pdu->has & row->bit)
        return ERR_FORMAT;
    if (row->field.kind == FIELD_TEXT)
        e = read_tlv_text(value, (char *)pdu + row->field.offset, row->field.size);
    else if (row->field.size && value.left != row->field.size)
        e = ERR_FORMAT;
    else
        e = read_field(&value, &row->field, pdu);
    if (e == ERR_OK)
        pdu->has |= row->bit;
    return e;
}

static enum err read_body(struct rd *r, const struct body *body, struct smpp_pdu *pdu)
{
    enum err e = ERR_OK;

    if ((body->command & SMPP_RESPONSE) && r->left == 0)
        return ERR_OK;
    for (size_t i = 0; i < body->count && e == ERR_OK; i++)
        e = read_field(r, &body->fields[i], pdu);
    if (e == ERR_OK && !body->tlvs && r->left)
        e = ERR_FORMAT;
    while (e == ERR_OK && r->left)
        e = read_tlv(r, pdu);
    return e;
}

enum err smpp_read(struct rd bytes, struct smpp_pdu *out)
{
    struct smpp_pdu pdu = {0};
    const struct body *body;
    size_t have = bytes.left;
    uint32_t length;
    enum err e = rd_u32(&bytes, &length);

    if (e == ERR_OK)
        e = rd_u32(&bytes, &pdu.command);
    if (e == ERR_OK)
        e = rd_u32(&bytes, &pdu.status);
    if (e == ERR_OK)
        e = rd_u32(&bytes, &pdu.sequence);
    if (e != ERR_OK)
        return e;
    if (length != have)
        return ERR_RANGE;
    body = find_body(pdu.command);
    e = body ? read_body(&bytes, body, &pdu) : ERR_UNSUPPORTED;
    *out = e == ERR_OK ? pdu : smpp_header(pdu.command, pdu.status, pdu.sequence);
    OPENSSL_cleanse(pdu.password, sizeof pdu.password);
    return e;
}

static void write_field(struct wr *w, const struct field *f, const struct smpp_pdu *pdu)
{
    const void *member = (const char *)pdu + f->offset;
    const struct rd *bytes = member;

    switch (f->kind) {
    case FIELD_U8:
        wr_u8(w, *(const uint8_t *)member);
        break;
    case FIELD_U16:
        wr_u16(w, *(const uint16_t *)member);
        break;
    case FIELD_TEXT:
        wr_bytes(w, member, strnlen(member, f->size - 1));
        wr_u8(w, 0);
        break;
    case FIELD_OCTETS:
        wr_bytes(w, member, f->size);
        break;
    case FIELD_MESSAGE:
        w->overflow |= bytes->left > f->size;
        wr_u8(w, (uint8_t)bytes->left);
        wr_rd(w, *bytes);
        break;
    case FIELD_REST:
        wr_rd(w, *bytes);
        break;
    }
}

/* A number that is known only later: room for it now, put_u16/u32 when it is known. */
static void put_be(struct wr *w, size_t at, size_t size, size_t value)
{
    if (w->overflow)
        return;
    for (size_t i = 0; i < size; i++)
        w->base[at + i] = (uint8_t)(value >> (8 * (size - 1 - i)));
}

static void write_tlvs(struct wr *w, const struct smpp_pdu *pdu)
{
    for (size_t i = 0; i < ARRAY_LEN(tlvs); i++) {
        size_t mark;

        if (!(pdu->has & tlvs[i].bit))
            continue;
        wr_u16(w, tlvs[i].tag);
        wr_u16(w, 0);
        mark = w->len;
        write_field(w, &tlvs[i].field, pdu);
        put_be(w, mark - 2, 2, w->len - mark);
    }
}

void smpp_write(struct wr *w, const struct smpp_pdu *pdu)
{
    const struct body *body = find_body(pdu->command);
    size_t start = w->len;

    if (!body) {
        w->overflow = true;
        return;
    }
    wr_u32(w, 0);
    wr_u32(w, pdu->command);
    wr_u32(w, pdu->status);
    wr_u32(w, pdu->sequence);
    if (!(pdu->command & SMPP_RESPONSE) || pdu->status == SMPP_ROK) {
        for (size_t i = 0; i < body->count; i++)
            write_field(w, &body->fields[i], pdu);
        if (body->tlvs)
            write_tlvs(w, pdu);
    }
    w->overflow |= w->len - start > SMPP_PDU_MAX;
    put_be(w, start, 4, w->len - start);
}

struct smpp_pdu smpp_header(uint32_t command, uint32_t status, uint32_t sequence)
{
    return (struct smpp_pdu){.command = command, .status = status, .sequence = sequence};
}

struct rd smpp_content(const struct smpp_pdu *pdu)
{
    return pdu->has & SMPP_TLV_MESSAGE_PAYLOAD ? pdu->message_payload : pdu->short_message;
}

enum err smpp_set(char *field, size_t field_size, const char *text)
{
    size_t len = strlen(text);

    if (len >= field_size)
        return ERR_RANGE;
    memcpy(field, text, len + 1);
    return ERR_OK;
}

void smpp_pdu_wipe(struct smpp_pdu *pdu)
{
    OPENSSL_cleanse(pdu, sizeof *pdu);
}
