/*
 * The operator change as a model: every event in every state, breadth first, and each event cut by
 * a power loss at every operation of its commit. Goal: at no point does a card hold a mixed
 * subscription, go back to a burnt index, or lose both operators.
 *
 * A state is what lasts without power, less what only grows (OTA counters, sequence
 * numbers): slots, identity, record of the change. It is kept as the pages of the medium.
 */
#include "test/support/runner.h"
#include "test/support/uicc/air.h"
#include "uicc/applet/native.h"
#include "uicc/core/card.h"
#include "uicc/remote/counter.h"
#include "uicc/slot/slot.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE       4096U
#define STATES_MAX 512
#define POLLS      2
#define KEY_MAX    96

static struct air *o;

/* --- states --- */

struct snapshot {
    uint32_t *numbers; /* of pages that are not all zeros */
    uint8_t *pages;
    size_t count;
    uint64_t sqn;
};

struct state {
    char key[KEY_MAX];
    struct snapshot snapshot;
};

static struct state states[STATES_MAX];
static size_t state_count;

static const char *imsi_of(uint8_t slot)
{
    static const char *const imsis[] = {"", "001010123456789", "262021234567892", "310410123456793",
                                        "262031234567894"};

    return imsis[slot];
}

static uint8_t mnc_len_of(uint8_t slot)
{
    return slot == 3 ? 3 : 2;
}

/* slot states, IMSI, record, polls, whether a proof waits */
static void describe(char key[KEY_MAX])
{
    const struct store *s = &o->card->store;
    struct opchange_proof p;
    struct rd change, outbox;
    size_t n = 0;

    for (uint8_t i = 1; i <= o->made.slot_count; i++)
        key[n++] = (char)('0' + slot_state_of(s, i));
    native_opchange_status(o->card, &p);
    n += (size_t)snprintf(key + n, KEY_MAX - n, " %d imsi", (int)p.state);
    for (size_t i = 0; i < sizeof p.imsi; i++)
        n += (size_t)snprintf(key + n, KEY_MAX - n, "%02X", p.imsi[i]);
    if (store_get(s, OBJ_CHANGE, &change) && slot_fallback(s) != 0)
        n += (size_t)snprintf(key + n, KEY_MAX - n, " polls%u", change.at[14]);
    if (store_get(s, OBJ_OUTBOX, &outbox))
        (void)snprintf(key + n, KEY_MAX - n, " outbox");
}

static bool page_is_zero(const uint8_t *page)
{
    static const uint8_t zeros[PAGE];

    return memcmp(page, zeros, PAGE) == 0;
}

static struct snapshot take_snapshot(void)
{
    size_t total = o->sim.device.size / PAGE, n = 0;
    struct snapshot s = {.sqn = 0};

    for (size_t i = 0; i < total; i++)
        s.count += !page_is_zero(o->sim.media + i * PAGE);
    s.numbers = malloc(s.count * sizeof *s.numbers);
    s.pages = malloc(s.count * PAGE);
    ck_assert(s.numbers != NULL && s.pages != NULL);
    for (size_t i = 0; i < total; i++) {
        if (page_is_zero(o->sim.media + i * PAGE))
            continue;
        s.numbers[n] = (uint32_t)i;
        memcpy(s.pages + n++ * PAGE, o->sim.media + i * PAGE, PAGE);
    }
    return s;
}

static uint64_t sqn; /* the authentication centres' clock: goes up for ever */

/* The card of a state, powered, with a terminal. */
static void enter(const struct snapshot *s)
{
    uicc_destroy(&o->card);
    memset(o->sim.media, 0, o->sim.device.size);
    for (size_t i = 0; i < s->count; i++)
        memcpy(o->sim.media + (size_t)s->numbers[i] * PAGE, s->pages + i * PAGE, PAGE);
    nvm_sim_power_on(&o->sim, NVM_SIM_DROP, 1);
    ck_assert_int_eq(uicc_create(o->engine, &o->host, &o->card), ERR_OK);
    air_reset(o);
    air_terminal(o);
    o->sent_count = 0;
}

