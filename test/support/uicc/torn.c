#include "test/support/uicc/torn.h"

#include "apdu/hex.h"
#include "apdu/tlv.h"
#include "uicc/core/card.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK      (1U << 20)
#define BANK_LARGE (256U * 1024)
#define PROOF_AT   3 /* behind 02 71 00 */

/* Bytes of an entry of OBJ_PINS (uicc/pin/object.h): flags, tries, tries to unblock, values. */
#define PIN_ENTRY   19U
#define PIN_TRIES   1U
#define PIN_UNBLOCK 2U

/* First byte of an answer to AUTHENTICATE (TS 31.102 7.1.2.1). */
#define SUCCESS         0xDB
#define SYNCHRONISATION 0xDC

#define PROFILE "8010000014FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"

static void must(bool claim, const char *what)
{
    if (claim)
        return;
    (void)fprintf(stderr, "torn: %s\n", what);
    abort();
}

/* ---- the card to begin with ---- */

static void copy_objects(struct store *to, const struct store *from)
{
    for (uint32_t i = 0; i < from->count; i++) {
        const struct store_object *o = &from->objects[i];

        must(store_put(to, o->id, RD(o->bytes, o->len)) == ERR_OK, "cannot copy an object");
    }
    must(store_commit(to) == ERR_OK, "cannot commit the copy");
}

/* Bytes of a bank that the copy takes. */
static uint32_t format_copy(struct nvm_sim *to, const struct medium *m, struct rd image,
                            const struct store *old, uint64_t bank_size)
{
    struct store_work *work = calloc(1, sizeof *work);
    uint8_t *block = aligned_alloc(16, BLOCK);
    struct arena arena;
    struct store new;
    uint32_t taken;

    must(work != NULL && block != NULL, "out of memory");
    arena_init(&arena, block, BLOCK);
    nvm_sim_free(to);
    nvm_sim_init(to, medium_size(image.left, bank_size));
    must(medium_format(&to->device, image, m->profile_hash, bank_size) == ERR_OK, "cannot format");
    must(store_create(&new, &to->device, &arena, work) == ERR_OK, "cannot create the copy");
    copy_objects(&new, old);
    taken = new.journal.tail;
    store_close(&new);
    free(block);
    free(work);
    return taken;
}

void torn_make(struct torn *t, struct nvm_sim *to)
{
    struct store_work *work = calloc(1, sizeof *work);
    uint8_t *block = aligned_alloc(16, BLOCK);
    struct nvm_device *from = &t->base->device;
    struct arena arena;
    struct store old;
    struct medium m;
    uint64_t bank;
    struct rd image;

    must(work != NULL && block != NULL, "out of memory");
    arena_init(&arena, block, BLOCK);
    must(medium_open(from, &m) == ERR_OK, "no card to begin with");
    image = RD(t->base->view + m.profile_offset, m.profile_len);
    must(store_open(&old, from, &arena, work) == ERR_OK, "cannot open the first card");
    bank = (format_copy(to, &m, image, &old, BANK_LARGE) + t->room + 3) / 4 * 4;
    format_copy(to, &m, image, &old, bank < MEDIUM_BANK_MIN ? MEDIUM_BANK_MIN : bank);
    store_close(&old);
    free(block);
    free(work);
}

/* ---- commands ---- */

static bool is_success(uint16_t sw)
{
    return sw == 0x9000 || sw >> 8 == 0x91 || sw >> 8 == 0x92;
}

static bool sw_is(uint16_t sw, const char *want)
{
    char text[5];

    (void)snprintf(text, sizeof text, "%04X", sw);
    for (int i = 0; i < 4; i++) {
        if (want[i] != 'X' && want[i] != text[i])
            return false;
    }
    return true;
}

/* What leads to a step may warn (a deactivated file, more blocks to come). */
static bool leads_on(uint16_t sw)
{
    return is_success(sw) || sw >> 8 == 0x62 || sw == 0x63F1;
}

