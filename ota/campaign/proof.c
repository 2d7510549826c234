#include "ota/campaign/proof.h"

#include "apdu/hex.h"
#include "apdu/opchange.h"

#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 3, 4))) static void say(struct campaign_finding *f,
                                                      enum campaign_verdict verdict,
                                                      const char *format, ...)
{
    va_list args;

    f->verdict = verdict;
    va_start(args, format);
    vsnprintf(f->text, sizeof f->text, format, args);
    va_end(args);
}

/* --- what the applications answer --- */

static bool has_new_imsi(const struct campaign_subject *s, struct rd ef)
{
    uint8_t imsi[EF_IMSI_LEN];

    return bcd_imsi_encode(s->job->new_imsi, imsi) == ERR_OK && rd_equal(ef, RD_ARRAY(imsi));
}

static void judge_change(const struct campaign_subject *s, const struct opchange_proof *p,
                         struct campaign_finding *f)
{
    if (p->result != OPCHANGE_DONE)
        say(f, CAMPAIGN_REFUSED, "%s", opchange_result_text(p->result));
    else if (p->active != s->job->to_index || !has_new_imsi(s, RD_ARRAY(p->imsi)))
        say(f, CAMPAIGN_REFUSED, "the card is in slot %u with another IMSI", p->active);
    else
        say(f, CAMPAIGN_DONE, "slot %u, %s", p->active, opchange_state_text(p->state));
}

/* The card names the counter of the change that it tells of. */
static void judge_status(const struct campaign_subject *s, const struct opchange_proof *p,
                         struct campaign_finding *f)
{
    bool ours = s->job->command_counter != 0 && p->counter == s->job->command_counter;

    if (p->result != OPCHANGE_DONE)
        say(f, CAMPAIGN_REFUSED, "%s", opchange_result_text(p->result));
    else if (ours && p->state == OPCHANGE_FELL_BACK)
        say(f, CAMPAIGN_FELL_BACK, "fell back to slot %u", p->active);
    else if (ours && p->active == s->job->to_index && has_new_imsi(s, RD_ARRAY(p->imsi)))
        say(f, CAMPAIGN_DONE, "slot %u, %s (asked)", p->active, opchange_state_text(p->state));
    else
        say(f, CAMPAIGN_NOT_EXECUTED, "slot %u is in force", p->active);
}

static void judge_new_k(const struct opchange_proof *p, struct campaign_finding *f)
{
    if (p->result != OPCHANGE_DONE)
        say(f, CAMPAIGN_REFUSED, "%s", opchange_result_text(p->result));
    else
        say(f, CAMPAIGN_DONE, "the new K is in force in slot %u", p->active);
}

static void judge_query(const struct opchange_proof *p, struct campaign_finding *f)
{
    if (p->result != OPCHANGE_DONE)
        say(f, CAMPAIGN_REFUSED, "%s", opchange_result_text(p->result));
    else
        say(f, CAMPAIGN_DONE, "slot %u of %u, %u spare, %s", p->active, p->slots, p->spare,
            opchange_state_text(p->state));
}

static void judge_opchange(const struct campaign_subject *s, struct rd data,
                           struct campaign_finding *f)
{
    struct opchange_proof proof;
    enum err e = opchange_read_proof(data, &proof);

    if (e != ERR_OK)
        say(f, CAMPAIGN_REFUSED, "the proof cannot be read: %s", err_text(e));
    else if (s->campaign->method == LEDGER_QUERY)
        judge_query(&proof, f);
    else if (s->campaign->method == LEDGER_RENEW_K)
        judge_new_k(&proof, f);
    else if (f->answers == LEDGER_COMMAND)
        judge_change(s, &proof, f);
    else
        judge_status(s, &proof, f);
}

/* Either each command has its answer, or the card counted all objects: those that are no commands
 * must not make up for commands that were not executed. Cards disagree whether a GET RESPONSE
 * counts as a command (TS 102 226 5.1.2): one may be missing in the script of a user; our own
 * scripts have none. */
static bool ran_to_the_end(const struct campaign_subject *s, const struct script_answer *a,
                           const struct campaign_script *script)
{
    unsigned slack = s->campaign->method == LEDGER_SCRIPT ? 1 : 0;

    return (a->answered + slack >= script->commands || a->executed + slack >= script->objects) &&
           (sw_is_success(a->last) || sw_is_warning(a->last));
}

/* A script may have been sent for what it reads: as much of it as the result can hold. */
static void say_done(const struct campaign_subject *s, const struct script_answer *a,
                     struct campaign_finding *f)
{
    char hex[65] = "";
    size_t len = a->data.left < 32 ? a->data.left : 32;

    say(f, CAMPAIGN_DONE, "%u commands, last %04X", a->executed, a->last.v);
    if (s->campaign->method != LEDGER_SCRIPT || len == 0 ||
        hex_encode(RD(a->data.at, len), hex, sizeof hex) != ERR_OK)
        return;
    say(f, CAMPAIGN_DONE, "%u commands, last %04X, data %s%s", a->executed, a->last.v, hex,
        len < a->data.left ? "..." : "");
}

static void judge_script(struct crypto *c, const struct campaign_subject *s, struct rd data,
                         struct campaign_finding *f)
{
    uint8_t bytes[SECPKT_MAX];
    struct wr command = WR_ARRAY(bytes);
    struct script_answer answer;
    struct campaign_script script = {.format = SCRIPT_COMPACT};
    enum err e = campaign_plan_data(c, s, f->answers, &command);

