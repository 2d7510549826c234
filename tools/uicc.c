#include "tools/cli/cli.h"
#include "tools/uicc/run.h"

#include <openssl/crypto.h>
#include <stddef.h>

int main(int argc, char **argv)
{
    static const struct cli_command commands[] = {
        {"make", NULL, "make cards: the manufacturer"},
        {"run", uicc_run_main, "power cards and put them into virtual readers"},
        {"show", NULL, "tell what may be known of a card without its keys"},
        {"fleet", NULL, "play a mobile network: SMS centre, handsets, cards"},
        {NULL, NULL, NULL},
    };

    cli_harden();
    /* A card asks nothing of the machine's OpenSSL configuration, and need not read it at start. */
    (void)OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    return cli_dispatch(argc, argv, "SIM cards in software.", commands);
}