/* Each twice if need be: a failure that passes costs one answer. */
static bool send_list(struct air *o, const char *list)
{
    while (list != NULL && *list != '\0') {
        const char *end = strchrnul(list, '|');
        char one[1200];

        must((size_t)(end - list) < sizeof one, "a command too long");
        memcpy(one, list, (size_t)(end - list));
        one[end - list] = '\0';
        if (!leads_on(air_hex(o, one)) && !leads_on(air_hex(o, one)))
            return false;
        list = *end == '|' ? end + 1 : end;
    }
    return true;
}

static struct air_packet packet_of(const struct torn *t, const struct torn_step *step,
                                   uint8_t *bytes, size_t cap)
{
    struct wr w = WR(bytes, cap);
    struct air_packet p;

    if (step->send != NULL)
        must(hex_decode(step->send, &w) == ERR_OK, step->send);
    else
        wr_rd(&w, step->data);
    p = air_packet(t->air, step->slot, step->tar, step->number, RD_WR(&w));
    if (step->kind == TORN_SUBMIT)
        p.command.header.spi[1] |= SPI2_BY_SUBMIT;
    return p;
}

static bool open_proof(struct air *o, const struct air_packet *p, struct wr *work,
                       struct secpkt_response *r)
{
    struct secpkt_keys keys = air_keys(o, p->slot);
    struct rd proof;

    if (o->answer_len <= PROOF_AT)
        return false;
    proof = RD(o->answer + PROOF_AT, o->answer_len - PROOF_AT);
    return secpkt_open_response(o->crypto, proof, &p->command.header, &keys, work, r) == ERR_OK &&
           r->authenticated && r->counter == p->command.counter;
}

static bool begins_with(struct rd data, const char *hex)
{
    uint8_t bytes[256];
    struct wr w = WR_ARRAY(bytes);

    must(hex_decode(hex, &w) == ERR_OK, hex);
    return data.left >= w.len && memcmp(data.at, bytes, w.len) == 0;
}

/* Keys that count at this step, for the server's side. */
static void take_keys(struct torn *t, const struct torn_step *step)
{
    t->air->made = t->made;
    if (step->pair != NULL)
        t->air->made.pairs[step->slot - 1] = *step->pair;
}

/* rsc: of an authenticated proof, RSC_CC_FAILED when there is none. */
static uint8_t send_packet(struct torn *t, const struct torn_step *step, bool *as_wanted)
{
    uint8_t bytes[SECPKT_MAX], plain[SECPKT_MAX];
    struct air_packet p = packet_of(t, step, bytes, sizeof bytes);
    struct wr work = WR_ARRAY(plain);
    struct secpkt_response r;

    *as_wanted = false;
    air_run(t->air, &p);
    if (!open_proof(t->air, &p, &work, &r))
        return RSC_CC_FAILED;
    *as_wanted = begins_with(r.data, step->want);
    return r.rsc;
}

static bool reset(struct air *o)
{
    uint8_t atr[64];
    struct wr w = WR_ARRAY(atr);

    return uicc_reset(o->card, &w) == ERR_OK && is_success(air_hex(o, PROFILE));
}

/*
 * What the card wants sent is sent; a reset that it wants happens. A proof is through when the
 * card has struck it off: one that it cannot strike off is sent again after the next power-on.
 */
static bool session(struct air *o)
{
    bool sent = false;
    struct rd left;

    while (o->sw >> 8 == 0x91) {
        uint8_t fetch[] = {0x80, 0x12, 0, 0, (uint8_t)o->sw};
        struct rd in, details;
        struct tlv command;

        if (air_raw(o, RD_ARRAY(fetch)) != 0x9000)
            return false;
        in = RD(o->answer, o->answer_len);
        must(tlv_next(&in, &command) == ERR_OK && command.value.left > 5, "a strange command");
        details = command.value;
        if (details.at[3] == 0x01 && details.at[4] == 0x04)
            return reset(o);
        sent = sent || details.at[3] == 0x13;
        if (!is_success(air_respond(o, 0)))
            return false;
    }
    return sent && o->sw == 0x9000 && !store_get(&o->card->store, OBJ_OUTBOX, &left);
}

