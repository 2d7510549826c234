/*
 * RETRIEVE DATA and SET DATA (TS 102 221 11.3): objects of a BER-TLV EF, in blocks.
 */
#include "uicc/core/handlers.h"
#include "uicc/fs/tree.h"

#include "apdu/tlv.h"

#include <string.h>

#define P2_BLOCK    0xC0
#define P2_FIRST    0x80
#define P2_NEXT     0x00
#define P2_AGAIN    0x40 /* RETRIEVE DATA: the block before once more */
#define P2_RFU      0x20
#define P2_SFI      0x1F
#define BLOCK_MAX   256U
#define TAG_LIST    0x5C
#define TAG_LEN_MAX 3U
#define TAG_FOLLOWS 0x1F
#define TAG_GOES_ON 0x80

/* ---- objects ---- */

/* Bytes of the tag in front; 0 if it is cut or too long. */
static size_t tag_len(struct rd data)
{
    size_t n = 1;

    if (data.left == 0)
        return 0;
    if ((data.at[0] & TAG_FOLLOWS) != TAG_FOLLOWS)
        return 1;
    while (n < data.left && n < TAG_LEN_MAX && (data.at[n] & TAG_GOES_ON) != 0)
        n++;
    return n < data.left && n < TAG_LEN_MAX ? n + 1 : 0;
}

/* The object with this tag as it stands in the body, and its value. */
static enum err find_object(struct rd body, struct rd tag, struct rd *object)
{
    while (body.left > 0) {
        const uint8_t *start = body.at;
        struct tlv t;

        if (tlv_next(&body, &t) != ERR_OK)
            return ERR_CORRUPT;
        if (rd_equal(RD(start, tag_len(RD(start, (size_t)(body.at - start)))), tag)) {
            *object = RD(start, (size_t)(body.at - start));
            return ERR_OK;
        }
    }
    return ERR_NOT_FOUND;
}

/* 5C L { tag }: all that the file has. */
static void write_tag_list(struct rd body, struct wr *w)
{
    size_t mark = tlv_open(w, TAG_LIST);

    while (body.left > 0) {
        const uint8_t *start = body.at;
        struct tlv t;

        if (tlv_next(&body, &t) != ERR_OK)
            break;
        wr_bytes(w, start, tag_len(RD(start, (size_t)(body.at - start))));
    }
    tlv_close(w, mark);
}

/* The BER-TLV EF that P2 names, and whether the access is permitted. */
static sw_t target(struct card *card, struct exec *x, enum fs_access access, uint16_t *node)
{
    sw_t sw;

    if (x->cmd->p1 != 0 || (x->cmd->p2 & P2_RFU) != 0)
        return SW_P1P2;
    sw = fs_target(card, x, x->cmd->p2 & P2_SFI, node);
    if (!sw_equal(sw, SW_OK))
        return sw;
    if (fs_file(card, *node)->kind != FS_BER_TLV)
        return SW_STRUCTURE;
    sw = access_check(card, x, *node, access);
    if (sw_equal(sw, SW_OK) && x->ch->ef != *node)
        fs_make_current(card, x->ch, *node);
    return sw;
}

/* ---- transfer in blocks ---- */

static void end(struct card *card, const struct exec *x)
{
    cmd_end_transfer(card, x->ch->number, x->remote);
}

/* Begin one of len bytes; bytes are the first of them. */
static enum err begin(struct card *card, const struct exec *x, uint16_t node, size_t len,
                      struct rd bytes)
{
    struct transfer *t;

    end(card, x);
    t = arena_alloc(card->engine->arena, sizeof *t + len);
    if (t == NULL)
        return ERR_NOMEM;
    *t = (struct transfer){
        .next = card->transfers,
        .len = (uint32_t)len,
        .node = node,
        .channel = x->ch->number,
        .remote = x->remote,
        .ins = x->cmd->ins,
    };
    memcpy(t->bytes, bytes.at, bytes.left);
    card->transfers = t;
    return ERR_OK;
}

/* The transfer that the command goes on with, or NULL. */
static struct transfer *under_way(const struct card *card, const struct exec *x, uint16_t node)
{
    struct transfer *t = cmd_transfer(card, x->ch->number, x->remote);

    return t != NULL && t->ins == x->cmd->ins && t->node == node ? t : NULL;
}

/* ---- RETRIEVE DATA ---- */

/* Up to n bytes; 62F1 while there are more. */
static sw_t give_block(struct exec *x, struct transfer *t, size_t n)
{
    size_t left = t->len - t->done;

    if (n > left)
        n = left;
    wr_bytes(x->out, t->bytes + t->done, n);
    t->last = (uint32_t)n;
    t->done += (uint32_t)n;
    return t->done < t->len ? SW_MORE_DATA : SW_OK;
}

static sw_t retrieve_first(struct card *card, struct exec *x, uint16_t node)
{
    struct rd tag = x->cmd->data, body = fs_body(card, node), object;
    struct wr list = WR(card->engine->answer, sizeof card->engine->answer);
    enum err e = ERR_OK;

    if (tag.left == 0)
        return SW_WRONG_LENGTH;
    end(card, x);
    if (tag_len(tag) != tag.left)
        return SW_BAD_DATA;
    if (tag.left == 1 && tag.at[0] == TAG_LIST) {
        write_tag_list(body, &list);
        object = RD_WR(&list);
        e = wr_result(&list);
    } else {
        e = find_object(body, tag, &object);
    }
    if (e == ERR_OK)
        e = begin(card, x, node, object.left, object);
    return e == ERR_OK ? give_block(x, under_way(card, x, node), BLOCK_MAX) : sw_from_err(e);
}

