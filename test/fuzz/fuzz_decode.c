/*
 * fuzz_decode.c - a session of any commands and answers: each is a length byte and the command,
 * a length byte and the answer. Nothing that a card or terminal says breaks the decoder, and what
 * it shows lies within bounds.
 */
#include "test/fuzz/require.h"
#include "tools/decode/decode.h"
#include "tools/decode/print.h"

#include <string.h>

static void check(const struct tree_node *n, unsigned depth)
{
    unsigned sum = 0;

    require(n->name != NULL && depth < 64);
    for (size_t i = 0; i < n->raw.left; i++)
        sum += n->raw.at[i]; /* so that a sanitizer looks at each */
    require(sum <= 0xFF * n->raw.left);
    for (const struct tree_node *c = n->first; c != NULL; c = c->next)
        check(c, depth + 1);
}

static bool take(struct rd *r, struct trace_bytes *out)
{
    uint8_t len;
    struct rd part;

    if (rd_u8(r, &len) != ERR_OK || rd_take(r, len < r->left ? len : r->left, &part) != ERR_OK)
        return false;
    trace_bytes_set(out, part);
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct trace_event e;
    static struct decode d;
    static bool ready;
    static char text[1 << 20];
    struct rd r = RD(data, size);
    FILE *f;

    if (!ready) {
        require(decode_init(&d) == ERR_OK);
        require(secret_from_hex(&d.kic_key, "300102030405060708090A0B0C0D0E0F") == ERR_OK);
        require(secret_from_hex(&d.kid_key, "301102030405060708090A0B0C0D0E0F") == ERR_OK);
        ready = true;
    }
    decode_reset(&d);
    e.kind = TRACE_EXCHANGE;
    while (take(&r, &e.command) && take(&r, &e.answer)) {
        decode_event(&d, &e);
        check(&d.tree.root, 0);
    }
    f = fmemopen(text, sizeof text, "w");
    require(f != NULL);
    print_parts(&(struct print){.file = f}, &d.tree.root, 0);
    print_json(f, &d.tree.root);
    fclose(f);
    return 0;
}
