/* Operator B asks for the pairs of the cards that moved; the manufacturer gives them. */
#include "ota/core/text.h"
#include "tools/cli/cli.h"
#include "tools/opchange/commands.h"

#include <inttypes.h>
#include <string.h>

/* --- request --------------------------------------------------------------------------------- */

/* Only what we assigned ourselves, and asked this operator to do. */
static const char *check_row(struct oplist_party *p, const struct oplist *list,
                             const struct oplist_row *row, struct oplist_assignment *a)
{
    if (oplist_party_assignment(p, row->iccid, a) != ERR_OK)
        return "we assigned nothing to this card";
    if (strcmp(a->imsi, row->imsi) != 0)
        return "we assigned another IMSI to this card";
    if (strcmp(a->from, oplist_header(list)->sender) != 0)
        return "the card comes from another operator";
    return NULL;
}

/* Cards that were asked for before are not asked for again: the manufacturer would refuse. */
static bool request_rows(struct oplist_party *p, const struct opchange_options *o,
                         const struct oplist *list, struct oplist_draft *draft)
{
    OPLIST_ROW_WIPED struct oplist_row row;
    struct oplist_assignment a;
    size_t at = 0;
    uint64_t number = 0;

    while (oplist_next(list, &at, &row) == ERR_OK) {
        const char *why = check_row(p, list, &row, &a);
        enum err e = ERR_OK;

        number++;
        if (why == NULL && a.stage == OPLIST_LISTED)
            e = oplist_draft_add(draft, &row);
        if (why == NULL && e == ERR_OK)
            e = oplist_party_moved(p, row.iccid, row.index, row.msisdn);
        if (e != ERR_OK)
            why = e == ERR_CONDITIONS ? "it moved to another index before" : err_text(e);
        if (why != NULL)
            return cli_fail("%s: refused: row %" PRIu64 ": %s: %s", o->args[0], number, row.iccid,
                            why) == CLI_OK;
    }
    return true;
}

static bool send_request(struct oplist_party *p, const struct opchange_options *o,
                         const struct oplist *list, struct oplist_draft *draft)
{
    enum err e;

    if (!request_rows(p, o, list, draft))
        return false;
    if (oplist_draft_rows(draft) != 0 && !opchange_send(p, o, draft, oplist_digest(list)))
        return false;
    e = oplist_accept(p, list);
    if (e == ERR_OK)
        e = oplist_party_commit(p);
    if (e != ERR_OK)
        return opchange_fail(o->value[OPCHANGE_PARTY], e) == CLI_OK;
    printf("%" PRIu64 " pairs asked of %s: %s\n", oplist_draft_rows(draft), o->value[OPCHANGE_TO],
           oplist_draft_rows(draft) == 0 ? "nothing to send" : o->value[OPCHANGE_OUT]);
    return true;
}

static bool request(struct oplist_party *p, const struct opchange_options *o,
                    const struct oplist *list)
{
    struct oplist_draft *draft = NULL;
    enum err e = ERR_OK;
    bool ok;

    if (oplist_header(list)->alternative == OPLIST_3A)
        return cli_fail("%s hands keys over (3a): opchange activate takes it", o->args[0]) ==
               CLI_OK;
    e = oplist_draft_new(OPLIST_KEY_REQUEST, OPLIST_3B, &draft);
    if (e == ERR_OK)
        e = oplist_party_begin(p);
    if (e != ERR_OK)
        opchange_fail(o->value[OPCHANGE_PARTY], e);
    ok = e == ERR_OK && send_request(p, o, list, draft);
    oplist_party_rollback(p);
    oplist_draft_free(&draft);
    return ok;
}

int opchange_cmd_request(const struct opchange_options *o)
{
    struct oplist_party *p = opchange_open_party(o);
    struct oplist *list = NULL;
    int status = CLI_FAILED;

    if (p != NULL)
        list = opchange_judge(p, o, o->args[0], OPLIST_HAND_OVER, NULL);
    if (list != NULL && request(p, o, list))
        status = CLI_OK;
    oplist_free(&list);
    oplist_party_close(&p);
    return status;
}

/* --- issue ----------------------------------------------------------------------------------- */

struct issuing {
    const struct opchange_options *options;
    struct oplist_party *party;
    struct vault *vault;
    struct oplist *list;
    bool replayed;
    struct oplist_draft *draft;
    uint64_t refused;
};

