#include "tools/uicc/show.h"
#include "tools/cli/cli.h"
#include "tools/transport/host.h"

#include <argp.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

struct options {
    const char *card;
    bool json;
};

static const struct argp_option option_table[] = {
    {"json", 'j', NULL, 0, "one JSON object", 0},
    {0},
};

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct options *o = state->input;

    switch (key) {
    case 'j':
        o->json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (o->card != NULL)
            argp_error(state, "one card at a time");
        o->card = value;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "which card?");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* What a card says of itself. */
#define SHOWN_APPLETS 65
struct shown {
    struct uicc_info info;
    struct uicc_applet_info applets[SHOWN_APPLETS];
    unsigned applet_count;
};

static void print_slot(const struct uicc_slot_info *s)
{
    printf("slot %-2u          %-8s", s->index, s->state);
    if (*s->algorithm != '\0')
        printf(" %s, OTA %s, counter %" PRIu64, s->algorithm, s->ota, s->ota_counter);
    putchar('\n');
}

static void print_applet(const struct uicc_applet_info *a)
{
    printf("applet           %s %s, %s", a->aid, *a->name != '\0' ? a->name : a->module, a->state);
    for (size_t i = 0; i < a->tar_count; i++)
        printf("%s%s", i == 0 ? ", TAR " : " ", a->tars[i]);
    if (a->tar_count > 0)
        printf(" from level %02X", a->level);
    if (a->priority != 0)
        printf(", priority %u", a->priority);
    putchar('\n');
}

static void print_text(const struct shown *shown)
{
    const struct uicc_info *info = &shown->info;

    printf("ICCID            %s\n", info->iccid);
    printf("IMSI             %s\n", info->imsi);
    printf("profile          %s\n", info->profile);
    printf("files            %" PRIu32 ", %" PRIu32 " changed\n", info->file_count,
           info->changed_files);
    printf("PIN1             %s, %u tries; PUK1 %u, ADM1 %u\n",
           info->pin1_enabled ? "enabled" : "disabled", info->pin1_tries, info->puk1_tries,
           info->adm1_tries);
    printf("in force         slot %u", info->slot_in_force);
    if (info->slot_fallback != 0)
        printf(", on trial; falls back to slot %u", info->slot_fallback);
    printf("\nlast change      %s", opchange_state_text(info->change_state));
    if (info->change_state != OPCHANGE_NEVER)
        printf(", counter %" PRIu64, info->change_counter);
    putchar('\n');
    for (size_t i = 0; i < info->slot_count; i++)
        print_slot(&info->slots[i]);
    for (size_t i = 0; i < shown->applet_count; i++)
        print_applet(&shown->applets[i]);
}

static json_t *slots_json(const struct uicc_info *info)
{
    json_t *slots = json_array();

    for (size_t i = 0; i < info->slot_count; i++) {
        const struct uicc_slot_info *s = &info->slots[i];

        (void)json_array_append_new(slots,
                                    json_pack("{s:i, s:s, s:s, s:s, s:I}", "index", s->index,
                                              "state", s->state, "algorithm", s->algorithm, "ota",
                                              s->ota, "ota_counter", (json_int_t)s->ota_counter));
    }
    return slots;
}

static json_t *applets_json(const struct shown *shown)
{
    json_t *applets = json_array();

    for (size_t i = 0; i < shown->applet_count; i++) {
        const struct uicc_applet_info *a = &shown->applets[i];
        json_t *tars = json_array();

        for (size_t n = 0; n < a->tar_count; n++)
            (void)json_array_append_new(tars, json_string(a->tars[n]));
        (void)json_array_append_new(applets,
                                    json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:o}", "aid",
                                              a->aid, "module", a->module, "name", a->name, "state",
                                              a->state, "privileges", a->privileges, "priority",
                                              a->priority, "level", a->level, "tars", tars));
    }
    return applets;
}

static int print_json(const struct shown *shown)
{
    const struct uicc_info *info = &shown->info;
    json_t *root = json_pack(
        "{s:s, s:s, s:s, s:i, s:i, s:b, s:i, s:i, s:i, s:i, s:i, s:s, s:I, s:o, s:o}", "iccid",
        info->iccid, "imsi", info->imsi, "profile", info->profile, "files", (int)info->file_count,
        "changed_files", (int)info->changed_files, "pin1_enabled", info->pin1_enabled, "pin1_tries",
        info->pin1_tries, "puk1_tries", info->puk1_tries, "adm1_tries", info->adm1_tries,
        "slot_in_force", info->slot_in_force, "slot_fallback", info->slot_fallback, "change_state",
        opchange_state_text(info->change_state), "change_counter", (json_int_t)info->change_counter,
        "slots", slots_json(info), "applets", applets_json(shown));
    int failed = root == NULL ? -1 : json_dumpf(root, stdout, JSON_INDENT(2));

    putchar('\n');
    json_decref(root);
    return failed != 0 ? cli_fail("%s", err_text(ERR_NOMEM)) : CLI_OK;
}

static int show(struct host *host, const struct options *o)
{
    struct host_card *card = NULL;
    struct shown shown = {.applet_count = 0};
    enum err e = host_open(host, o->card, false, &card);

    if (e == ERR_OK)
        e = uicc_info(host_card(card), &shown.info);
    while (e == ERR_OK && shown.applet_count < SHOWN_APPLETS &&
           uicc_applet(host_card(card), shown.applet_count, &shown.applets[shown.applet_count]) ==
               ERR_OK)
        shown.applet_count++;
    host_close(&card);
    if (e != ERR_OK)
        return cli_fail("%s: %s", o->card, host_open_text(e));
    if (o->json)
        return print_json(&shown);
    print_text(&shown);
    return CLI_OK;
}

int uicc_show_main(int argc, char **argv)
{
    static const struct argp argp = {
        option_table, parse_option, "CARD", "Tell what may be known of a card without its keys.",
        NULL,         NULL,         NULL,
    };
    struct options o = {.card = NULL};
    struct host *host = NULL;
    int status;
    enum err e;

    argp_err_exit_status = CLI_USAGE;
    argp_parse(&argp, argc, argv, 0, NULL, &o);
    e = host_new(1, &host);
    status = e == ERR_OK ? show(host, &o) : cli_fail("%s", err_text(e));
    host_free(&host);
    return status;
}
