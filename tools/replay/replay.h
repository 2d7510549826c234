/*
 * replay.h - a recorded session with another card, compared by rules.
 *
 * What a terminal asked is asked again. The answers are compared as they are decoded, each piece
 * under the rule of its row in tools/decode/: equal, as long as, or free (identities, keys,
 * random values, sizes). A file that not every card has may be missing, a card's own toolkit may
 * differ; --strict allows neither. Memory that is left is never compared. Bytes that the trace
 * leaves open ("**", "..", "{name}") are compared by that pattern.
 *
 * T=0 is put aside on both sides: 61XX with its GET RESPONSE and 6CXX with its repetition are one
 * exchange, whether or not the recorded terminal followed them: the card under test is always
 * followed, and an answer that the recorded terminal left where it was counts by its status alone.
 */
#ifndef RESEAT_TOOLS_REPLAY_REPLAY_H
#define RESEAT_TOOLS_REPLAY_REPLAY_H

#include "apdu/aka.h"
#include "tools/decode/decode.h"
#include "tools/trace/trace.h"
#include "tools/transport/reader.h"

#define REPLAY_VALUES_MAX 64
#define REPLAY_VALUE_MAX  256
#define REPLAY_ANSWER_MAX TRACE_BYTES_MAX

/* --- values.c: what names in a trace stand for --- */

struct replay_value {
    char name[TRACE_NAME_MAX + 1];
    uint8_t len;
    uint8_t bytes[REPLAY_VALUE_MAX];
};
struct replay_values {
    struct replay_value list[REPLAY_VALUES_MAX];
    size_t count;
};
/* ERR_RANGE: a name or value too long, or too many. A value of the same name is replaced. */
NODISCARD enum err replay_set(struct replay_values *v, const char *name, struct rd value);
const struct replay_value *replay_get(const struct replay_values *v, const char *name);
/*
 * The bytes of a command with names filled in. A PIN that the recorder masked takes the value of
 * its name: pin1, pin2, adm1, puk1. ERR_NOT_FOUND: bytes that nobody knows; missing names them.
 */
NODISCARD enum err replay_fill(const struct replay_values *v, const struct trace_bytes *command,
                               struct wr *out, const char **missing);
/*
 * Does the answer keep to the pattern? A name without a value takes what stands there. Of ".." and
 * such names at most one may be open at a time: it takes all but what the positions behind it need.
 */
bool replay_match(struct replay_values *v, const struct trace_bytes *pattern, struct rd answer);

/* --- fold.c: T=0 put aside --- */

struct replay_fold {
    struct trace_reader *reader;
    struct trace_event ahead;
    bool has_ahead;
    enum err end; /* what trace_next() said last */
};
/*
 * The next event; an exchange comes with the answers of what belongs to it. not_fetched: there
 * was data (61XX, 6CXX) that the recorded terminal did not take. ERR_RANGE: the pieces make more
 * than TRACE_BYTES_MAX; otherwise errors of trace_next().
 */
NODISCARD enum err replay_next(struct replay_fold *f, struct trace_event *out, bool *not_fetched);
/* Read the event after it, to see what the recorded terminal did next. False at the end. */
bool replay_ahead(struct replay_fold *f);

/* --- fit.c: a card whose files have other sizes, and whose applications other names --- */

/*
 * Ask again, after this card refused what the recorded one did, as a terminal would that had met
 * this card: an application by the type that begins its name; a record or the rest of a file at
 * the length that it has here. how: what was changed (static), or why it cannot be done here; NULL
 * when sizes and names do not explain the refusal. fitted: data and sw are those of the new try.
 */
NODISCARD enum err replay_fit(struct reader *reader, struct rd command, struct wr *data, sw_t *sw,
                              bool *fitted, const char **how);

/* --- compare.c --- */

enum replay_verdict { REPLAY_EQUAL, REPLAY_ALLOWED, REPLAY_DIFFERENT };

/* One pair of pieces that are not the same; NULL where one card has no such piece. */
struct replay_pair {
    const char *name;
    const struct tree_node *a, *b;
    enum replay_verdict verdict;
};
#define REPLAY_PAIRS_MAX 32
struct replay_pairs {
    struct replay_pair list[REPLAY_PAIRS_MAX];
    size_t count; /* above REPLAY_PAIRS_MAX: that many more were found */
};
/* Compare node by node; hidden: a knows only the beginning. Trees outlive the pairs. */
enum replay_verdict replay_compare(const struct tree_node *a, const struct tree_node *b,
                                   bool hidden, struct replay_pairs *out);

/* --- replay.c --- */

struct replay_counts {
    unsigned exchanges, equal, allowed, different, skipped;
};

/* What one exchange came to, for whoever prints. */
struct replay_result {
    const struct trace_event *recorded;
    const struct decode *a, *b; /* decoded as recorded, and as answered */
    enum replay_verdict verdict;
    bool skipped;
    const char *why; /* static; of a verdict or of skipping */
    bool has_recorded_sw;
    sw_t recorded_sw, sw;
    const struct replay_pairs *pairs;
};

struct replay {
    struct reader *reader; /* the card under test */
    struct replay_values values;
    struct aka_key aka; /* algorithm 0: AUTHENTICATE is not recomputed */
    bool strict;
    bool timing; /* wait where the trace waits */
    void (*report)(void *context, const struct replay_result *result);
    void *context;

    struct decode a, b;
    struct replay_counts counts;
    uint64_t place;              /* of the event under way, for who reports an error */
    uint64_t sqn;                /* next sequence number to try */
    uint8_t here[APDU_CHANNELS]; /* channel that this card opened for a recorded one */
    bool lost[APDU_CHANNELS];    /* the cards are in different places: wait for the next SELECT */
    uint16_t waiting;            /* last 91XX of the card under test, 0 when nothing waits */
    bool skip_response;          /* its FETCH was skipped */
};

/* errors: ERR_NOMEM, ERR_CRYPTO */
NODISCARD enum err replay_init(struct replay *r, struct reader *reader);
void replay_free(struct replay *r);

/* Replay all of a trace. errors: those of trace_next() but the end, and of the reader. */
NODISCARD enum err replay_run(struct replay *r, struct trace_reader *trace);

/* Put a recorded command on the channel that this card opened for its own: header and, for MANAGE
 * CHANNEL, the number of the one that closes. */
void replay_put_here(const struct replay *r, uint8_t header[4]);

/* --- auth.c --- */

/* Is this an AUTHENTICATE that r can compute for the card's own key? */
bool replay_is_auth(const struct replay *r, const struct trace_event *event);
/*
 * Run it with RAND and AUTN that the card verifies, or is to refuse as the recorded one was.
 * why: what is wrong with the answer, NULL when it is what the key says.
 */
NODISCARD enum err replay_auth(struct replay *r, const struct trace_event *event, struct wr *data,
                               sw_t *sw, const char **why);

#endif
