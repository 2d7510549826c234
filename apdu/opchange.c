#include "apdu/opchange.h"
#include "apdu/sms.h"
#include "apdu/tlv.h"

const uint8_t OPCHANGE_TAR[3] = {0xBF, 0xFF, 0x00};

#define PATH_MAX_LEN 10 /* five FIDs */

enum tag {
    TAG_TO = 0x80,
    TAG_IMSI = 0x81,
    TAG_MNC_LEN = 0x82,
    TAG_TRIAL = 0x83,
    TAG_SPN = 0x84,
    TAG_SCA = 0x85,
    TAG_MSISDN = 0x86,
    TAG_FILES = 0xA7,
    TAG_NEW_K = 0x88,
    TAG_NEW_OPC = 0x89,
    TAG_NEW_K_KCV = 0x8A,
};

/* Which op has a tag, whether it must be there, and how long its value may be. */
static const struct {
    uint8_t tag;
    uint8_t op;
    bool mandatory;
    uint8_t min;
    uint16_t max;
} fields[] = {
    {TAG_TO, OPCHANGE_CHANGE, true, 1, 1},
    {TAG_IMSI, OPCHANGE_CHANGE, true, EF_IMSI_LEN, EF_IMSI_LEN},
    {TAG_MNC_LEN, OPCHANGE_CHANGE, true, 1, 1},
    {TAG_TRIAL, OPCHANGE_CHANGE, false, 6, 6},
    {TAG_SPN, OPCHANGE_CHANGE, false, 1, 17},
    {TAG_SCA, OPCHANGE_CHANGE, false, 2, 12},
    {TAG_MSISDN, OPCHANGE_CHANGE, false, 2, 11},
    {TAG_FILES, OPCHANGE_CHANGE, false, 1, UINT16_MAX},
    {TAG_NEW_K, OPCHANGE_RENEW, true, 16, OPCHANGE_WRAPPED_MAX},
    {TAG_NEW_OPC, OPCHANGE_RENEW, false, 16, OPCHANGE_WRAPPED_MAX},
    {TAG_NEW_K_KCV, OPCHANGE_RENEW, true, 3, 3},
};

static enum err check_slot(uint8_t index)
{
    return index >= 1 && index <= OPCHANGE_SLOTS_MAX ? ERR_OK : ERR_RANGE;
}

static enum err read_to(struct rd value, struct opchange_command *c)
{
    enum err e = rd_u8(&value, &c->to);

    return e == ERR_OK ? check_slot(c->to) : e;
}

static enum err read_imsi(struct rd value, struct opchange_command *c)
{
    char digits[IMSI_DIGITS_MAX + 1];
    enum err e = rd_copy(&value, c->imsi, sizeof c->imsi);

    return e == ERR_OK ? bcd_imsi_decode(c->imsi, digits) : e;
}

static enum err read_mnc_len(struct rd value, struct opchange_command *c)
{
    enum err e = rd_u8(&value, &c->mnc_len);

    if (e == ERR_OK && c->mnc_len != 2 && c->mnc_len != 3)
        return ERR_RANGE;
    return e;
}

static enum err read_trial(struct rd value, struct opchange_command *c)
{
    enum err e = rd_u16(&value, &c->trial_polls);

    return e == ERR_OK ? rd_u32(&value, &c->trial_seconds) : e;
}

static enum err read_sca(struct rd value, struct opchange_command *c)
{
    struct sms_address address;
    struct rd at = value;
    enum err e = sms_read_rp_address(&at, &address);

    if (e == ERR_OK && at.left > 0)
        return ERR_FORMAT;
    c->sca = value;
    return e;
}

static enum err read_files(struct rd value, struct opchange_command *c)
{
    struct opchange_file file;
    enum err e = ERR_OK;

