/*
 * cli.h - what all programs of Reseat have in common: how they say an error, show
 * progress, and keep secrets out of core dumps and swap.
 *
 * Exit status: 0 done, 1 the thing asked failed, 2 wrong usage.
 */
#ifndef RESEAT_TOOLS_CLI_CLI_H
#define RESEAT_TOOLS_CLI_CLI_H

#include "apdu/secret.h"

#include <stdio.h>

#define CLI_OK     0
#define CLI_FAILED 1
#define CLI_USAGE  2

#define CLI_VERSION "0.1.0"

/* First thing in every main(): no core dumps, not traceable, files for the owner only, memory
 * locked where the system lets us. */
void cli_harden(void);

/* "program: what" to standard error; returns CLI_FAILED, or CLI_USAGE with a hint at --help. */
__attribute__((format(printf, 1, 2))) int cli_fail(const char *format, ...);
__attribute__((format(printf, 1, 2))) int cli_usage(const char *format, ...);

/* Last thing of a program: what it printed has gone out, or it failed. */
int cli_flush(int status);

/* One sub-command of a program. main gets argv from its own name on. Without one, the sub-command
 * is in PROGRAM-works (../libexec/reseat beside the program), which takes the whole argv. */
struct cli_command {
    const char *name;
    int (*main)(int argc, char **argv);
    const char *help; /* one line */
};

/*
 * Run the sub-command that argv[1] names; --help and --version are answered here. commands ends
 * with a row without a name. summary: one line about the program.
 */
int cli_dispatch(int argc, char **argv, const char *summary, const struct cli_command *commands);

/*
 * A secret option: hex text, "@FILE" (first line of the file), "env:NAME", or "-" (standard
 * input, one line). what names the option in the error text; the value never stands in it.
 */
NODISCARD enum err cli_secret(const char *value, struct secret *out);
/* Read such a value as text (PINs), at most cap - 1 characters. */
NODISCARD enum err cli_secret_text(const char *value, char *out, size_t cap);

/* Why there is no such secret, in the words of these forms. */
const char *cli_secret_error(enum err e);

/* "key-encryption key SOURCE: why"; a source that is the key itself is not told. */
void cli_fail_kek(const char *source, enum err e);

/* A whole number within bounds; ERR_FORMAT, ERR_RANGE. */
NODISCARD enum err cli_number(const char *text, uint64_t min, uint64_t max, uint64_t *out);

/* Milliseconds of the monotonic clock. */
uint64_t cli_now_ms(void);
/* A descriptor that becomes readable when SIGINT or SIGTERM asks the program to end; they do
 * nothing else from then on. -1: none to be had. */
int cli_stop_signals(void);

/*
 * Progress to standard error: a bar on a terminal, a plain line every ten percent elsewhere;
 * nothing before two seconds have passed. cli_progress_end() finishes the line.
 */
struct cli_progress {
    const char *what;
    uint64_t total;
    uint64_t begun_ms, shown_ms;
    unsigned shown_percent;
    bool shown;
};
void cli_progress_begin(struct cli_progress *p, const char *what, uint64_t total);
void cli_progress(struct cli_progress *p, uint64_t done);
void cli_progress_end(struct cli_progress *p);

#endif
