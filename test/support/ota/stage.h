/*
 * stage.h - a ledger, the campaign engine, and cards in a network that the test commands.
 */
#ifndef RESEAT_TEST_STAGE_H
#define RESEAT_TEST_STAGE_H

#include "ota/campaign/engine.h"
#include "test/support/ota/fake_net.h"

struct stage {
    struct fake_net *net;
    struct ledger *ledger;
    struct campaign_engine *engine;
    struct ledger_campaign campaign;
};

void stage_begin(struct stage *s, size_t cards, uint64_t seed);
void stage_end(struct stage *s);

/* A campaign of the method over every card, in s->campaign: prepare, change what the test wants
 * different, add. Or all at once. */
void stage_prepare(struct stage *s, enum ledger_method method);
void stage_add_jobs(struct stage *s);
void stage_start(struct stage *s, enum ledger_method method);

/* One step of the engine, then so much time of the network; until the campaign ends. */
void stage_step(struct stage *s, uint64_t ms);
void stage_run(struct stage *s, unsigned seconds_max);
bool stage_is_over(struct stage *s);

/* kill -9, and a new start on the same ledger. */
void stage_crash_and_restart(struct stage *s);

struct ledger_counts stage_counts(struct stage *s);
struct ledger_job stage_job_of(struct stage *s, size_t card);
/* Each card has its new IMSI, and was changed once. */
void stage_assert_all_changed_once(struct stage *s);

#endif
