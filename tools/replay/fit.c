#include "apdu/ids.h"
#include "tools/replay/replay.h"

#include <openssl/crypto.h>
#include <string.h>

#define AID_TYPE_LEN 7 /* RID and application code (TS 101 220 E) */
#define BY_NAME      0x04
#define ABSOLUTE     0x04
#define FROM_SFI     0xF8
#define P1_HAS_SFI   0x80
#define OF_3GPP      "\xA0\x00\x00\x00\x87"

static bool is_record_command(uint8_t ins)
{
    return ins == INS_READ_RECORD || ins == INS_UPDATE_RECORD || ins == INS_SEARCH_RECORD;
}

static bool is_binary_command(uint8_t ins)
{
    return ins == INS_READ_BINARY || ins == INS_UPDATE_BINARY;
}

/* What 6CXX says of a record, or of a file from an offset on; 0 when the card does not say. */
static enum err ask_length(struct reader *reader, const uint8_t header[4], size_t *len)
{
    uint8_t command[5], answer[APDU_RESPONSE_MAX];
    struct wr w = WR_ARRAY(answer);
    enum err e;

    memcpy(command, header, 4);
    command[4] = 0;
    e = reader_transmit(reader, RD_ARRAY(command), &w);
    if (e != ERR_OK)
        return e;
    *len = answer[w.len - 2] == 0x6C ? answer[w.len - 1] : w.len == sizeof answer ? w.len - 2 : 0;
    OPENSSL_cleanse(answer, sizeof answer);
    return ERR_OK;
}

/* The length that the target of an UPDATE or SEARCH has here. */
static enum err target_length(struct reader *reader, const uint8_t *c, size_t *len)
{
    uint8_t header[4] = {c[0], INS_READ_BINARY, c[2], c[3]};

    if (is_record_command(c[1])) {
        header[1] = INS_READ_RECORD;
        header[2] = c[1] == INS_SEARCH_RECORD || c[2] == 0 ? 1 : c[2];
        header[3] = (uint8_t)((c[3] & FROM_SFI) | ABSOLUTE);
    }
    return ask_length(reader, header, len);
}

/* Would bytes be lost that are no fill? */
static bool may_cut(struct rd command, size_t len)
{
    for (size_t i = 5 + len; i < command.left; i++) {
        if (command.at[i] != 0xFF)
            return false;
    }
    return true;
}

static enum err fit_data(struct reader *reader, struct rd command, struct wr *data, sw_t *sw,
                         bool *fitted, const char **how)
{
    uint8_t bytes[APDU_COMMAND_MAX];
    struct wr w = WR_ARRAY(bytes);
    size_t len = 0;
    enum err e = target_length(reader, command.at, &len);

    if (e != ERR_OK || len == 0 || len == command.at[4] || len > 0xFF ||
        command.left != 5U + command.at[4])
        return e;
    *how = "a file of another size";
    if (!may_cut(command, len))
        return ERR_OK;
    wr_bytes(&w, command.at, command.left < 5 + len ? command.left : 5 + len);
    if (w.len < 5 + len)
        wr_fill(&w, 0xFF, 5 + len - w.len);
    bytes[4] = (uint8_t)len;
    e = wr_result(&w);
    data->len = 0;
    if (e == ERR_OK)
        e = reader_exchange(reader, RD_WR(&w), data, sw);
    *fitted = e == ERR_OK;
    OPENSSL_cleanse(bytes, sizeof bytes);
    return e;
}

/* Has the file records at all, so that only this one is too many? */
static enum err has_fewer(struct reader *reader, const uint8_t *c, const char **how)
{
    const uint8_t first[] = {c[0], INS_READ_RECORD, 1, (uint8_t)((c[3] & FROM_SFI) | ABSOLUTE)};
    size_t len = 0;
    enum err e = ask_length(reader, first, &len);

    if (e == ERR_OK && len > 0)
        *how = "a file with fewer records";
    return e;
}

static bool is_name_of_3gpp(struct rd command)
{
    return command.at[1] == INS_SELECT && command.at[2] == BY_NAME &&
           command.left > 5 + AID_TYPE_LEN && command.at[4] > AID_TYPE_LEN &&
           memcmp(command.at + 5, OF_3GPP, sizeof OF_3GPP - 1) == 0;
}

static enum err fit_name(struct reader *reader, struct rd command, struct wr *data, sw_t *sw,
                         bool *fitted, const char **how)
{
    uint8_t bytes[5 + AID_TYPE_LEN];
    uint8_t answer[REPLAY_ANSWER_MAX];
    struct wr w = WR_ARRAY(answer);
    sw_t got = SW(0);
    enum err e;

    memcpy(bytes, command.at, sizeof bytes);
    bytes[4] = AID_TYPE_LEN;
    e = reader_exchange(reader, RD_ARRAY(bytes), &w, &got);
    if (e != ERR_OK || !sw_is_success(got))
        return e;
    data->len = 0;
    wr_bytes(data, answer, w.len);
    *sw = got;
    *fitted = true;
    *how = "an application of another name";
    return wr_result(data);
}

enum err replay_fit(struct reader *reader, struct rd command, struct wr *data, sw_t *sw,
                    bool *fitted, const char **how)
{
    uint8_t ins = command.at[1];
    bool offset = is_binary_command(ins) && (command.at[2] & P1_HAS_SFI) == 0;

    *fitted = false;
    *how = NULL;
    if (sw_equal(*sw, SW_NOT_FOUND) && is_name_of_3gpp(command))
        return fit_name(reader, command, data, sw, fitted, how);
    if (sw_equal(*sw, SW_RECORD) && is_record_command(ins) && command.at[2] > 1)
        return has_fewer(reader, command.at, how);
    if (sw_equal(*sw, SW_WRONG_LENGTH) && command.left > 5 &&
        (is_record_command(ins) || is_binary_command(ins)))
        return fit_data(reader, command, data, sw, fitted, how);
    if (sw_equal(*sw, SW_OFFSET) && offset && (command.at[2] | command.at[3]) != 0)
        *how = "a shorter file";
    return ERR_OK;
}
