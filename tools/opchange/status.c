/* How things stand with a party, a vault or an HLR; and subscribers in other forms. */
#include "apdu/hex.h"
#include "ota/core/disk.h"
#include "ota/core/grow.h"
#include "ota/hlr/export.h"
#include "ota/vault/audit.h"
#include "tools/cli/cli.h"
#include "tools/opchange/commands.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* --- status ---------------------------------------------------------------------------------- */

static enum err count_stage(void *arg, const struct oplist_assignment *a)
{
    uint64_t *counts = arg;

    if (a->stage <= OPLIST_CONFIRMED)
        counts[a->stage]++;
    return ERR_OK;
}

static json_t *party_json(const struct opchange_options *o)
{
    struct oplist_party *p = opchange_open_party(o);
    uint64_t counts[OPLIST_CONFIRMED + 1] = {0};
    json_t *out = NULL;
    enum err e;

    if (p == NULL)
        return NULL;
    e = oplist_party_assignments(p, count_stage, counts);
    if (e == ERR_OK)
        out = json_pack("{s:s, s:s}", "party", oplist_party_self(p)->name, "role",
                        oplist_role_text(oplist_party_self(p)->role));
    for (int s = OPLIST_LISTED; out != NULL && s <= OPLIST_CONFIRMED; s++)
        (void)json_object_set_new(out, oplist_stage_text((enum oplist_stage)s),
                                  json_integer((json_int_t)counts[s]));
    if (e != ERR_OK)
        opchange_fail(o->value[OPCHANGE_PARTY], e);
    oplist_party_close(&p);
    return out;
}

static enum err vault_numbers(struct vault *v, json_t *out)
{
    struct vault_counts n;
    uint8_t head[VAULT_AUDIT_MAC_LEN];
    char hex[2 * VAULT_AUDIT_MAC_LEN + 1];
    uint64_t last = 0;
    enum err e = vault_count(v, &n);

    if (e == ERR_OK)
        e = vault_audit_walk(v, NULL, NULL, &last, head);
    if (e == ERR_CORRUPT)
        cli_fail("the audit record is broken after line %" PRIu64, last);
    if (e == ERR_OK)
        e = hex_encode(RD_ARRAY(head), hex, sizeof hex);
    if (e != ERR_OK)
        return e;
    (void)json_object_set_new(out, "cards", json_integer((json_int_t)n.cards));
    for (int s = VAULT_FREE; s <= VAULT_BURNT; s++)
        (void)json_object_set_new(out, vault_state_text((enum vault_state)s),
                                  json_integer((json_int_t)n.pairs[s]));
    (void)json_object_set_new(out, "audit_lines", json_integer((json_int_t)last));
    (void)json_object_set_new(out, "audit_head", json_string(hex));
    return ERR_OK;
}

static json_t *vault_json(const struct opchange_options *o)
{
    struct vault *v = opchange_open_vault(o);
    json_t *out = v == NULL ? NULL : json_object();
    enum err e = v == NULL ? ERR_OK : vault_numbers(v, out);

    vault_close(&v);
    if (e == ERR_OK)
        return out;
    opchange_fail(o->value[OPCHANGE_VAULT], e);
    json_decref(out);
    return NULL;
}

static json_t *hlr_json(const struct opchange_options *o)
{
    struct hlr *h = opchange_open_hlr(o, false);
    struct hlr_counts n = {0};
    enum err e = h == NULL ? ERR_OK : hlr_count(h, &n);
    json_t *out = NULL;

    if (e != ERR_OK)
        opchange_fail(o->value[OPCHANGE_HLR], e);
    else if (h != NULL)
        out = json_pack("{s:I, s:I, s:I}", "subscribers", (json_int_t)n.subscribers, "with_key",
                        (json_int_t)n.with_key, "seen", (json_int_t)n.seen);
    hlr_close(&h);
    return out;
}

static void print_lines(const json_t *object)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        if (json_is_string(value))
            printf("%-16s %s\n", name, json_string_value(value));
        else
            printf("%-16s %" JSON_INTEGER_FORMAT "\n", name, json_integer_value(value));
    }
}

static const struct source {
    enum opchange_option option;
    const char *name;
    json_t *(*read)(const struct opchange_options *o);
} sources[] = {
    {OPCHANGE_PARTY, "party", party_json},
    {OPCHANGE_VAULT, "vault", vault_json},
    {OPCHANGE_HLR, "hlr", hlr_json},
};

int opchange_cmd_status(const struct opchange_options *o)
{
    json_t *root = json_object();
    int status = CLI_OK;

    for (size_t i = 0; i < ARRAY_LEN(sources) && status == CLI_OK; i++) {
        json_t *part;

        if (!opchange_has(o, sources[i].option))
            continue;
        part = sources[i].read(o);
        if (part == NULL)
            status = CLI_FAILED;
        else if (!opchange_has(o, OPCHANGE_JSON))
            print_lines(part);
        (void)json_object_set_new(root, sources[i].name, part);
    }
    if (status == CLI_OK && opchange_has(o, OPCHANGE_JSON)) {
        if (json_dumpf(root, stdout, JSON_INDENT(2)) != 0)
            status = opchange_fail("standard output", ERR_IO);
        putchar('\n');
    }
    if (status == CLI_OK && json_object_size(root) == 0)
        status = cli_usage("of what? --party, --vault or --hlr");
    json_decref(root);
    return status;
}

/* --- export ---------------------------------------------------------------------------------- */

struct exporting {
    enum hlr_format format;
    struct wr text;
    uint64_t count, left_out;
};

static enum err export_one(void *arg, const struct hlr_subscriber *s)
{
    struct exporting *x = arg;
    enum err e = grow_room(&x->text, HLR_EXPORT_MAX);

    if (e == ERR_OK)
        e = hlr_export(x->format, s, &x->text);
    x->count += e == ERR_OK;
    x->left_out += e == ERR_UNSUPPORTED;
    return e == ERR_UNSUPPORTED ? ERR_OK : e;
}

int opchange_cmd_export(const struct opchange_options *o)
{
    struct exporting x = {.count = 0};
    const char *out = o->value[OPCHANGE_OUT];
    struct hlr *h;
    enum err e;

    if (hlr_format_parse(o->value[OPCHANGE_FORMAT], &x.format) != ERR_OK)
        return cli_usage("--format: open5gs, srsran or vty");
    h = opchange_open_hlr(o, false);
    if (h == NULL)
        return CLI_FAILED;
    e = hlr_each(h, export_one, &x);
    if (e == ERR_OK)
        e = strcmp(out, "-") != 0 ? disk_write(out, RD_WR(&x.text))
            : fwrite(x.text.base, 1, x.text.len, stdout) == x.text.len ? ERR_OK
                                                                       : ERR_IO;
    hlr_close(&h);
    grow_free(&x.text);
    if (e != ERR_OK)
        return opchange_fail(out, e);
    fprintf(strcmp(out, "-") != 0 ? stdout : stderr,
            "%" PRIu64 " subscribers, %" PRIu64 " left out: %s\n", x.count, x.left_out, out);
    return x.left_out == 0 ? CLI_OK : CLI_FAILED;
}
