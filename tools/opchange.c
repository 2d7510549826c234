#include "tools/cli/cli.h"
#include "tools/opchange/commands.h"

#include <stddef.h>
#include <string.h>

#define B(name) OPCHANGE_BIT(OPCHANGE_##name)

/* clang-format off */
static const struct opchange_spec party_init = {
    "init", "DIR", "Make a party: key, self-signed certificate, memory of its lists.",
    opchange_cmd_party_init, B(NAME) | B(ROLE), B(PLMN) | B(DAYS), 1};
static const struct opchange_spec party_trust = {
    "trust", "DIR CERT",
    "Let a peer in by its certificate. Compare the fingerprint with the peer's first.",
    opchange_cmd_party_trust, 0, B(NAME) | B(ROLE) | B(PLMN), 2};
static const struct opchange_spec party_distrust = {
    "distrust", "DIR NAME", "Let a peer in no more.", opchange_cmd_party_distrust, 0, 0, 2};
static const struct opchange_spec party_show = {
    "show", "DIR", "Who the party is, and whom it trusts.", opchange_cmd_party_show, 0, B(JSON), 1};
static const struct opchange_spec list_make = {
    "make", "", "New operator: give each card a new IMSI, and send the list to its operator.",
    opchange_cmd_list_make, B(PARTY) | B(TO) | B(OUT) | B(FIRST_IMSI),
    B(CARDS) | B(ICCIDS) | B(FIRST_MSISDN) | B(ALTERNATIVE) | B(SPN) | B(CENTRE) | B(DAYS), 0};
static const struct opchange_spec list_check = {
    "check", "FILE", "Judge a list that came in; exit status 1 and the reason if it is refused.",
    opchange_cmd_list_check, B(PARTY), B(JSON) | B(ROWS) | B(ALLOW_GAP), 1};
static const struct opchange_spec run = {
    "run", "FILE",
    "Old operator: verify an IMSI list, let the OTA server change its cards, and wait for the end.",
    opchange_cmd_run, B(PARTY) | B(NAME),
    B(LEDGER) | B(KEK) | B(RATE) | B(CANARY) | B(STOP_PERCENT) | B(TIMEOUT) | B(TRIES) |
    B(TRIAL_POLLS) | B(TRIAL_SECONDS) | B(DETACH) | B(PARTIAL) | B(ALLOW_GAP), 1};
static const struct opchange_spec handover = {
    "handover", "",
    "Old operator: tell the new one which cards moved (3a: with their keys; --hlr gives SQN).",
    opchange_cmd_handover, B(PARTY) | B(TO) | B(OUT) | B(CAMPAIGN),
    B(LEDGER) | B(KEK) | B(HLR) | B(DAYS), 0};
static const struct opchange_spec request = {
    "request", "FILE", "New operator: verify a hand-over (3b), ask the manufacturer for the keys.",
    opchange_cmd_request, B(PARTY) | B(TO) | B(OUT), B(DAYS) | B(ALLOW_GAP), 1};
static const struct opchange_spec issue = {
    "issue", "FILE", "Manufacturer: verify a request, give the pairs to the operator that asks.",
    opchange_cmd_issue, B(PARTY) | B(VAULT) | B(OUT), B(KEK) | B(DAYS) | B(ALLOW_GAP), 1};
static const struct opchange_spec activate = {
    "activate", "[FILE]",
    "Take cards into service: from the manufacturer's pairs (3b), from a hand-over (3a), or from "
    "a table. --ledger enters them for our OTA server, --out writes them as a table.",
    opchange_cmd_activate, B(HLR),
    B(PARTY) | B(CARDS) | B(LEDGER) | B(KEK) | B(OUT) | B(ALLOW_GAP), 1};
static const struct opchange_spec confirm = {
    "confirm", "", "New operator: tell a peer which cards have been seen in our network.",
    opchange_cmd_confirm, B(PARTY) | B(HLR) | B(TO) | B(OUT), B(DAYS), 0};
static const struct opchange_spec settle = {
    "settle", "FILE",
    "Act upon a confirmation: the manufacturer burns old pairs, the old operator deletes "
    "subscribers.",
    opchange_cmd_settle, B(PARTY), B(VAULT) | B(KEK) | B(HLR) | B(CARDS) | B(ALLOW_GAP), 1};
static const struct opchange_spec export = {
    "export", "", "Subscribers in the form of another core.",
    opchange_cmd_export, B(HLR) | B(FORMAT) | B(OUT), 0, 0};
static const struct opchange_spec status = {
    "status", "", "How things stand.", opchange_cmd_status, 0,
    B(PARTY) | B(VAULT) | B(KEK) | B(HLR) | B(JSON), 0};
/* clang-format on */

#define MAIN(command)                                   \
    static int main_##command(int argc, char **argv)    \
    {                                                   \
        return opchange_run_spec(&command, argc, argv); \
    }
MAIN(party_init)
MAIN(party_trust)
MAIN(party_distrust)
MAIN(party_show)
MAIN(list_make)
MAIN(list_check)
MAIN(run)
MAIN(handover)
MAIN(request)
MAIN(issue)
MAIN(activate)
MAIN(confirm)
MAIN(settle)
MAIN(export)
MAIN(status)

static int main_party(int argc, char **argv)
{
    static const struct cli_command commands[] = {
        {"init", main_party_init, "make a party"},
        {"trust", main_party_trust, "let a peer in"},
        {"distrust", main_party_distrust, "let a peer in no more"},
        {"show", main_party_show, "who it is, and whom it trusts"},
        {NULL, NULL, NULL},
    };

    return cli_dispatch(argc, argv, "Keys and trust of a party.", commands);
}

static int main_list(int argc, char **argv)
{
    static const struct cli_command commands[] = {
        {"make", main_list_make, "new operator: a new IMSI for each card"},
        {"check", main_list_check, "judge a list that came in"},
        {NULL, NULL, NULL},
    };

    return cli_dispatch(argc, argv, "Signed lists between the parties.", commands);
}

int main(int argc, char **argv)
{
    static const struct cli_command commands[] = {
        {"party", main_party, "init, trust, distrust, show: keys and trust"},
        {"list", main_list, "make, check: lists of new IMSIs"},
        {"run", main_run, "old operator: change the cards of a list"},
        {"handover", main_handover, "old operator: tell which cards moved"},
        {"request", main_request, "new operator: ask the manufacturer for keys"},
        {"issue", main_issue, "manufacturer: give the keys"},
        {"activate", main_activate, "take cards into service"},
        {"confirm", main_confirm, "new operator: tell which cards were seen"},
        {"settle", main_settle, "act upon such a confirmation"},
        {"export", main_export, "subscribers for another core"},
        {"status", main_status, "how things stand"},
        {NULL, NULL, NULL},
    };

    cli_harden();
    return cli_dispatch(argc, argv, "The parties' side of a change of operator.", commands);
}