static bool take(struct torn *t, const struct torn_step *step)
{
    struct air *o = t->air;
    uint8_t bytes[SECPKT_MAX];
    bool as_wanted;

    take_keys(t, step);
    if ((step->reset && !reset(o)) || !send_list(o, step->before))
        return false;
    switch (step->kind) {
    case TORN_APDU:
        return sw_is(air_hex(o, step->send), step->want);
    case TORN_PACKET:
        return send_packet(t, step, &as_wanted) == RSC_OK && as_wanted;
    case TORN_SUBMIT: {
        struct air_packet p = packet_of(t, step, bytes, sizeof bytes);

        return air_run(o, &p) >> 8 == 0x91;
    }
    case TORN_SESSION:
        return session(o);
    case TORN_AUTHENTICATE:
        break;
    }
    return is_success(air_authenticate(o, step->slot, step->number)) && o->answer[0] == SUCCESS;
}

/* The same again must be refused, whatever the world saw of the first time. */
static bool is_refused(struct torn *t, const struct torn_step *step)
{
    bool as_wanted;

    take_keys(t, step);
    if (step->kind == TORN_AUTHENTICATE) {
        air_authenticate(t->air, step->slot, step->number);
        return t->air->answer_len > 0 && t->air->answer[0] == SYNCHRONISATION;
    }
    if (step->kind == TORN_PACKET && !step->ends_keys)
        return send_packet(t, step, &as_wanted) == RSC_CNTR_LOW;
    if (step->kind == TORN_PACKET)
        return send_packet(t, step, &as_wanted) != RSC_OK;
    return true;
}

/* ---- a run ---- */

static bool power_up(struct torn *t, struct nvm_device *dev)
{
    struct air *o = t->air;
    uint8_t atr[64];
    struct wr w = WR_ARRAY(atr);

    o->host.nvm = dev;
    if (uicc_create(o->engine, &o->host, &o->card) != ERR_OK) {
        o->card = NULL;
        return false;
    }
    return uicc_reset(o->card, &w) == ERR_OK;
}

static void power_down(struct torn *t)
{
    uicc_destroy(&t->air->card);
}

static void run(struct nvm_device *dev, void *context, unsigned *done)
{
    struct torn *t = context;

    if (power_up(t, dev) && send_list(t->air, t->prologue)) {
        while (*done < t->count && (take(t, &t->steps[*done]) || take(t, &t->steps[*done])))
            ++*done;
    }
    power_down(t);
    t->hint = *done;
}

/* ---- what the memory shows ---- */

static void record(const struct store *s, struct torn_state *out)
{
    struct wr w = WR_ARRAY(out->bytes);

    out->pins_len = 0;
    for (uint32_t i = 0; i < s->count; i++) {
        const struct store_object *o = &s->objects[i];

        if (o->id == OBJ_PINS) {
            must(o->len <= sizeof out->pins, "too many PINs");
            memcpy(out->pins, o->bytes, o->len);
            out->pins_len = o->len;
            continue;
        }
        wr_u32(&w, o->id);
        wr_u32(&w, o->len);
        wr_bytes(&w, o->bytes, o->len);
    }
    must(wr_result(&w) == ERR_OK, "more objects than a state can tell");
    out->len = w.len;
}

