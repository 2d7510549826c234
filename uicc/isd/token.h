/*
 * token.h - delegated management and verification of load files (GP 9.1.3, 9.2, annex C): what a
 * domain does on the word of another.
 *
 * Tokens: the issuer security domain's key 70 verifies them, and its key 71 makes receipts.
 * A DAP: the key 73 of the domain that is named. A public key of an elliptic curve or AES (CMAC).
 */
#ifndef RESEAT_UICC_ISD_TOKEN_H
#define RESEAT_UICC_ISD_TOKEN_H

#include "uicc/isd/keys.h"

/* May the caller manage content with tokens? */
bool token_may_delegate(const struct isd_caller *caller);

/*
 * Content management by this command, its data field up to the token and without its length byte
 * or tag: with authorised management, or a token for exactly this. Also who needs no token must
 * not bring a wrong one.
 * SW_SECURITY: neither privilege nor token; SW_CONDITIONS: the token does not verify.
 */
sw_t token_check(const struct isd_caller *caller, const struct apdu *cmd, struct rd body,
                 struct rd token);

/* What a receipt confirms (GP C.5); one or two names are empty where there is none. */
struct token_receipt {
    struct rd names[3];
};
/* Append a receipt: for a delegated domain, and if there is a key to make it; else 00. Stages the
 * confirmation counter. */
sw_t token_write_receipt(const struct isd_caller *caller, struct token_receipt receipt,
                         struct wr *out);

/*
 * The DAP blocks before a load file. Each of them must verify, and there must be one of the
 * domain that the file is for, if it verifies DAPs, and of every domain that does so for all.
 * errors: ERR_SIGNATURE, ERR_FORMAT, ERR_CRYPTO
 */
NODISCARD enum err token_check_daps(const struct card *card, uint8_t domain, struct rd blocks,
                                    struct rd hash);

#endif