    if (e == ERR_OK)
        e = campaign_plan_script(RD_WR(&command), &script);
    OPENSSL_cleanse(bytes, command.len);
    if (e == ERR_OK)
        e = script_read_answer(data, script.format, &answer);
    if (e != ERR_OK)
        say(f, CAMPAIGN_REFUSED, "the answer cannot be read: %s", err_text(e));
    else if (answer.bad_format)
        say(f, CAMPAIGN_REFUSED, "bad format, cause %u", answer.bad_format_cause);
    else if (!ran_to_the_end(s, &answer, &script))
        say(f, CAMPAIGN_REFUSED, "command %u of %u: %04X %s", answer.answered, script.commands,
            answer.last.v, sw_text(answer.last));
    else if (f->answers == LEDGER_COMMAND)
        say_done(s, &answer, f);
    else if (s->campaign->method == LEDGER_3A && has_new_imsi(s, answer.data))
        say(f, CAMPAIGN_DONE, "EF.IMSI is the new one (asked)");
    else
        say(f, CAMPAIGN_NOT_EXECUTED, "%s",
            s->campaign->method == LEDGER_3A ? "EF.IMSI is the old one"
                                             : "the old keys are in force");
}

/* --- the packet --- */

/* The response status of an authenticated packet that is no RSC_OK. */
static void judge_status_code(uint8_t rsc, struct campaign_finding *f)
{
    switch (rsc) {
    case RSC_CNTR_LOW:
        say(f, CAMPAIGN_EXECUTED_ONCE, "counter low");
        break;
    case RSC_MEMORY:
    case RSC_MORE_TIME:
    case RSC_BY_SUBMIT:
    case RSC_BY_USSD:
        say(f, CAMPAIGN_WAIT, "%s", secpkt_rsc_text(rsc));
        break;
    default:
        say(f, CAMPAIGN_REFUSED, "%s", secpkt_rsc_text(rsc));
        break;
    }
}

/* Is it the answer to the last packet, or (late) to the command that a question followed? */
static bool answers_us(const struct campaign_subject *s, const struct ledger_packet *last,
                       const struct secpkt_response *r, enum ledger_purpose *answers)
{
    uint8_t command_tar[3];

    if (r->counter == last->counter && memcmp(r->tar, last->header.tar, 3) == 0) {
        *answers = last->purpose;
        return true;
    }
    campaign_plan_tar(s->campaign, LEDGER_COMMAND, command_tar);
    *answers = LEDGER_COMMAND;
    return s->job->command_counter != 0 && r->counter == s->job->command_counter &&
           memcmp(r->tar, command_tar, 3) == 0;
}

/* What is sealed by nobody: it may name the counter 0, as a card does that could not read it. */
static void judge_plain(const struct ledger_packet *last, const struct secpkt_response *r,
                        struct campaign_finding *f)
{
    bool plausible = memcmp(r->tar, last->header.tar, 3) == 0 &&
                     (r->counter == last->counter || r->counter == 0) && r->rsc != RSC_OK;

    f->rsc = r->rsc;
    if (plausible)
        say(f, CAMPAIGN_HINT, "not authenticated: %s", secpkt_rsc_text(r->rsc));
}

static bool open_with(struct crypto *c, const struct vault_pair *keys,
                      const struct ledger_packet *last, struct rd packet, struct wr *work,
                      struct secpkt_response *out)
{
    if (!keys)
        return false;
    work->len = 0;
    return secpkt_open_response(c, packet, &last->header, &keys->ota, work, out) == ERR_OK;
}

static bool answers_in_opchange(enum ledger_method m)
{
    return m == LEDGER_3B || m == LEDGER_QUERY || m == LEDGER_RENEW_K;
}

static void judge_opened(struct crypto *c, const struct campaign_subject *s,
                         const struct ledger_packet *last, const struct secpkt_response *r,
                         struct campaign_finding *f)
{
    if (!answers_us(s, last, r, &f->answers)) {
        f->verdict = CAMPAIGN_NOTHING;
        return;
    }
    f->rsc = r->rsc;
    /* Whatever it says under the new keys, it says that they are in force. */
    if (s->campaign->method == LEDGER_RENEW && f->keys == LEDGER_PENDING)
        say(f, CAMPAIGN_DONE, "the new keys are in force");
    else if (r->rsc != RSC_OK)
        judge_status_code(r->rsc, f);
    else if (answers_in_opchange(s->campaign->method))
        judge_opchange(s, r->data, f);
    else
        judge_script(c, s, r->data, f);
}

void campaign_proof_judge(struct crypto *c, const struct campaign_subject *s,
                          const struct ledger_packet *last, struct rd packet,
                          struct campaign_finding *f)
{
    const struct vault_pair *const sets[] = {
        [LEDGER_IN_FORCE] = s->keys, [LEDGER_PENDING] = s->pending};
    uint8_t bytes[SECPKT_MAX];
    struct wr work = WR_ARRAY(bytes);
    struct secpkt_response response = {0};

    *f = (struct campaign_finding){.verdict = CAMPAIGN_NOTHING, .answers = last->purpose};
    if ((last->header.spi[1] & SPI2_CHECK_MASK) != SPI2_CHECK_CC || packet.left > sizeof bytes)
        return;
    for (size_t i = 0; i < ARRAY_LEN(sets) && f->verdict <= CAMPAIGN_HINT; i++) {
        if (!open_with(c, sets[i], last, packet, &work, &response))
            continue;
        f->keys = (enum ledger_keys)i;
        if (response.authenticated)
            judge_opened(c, s, last, &response, f);
        else
            judge_plain(last, &response, f);
    }
    OPENSSL_cleanse(bytes, sizeof bytes);
}