static bool same_objects(const struct torn_state *a, const struct torn_state *b)
{
    return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

static bool same(const struct torn_state *a, const struct torn_state *b)
{
    return same_objects(a, b) && a->pins_len == b->pins_len &&
           memcmp(a->pins, b->pins, a->pins_len) == 0;
}

/* As want, or with a try taken and not given back; two if a device that failed let it be taken
 * again. */
static bool has_tries_less(const struct torn_state *now, const struct torn_state *want)
{
    int taken = 0;

    if (!same_objects(now, want) || now->pins_len != want->pins_len)
        return false;
    for (size_t i = 0; i < now->pins_len; i++) {
        bool tries = i % PIN_ENTRY == PIN_TRIES || i % PIN_ENTRY == PIN_UNBLOCK;

        if (now->pins[i] > want->pins[i] || (now->pins[i] < want->pins[i] && !tries))
            return false;
        taken += want->pins[i] - now->pins[i];
    }
    return taken <= 2;
}

/*
 * What the last run came to is looked for first: a step may leave things as they were, and a try
 * that was taken may look like a state of long ago.
 */
static int find(const struct torn *t)
{
    unsigned states = t->count + 1, next = t->hint + 1;

    if (same(&t->now, &t->after[t->hint]))
        return (int)t->hint;
    if (next < states && same(&t->now, &t->after[next]))
        return (int)next;
    if (has_tries_less(&t->now, &t->after[t->hint]))
        return (int)t->hint;
    for (unsigned i = 0; i < states; i++) {
        if (same(&t->now, &t->after[i]))
            return (int)i;
    }
    return CRASH_MIXED;
}

static bool keys_gone(const struct torn *t, const struct nvm_sim *sim, int steps)
{
    for (int i = 0; i < steps; i++) {
        for (unsigned k = 0; k < t->steps[i].gone_count; k++) {
            if (nvm_sim_holds(sim, RD_SECRET(&t->steps[i].gone[k])))
                return false;
        }
    }
    return true;
}

static int state(struct nvm_device *dev, void *context)
{
    struct torn *t = context;
    int found;

    if (!power_up(t, dev)) {
        power_down(t);
        return CRASH_REFUSED;
    }
    record(&t->air->card->store, &t->now);
    power_down(t);
    found = find(t);
    return keys_gone(t, dev->context, found) ? found : CRASH_MIXED;
}

static bool resume(struct nvm_device *dev, void *context, unsigned steps)
{
    struct torn *t = context;
    bool ok = power_up(t, dev) && send_list(t->air, t->prologue);

    if (ok && steps > 0) {
        ok = is_refused(t, &t->steps[steps - 1]);
        record(&t->air->card->store, &t->now);
        ok = ok && (same(&t->now, &t->after[steps]) || has_tries_less(&t->now, &t->after[steps]));
    }
    for (unsigned i = steps; ok && i < t->count; i++)
        ok = take(t, &t->steps[i]);
    if (ok)
        record(&t->air->card->store, &t->now);
    power_down(t);
    return ok && same(&t->now, &t->after[t->count]);
}

static bool prepare(struct nvm_device *dev, void *context)
{
    struct nvm_sim *sim = dev->context;
    struct nvm_sim card = {0};

    torn_make(context, &card);
    nvm_sim_copy(sim, &card);
    nvm_sim_free(&card);
    return true;
}

/* ---- the recording ---- */

static bool record_step(struct torn *t, unsigned i)
{
    if (!take(t, &t->steps[i])) {
        printf("%s: step %u: answered %04X\n", t->name, i + 1, t->air->sw);
        return false;
    }
    record(&t->air->card->store, &t->after[i + 1]);
    return true;
}

static bool record_all(struct torn *t, struct nvm_sim *sim)
{
    bool ok = power_up(t, &sim->device) && send_list(t->air, t->prologue);

    must(t->count <= TORN_STEPS_MAX, "too many steps");
    if (ok)
        record(&t->air->card->store, &t->after[0]);
    else
        printf("%s: cannot begin\n", t->name);
    for (unsigned i = 0; ok && i < t->count; i++)
        ok = record_step(t, i);
    power_down(t);
    return ok;
}

bool torn_scenario(struct torn *t, struct crash_scenario *out)
{
    struct nvm_sim sim = {0};
    bool ok;

    torn_make(t, &sim);
    *out = (struct crash_scenario){
        .name = t->name,
        .device_size = sim.device.size,
        .steps = t->count,
        .tears = t->tears,
        .context = t,
        .prepare = prepare,
        .run = run,
        .state = state,
        .resume = resume,
    };
    ok = record_all(t, &sim);
    nvm_sim_free(&sim);
    return ok;
}