static const char *issue_hint(enum err e)
{
    switch (e) {
    case ERR_NOT_FOUND:
        return "no such pair";
    case ERR_DENIED:
        return "the pair went to another operator";
    case ERR_EXISTS:
        return "the pair was given by another request of yours";
    case ERR_CONDITIONS:
        return "the pair is used up, or a later one of the card is in use";
    default:
        return err_text(e);
    }
}

/* True for what says something about the row, false for what ends the work. */
static bool is_refusal(enum err e)
{
    return e == ERR_NOT_FOUND || e == ERR_DENIED || e == ERR_EXISTS || e == ERR_CONDITIONS ||
           e == ERR_MAC;
}

static enum err issue_row(struct issuing *i, const struct vault_request *request,
                          struct oplist_row *row)
{
    enum err e = vault_issue(i->vault, request, row->iccid, row->index, &row->keys);

    if (e == ERR_OK) {
        row->has_keys = true;
        return oplist_draft_add(i->draft, row);
    }
    if (!is_refusal(e))
        return e;
    i->refused++;
    cli_fail("%s: %s index %u: %s", i->options->args[0], row->iccid, (unsigned)row->index,
             issue_hint(e));
    return ERR_OK;
}

static enum err issue_rows(struct issuing *i)
{
    OPLIST_ROW_WIPED struct oplist_row row;
    struct vault_request request = {.operator_name = oplist_header(i->list)->sender};
    struct cli_progress progress;
    enum err e = ERR_OK;
    size_t at = 0;
    uint64_t done = 0;

    memcpy(request.digest, oplist_digest(i->list), sizeof request.digest);
    cli_progress_begin(&progress, "issuing", oplist_header(i->list)->rows);
    while (e == ERR_OK && oplist_next(i->list, &at, &row) == ERR_OK) {
        e = issue_row(i, &request, &row);
        cli_progress(&progress, ++done);
    }
    cli_progress_end(&progress);
    return e;
}

/* The vault has noted who gets what before a key leaves, be it enciphered. */
static bool issue_from_vault(struct issuing *i)
{
    enum err e = vault_begin(i->vault);

    if (e == ERR_OK)
        e = issue_rows(i);
    if (e == ERR_OK)
        e = vault_commit(i->vault);
    if (e == ERR_OK)
        return true;
    vault_rollback(i->vault);
    return opchange_fail(i->options->value[OPCHANGE_VAULT], e) == CLI_OK;
}

static bool send_pairs(struct issuing *i)
{
    struct opchange_options to = *i->options;
    enum err e = oplist_party_begin(i->party);
    bool ok = e == ERR_OK;

    to.value[OPCHANGE_TO] = oplist_header(i->list)->sender;
    if (ok)
        ok = opchange_send(i->party, &to, i->draft, oplist_digest(i->list));
    if (ok && !i->replayed)
        e = oplist_accept(i->party, i->list);
    if (ok && e == ERR_OK)
        e = oplist_party_commit(i->party);
    if (e != ERR_OK)
        opchange_fail(i->options->value[OPCHANGE_PARTY], e);
    oplist_party_rollback(i->party);
    return ok && e == ERR_OK;
}

static int issue(struct issuing *i)
{
    if (oplist_draft_new(OPLIST_KEY_ISSUE, OPLIST_3B, &i->draft) != ERR_OK)
        return opchange_fail("list", ERR_NOMEM);
    if (!issue_from_vault(i))
        return CLI_FAILED;
    if (oplist_draft_rows(i->draft) == 0)
        return cli_fail("%s: nothing can be issued", i->options->args[0]);
    if (!send_pairs(i))
        return CLI_FAILED;
    printf("%" PRIu64 " pairs for %s, %" PRIu64 " refused: %s\n", oplist_draft_rows(i->draft),
           oplist_header(i->list)->sender, i->refused, i->options->value[OPCHANGE_OUT]);
    return i->refused == 0 ? CLI_OK : CLI_FAILED;
}

/* A request that comes again is answered again: the vault gives the same pairs to the same
 * request, and nothing else. So an answer that was lost can be had once more. */
int opchange_cmd_issue(const struct opchange_options *o)
{
    struct issuing i = {.options = o};
    int status = CLI_FAILED;

    i.party = opchange_open_party(o);
    if (i.party != NULL)
        i.list = opchange_judge(i.party, o, o->args[0], OPLIST_KEY_REQUEST, &i.replayed);
    if (i.list != NULL)
        i.vault = opchange_open_vault(o);
    if (i.vault != NULL)
        status = issue(&i);
    oplist_draft_free(&i.draft);
    vault_close(&i.vault);
    oplist_free(&i.list);
    oplist_party_close(&i.party);
    return status;
}
