/*
 * run.h - runs a script of commands (TS 102 226 5) in a file context of its own and
 * answers in the format it came in. What the commands change is staged; the caller commits.
 */
#ifndef RESEAT_UICC_REMOTE_RUN_H
#define RESEAT_UICC_REMOTE_RUN_H

#include "apdu/script.h"
#include "uicc/remote/action.h"

struct run;

/* One C-APDU of a script; answer data goes to out. */
typedef sw_t run_command(struct run *run, const struct apdu *cmd, struct wr *out);

struct run {
    /* in */
    struct card *card;
    const struct profile_tar *tar;
    run_command *command;
    uint8_t instance; /* security domain, for application management */
    uint16_t key_set; /* that opened the packet */

    /* out */
    bool keys_changed;      /* a command replaced keys: forget the old ones */
    struct actions actions; /* to queue after the proof */

    /* under way */
    struct channel ch;
    struct wr *scratch;  /* data of the last command */
    size_t waiting;      /* bytes of it that GET RESPONSE may fetch */
    size_t given;        /* of these, fetched already */
    bool chained;        /* the context is kept for the next packet */
    bool over_reset;     /* and over resets */
    bool failed;         /* the store failed: the whole script must not have happened */
    bool answered;       /* early response: nothing that follows is told */
    struct rd on_error;  /* error action in force */
    uint8_t chain_cause; /* script chaining response, 0 none */
};

/*
 * scratch: answer data of one command at a time (CARD_ANSWER_MAX bytes)
 * answer:  the response script, appended; as much of the data as fits
 * errors:  ERR_IO when a command met a store that fails: roll back
 *          ERR_SPACE when not even the head of an answer fits
 * A script of bad format is no error: the answer says it.
 */
NODISCARD enum err run_script(struct run *run, struct rd script, struct wr *scratch,
                              struct wr *answer);

/* The commands of remote file and application management. */
run_command rfm_command, ram_command;

#endif
