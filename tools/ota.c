#include "tools/cli/cli.h"
#include "tools/ota/commands.h"

#include <stdio.h>
#include <string.h>

static const struct cli_command commands[] = {
    {"packet seal", packet_seal_main, "make a TS 102 225 command packet"},
    {"packet open", packet_open_main, "open a command or response packet"},
    {"card import", card_import_main, "take cards and keys from a table into the ledger"},
    {"card list", card_list_main, "list the cards"},
    {"card show", card_show_main, "show one card"},
    {"send", send_main, "send a script to one card, print the answer"},
    {"campaign create", campaign_create_main, "plan a campaign from a signed list or a table"},
    {"campaign start", campaign_start_main, "start it"},
    {"campaign watch", campaign_watch_main, "follow it to its end"},
    {"campaign pause", campaign_pause_main, "hold it back"},
    {"campaign resume", campaign_resume_main, "go on with it"},
    {"campaign cancel", campaign_cancel_main, "end it"},
    {"campaign report", campaign_report_main, "tell how it went, card by card"},
    {"campaign activate", campaign_activate_main, "hand renewed K to the HLR"},
    {"campaign list", campaign_list_main, "list the campaigns"},
    {NULL, NULL, NULL},
};

/* Commands of two words are one word to cli_dispatch(): join them where the first begins one. */
static bool begins_command(const char *word)
{
    size_t len = strlen(word);

    for (const struct cli_command *c = commands; c->name; c++) {
        if (strncmp(c->name, word, len) == 0 && c->name[len] == ' ')
            return true;
    }
    return false;
}

int main(int argc, char **argv)
{
    char joined[64];

    cli_harden();
    if (argc > 2 && begins_command(argv[1]) && argv[2][0] != '-') {
        snprintf(joined, sizeof joined, "%s %s", argv[1], argv[2]);
        argv[1] = argv[0];
        argv[2] = joined;
        argv++;
        argc--;
    } else if (argc > 1 && begins_command(argv[1])) {
        if (argc == 2 || (strcmp(argv[2], "--help") != 0 && strcmp(argv[2], "-?") != 0))
            return cli_usage("`%s' what?", argv[1]);
        argv[1] = argv[2];
    }
    return cli_dispatch(argc, argv, "Send remote commands to cards, one or a million.", commands);
}