    c->files = value;
    while (e == ERR_OK)
        e = opchange_next_file(&value, &file);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err read_field(uint8_t tag, struct rd value, struct opchange_command *c)
{
    switch (tag) {
    case TAG_TO:
        return read_to(value, c);
    case TAG_IMSI:
        return read_imsi(value, c);
    case TAG_MNC_LEN:
        return read_mnc_len(value, c);
    case TAG_TRIAL:
        return read_trial(value, c);
    case TAG_SPN:
        c->spn = value;
        return ERR_OK;
    case TAG_SCA:
        return read_sca(value, c);
    case TAG_MSISDN:
        c->msisdn = value;
        return ERR_OK;
    case TAG_FILES:
        return read_files(value, c);
    case TAG_NEW_K:
        c->new_k = value;
        return ERR_OK;
    case TAG_NEW_OPC:
        c->new_opc = value;
        return ERR_OK;
    case TAG_NEW_K_KCV:
        return rd_copy(&value, c->new_k_kcv, sizeof c->new_k_kcv);
    default:
        return ERR_FORMAT;
    }
}

/* The row of a tag for this op; its number of rows if there is none. */
static size_t field_of(uint32_t tag, enum opchange_op op)
{
    size_t row = 0;

    while (row < ARRAY_LEN(fields) && (fields[row].tag != tag || fields[row].op != (uint8_t)op))
        row++;
    return row;
}

static enum err read_fields(struct rd r, struct opchange_command *c)
{
    unsigned seen = 0;

    while (r.left > 0) {
        struct tlv t;
        size_t row;
        enum err e = tlv_next(&r, &t);

        if (e != ERR_OK)
            return e;
        row = field_of(t.tag, c->op);
        if (row == ARRAY_LEN(fields) || (seen & 1U << row) != 0)
            return ERR_FORMAT;
        if (t.value.left < fields[row].min || t.value.left > fields[row].max)
            return ERR_FORMAT;
        seen |= 1U << row;
        e = read_field(fields[row].tag, t.value, c);
        if (e != ERR_OK)
            return e;
    }
    for (size_t row = 0; row < ARRAY_LEN(fields); row++) {
        if (fields[row].op == (uint8_t)c->op && fields[row].mandatory && (seen & 1U << row) == 0)
            return ERR_FORMAT;
    }
    return ERR_OK;
}

enum err opchange_read(struct rd data, struct opchange_command *out)
{
    struct opchange_command c = {.expected = 0};
    uint8_t version, op;
    enum err e;

    if (rd_u8(&data, &version) != ERR_OK || rd_u8(&data, &op) != ERR_OK ||
        rd_u8(&data, &c.expected) != ERR_OK)
        return ERR_SHORT;
    if (version != OPCHANGE_VERSION || op < OPCHANGE_CHANGE || op > OPCHANGE_RENEW)
        return ERR_FORMAT;
    c.op = (enum opchange_op)op;
    if (c.op == OPCHANGE_QUERY)
        e = c.expected == 0 ? ERR_OK : ERR_RANGE;
    else
        e = check_slot(c.expected);
    if (e == ERR_OK)
        e = read_fields(data, &c);
    if (e == ERR_OK)
        *out = c;
    return e;
}

static void write_optional(struct wr *w, enum tag tag, struct rd value)
{
    if (value.left > 0)
        tlv_write(w, tag, value);
}

static void write_change(struct wr *w, const struct opchange_command *c)
{
    tlv_write_u8(w, TAG_TO, c->to);
    tlv_write(w, TAG_IMSI, RD_ARRAY(c->imsi));
    tlv_write_u8(w, TAG_MNC_LEN, c->mnc_len);
    if (c->trial_polls != 0 || c->trial_seconds != 0) {
        size_t mark = tlv_open(w, TAG_TRIAL);

        wr_u16(w, c->trial_polls);
        wr_u32(w, c->trial_seconds);
        tlv_close(w, mark);
    }
    write_optional(w, TAG_SPN, c->spn);
    write_optional(w, TAG_SCA, c->sca);
    write_optional(w, TAG_MSISDN, c->msisdn);
    write_optional(w, TAG_FILES, c->files);
}

void opchange_write(struct wr *w, const struct opchange_command *command)
{
    wr_u8(w, OPCHANGE_VERSION);
    wr_u8(w, (uint8_t)command->op);
    wr_u8(w, command->op == OPCHANGE_QUERY ? 0 : command->expected);
    if (command->op == OPCHANGE_CHANGE)
        write_change(w, command);
    if (command->op == OPCHANGE_RENEW) {
        tlv_write(w, TAG_NEW_K, command->new_k);
        write_optional(w, TAG_NEW_OPC, command->new_opc);
        tlv_write(w, TAG_NEW_K_KCV, RD_ARRAY(command->new_k_kcv));
    }
}

enum err opchange_next_file(struct rd *files, struct opchange_file *out)
{
    struct opchange_file file;
    struct rd at = *files;
    uint8_t path_len;
    uint16_t length;

