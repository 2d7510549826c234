/*
 * proof.h - response packets: who sent it, and what does it prove?
 *
 * A proof counts only if its CC verifies under keys of the card, with the TAR and the counter of
 * a packet that we sent to this card. Where it came from proves nothing. An error that the card
 * could not protect is a hint for people; no state follows from it.
 */
#ifndef RESEAT_OTA_CAMPAIGN_PROOF_H
#define RESEAT_OTA_CAMPAIGN_PROOF_H

#include "ota/campaign/plan.h"

enum campaign_verdict {
    CAMPAIGN_NOTHING,       /* not an answer to what we sent, or not by this card */
    CAMPAIGN_HINT,          /* plausible, but not authenticated */
    CAMPAIGN_DONE,          /* the command was carried out */
    CAMPAIGN_REFUSED,       /* the card refused it for good */
    CAMPAIGN_EXECUTED_ONCE, /* counter low: seen before (or ours is behind the card's): ask */
    CAMPAIGN_NOT_EXECUTED,  /* the answer to a question shows that the command did not happen */
    CAMPAIGN_FELL_BACK,     /* 3b: carried out, then the card returned to the old slot */
    CAMPAIGN_WAIT,          /* the card needs time or memory: nothing is decided */
};

struct campaign_finding {
    enum campaign_verdict verdict;
    enum ledger_purpose answers; /* which packet it answers */
    enum ledger_keys keys;       /* which keys signed it */
    uint8_t rsc;
    char text[LEDGER_RESULT_MAX + 1];
};

/*
 * in:     subject  the job that last (the card's last packet) belongs to, and the keys
 *         packet   from RPL on; untrusted
 * out:    finding  always set
 */
void campaign_proof_judge(struct crypto *c, const struct campaign_subject *subject,
                          const struct ledger_packet *last, struct rd packet,
                          struct campaign_finding *finding);

#endif
