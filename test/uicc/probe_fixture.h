/*
 * probe_fixture.h - a card whose one load file has one module: an applet that does as a test
 * says, and remembers how it was called. Included once per test program; takes the place of
 * uicc/applet/native.c.
 */
#ifndef RESEAT_TEST_PROBE_FIXTURE_H
#define RESEAT_TEST_PROBE_FIXTURE_H

#include "apdu/ctlv.h"
#include "test/uicc/applet_fixture.h"
#include "uicc/applet/toolkit.h"
#include "uicc/cat/proactive.h"
#include "uicc/isd/isd.h"

#include <string.h>

#define PROBES     8
#define PROBE_LOGS 16

/* What one instance was called with, and what it shall do; by number of its entry. */
static struct probe {
    struct {
        uint8_t event, tag, item, stage, result;
        size_t envelope_len;
        uint8_t envelope[64];
    } log[PROBE_LOGS];
    unsigned count;
    enum err posted, sent; /* what the card said to it */

    bool posts, posts_tlv, refuses, aborts;
    uint8_t answer[160], answer_len, answer_tag;
    unsigned sends; /* commands left to send */
    struct cat_command command;
    enum err fails;
    void (*runs)(struct applet *a, struct applet_activation *act);
} probes[PROBES];

/* C9: the events to register for. */
static enum err probe_install(struct applet *a, struct rd parameters)
{
    enum err e = ERR_OK;
    uint8_t event = 0;

    while (e == ERR_OK && rd_u8(&parameters, &event) == ERR_OK)
        e = applet_set_event(a, event);
    return e;
}

static void probe_answer(struct applet *a, struct applet_activation *act, struct probe *p)
{
    struct rd answer = RD(p->answer, p->answer_len);

    if (p->posts)
        p->posted = applet_post(a, act, !p->refuses, answer);
    if (p->posts_tlv)
        p->posted = applet_post_tlv(a, act, !p->refuses, p->answer_tag, answer);
}

static void probe_toolkit(struct applet *a, struct applet_activation *act)
{
    struct probe *p = &probes[a->number];
    unsigned n = p->count < PROBE_LOGS ? p->count++ : PROBE_LOGS - 1;
    struct rd body = {NULL, 0};

    p->log[n].event = act->event;
    p->log[n].tag = act->tag;
    p->log[n].item = act->item;
    p->log[n].stage = (uint8_t)act->stage++;
    p->log[n].result = act->result;
    p->log[n].envelope_len = act->envelope.left;
    if (act->envelope.left > 0 && act->envelope.left <= sizeof p->log[n].envelope)
        memcpy(p->log[n].envelope, act->envelope.at, act->envelope.left);
    probe_answer(a, act, p);
    if (p->runs != NULL)
        p->runs(a, act);
    act->error = p->fails;
    if (p->sends == 0)
        return;
    p->sends--;
    ck_assert_int_eq(cat_command_body(&p->command, &body), ERR_OK);
    p->sent =
        applet_send(a, act, p->command.type, p->command.qualifier, p->command.destination, body);
}

static const struct applet_ops probe_ops = {.install = probe_install, .toolkit = probe_toolkit};

static const struct native_module domain_module[] = {
    {"domain", {8, {0xA0, 0, 0, 1, 0x51, 0x53, 0x50, 0x41}}, &isd_applet}};
static const struct native_module probe_module[] = {
    {"probe", {5, {0xF0, 'P', 'R', 'O', 'B'}}, &probe_ops}};
static const struct native_module manager_module[] = {
    {"manager", {5, {0xF0, 'O', 'P', 'C', 'H'}}, &native_opchange}};
static const struct native_package probe_packages[] = {
    {{7, {0xA0, 0, 0, 1, 0x51, 0x53, 0x50}}, {1, 0}, domain_module, 1},
    {{6, {0xF0, 'P', 'R', 'O', 'B', 'E'}}, {1, 0}, probe_module, 1},
    {{6, {0xF0, 'O', 'P', 'C', 'H', 'A'}}, {1, 0}, manager_module, 1},
};

const struct native_package *applet_native_package(unsigned n)
{
    return n < ARRAY_LEN(probe_packages) ? &probe_packages[n] : NULL;
}

const char *applet_native_name(const struct applet_aid *module)
{
    (void)module;
    return NULL;
}

static inline void probe_setup(void)
{
    memset(probes, 0, sizeof probes);
    setup();
}

/* An instance that registers for these events; its number, by which probes[] knows it. */
static inline uint8_t probe_as(struct applet_installation *w, const uint8_t *events, size_t count)
{
    uint8_t number;

    w->parameters = RD(events, count);
    number = install_as(w);
    ck_assert_uint_lt(number, PROBES);
    return number;
}

static inline struct probe *probe(uint8_t name, uint8_t priority, uint8_t event)
{
    struct applet_installation w = wanted(0, name);

    w.toolkit = (struct toolkit_registration){.priority = priority};
    return &probes[probe_as(&w, &event, event != 0)];
}

static inline void probe_expect(const struct probe *p, unsigned n, uint8_t event)
{
    ck_assert_uint_eq(p->count, n);
    if (n > 0)
        ck_assert_uint_eq(p->log[n - 1].event, event);
}

#endif
