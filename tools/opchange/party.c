#include "apdu/hex.h"
#include "ota/core/text.h"
#include "tools/cli/cli.h"
#include "tools/opchange/commands.h"

#include <jansson.h>
#include <stdio.h>

#define CERT_DAYS     1825
#define CERT_DAYS_MAX 36500

/* Name, role and networks as the options have them; what is not given stays empty. */
static bool read_identity(const struct opchange_options *o, struct oplist_identity *id)
{
    *id = (struct oplist_identity){.name = ""};
    if (opchange_has(o, OPCHANGE_NAME) && !TEXT_COPY(id->name, o->value[OPCHANGE_NAME])) {
        cli_usage("--name: at most %d letters, digits, \".\", \"-\", \"_\"", OPLIST_NAME_MAX);
        return false;
    }
    if (opchange_has(o, OPCHANGE_ROLE) &&
        oplist_role_parse(o->value[OPCHANGE_ROLE], &id->role) != ERR_OK) {
        cli_usage("--role: operator or manufacturer");
        return false;
    }
    if (opchange_has(o, OPCHANGE_PLMN) &&
        oplist_plmns_parse(o->value[OPCHANGE_PLMN], id) != ERR_OK) {
        cli_usage("--plmn: networks of five or six digits, separated by commas");
        return false;
    }
    return true;
}

int opchange_cmd_party_init(const struct opchange_options *o)
{
    struct oplist_identity id;
    uint64_t days;
    enum err e;

    if (!read_identity(o, &id) ||
        !opchange_number(o, OPCHANGE_DAYS, CERT_DAYS, CERT_DAYS_MAX, &days))
        return CLI_USAGE;
    if ((id.role == OPLIST_OPERATOR) != (id.plmn_count > 0))
        return cli_usage("an operator has networks (--plmn), a manufacturer has none");
    e = oplist_party_init(o->args[0], &id, (unsigned)days);
    if (e == ERR_FORMAT)
        return cli_usage("--name: at most %d letters, digits, \".\", \"-\", \"_\"",
                         OPLIST_NAME_MAX);
    return e == ERR_OK ? CLI_OK : opchange_fail(o->args[0], e);
}

static void print_identity(const struct oplist_identity *id)
{
    char fingerprint[2 * OPLIST_FINGERPRINT_LEN + 1];

    if (hex_encode(RD_ARRAY(id->fingerprint), fingerprint, sizeof fingerprint) != ERR_OK)
        return;
    printf("%-16s %-12s ", id->name, oplist_role_text(id->role));
    for (size_t i = 0; i < id->plmn_count; i++)
        printf("%s%s", i == 0 ? "" : ",", id->plmns[i]);
    printf("%s%s\n", id->plmn_count == 0 ? "" : " ", fingerprint);
}

static json_t *identity_json(const struct oplist_identity *id)
{
    char fingerprint[2 * OPLIST_FINGERPRINT_LEN + 1] = "";
    json_t *plmns = json_array();

    if (hex_encode(RD_ARRAY(id->fingerprint), fingerprint, sizeof fingerprint) != ERR_OK)
        fingerprint[0] = '\0';
    for (size_t i = 0; i < id->plmn_count; i++)
        (void)json_array_append_new(plmns, json_string(id->plmns[i]));
    return json_pack("{s:s, s:s, s:o, s:s}", "name", id->name, "role", oplist_role_text(id->role),
                     "plmns", plmns, "fingerprint", fingerprint);
}

static const char *trust_hint(enum err e)
{
    switch (e) {
    case ERR_FORMAT:
        return "no certificate of a P-256 key with name, role and networks";
    case ERR_EXISTS:
        return "another certificate has this name";
    case ERR_DENIED:
        return "claims a network that is ours or another peer's";
    default:
        return err_text(e);
    }
}

int opchange_cmd_party_trust(const struct opchange_options *o)
{
    struct oplist_identity override, peer;
    struct oplist_party *p = NULL;
    enum err e;

    if (!read_identity(o, &override))
        return CLI_USAGE;
    e = oplist_party_open(o->args[0], &p);
    if (e != ERR_OK)
        return opchange_fail(o->args[0], e);
    e = oplist_party_trust(p, o->args[1], &override, &peer);
    oplist_party_close(&p);
    if (e != ERR_OK)
        return cli_fail("%s: %s", o->args[1], trust_hint(e));
    print_identity(&peer);
    return CLI_OK;
}

int opchange_cmd_party_distrust(const struct opchange_options *o)
{
    struct oplist_party *p = NULL;
    enum err e = oplist_party_open(o->args[0], &p);

    if (e != ERR_OK)
        return opchange_fail(o->args[0], e);
    e = oplist_party_distrust(p, o->args[1]);
    oplist_party_close(&p);
    return e == ERR_OK ? CLI_OK : opchange_fail(o->args[1], e);
}

static enum err print_peer(void *arg, const struct oplist_identity *peer)
{
    (void)arg;
    printf("trusts  ");
    print_identity(peer);
    return ERR_OK;
}

static enum err collect_peer(void *arg, const struct oplist_identity *peer)
{
    return json_array_append_new(arg, identity_json(peer)) == 0 ? ERR_OK : ERR_NOMEM;
}

static enum err show_json(struct oplist_party *p)
{
    json_t *root = identity_json(oplist_party_self(p)), *peers = json_array();
    enum err e = oplist_party_peers(p, collect_peer, peers);

    if (e == ERR_OK && (json_object_set_new(root, "peers", json_incref(peers)) != 0 ||
                        json_dumpf(root, stdout, JSON_INDENT(2)) != 0))
        e = ERR_NOMEM;
    putchar('\n');
    json_decref(peers);
    json_decref(root);
    return e;
}

int opchange_cmd_party_show(const struct opchange_options *o)
{
    struct oplist_party *p = NULL;
    enum err e = oplist_party_open(o->args[0], &p);

    if (e != ERR_OK)
        return opchange_fail(o->args[0], e);
    if (opchange_has(o, OPCHANGE_JSON)) {
        e = show_json(p);
    } else {
        printf("is      ");
        print_identity(oplist_party_self(p));
        e = oplist_party_peers(p, print_peer, NULL);
    }
    oplist_party_close(&p);
    return e == ERR_OK ? CLI_OK : opchange_fail(o->args[0], e);
}
