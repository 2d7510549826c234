#include "tools/ota/report.h"
#include "ota/core/text.h"
#include "tools/cli/cli.h"
#include "tools/ota/access.h"
#include "tools/ota/commands.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* --- counts --- */

void report_counts_text(const struct ledger_counts *n, char *out, size_t cap)
{
    *out = '\0';
    for (int state = 0; state < LEDGER_JOB_STATES; state++) {
        char one[48];

        if (n->jobs[state] == 0)
            continue;
        snprintf(one, sizeof one, "%s%s %llu", *out ? ", " : "",
                 ledger_job_state_text((enum ledger_job_state)state),
                 (unsigned long long)n->jobs[state]);
        (void)text_append(out, cap, one);
    }
}

bool report_is_success(const struct ledger_counts *n)
{
    return n->total > 0 && n->jobs[LEDGER_PROVED] + n->jobs[LEDGER_ATTACHED] == n->total;
}

bool report_is_over(const struct ledger_campaign *c, const struct ledger_counts *n)
{
    uint64_t open = n->jobs[LEDGER_PLANNED] + n->jobs[LEDGER_SENT] + n->jobs[LEDGER_DELIVERED];

    return open == 0 || c->state == LEDGER_FINISHED;
}

/* --- rows --- */

struct report {
    const struct ledger_campaign *campaign;
    enum report_format format;
};

static void utc(int64_t ms, char out[32])
{
    time_t s = (time_t)(ms / 1000);
    struct tm tm;

    *out = '\0';
    if (ms != 0 && gmtime_r(&s, &tm))
        strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static json_t *describe(const struct ledger_job *j)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:i, s:s, s:i, s:i, s:I, s:s, s:s, s:I, s:I}",
                     "iccid", j->iccid, "msisdn", j->msisdn, "imsi", j->imsi, "new_imsi",
                     j->new_imsi, "new_msisdn", j->new_msisdn, "index", (int)j->key_index,
                     "to_index", (int)j->to_index, "state", ledger_job_state_text(j->state),
                     "tries", (int)j->tries, "asks", (int)j->asks, "counter",
                     (json_int_t)j->command_counter, "result", j->result, "hint", j->hint,
                     "sent_ms", (json_int_t)j->sent_ms, "ended_ms", (json_int_t)j->ended_ms);
}

/* Results come from tables of ours and from SMS centres: no comma or quote may break a row. */
static void print_quoted(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        if (*text == '"')
            putchar('"');
        putchar(*text);
    }
    putchar('"');
}

static void print_csv(const struct ledger_job *j)
{
    char sent[32], ended[32];

    utc(j->sent_ms, sent);
    utc(j->ended_ms, ended);
    printf("%s,%s,%s,%s,%s,%u,%u,%s,%u,%u,%llu,%s,%s,", j->iccid, j->msisdn, j->imsi, j->new_imsi,
           j->new_msisdn, j->key_index, j->to_index, ledger_job_state_text(j->state), j->tries,
           j->asks, (unsigned long long)j->command_counter, sent, ended);
    print_quoted(j->result);
    putchar(',');
    print_quoted(j->hint);
    putchar('\n');
}

static void print_table(const struct ledger_job *j)
{
    printf("%-20s  %-15s  %-9s  %3u  %3u  %s%s%s\n", j->iccid,
           j->new_imsi[0] ? j->new_imsi : j->imsi, ledger_job_state_text(j->state), j->tries,
           j->asks, j->result, j->hint[0] && j->result[0] ? "; " : "", j->hint);
}

static enum err print_job(void *context, const struct ledger_job *job)
{
    const struct report *r = context;

    if (r->format == REPORT_TABLE)
        print_table(job);
    else if (r->format == REPORT_CSV)
        print_csv(job);
    else {
        json_t *row = describe(job);

        json_object_set_new(row, "campaign", json_string(r->campaign->name));
        json_dumpf(row, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(row);
    }
    return ERR_OK;
}

static void print_head(const struct report *r)
{
    if (r->format == REPORT_TABLE)
        printf("%-20s  %-15s  %-9s  %3s  %3s  %s\n", "ICCID", "IMSI", "state", "try", "ask",
               "result");
    if (r->format == REPORT_CSV)
        printf("iccid,msisdn,imsi,new_imsi,new_msisdn,index,to_index,state,tries,asks,counter,"
               "sent,ended,result,hint\n");
}

enum err report_print(struct ledger *l, const struct ledger_campaign *c, enum report_format format)
{
    struct report r = {c, format};
    struct ledger_counts n;
    char text[256];
    enum err e;

    print_head(&r);
    e = ledger_job_each(l, c->id, print_job, &r);
    if (e == ERR_OK)
        e = ledger_campaign_count(l, c->id, &n);
    if (e != ERR_OK || format != REPORT_TABLE)
        return e;
    report_counts_text(&n, text, sizeof text);
    printf("campaign %s, method %s, %s%s%s: %s\n", c->name, ledger_method_text(c->method),
           ledger_campaign_state_text(c->state), c->reason[0] ? ", " : "", c->reason, text);
    return ERR_OK;
}

/* --- the command --- */

struct options {
    struct access access;
    struct access_argument name;
    enum report_format format;
};

enum { OPTION_FORMAT = 1, OPTION_JSON, OPTION_CSV };

static const struct argp_option option_table[] = {
    {"format", OPTION_FORMAT, "table|csv|json", 0,
     "json: one object per line; for every card in the order of the list", 0},
    {"json", OPTION_JSON, NULL, 0, "the same as --format json", 0},
    {"csv", OPTION_CSV, NULL, 0, "the same as --format csv", 0},
    {0},
};

static void take_format(struct argp_state *state, const char *value, struct options *o)
{
    static const char *const names[] = {
        [REPORT_TABLE] = "table", [REPORT_CSV] = "csv", [REPORT_JSON] = "json"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (strcmp(names[i], value) == 0) {
            o->format = (enum report_format)i;
            return;
        }
    }
    argp_error(state, "--format: table, csv or json");
}

static error_t parse_option(int key, char *value, struct argp_state *state)
{
    struct options *o = state->input;

    switch (key) {
    case OPTION_FORMAT:
        take_format(state, value, o);
        return 0;
    case OPTION_JSON:
        o->format = REPORT_JSON;
        return 0;
    case OPTION_CSV:
        o->format = REPORT_CSV;
        return 0;
    default:
        return access_parse_argument(key, value, state, &o->access, &o->name);
    }
}

int campaign_report_main(int argc, char **argv)
{
    static const struct argp_child children[] = {{&access_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {.options = option_table,
                                     .parser = parse_option,
                                     .args_doc = "NAME",
                                     .doc = "Tell how a campaign stands, card by card.",
                                     .children = children};
    struct options o = {.name = {.what = "NAME"}};
    struct ledger_campaign c;
    struct ledger *l;
    enum err e = ERR_NOT_FOUND;

    argp_err_exit_status = CLI_USAGE;
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0)
        return CLI_USAGE;
    l = access_open(&o.access, false);
    if (l && access_campaign(l, o.name.value, &c)) {
        e = report_print(l, &c, o.format);
        if (e != ERR_OK)
            cli_fail("%s", err_text(e));
    }
    ledger_close(&l);
    return e == ERR_OK ? CLI_OK : CLI_FAILED;
}
