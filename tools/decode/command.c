/* Every command that has a name: one row each (TS 102 221 10.1.2, TS 102 222 6, TS 51.011 9.2,
 * GlobalPlatform 11.1.1). */
#include "apdu/ids.h"
#include "tools/decode/show.h"

#define ISO  CLASS_ISO
#define ETSI CLASS_ETSI
#define SIM  CLASS_SIM
#define GP   CLASS_GP

static void show_data_profile(struct show_exchange *x)
{
    struct tree_node *n = tree_add(&x->d->tree, x->in, "profile", x->command.data);

    show_terminal_profile(x->d, n, x->command.data);
    if (n != NULL)
        tree_text(&x->d->tree, x->root, "%s", n->text);
}

static void show_data_envelope(struct show_exchange *x)
{
    show_envelope(x->d, x->in, x->command.data);
    if (x->in != NULL && x->in->first != NULL && x->in->first->text != NULL)
        tree_text(&x->d->tree, x->root, "%s", x->in->first->text);
}

static void show_data_response(struct show_exchange *x)
{
    show_terminal_response(x->d, x->in, x->command.data);
    if (x->in == NULL)
        return;
    for (struct tree_node *n = x->in->first; n != NULL; n = n->next) {
        if (n->text != NULL && n->raw.left <= 3 && n->next != NULL && n == x->in->first)
            tree_text(&x->d->tree, x->root, "%s", n->text);
    }
}

static void show_fetched(struct show_exchange *x)
{
    show_proactive(x->d, x->out, x->answer);
    if (x->out != NULL && x->out->first != NULL && x->out->first->text != NULL)
        tree_text(&x->d->tree, x->root, "%s", x->out->first->text);
}

static void show_envelope_answer(struct show_exchange *x)
{
    show_report_ud(x->d, x->out, x->answer);
}

static void show_random(struct show_exchange *x)
{
    tree_rule(tree_add(&x->d->tree, x->out, "challenge", x->answer), TREE_FREE);
}

static void show_any_answer(struct show_exchange *x)
{
    tree_rule(tree_add(&x->d->tree, x->out, "answer", x->answer), TREE_FREE);
}

