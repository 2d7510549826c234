/*
 * air.h - a whole card in simulated memory with what stands around it in a test: a terminal
 * (TERMINAL PROFILE, GET RESPONSE, FETCH, TERMINAL RESPONSE) and a server that knows all keys.
 */
#ifndef RESEAT_TEST_AIR_H
#define RESEAT_TEST_AIR_H

#include "apdu/crypto.h"
#include "apdu/opchange.h"
#include "apdu/secpkt.h"
#include "apdu/sms.h"
#include "test/support/uicc/nvm_sim.h"
#include "uicc/perso.h"
#include "uicc/uicc.h"

#define AIR_ARENA    (4U << 20)
#define AIR_SENT_MAX 16

/* A short message that the card sent. */
struct air_sent {
    uint8_t tpdu[SMS_TPDU_MAX];
    size_t len;
};

struct air {
    struct nvm_sim sim;
    struct arena arena;
    void *block;
    struct uicc_engine *engine;
    struct uicc_host host;
    struct card *card;
    struct perso_card made; /* what the manufacturer knows */
    struct crypto *crypto;  /* the server's */
    uint64_t now_ms, random;
    uint8_t cc_len; /* of the server's keys; SECPKT_CC_LEN unless a test says otherwise */

    /* the last command */
    uint8_t answer[4096];
    size_t answer_len;
    uint16_t sw; /* after GET RESPONSE */

    /* what proactive sessions brought */
    unsigned refreshes;
    uint8_t refresh_mode;
    struct air_sent sent[AIR_SENT_MAX];
    unsigned sent_count;
    unsigned other; /* proactive commands of other kinds */
    uint8_t result; /* general result of TERMINAL RESPONSE; 00 unless a test says otherwise */
};

/* profile: text for perso_compile(), NULL: the built-in one; algorithm of the OTA keys. The card
 * is reset, a terminal has not spoken yet. Whatever here cannot be done aborts the program. */
struct air *air_new(const char *profile, enum secpkt_algorithm algorithm);
void air_free(struct air **o);

void air_reset(struct air *o);
/* The power goes and comes back; the card is put together from its memory again, and reset.
 * Faults of the simulation are forgotten. */
void air_power_cut(struct air *o, enum nvm_sim_policy policy);
/* TERMINAL PROFILE of a terminal that can do everything, and the session it leads to. */
void air_terminal(struct air *o);

/* One command, GET RESPONSE included; fills answer and sw and returns sw. */
uint16_t air_send(struct air *o, struct rd command);
uint16_t air_hex(struct air *o, const char *command);
/* Exactly one exchange, as T=0 has it. */
uint16_t air_raw(struct air *o, struct rd command);

/* FETCH and answer until nothing waits any more. A REFRESH of mode UICC reset resets the card and
 * is followed by air_terminal(). */
void air_session(struct air *o);
/* FETCH one command; its bytes are in answer. false: nothing waits. */
bool air_fetch(struct air *o);
/* TERMINAL RESPONSE to the command in answer. */
uint16_t air_respond(struct air *o, uint8_t result);

/* --- packets --- */

/* A command packet: header and counter by hand, keys of a slot. */
struct air_packet {
    struct secpkt_command command;
    uint8_t slot;
};
#define AIR_RFM_USIM "B00001"
#define AIR_RFM_UICC "B00000"
#define AIR_RFM_SIM  "B00010"
#define AIR_RAM      "000000"
#define AIR_OPCHANGE "BFFF00"

/* SPI 16 19 (CC, ciphered, counter above; proof with CC, ciphered, in the report). */
struct air_packet air_packet(const struct air *o, uint8_t slot, const char *tar, uint64_t counter,
                             struct rd data);
struct secpkt_keys air_keys(const struct air *o, uint8_t slot);
/* Seal into out; returns the length. */
size_t air_seal(struct air *o, const struct air_packet *p, uint8_t out[SECPKT_MAX]);
/* Deliver a packet from CPL on, in as many messages as it needs; sw of the last one. */
uint16_t air_deliver(struct air *o, struct rd packet);
/* One SMS-DELIVER with this TP-UD. */
uint16_t air_message(struct air *o, struct rd ud, const char *from);
/* The ENVELOPE command that delivers a packet of one message; its length. */
size_t air_envelope(struct rd packet, uint8_t *envelope, size_t cap);
/* Seal and deliver. */
uint16_t air_run(struct air *o, const struct air_packet *p);

/* The answer is a proof of p: opened with its keys. Fails the test when it is none. data borrows
 * from scratch memory of o until the next call. */
struct secpkt_response air_proof(struct air *o, const struct air_packet *p);
/* The same out of the messages that the card sent. */
struct secpkt_response air_sent_proof(struct air *o, const struct air_packet *p);

/* Run a script given as hex with slot 1's keys; its authenticated proof. */
struct secpkt_response air_script(struct air *o, const char *tar, uint64_t counter,
                                  const char *script);

/* Run an operator-change command with slot's keys and return what the card proves. */
struct opchange_proof air_change(struct air *o, uint8_t slot, uint64_t counter,
                                 const struct opchange_command *command);
/* A CHANGE from slot to slot + 1 with this IMSI and trial. */
struct opchange_command air_change_to(uint8_t from, const char *imsi, uint16_t polls,
                                      uint32_t seconds);

/* AUTHENTICATE under the K of a slot with this SQN; sw, or DC00 when the card asks for
 * synchronisation. */
uint16_t air_authenticate(struct air *o, uint8_t slot, uint64_t sqn);
/* Select the USIM, then a file by a path from it ("6F07", "5FC04F01"); fails the test if it is not
 * there. */
void air_select(struct air *o, const char *path);
/* IMSI in force, as a terminal reads it. */
void air_imsi(struct air *o, char digits[IMSI_DIGITS_MAX + 1]);

#endif
