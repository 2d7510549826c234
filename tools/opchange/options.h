/*
 * options.h - what the sub-commands of opchange are told, and what most of them begin with:
 * opening a party, a vault, an HLR or a ledger, and judging a list.
 */
#ifndef RESEAT_TOOLS_OPCHANGE_OPTIONS_H
#define RESEAT_TOOLS_OPCHANGE_OPTIONS_H

#include "ota/hlr/hlr.h"
#include "ota/ledger/jobs.h"
#include "ota/oplist/oplist.h"
#include "ota/vault/vault.h"

#define OPCHANGE_PATH_MAX 4096
#define OPCHANGE_ARGS_MAX 2

enum opchange_option {
    OPCHANGE_PARTY,
    OPCHANGE_TO,
    OPCHANGE_OUT,
    OPCHANGE_NAME,
    OPCHANGE_ROLE,
    OPCHANGE_PLMN,
    OPCHANGE_DAYS,
    OPCHANGE_CARDS,
    OPCHANGE_ICCIDS,
    OPCHANGE_FIRST_IMSI,
    OPCHANGE_FIRST_MSISDN,
    OPCHANGE_ALTERNATIVE,
    OPCHANGE_SPN,
    OPCHANGE_CENTRE,
    OPCHANGE_LEDGER,
    OPCHANGE_KEK,
    OPCHANGE_VAULT,
    OPCHANGE_HLR,
    OPCHANGE_CAMPAIGN,
    OPCHANGE_RATE,
    OPCHANGE_CANARY,
    OPCHANGE_STOP_PERCENT,
    OPCHANGE_TIMEOUT,
    OPCHANGE_TRIES,
    OPCHANGE_TRIAL_POLLS,
    OPCHANGE_TRIAL_SECONDS,
    OPCHANGE_FORMAT,
    /* without a value */
    OPCHANGE_JSON,
    OPCHANGE_ROWS,
    OPCHANGE_ALLOW_GAP,
    OPCHANGE_DETACH,
    OPCHANGE_PARTIAL,
    OPCHANGE_OPTIONS
};
#define OPCHANGE_BIT(option) (UINT64_C(1) << (option))

struct opchange_options {
    const char *value[OPCHANGE_OPTIONS]; /* NULL: not given; "" for an option without a value */
    const char *args[OPCHANGE_ARGS_MAX];
    size_t arg_count;
};

struct opchange_spec;

/* Parse argv by the command's specification, and run it. */
int opchange_run_spec(const struct opchange_spec *spec, int argc, char **argv);

bool opchange_has(const struct opchange_options *o, enum opchange_option option);
/* Value, or fallback when not given. */
const char *opchange_text(const struct opchange_options *o, enum opchange_option option,
                          const char *fallback);
/* A number within limits, or fallback; false, with the error printed, for anything else. */
bool opchange_number(const struct opchange_options *o, enum opchange_option option,
                     uint64_t fallback, uint64_t max, uint64_t *out);
bool opchange_alternative(const struct opchange_options *o, enum oplist_alternative *out);

/*
 * Open what --party, --vault, --hlr or --ledger names. Each prints what went wrong and returns
 * NULL then. Keys at rest: --kek, else vault.key beside the vault, or as ota-server has it.
 */
struct oplist_party *opchange_open_party(const struct opchange_options *o);
struct vault *opchange_open_vault(const struct opchange_options *o);
struct hlr *opchange_open_hlr(const struct opchange_options *o, bool create);
struct ledger *opchange_open_ledger(const struct opchange_options *o, bool create);

/*
 * Judge the list in file. NULL, with the reason printed, unless it is accepted (or replayed, when
 * *replayed is asked for).
 */
struct oplist *opchange_judge(struct oplist_party *p, const struct opchange_options *o,
                              const char *file, enum oplist_purpose purpose, bool *replayed);
/* The same for a list of one of two purposes. */
struct oplist *opchange_judge_either(struct oplist_party *p, const struct opchange_options *o,
                                     const char *file, enum oplist_purpose one,
                                     enum oplist_purpose other);

/* Print why a list is refused; CLI_FAILED. */
int opchange_refuse(const char *file, const struct oplist_report *r);

/* The sending side of --to, --days and --out. answers may be NULL. Prints an error. */
bool opchange_send(struct oplist_party *p, const struct opchange_options *o,
                   const struct oplist_draft *draft, const uint8_t *answers);

/* "FILE: text" to standard error; CLI_FAILED. */
int opchange_fail(const char *what, enum err e);

#endif