/* --- events --- */

static uint8_t in_force(void)
{
    return slot_in_force(&o->card->store);
}

static uint8_t fallback(void)
{
    return slot_fallback(&o->card->store);
}

static uint64_t fresh(uint8_t slot)
{
    return counter_read(&o->card->store, slot) + 1;
}

static void command(uint8_t slot, uint64_t counter, const struct opchange_command *c, uint8_t spi2)
{
    uint8_t data[128];
    struct wr w = WR_ARRAY(data);
    struct air_packet p;

    opchange_write(&w, c);
    p = air_packet(o, slot, AIR_OPCHANGE, counter, RD_WR(&w));
    p.command.header.spi[1] = spi2;
    air_run(o, &p);
}

static struct opchange_command to_next(uint8_t from, uint8_t to)
{
    struct opchange_command c = air_change_to(from, imsi_of(to == 0 || to > 4 ? 1 : to), POLLS, 0);

    c.to = to == 0 ? from : to;
    c.mnc_len = mnc_len_of(c.to > 4 ? 1 : c.to);
    return c;
}

static void event_change(void)
{
    struct opchange_command c = to_next(in_force(), slot_next_spare(&o->card->store));

    command(in_force(), fresh(in_force()), &c, 0x19);
}

static void event_change_by_submit(void)
{
    struct opchange_command c = to_next(in_force(), slot_next_spare(&o->card->store));

    command(in_force(), fresh(in_force()), &c, 0x39);
}

static void event_duplicate(void)
{
    struct opchange_command c = to_next(in_force(), slot_next_spare(&o->card->store));

    command(in_force(), fresh(in_force()) - 1, &c, 0x19);
}

static void event_wrong_index(void)
{
    struct opchange_command c =
        to_next(in_force(), (uint8_t)(slot_next_spare(&o->card->store) + 1));

    command(in_force(), fresh(in_force()), &c, 0x19);
}

static void event_wrong_slot(void)
{
    struct opchange_command c = to_next(in_force() == 1 ? 2 : 1, slot_next_spare(&o->card->store));

    command(in_force(), fresh(in_force()), &c, 0x19);
}

static void event_change_under_old_set(void)
{
    struct opchange_command c = to_next(in_force(), slot_next_spare(&o->card->store));

    if (fallback() != 0)
        command(fallback(), fresh(fallback()), &c, 0x19);
}

static void event_query(void)
{
    const struct opchange_command c = {.op = OPCHANGE_QUERY};

    command(in_force(), fresh(in_force()), &c, 0x19);
}

static void event_query_under_old_set(void)
{
    const struct opchange_command c = {.op = OPCHANGE_QUERY};

    if (fallback() != 0)
        command(fallback(), fresh(fallback()), &c, 0x19);
}

static void event_fall_back(void)
{
    const struct opchange_command c = {.op = OPCHANGE_FALL_BACK, .expected = in_force()};

    command(in_force(), fresh(in_force()), &c, 0x19);
}

static void event_authenticate(void)
{
    sqn += 32;
    air_authenticate(o, in_force(), sqn);
}

static void event_authenticate_others(void)
{
    for (uint8_t slot = 1; slot <= o->made.slot_count; slot++) {
        sqn += 32;
        if (slot != in_force())
            ck_assert(o->sim.dead || air_authenticate(o, slot, sqn) == 0x9862 || o->sim.dead);
    }
}

static void event_poll(void)
{
    air_hex(o, "80F2000C00");
}

static void event_no_service(void)
{
    air_hex(o, "80C200000CD60A990103820282819B0102");
}

static void event_reset(void)
{
    uint8_t atr[64];
    struct wr w = WR_ARRAY(atr);

    ck_assert_int_eq(uicc_reset(o->card, &w), ERR_OK);
}