    if (at.left == 0)
        return ERR_NOT_FOUND;
    if (rd_u8(&at, &path_len) != ERR_OK)
        return ERR_SHORT;
    if (path_len < 2 || path_len > PATH_MAX_LEN || path_len % 2 != 0)
        return ERR_FORMAT;
    if (rd_take(&at, path_len, &file.path) != ERR_OK || rd_u16(&at, &length) != ERR_OK ||
        rd_take(&at, length, &file.content) != ERR_OK)
        return ERR_SHORT;
    *files = at;
    *out = file;
    return ERR_OK;
}

void opchange_write_file(struct wr *w, const struct opchange_file *file)
{
    if (file->path.left > PATH_MAX_LEN || file->content.left > UINT16_MAX) {
        w->overflow = true;
        return;
    }
    wr_u8(w, (uint8_t)file->path.left);
    wr_rd(w, file->path);
    wr_u16(w, (uint16_t)file->content.left);
    wr_rd(w, file->content);
}

enum err opchange_read_proof(struct rd data, struct opchange_proof *out)
{
    struct opchange_proof p;
    uint8_t head[7];

    if (rd_copy(&data, head, sizeof head) != ERR_OK || rd_u40(&data, &p.counter) != ERR_OK ||
        rd_copy(&data, p.imsi, sizeof p.imsi) != ERR_OK)
        return ERR_SHORT;
    if (data.left > 0 || head[0] != OPCHANGE_VERSION || head[1] > OPCHANGE_BAD_KEY ||
        head[3] > OPCHANGE_FELL_BACK)
        return ERR_FORMAT;
    p.result = (enum opchange_result)head[1];
    p.active = head[2];
    p.state = (enum opchange_state)head[3];
    p.fallback = head[4];
    p.slots = head[5];
    p.spare = head[6];
    *out = p;
    return ERR_OK;
}

void opchange_write_proof(struct wr *w, const struct opchange_proof *proof)
{
    wr_u8(w, OPCHANGE_VERSION);
    wr_u8(w, (uint8_t)proof->result);
    wr_u8(w, proof->active);
    wr_u8(w, (uint8_t)proof->state);
    wr_u8(w, proof->fallback);
    wr_u8(w, proof->slots);
    wr_u8(w, proof->spare);
    wr_u40(w, proof->counter);
    wr_bytes(w, proof->imsi, sizeof proof->imsi);
}

const char *opchange_result_text(enum opchange_result r)
{
    static const char *const texts[] = {
        [OPCHANGE_DONE] = "done",
        [OPCHANGE_MALFORMED] = "command is malformed",
        [OPCHANGE_WRONG_SLOT] = "another slot is active than the command expects",
        [OPCHANGE_WRONG_INDEX] = "the slot named is not the next spare one",
        [OPCHANGE_EXHAUSTED] = "no spare slot is left",
        [OPCHANGE_IN_TRIAL] = "the last change is still in its trial",
        [OPCHANGE_NOT_PERMITTED] = "this key set may only ask",
        [OPCHANGE_MEMORY] = "memory problem",
        [OPCHANGE_BAD_KEY] = "key check value does not match",
    };

    return (size_t)r < ARRAY_LEN(texts) ? texts[r] : "unknown result";
}

const char *opchange_state_text(enum opchange_state s)
{
    static const char *const texts[] = {
        [OPCHANGE_NEVER] = "never changed",
        [OPCHANGE_TRIAL] = "in trial",
        [OPCHANGE_ACTIVE] = "active",
        [OPCHANGE_FELL_BACK] = "fell back",
    };

    return (size_t)s < ARRAY_LEN(texts) ? texts[s] : "unknown state";
}
