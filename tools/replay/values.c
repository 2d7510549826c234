#include "apdu/ids.h"
#include "tools/replay/replay.h"

#include <string.h>

enum err replay_set(struct replay_values *v, const char *name, struct rd value)
{
    struct replay_value *slot = NULL;

    if (strlen(name) > TRACE_NAME_MAX || value.left >= REPLAY_VALUE_MAX)
        return ERR_RANGE;
    for (size_t i = 0; i < v->count && slot == NULL; i++) {
        if (strcmp(v->list[i].name, name) == 0)
            slot = &v->list[i];
    }
    if (slot == NULL && v->count == REPLAY_VALUES_MAX)
        return ERR_RANGE;
    if (slot == NULL)
        slot = &v->list[v->count++];
    snprintf(slot->name, sizeof slot->name, "%s", name);
    slot->len = (uint8_t)value.left;
    if (value.left > 0)
        memcpy(slot->bytes, value.at, value.left);
    return ERR_OK;
}

const struct replay_value *replay_get(const struct replay_values *v, const char *name)
{
    for (size_t i = 0; i < v->count; i++) {
        if (strcmp(v->list[i].name, name) == 0)
            return &v->list[i];
    }
    return NULL;
}

/* The names of what a PIN command has in its data, in order (TS 102 221 9.5.1, 11.1.9). */
static const char *pin_name(const struct trace_bytes *c, size_t at)
{
    bool second = at >= 8;

    if (c->at[1] == INS_UNBLOCK_PIN && !second)
        return c->at[3] == 0x81 ? "puk2" : "puk1";
    if (second && c->at[1] == INS_CHANGE_PIN)
        return "newpin";
    return c->at[3] == 0x01 || c->at[3] == 0x00 ? "pin1"
           : c->at[3] == 0x81                   ? "pin2"
           : c->at[3] == 0x0A                   ? "adm1"
                                                : "pin";
}

static bool is_pin_command(const struct trace_bytes *c)
{
    static const uint8_t pins[] = {INS_VERIFY_PIN, INS_CHANGE_PIN, INS_DISABLE_PIN, INS_ENABLE_PIN,
                                   INS_UNBLOCK_PIN};

    return c->len > 5 && memchr(pins, c->at[1], sizeof pins) != NULL;
}

/* P3 says how many bytes follow; a name may have brought other than one. */
static void correct_p3(struct wr *out)
{
    if (out->len > 5)
        out->base[4] = (uint8_t)(out->len - 5);
}

enum err replay_fill(const struct replay_values *v, const struct trace_bytes *command,
                     struct wr *out, const char **missing)
{
    bool named = false;

    for (size_t i = 0; i < command->len; i++) {
        const struct replay_value *value = NULL;
        unsigned mark = command->mark[i];

        if (mark == TRACE_LITERAL) {
            wr_u8(out, command->at[i]);
            continue;
        }
        *missing = "masked bytes";
        if (mark >= TRACE_NAMED)
            *missing = command->names[mark - TRACE_NAMED];
        else if (is_pin_command(command) && i >= 5)
            *missing = pin_name(command, i - 5);
        value = replay_get(v, *missing);
        if (value == NULL || value->len == 0)
            return ERR_NOT_FOUND;
        wr_bytes(out, value->bytes, value->len);
        named |= mark >= TRACE_NAMED;
        if (mark == TRACE_ANY)
            i += 7; /* a whole PIN was masked byte by byte */
    }
    if (named)
        correct_p3(out);
    return wr_result(out);
}

/* One position that stands for several bytes; tail: positions behind it, a byte each. */
static bool match_stretch(struct replay_values *v, const char *name, size_t tail, struct rd *answer)
{
    const struct replay_value *known = name != NULL ? replay_get(v, name) : NULL;
    struct rd part;

    if (known != NULL)
        return rd_take(answer, known->len, &part) == ERR_OK &&
               rd_equal(part, RD(known->bytes, known->len));
    if (answer->left < tail || rd_take(answer, answer->left - tail, &part) != ERR_OK)
        return false;
    return name == NULL || replay_set(v, name, part) == ERR_OK;
}

bool replay_match(struct replay_values *v, const struct trace_bytes *pattern, struct rd answer)
{
    for (size_t i = 0; i < pattern->len; i++) {
        unsigned mark = pattern->mark[i];

        if (mark == TRACE_LITERAL || mark == TRACE_ANY) {
            if (answer.left == 0 || (mark == TRACE_LITERAL && *answer.at != pattern->at[i]))
                return false;
            answer = RD(answer.at + 1, answer.left - 1);
        } else if (!match_stretch(v,
                                  mark >= TRACE_NAMED ? pattern->names[mark - TRACE_NAMED] : NULL,
                                  pattern->len - i - 1, &answer)) {
            return false;
        }
    }
    return answer.left == 0;
}