static const struct {
    const char *name;
    void (*run)(void);
} events[] = {
    {"CHANGE", event_change},
    {"CHANGE, proof by SUBMIT", event_change_by_submit},
    {"CHANGE again", event_duplicate},
    {"CHANGE to a wrong index", event_wrong_index},
    {"CHANGE from a wrong slot", event_wrong_slot},
    {"CHANGE under the old set", event_change_under_old_set},
    {"QUERY", event_query},
    {"QUERY under the old set", event_query_under_old_set},
    {"FALL BACK", event_fall_back},
    {"AUTHENTICATE", event_authenticate},
    {"AUTHENTICATE under every other K", event_authenticate_others},
    {"STATUS", event_poll},
    {"no service", event_no_service},
    {"reset", event_reset},
};

/* --- what always holds --- */

static void check(const char *where)
{
    const struct store *s = &o->card->store;
    uint8_t active = slot_in_force(s), before = slot_fallback(s);
    struct opchange_proof p;
    char digits[IMSI_DIGITS_MAX + 1];
    struct rd kept;
    struct slot slot;

    ck_assert_msg(slot_check(s), "%s: slots contradict", where);
    ck_assert_msg(active != 0, "%s: nobody is in force", where);
    ck_assert_int_eq(slot_read(s, active, &slot), ERR_OK);
    ck_assert_msg(slot.aka.k.len > 0, "%s: dead operator in force", where);
    native_opchange_status(o->card, &p);
    ck_assert_int_eq(bcd_imsi_decode(p.imsi, digits), ERR_OK);
    ck_assert_msg(strcmp(digits, imsi_of(active)) == 0, "%s: slot %u with IMSI %s", where, active,
                  digits);
    ck_assert_msg(store_get(s, OBJ_FALLBACK, &kept) == (before != 0), "%s: way back", where);
    ck_assert_msg((p.state == OPCHANGE_TRIAL) == (before != 0), "%s: record", where);
    if (before != 0) {
        ck_assert_int_eq(slot_read(s, before, &slot), ERR_OK);
        ck_assert_msg(slot.aka.k.len > 0, "%s: dead way back", where);
    }
    for (uint8_t i = 1; i <= o->made.slot_count; i++) {
        if (slot_state_of(s, i) != SLOT_RETIRED)
            continue;
        ck_assert_int_eq(slot_read(s, i, &slot), ERR_OK);
        ck_assert_msg(slot.aka.k.len == 0 && slot.kic.key.len == 0, "%s: keys kept", where);
    }
}

/* No slot goes back: spare may become used, used never spare, retired nothing else. */
static void check_step(const char *from, const char *to, const char *where)
{
    for (unsigned i = 0; i < o->made.slot_count; i++) {
        bool was_spare = from[i] == '0' + SLOT_SPARE, is_spare = to[i] == '0' + SLOT_SPARE;

        ck_assert_msg(was_spare || !is_spare, "%s: index %u is spare again", where, i + 1);
        ck_assert_msg(from[i] != '0' + SLOT_RETIRED || to[i] == '0' + SLOT_RETIRED,
                      "%s: index %u lives again", where, i + 1);
    }
}

/* What the tables allow is what happens: a slot moves along a row of its table, the subscription
 * manager along one of its own. Rows that were walked are marked. */
static bool walked[16];

static void check_slots(const char *from, const char *to, const char *where)
{
    for (unsigned i = 0; i < o->made.slot_count; i++) {
        const struct slot_row *row = slot_row(0);

        if (from[i] == to[i])
            continue;
        for (size_t n = 0; row != NULL; row = slot_row(++n)) {
            if (from[i] == '0' + (char)row->from && to[i] == '0' + (char)row->to)
                break;
        }
        ck_assert_msg(row != NULL, "%s: index %u moves from %c to %c", where, i + 1, from[i],
                      to[i]);
    }
}

