/*
 * The sub-commands of `uicc` that need more libraries than a card does: a powered card starts in
 * a fraction of the time, and in a fraction of the memory, without SQLite and JSON.
 */
#include "tools/cli/cli.h"
#include "tools/fleet/fleet.h"
#include "tools/uicc/make.h"
#include "tools/uicc/show.h"

#include <openssl/crypto.h>
#include <stddef.h>

int main(int argc, char **argv)
{
    static const struct cli_command commands[] = {
        {"make", uicc_make_main, "make cards: the manufacturer"},
        {"show", uicc_show_main, "tell what may be known of a card without its keys"},
        {"fleet", fleet_main, "play a mobile network: SMS centre, handsets, cards"},
        {NULL, NULL, NULL},
    };

    cli_harden();
    (void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    return cli_dispatch(argc, argv, "What `uicc' starts for these commands.", commands);
}