/* Case 2: P3 says how much. A wrong one must not move the transfer on. */
static sw_t retrieve_further(struct card *card, struct exec *x, uint16_t node, bool again)
{
    struct transfer *t = under_way(card, x, node);
    size_t want = x->cmd->p3 == 0 ? BLOCK_MAX : x->cmd->p3;
    size_t left;

    if (x->cmd->data.left > 0)
        return SW_LC_P1P2;
    if (t == NULL)
        return SW_CONDITIONS;
    left = t->len - t->done + (again ? t->last : 0);
    if (left == 0)
        return SW_CONDITIONS;
    if (want > left)
        return sw_wrong_le(left);
    if (again)
        t->done -= t->last;
    return give_block(x, t, want);
}

sw_t fs_cmd_retrieve_data(struct card *card, struct exec *x)
{
    uint16_t node = NODE_NONE;
    sw_t sw = target(card, x, FS_READ, &node);

    if (!sw_equal(sw, SW_OK))
        return sw;
    switch (x->cmd->p2 & P2_BLOCK) {
    case P2_FIRST:
        return retrieve_first(card, x, node);
    case P2_NEXT:
        return retrieve_further(card, x, node, false);
    case P2_AGAIN:
        return retrieve_further(card, x, node, true);
    default:
        return SW_P1P2;
    }
}

/* ---- SET DATA ---- */

/* The body without the object of this tag, and then object (empty: none). */
static sw_t replace(struct card *card, uint16_t node, struct rd tag, struct rd object)
{
    struct rd body = fs_body(card, node), old = RD(body.at, 0);
    size_t cap, kept;
    uint8_t *whole;
    struct wr w;
    enum err e = find_object(body, tag, &old);

    if (e != ERR_OK && (e != ERR_NOT_FOUND || object.left == 0))
        return sw_from_err(e);
    cap = body.left - old.left + object.left;
    if (cap > fs_file(card, node)->size)
        return SW_SPACE;
    if (cap == 0)
        return sw_from_err(fs_put_objects(card, node, RD(NULL, 0)));
    whole = arena_alloc(card->engine->arena, cap);
    if (whole == NULL)
        return SW_SPACE;
    w = WR(whole, cap);
    kept = old.left == 0 ? body.left : (size_t)(old.at - body.at);
    wr_bytes(&w, body.at, kept);
    wr_bytes(&w, body.at + kept + old.left, body.left - kept - old.left);
    wr_rd(&w, object);
    e = wr_result(&w);
    if (e == ERR_OK)
        e = fs_put_objects(card, node, RD_WR(&w));
    arena_free(card->engine->arena, whole, cap);
    return sw_from_err(e);
}

/* All of the object has come. */
static sw_t finish(struct card *card, uint16_t node, struct rd object)
{
    return replace(card, node, RD(object.at, tag_len(object)), object);
}

/* The first of several blocks: the object as it was is gone from now on, so that a sequence which
 * is broken off leaves none (TS 102 221 11.3.2, annex L.1). */
static sw_t set_begin(struct card *card, struct exec *x, uint16_t node, struct rd tag, size_t len)
{
    struct rd data = x->cmd->data;
    sw_t sw;
    enum err e;

    if (len > fs_file(card, node)->size)
        return SW_SPACE;
    sw = replace(card, node, tag, RD(NULL, 0));
    if (!sw_equal(sw, SW_OK) && !sw_equal(sw, SW_REFERENCE))
        return sw;
    e = begin(card, x, node, len, data);
    if (e != ERR_OK)
        return sw_from_err(e);
    under_way(card, x, node)->done = (uint32_t)data.left;
    return SW_MORE_EXPECTED;
}

/* Tag alone: the object goes. Else tag, length, and as much of the value as fits. */
static sw_t set_first(struct card *card, struct exec *x, uint16_t node)
{
    struct rd data = x->cmd->data, rest = data;
    size_t n = tag_len(data), len;

    end(card, x);
    if (n == 0 || data.at[0] == TAG_LIST || data.at[0] == 0x00 || data.at[0] == 0xFF)
        return SW_BAD_DATA;
    if (n == data.left)
        return replace(card, node, data, RD(NULL, 0));
    rest.at += n;
    rest.left -= n;
    if (tlv_read_length(&rest, &len) != ERR_OK || rest.left > len)
        return SW_BAD_DATA;
    if (rest.left == len)
        return finish(card, node, data);
    return set_begin(card, x, node, RD(data.at, n), data.left - rest.left + len);
}

static sw_t set_next(struct card *card, struct exec *x, uint16_t node)
{
    struct transfer *t = under_way(card, x, node);
    struct rd data = x->cmd->data;
    sw_t sw;

    if (t == NULL)
        return SW_CONDITIONS;
    if (data.left > t->len - t->done) {
        end(card, x);
        return SW_BAD_DATA;
    }
    memcpy(t->bytes + t->done, data.at, data.left);
    t->done += (uint32_t)data.left;
    if (t->done < t->len)
        return SW_MORE_EXPECTED;
    sw = finish(card, node, RD(t->bytes, t->len));
    end(card, x);
    return sw;
}

sw_t fs_cmd_set_data(struct card *card, struct exec *x)
{
    uint16_t node = NODE_NONE;
    sw_t sw;

    if (x->cmd->data.left == 0)
        return SW_WRONG_LENGTH;
    sw = target(card, x, FS_UPDATE, &node);
    if (!sw_equal(sw, SW_OK))
        return sw;
    switch (x->cmd->p2 & P2_BLOCK) {
    case P2_FIRST:
        return set_first(card, x, node);
    case P2_NEXT:
        return set_next(card, x, node);
    default:
        return SW_P1P2;
    }
}