static void check_rows(const char *from, const char *to, const char *where)
{
    char before = from[o->made.slot_count + 1], after = to[o->made.slot_count + 1];
    const struct native_opchange_row *row = native_opchange_row(0);
    bool found = before == after;

    check_slots(from, to, where);
    for (size_t n = 0; row != NULL && !found; row = native_opchange_row(++n)) {
        if (before == '0' + (char)row->from && after == '0' + (char)row->to)
            walked[n] = found = true;
    }
    ck_assert_msg(found, "%s: from state %c to %c, which no row allows", where, before, after);
}

/* Two rows may lead from one state to another; then the first one stands for both. */
static void check_all_rows_walked(void)
{
    const struct native_opchange_row *row, *other;

    for (size_t n = 0; (row = native_opchange_row(n)) != NULL; n++) {
        bool seen = walked[n];

        for (size_t m = 0; m < n && (other = native_opchange_row(m)) != NULL; m++)
            seen |= walked[m] && other->from == row->from && other->to == row->to;
        ck_assert_msg(seen, "row %zu was never walked", n);
    }
}

/* --- the walk --- */

static void add_state(const char *key)
{
    for (size_t i = 0; i < state_count; i++) {
        if (strcmp(states[i].key, key) == 0)
            return;
    }
    ck_assert_uint_lt(state_count, STATES_MAX);
    memcpy(states[state_count].key, key, KEY_MAX);
    states[state_count++].snapshot = take_snapshot();
}

static void power_cycle(uint64_t seed)
{
    uicc_destroy(&o->card);
    nvm_sim_power_on(&o->sim, (enum nvm_sim_policy)(seed % NVM_SIM_POLICIES), seed);
    ck_assert_int_eq(uicc_create(o->engine, &o->host, &o->card), ERR_OK);
    event_reset();
}

/* One event, whole; then again with the power cut at each of its operations. */
static unsigned walk(size_t from, size_t event)
{
    char before[KEY_MAX] = "", after[KEY_MAX] = "", got[KEY_MAX] = "", where[2 * KEY_MAX];
    unsigned runs = 0;

    for (uint64_t cut = 0;; cut++) {
        bool finished;

        (void)snprintf(where, sizeof where, "%.90s, %s, cut %u", states[from].key,
                       events[event].name, (unsigned)cut);
        enter(&states[from].snapshot);
        describe(before);
        o->sim.ops = 0;
        o->sim.cut_at = cut;
        events[event].run();
        runs++;
        if (cut == 0) {
            check(where);
            describe(after);
            check_step(before, after, where);
            check_rows(before, after, where);
        }
        finished = !o->sim.dead;
        power_cycle(cut);
        check(where);
        memset(got, 0, sizeof got);
        describe(got);
        ck_assert_msg(strcmp(got, after) == 0 || strcmp(got, before) == 0,
                      "%s: [%s] is neither [%s] nor [%s]", where, got, before, after);
        if (cut == 0)
            add_state(got);
        if (cut > 0 && finished)
            return runs;
    }
}

START_TEST(opchange_model_holds_everywhere)
{
    unsigned runs = 0;
    char key[KEY_MAX] = "";

    o = air_new(NULL, SECPKT_AES);
    sqn = 0x1000;
    describe(key);
    add_state(key);
    for (size_t i = 0; i < state_count; i++) {
        for (size_t e = 0; e < ARRAY_LEN(events); e++)
            runs += walk(i, e);
    }
    (void)printf("opchange model: %zu states, %zu events, %u runs\n", state_count,
                 ARRAY_LEN(events), runs);
    ck_assert_uint_ge(state_count, 30);
    check_all_rows_walked();
    for (size_t i = 0; i < state_count; i++) {
        free(states[i].snapshot.numbers);
        free(states[i].snapshot.pages);
    }
    air_free(&o);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("opchange_model");
    TCase *t = tcase_create("TR 33.812 3b");

    tcase_set_timeout(t, 300);
    tcase_add_test(t, opchange_model_holds_everywhere);
    suite_add_tcase(s, t);
    return s;
}
