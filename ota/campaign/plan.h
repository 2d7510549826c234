/*
 * plan.h - what to say to a card: the command of each campaign method, and the
 * question that is asked when its proof does not come.
 *
 *   method  command                                      question
 *   3b      CHANGE to BFFF00 (apdu/opchange.h)           QUERY to BFFF00
 *   3a      RFM script to B00001 (plan_rfm.c)            READ EF.IMSI
 *   renew   PUT KEY to 000000 (GP 11.8)                  SELECT, under new and old keys in turn
 *   renew-k RENEW to BFFF00 with K and OPc under the KIK the same again
 *   script  the campaign's own                           none: nobody knows what to ask
 *   query   QUERY to BFFF00                              the same again
 */
#ifndef RESEAT_OTA_CAMPAIGN_PLAN_H
#define RESEAT_OTA_CAMPAIGN_PLAN_H

#include "apdu/crypto.h"
#include "apdu/script.h"
#include "ota/ledger/jobs.h"

/* What a plan is made from; borrowed. */
struct campaign_subject {
    const struct ledger_campaign *campaign;
    const struct ledger_job *job;
    const struct vault_pair *keys;    /* in force */
    const struct vault_pair *pending; /* what a renewal shall bring; else NULL */
};

/* The application that a campaign's packets go to. */
void campaign_plan_tar(const struct ledger_campaign *c, enum ledger_purpose purpose,
                       uint8_t tar[3]);
bool campaign_plan_can_ask(enum ledger_method method);

/*
 * Append the secured data of a command or a question.
 * errors: ERR_FORMAT, ERR_RANGE  the job's or the campaign's data make no command
 *         ERR_KEY       a key is missing
 *         ERR_UNSUPPORTED  no question for this method
 *         ERR_SPACE, ERR_CRYPTO
 */
NODISCARD enum err campaign_plan_data(struct crypto *c, const struct campaign_subject *subject,
                                      enum ledger_purpose purpose, struct wr *data);

/* What the answer to a script (3a, renew, script) can tell of: all that stands before an early
 * response, and that itself. */
struct campaign_script {
    enum script_format format;
    unsigned commands; /* C-APDUs */
    unsigned objects;  /* these and others (TS 102 226 5.2.2) */
};
NODISCARD enum err campaign_plan_script(struct rd data, struct campaign_script *out);

/* The RFM script of method 3a. */
NODISCARD enum err campaign_plan_rfm(const struct ledger_campaign *c, const struct ledger_job *job,
                                     struct wr *data);

/*
 * Seal a packet of p->purpose: header and octets of p are set from its counter and keys.
 * errors: as campaign_plan_data() and secpkt_seal_command()
 */
NODISCARD enum err campaign_plan_seal(struct crypto *c, const struct campaign_subject *subject,
                                      struct ledger_packet *p);

#endif