/* clang-format off */
static const struct show_command rows[] = {
    {INS_SELECT, ISO | SIM, "SELECT", show_select, show_select_answer},
    {INS_STATUS, ETSI | SIM, "STATUS", show_status, show_status_answer},
    {INS_READ_BINARY, ISO | SIM, "READ BINARY", show_read_binary, show_content},
    {INS_UPDATE_BINARY, ISO | SIM, "UPDATE BINARY", show_update_binary, NULL},
    {INS_READ_RECORD, ISO | SIM, "READ RECORD", show_read_record, show_content},
    {INS_UPDATE_RECORD, ISO | SIM, "UPDATE RECORD", show_update_record, NULL},
    {INS_SEARCH_RECORD, ISO | SIM, "SEARCH RECORD", show_search, show_search_answer},
    {INS_INCREASE, ETSI | SIM, "INCREASE", show_increase, show_increase_answer},
    {INS_RETRIEVE_DATA, ETSI, "RETRIEVE DATA", show_object, show_object_answer},
    {INS_SET_DATA, ETSI, "SET DATA", show_object, NULL},
    {INS_VERIFY_PIN, ISO, "VERIFY PIN", show_pin, NULL},
    {INS_CHANGE_PIN, ISO, "CHANGE PIN", show_pin, NULL},
    {INS_DISABLE_PIN, ISO, "DISABLE PIN", show_pin, NULL},
    {INS_ENABLE_PIN, ISO, "ENABLE PIN", show_pin, NULL},
    {INS_UNBLOCK_PIN, ISO, "UNBLOCK PIN", show_pin, NULL},
    {INS_VERIFY_PIN, SIM, "VERIFY CHV", show_pin, NULL},
    {INS_CHANGE_PIN, SIM, "CHANGE CHV", show_pin, NULL},
    {INS_DISABLE_PIN, SIM, "DISABLE CHV", show_pin, NULL},
    {INS_ENABLE_PIN, SIM, "ENABLE CHV", show_pin, NULL},
    {INS_UNBLOCK_PIN, SIM, "UNBLOCK CHV", show_pin, NULL},
    {INS_DEACTIVATE_FILE, ISO, "DEACTIVATE FILE", show_file_command, NULL},
    {INS_ACTIVATE_FILE, ISO, "ACTIVATE FILE", show_file_command, NULL},
    {INS_DEACTIVATE_FILE, SIM, "INVALIDATE", show_file_command, NULL},
    {INS_ACTIVATE_FILE, SIM, "REHABILITATE", show_file_command, NULL},
    {INS_AUTHENTICATE, ISO, "AUTHENTICATE", show_authenticate, show_authenticate_answer},
    {INS_AUTHENTICATE_TLV, ISO, "AUTHENTICATE (BER-TLV)", NULL, show_any_answer},
    {INS_AUTHENTICATE, SIM, "RUN GSM ALGORITHM", show_run_gsm, show_run_gsm_answer},
    {INS_GET_CHALLENGE, ISO, "GET CHALLENGE", NULL, show_random},
    {INS_MANAGE_CHANNEL, ISO, "MANAGE CHANNEL", show_manage_channel, show_manage_channel_answer},
    {INS_TERMINAL_CAPABILITY, ETSI, "TERMINAL CAPABILITY", show_capability, NULL},
    {INS_MANAGE_SECURE_CHANNEL, ISO, "MANAGE SECURE CHANNEL", NULL, show_any_answer},
    {INS_TRANSACT_DATA, ISO, "TRANSACT DATA", NULL, show_any_answer},
    {INS_SUSPEND_UICC, ETSI, "SUSPEND UICC", show_suspend, show_suspend_answer},
    {INS_GET_IDENTITY, ETSI, "GET IDENTITY", show_identity_request, show_any_answer},
    {INS_EXCHANGE_CAPABILITIES, ETSI, "EXCHANGE CAPABILITIES", NULL, show_any_answer},
    {INS_TERMINAL_PROFILE, ETSI | SIM, "TERMINAL PROFILE", show_data_profile, NULL},
    {INS_ENVELOPE, ETSI | SIM, "ENVELOPE", show_data_envelope, show_envelope_answer},
    {INS_FETCH, ETSI | SIM, "FETCH", NULL, show_fetched},
    {INS_TERMINAL_RESPONSE, ETSI | SIM, "TERMINAL RESPONSE", show_data_response, NULL},
    {0xFA, SIM, "SLEEP", NULL, NULL},
    {INS_CREATE_FILE, ISO, "CREATE FILE", show_create, NULL},
    {INS_DELETE_FILE, ISO, "DELETE FILE", show_file_command, NULL},
    {INS_RESIZE_FILE, ETSI, "RESIZE FILE", show_create, NULL},
    {INS_TERMINATE_DF, ISO, "TERMINATE DF", show_file_command, NULL},
    {INS_TERMINATE_EF, ISO, "TERMINATE EF", show_file_command, NULL},
    {INS_TERMINATE_CARD_USAGE, ISO, "TERMINATE CARD USAGE", NULL, NULL},
    {0x50, GP, "INITIALIZE UPDATE", NULL, show_any_answer},
    {0x82, GP | ISO, "EXTERNAL AUTHENTICATE", NULL, NULL},
    {INS_GP_DELETE, GP, "DELETE", show_delete, NULL},
    {INS_GP_INSTALL, GP, "INSTALL", show_install, NULL},
    {INS_GP_LOAD, GP, "LOAD", NULL, NULL},
    {INS_GP_GET_STATUS, GP, "GET STATUS", show_get_status, show_any_answer},
    {INS_GET_DATA, GP | ISO, "GET DATA", show_get_data, show_get_data_answer},
    {INS_PUT_KEY, GP, "PUT KEY", show_put_key, show_any_answer},
    {INS_STORE_DATA, GP, "STORE DATA", NULL, NULL},
    {INS_SET_STATUS, GP, "SET STATUS", NULL, NULL},
    {INS_GET_RESPONSE, ISO | ETSI | SIM, "GET RESPONSE", NULL, NULL},
};
/* clang-format on */

/* STATUS of TS 102 221 and GET STATUS of GlobalPlatform share class and number: P1 tells. */
static unsigned classes_of(const struct apdu *c)
{
    struct apdu_class k;

    if (apdu_class(c->cla, &k) != ERR_OK)
        return CLASS_ISO | CLASS_ETSI | CLASS_GP;
    if (k.sim)
        return CLASS_SIM;
    if (!k.etsi)
        return CLASS_ISO;
    if (c->ins == INS_STATUS)
        return c->p1 >= 0x10 || (c->cla & 0x04) != 0 ? CLASS_GP : CLASS_ETSI;
    return CLASS_ETSI | CLASS_GP;
}

const struct show_command *show_command_find(const struct apdu *command)
{
    unsigned classes = classes_of(command);

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].ins == command->ins && (rows[i].classes & classes) != 0)
            return &rows[i];
    }
    return NULL;
}
