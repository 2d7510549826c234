/* Tests of tools/replay/. Goal: what must be equal is told apart from what may differ, T=0 is put
 * aside on both sides, and the card under test is asked what it can answer. Method: a card made of
 * a list of commands and answers. */
#include "test/support/hexrow.h"
#include "test/support/runner.h"
#include "tools/replay/replay.h"

#include <stdlib.h>
#include <string.h>

/* --- a card by rote: "command > answer" lines; a command may be a beginning --- */

struct rote {
    const char *lines;
    unsigned resets;
    char asked[2048]; /* every command, ";" behind each */
};

static enum err rote_reset(void *context, struct wr *atr)
{
    ((struct rote *)context)->resets++;
    wr_bytes(atr, "\x3B\x00", 2);
    return wr_result(atr);
}

static enum err rote_transmit(void *context, struct rd command, struct wr *response)
{
    struct rote *r = context;
    size_t n = strlen(r->asked);
    struct hexrow row;

    ck_assert_int_eq(hex_encode(command, r->asked + n, sizeof r->asked - n - 1), ERR_OK);
    snprintf(r->asked + strlen(r->asked), sizeof r->asked - strlen(r->asked), ";");
    for (const char *l = r->lines; *l != '\0';) {
        char line[600], *answer;
        size_t len = strcspn(l, "\n");

        snprintf(line, sizeof line, "%.*s", (int)len, l);
        l += len + (l[len] == '\n');
        answer = strchr(line, '>');
        ck_assert_ptr_nonnull(answer);
        *answer = '\0';
        answer++;
        while (answer - line > 1 && line[strlen(line) - 1] == ' ')
            line[strlen(line) - 1] = '\0';
        if (strncmp(r->asked + n, line, strlen(line)) != 0)
            continue;
        wr_rd(response, hexrow(&row, answer));
        return wr_result(response);
    }
    wr_bytes(response, "\x6F\x00", 2);
    return ERR_OK;
}

static void rote_close(void *context)
{
    (void)context;
}

static struct rote rote;
static struct replay *replay;
static char told[1024]; /* "E" equal, "A" allowed, "D" different, "S" skipped */

static void report(void *context, const struct replay_result *result)
{
    (void)context;
    snprintf(told + strlen(told), sizeof told - strlen(told), "%s",
             result->skipped ? "S" : (const char *[]){"E", "A", "D"}[result->verdict]);
}

static struct reader reader = {&rote, rote_reset, rote_transmit, rote_close};

static void setup(void)
{
    memset(&rote, 0, sizeof rote);
    told[0] = '\0';
    replay = malloc(sizeof *replay);
    ck_assert_ptr_nonnull(replay);
    ck_assert_int_eq(replay_init(replay, &reader), ERR_OK);
    replay->report = report;
}

static void teardown(void)
{
    replay_free(replay);
    free(replay);
}

static enum err run(const char *trace, const char *card)
{
    FILE *f = fmemopen((void *)(uintptr_t)trace, strlen(trace), "r");
    struct trace_reader *r = NULL;
    enum err e;

    ck_assert_ptr_nonnull(f);
    rote.lines = card;
    ck_assert_int_eq(trace_open(f, &r), ERR_OK);
    e = replay_run(replay, r);
    trace_close(&r);
    fclose(f);
    return e;
}

#define FCP_IMSI   "62178202412183026F078A01058B036F060A80020009880138"
#define FCP_BIGGER "62178202412183026F078A01058B036F06028002000A880138"
#define FCP_LINEAR "621A82054221000E0283026F078A01058B036F06088002001C880138"
#define USIM       "> 00A4040007A0000000871002\n< 9000\n"
#define USIM_CARD  "00A40400 > 9000\n"

static const struct {
    const char *what, *trace, *card, *want;
} rows[] = {
    {"the same", "> 80F2000C00\n< 9000\n", "80F2 > 9000", "E"},
    {"another status", "> 80F2000C00\n< 9000\n", "80F2 > 6D00", "D"},
    {"no answer in the trace", "> 80F2000C00\n", "80F2 > 6D00", "E"},
    {"61 on both", "> 00A40004026F07\n< 6119\n> 00C0000019\n< " FCP_IMSI " 9000\n",
     "00A4 > 6119\n00C0 > " FCP_IMSI " 9000", "E"},
    {"61 on the card alone", "> 00A40004026F07\n< " FCP_IMSI " 9000\n",
     "00A4 > 6119\n00C0 > " FCP_IMSI " 9000", "E"},
    {"61 in the trace alone", "> 00A40004026F07\n< 6119\n> 00C0000019\n< " FCP_IMSI " 9000\n",
     "00A4 > " FCP_IMSI " 9000", "E"},
    {"61 that nobody followed", "> 00A40004026F07\n< 6119\n", "00A4 > " FCP_IMSI " 9000", "E"},
    {"GET RESPONSE twice",
     "> 00A40004026F07\n< 6119\n> 00C0000000\n< 6C19\n> 00C0000019\n< " FCP_IMSI " 9000\n",
     "00A4 > " FCP_IMSI " 9000", "E"},
    {"START values keep their number", USIM "> 00B08F0006\n< F00000F00000 9000\n",
     USIM_CARD "00B0 > F00000F00001 9000", "EA"},
    {"and have no other", USIM "> 00B08F0006\n< F00000F00000 9000\n",
     USIM_CARD "00B0 > F00000F000 9000", "ED"},
    {"a terminal that took 61 for the end", "> 00A40004026F07\n< 9000\n",
     "00A4 > 6119\n00C0 > " FCP_IMSI " 9000", "E"},
    {"6C on both", "> 80F2000000\n< 6C02\n> 80F2000002\n< 6200 9000\n",
     "80F2000000 > 6C02\n80F2000002 > 62009000", "E"},
    {"6C in the trace alone", "> 80F2000000\n< 6C02\n> 80F2000002\n< 6200 9000\n",
     "80F2 > 62009000", "E"},
    {"6C that nobody followed", "> 80F2000000\n< 6C02\n> 80F2000C00\n< 9000\n",
     "80F2000C > 9000\n80F2 > 62009000", "EE"},
    {"6C that nobody followed, on both", "> 80F2000003\n< 6C02\n",
     "80F2000003 > 6C02\n80F2000002 > 62009000", "E"},
    {"6C that another error takes the place of", "> 80F2000000\n< 6C02\n", "80F2 > 6A82", "D"},
    {"6C on the card alone", "> 80F2000000\n< 62020000 9000\n",
     "80F2000004 > 620200009000\n80F2 > 6C04", "E"},
    {"GET RESPONSE with a wrong length that nobody corrected",
     "> 00A40004026F07\n< 6119\n> 00C0000021\n< 6C19\n", "00A4 > " FCP_IMSI " 9000", "E"},
    {"memory left is no difference", "> 80CAFF2100\n< FF2106 810100 820110 9000\n",
     "80CA > FF2106810100 8201209000", "E"},
    {"notes between", "> 00A40004026F07\n< 6119\n# note\n> 00C0000019\n< " FCP_IMSI " 9000\n",
     "00A4 > " FCP_IMSI " 9000", "E"},
    {"size and rule may differ", USIM "> 00A40004026F07\n< " FCP_IMSI " 9000\n",
     USIM_CARD "00A4 > " FCP_BIGGER " 9000", "EA"},
    {"structure may not", USIM "> 00A40004026F07\n< " FCP_IMSI " 9000\n",
     USIM_CARD "00A4 > " FCP_LINEAR " 9000", "ED"},
    {"an IMSI may differ", USIM "> 00B0870009\n< 080910101032547698 9000\n",
     USIM_CARD "00B0 > 082926102143658709 9000", "EA"},
    {"an IMSI is one", USIM "> 00B0870009\n< 080910101032547698 9000\n",
     USIM_CARD "00B0 > 080910101032547698 9000", "EE"},
    {"a location keeps its length", USIM "> 00B08B000B\n< FFFFFFFF00F1100000FF01 9000\n",
     USIM_CARD "00B0 > FFFFFFFF62F2100000FF00 9000", "EA"},
    {"and no other", USIM "> 00B08B000B\n< FFFFFFFF00F1100000FF01 9000\n",
     USIM_CARD "00B0 > FFFFFFFF62F2100000FF 9000", "ED"},
    {"a file that not all have",
     USIM "> 00A40004026FE8\n< 9000\n> 00B0000001\n< 01 9000\n"
          "> 00A40004026F07\n< 9000\n",
     USIM_CARD "00A40004026FE8 > 6A82\n00A4 > 9000", "EASE"},
    {"a file that all have", USIM "> 00A40004026F07\n< 9000\n", USIM_CARD "00A4 > 6A82", "ED"},
    {"a file that this card has more", USIM "> 00A40004026FE8\n< 6A82\n", USIM_CARD "00A4 > 9000",
     "EA"},
    {"an application of another name",
     "> 00A4040410A0000000871002FF49FF0589FFFFFFFF\n< 9000\n> 80F2000C00\n< 9000\n",
     "00A4040410 > 6A82\n00A4040407A0000000871002 > 9000\n80F2 > 9000", "AE"},
    {"an application of none", "> 00A4040410A0000000871002FF49FF0589FFFFFFFF\n< 9000\n",
     "00A404 > 6A82", "D"},
    {"another's application", "> 00A4040410A0000000031010FF49FF0589FFFFFFFF\n< 9000\n",
     "00A4040410 > 6A82\n00A404 > 9000", "A"},
    {"a record that is shorter here", "> 00DC010408 01020304FFFFFFFF\n< 9000\n",
     "00DC010408 > 6700\n00B2010400 > 6C06\n00DC01040601020304FFFF > 9000", "A"},
    {"a record that is longer here", "> 00DC010404 01020304\n< 9000\n",
     "00DC010404 > 6700\n00B2010400 > 6C06\n00DC01040601020304FFFF > 9000", "A"},
    {"a record that does not fit", "> 00DC010408 0102030405060708\n< 9000\n",
     "00DC010408 > 6700\n00B2010400 > 6C06\n00DC010406 > 9000", "A"},
    {"a record of that very length", "> 00DC010404 01020304\n< 9000\n",
     "00DC010404 > 6700\n00B2010400 > 6C04", "D"},
    {"a pattern as long as a record", "> 00A2010404 FFFFFFFF\n< 6102\n> 00C0000002\n< 0102 9000\n",
     "00A2010404 > 6700\n00B2010400 > 6C06\n00A2010406FFFFFFFFFFFF > 6101\n00C0 > 01 9000", "A"},
    {"a file that is shorter here", "> 00D6000004 0102FFFF\n< 9000\n",
     "00D6000004 > 6700\n00B0000000 > 6C02\n00D60000020102 > 9000", "A"},
    {"records that this card has not", "> 00B2070404\n< 01020304 9000\n",
     "00B20704 > 6A83\n00B20104 > 6C04", "A"},
    {"nor any of them", "> 00B2070404\n< 01020304 9000\n", "00B2 > 6A83", "D"},
    {"the first record that this card has not", "> 00B2010404\n< 01020304 9000\n", "00B2 > 6A83",
     "D"},
    {"records that this card has more", "> 00B2070404\n< 6A83\n", "00B2 > 010203049000", "A"},
    {"an offset that this card has not", "> 00B000FF04\n< 01020304 9000\n", "00B0 > 6B00", "A"},
    {"an offset that this card has more", "> 00B000FF04\n< 6B00\n", "00B0 > 010203049000", "A"},
    {"nothing found there, something here", "> 00A2010404 01020304\n< 6A83\n",
     "00A2 > 6101\n00C0 > 01 9000", "A"},
    {"something found there, nothing here",
     "> 00A2010404 01020304\n< 6101\n> 00C0000001\n< 01 9000\n", "00A2 > 6282", "A"},
    {"nothing found with a pattern of another length", "> 00A2010404 01020300\n< 6A83\n",
     "00A2010404 > 6700\n00B2010400 > 6C02", "A"},
    {"the name of an application", "> 80F2000100\n< 8403A00001 9000\n", "80F2 > 8403A000029000",
     "A"},
    {"a channel of another number",
     "> 0070000001\n< 02 9000\n> 02A4000C023F00\n< 9000\n> 82F2000C00\n< 9000\n"
     "> 0070800200\n< 9000\n",
     "0070000001 > 019000\n01A4000C023F00 > 9000\n81F2 > 9000\n00708001 > 9000", "AEEE"},
    {"a search that is refused", "> 00A2010404 01020304\n< 6A83\n", "00A2 > 6982", "D"},
    {"the number of an application", "> 00A40400 02 7FFF\n< 620C 82027821 8303A00000 8401A0 9000\n",
     "00A4 > 620C 82027821 8303A00001 8401A09000", "A"},
    {"empty records of another length", "> 00A40004022F00\n< 9000\n> 00B2020400\n< FFFF 9000\n",
     "00A4 > 9000\n00B2 > FFFFFF 9000", "EA"},
    {"tries may differ", "> 0020000100\n< 63C3\n", "0020 > 63C5", "A"},
    {"a toolkit command that the trace has not", "> 80F2000C00\n< 9000\n> 80F2000C00\n< 9000\n",
     "8012 > D009810301020082028182 9000\n8014 > 9000\n80F2 > 910B", "AA"},
    {"a toolkit command that this card has not",
     "> 80F2000C00\n< 910B\n> 801200000B\n< D009810301020082028182 9000\n"
     "> 801400000C810301020082028281830100\n< 9000\n> 80F2000C00\n< 9000\n",
     "80F2 > 9000", "ASSE"},
    {"toolkit on both",
     "> 80F2000C00\n< 910B\n> 801200000B\n< D009810301020082028182 9000\n"
     "> 801400000C810301020082028281830100\n< 9000\n",
     "80F2 > 910B\n8012 > D009810301020082028182 9000\n8014 > 9000", "EEE"},
    {"open bytes", "> 0084000002\n< **** 9000\n", "0084 > ABCD 9000", "E"},
    {"open bytes are counted", "> 0084000002\n< **** 9000\n", "0084 > AB 9000", "D"},
    {"any rest", "> 80CB008000\n< 5C .. 9000\n", "80CB > 5C010203 9000", "E"},
    {"a rest has its end", "> 80CB008000\n< 5C .. 9000\n", "80CB > 5D010203 9000", "D"},
    {"a value that comes again", "> 0084000002\n< {x} 9000\n> 0084000003\n< {x} 9000\n",
     "0084000002 > ABCD 9000\n0084000003 > ABCE 9000", "ED"},
    {"a value that is sent back", "> 0084000002\n< {x} 9000\n> 0020000102{x}\n< 9000\n",
     "0084 > ABCD 9000\n0020000102ABCD > 9000", "EE"},
    {"a PIN that is masked and unknown", "> 0020000108****************\n< 9000\n", "0020 > 9000",
     "S"},
    {"AUTHENTICATE without a key", "> 008800810500\n< 9862\n", "0088 > 9862", "S"},
};

START_TEST(replay_tells)
{
    enum err e = run(rows[_i].trace, rows[_i].card);

    ck_assert_msg(e == ERR_OK, "%s: %s", rows[_i].what, err_text(e));
    ck_assert_msg(strcmp(told, rows[_i].want) == 0, "%s: %s, not %s; asked %s", rows[_i].what, told,
                  rows[_i].want, rote.asked);
}
END_TEST

START_TEST(replay_strict_allows_nothing)
{
    replay->strict = true;
    ck_assert_int_eq(
        run("> 0020000100\n< 63C3\n> 0084000001\n< ** 9000\n> 0020000108***************"
            "*\n< 9000\n",
            "0020 > 63C5\n0084 > 01 9000"),
        ERR_OK);
    ck_assert_str_eq(told, "DED");
    ck_assert_uint_eq(replay->counts.different, 2);
}
END_TEST

START_TEST(replay_strict_lets_memory_shrink)
{
    replay->strict = true;
    ck_assert_int_eq(run("> 00A40004023F00\n< 620C 82027821 A506 830400010000 9000\n"
                         "> 00A40004023F00\n< 620C 82027821 A506 830400010000 9000\n",
                         "00A4 > 620C 82027821 A506 83040000FF00 9000"),
                     ERR_OK);
    ck_assert_str_eq(told, "EE");
}
END_TEST

START_TEST(replay_sends_values_and_pins)
{
    ck_assert_int_eq(replay_set(&replay->values, "pin1", RD((const uint8_t *)"12345678", 8)),
                     ERR_OK);
    ck_assert_int_eq(replay_set(&replay->values, "adm1", RD((const uint8_t *)"87654321", 8)),
                     ERR_OK);
    ck_assert_int_eq(
        run("> 0020000108****************\n< 9000\n> 0020000A08{adm1}\n< 9000\n", "0020 > 9000"),
        ERR_OK);
    ck_assert_str_eq(told, "EE");
    ck_assert_str_eq(rote.asked, "00200001083132333435363738;0020000A083837363534333231;");
}
END_TEST

START_TEST(replay_resets_where_the_trace_does)
{
    ck_assert_int_eq(run("! reset\n> 80F2000C00\n< 9000\n! off\n! reset 3B00\n", "80F2 > 9000"),
                     ERR_OK);
    ck_assert_uint_eq(rote.resets, 2);
}
END_TEST

START_TEST(replay_resets_a_card_that_asks_for_it)
{
    /* REFRESH with UICC reset has no TERMINAL RESPONSE (TS 102 223 6.4.7). */
    ck_assert_int_eq(run("> 80F2000C00\n< 9000\n", "8012 > D009810301010482028182 9000\n"
                                                   "80F2 > 910B"),
                     ERR_OK);
    ck_assert_str_eq(rote.asked, "80F2000C00;801200000B;");
    ck_assert_uint_eq(rote.resets, 1);
}
END_TEST

/* --- AUTHENTICATE: a card that knows Milenage --- */

static const char k_hex[] = "465B5CE8B199B49FAA5F0A2EE238A6BC"; /* TS 35.207 4.3 */
static const char opc_hex[] = "CD63CB71954A9F4E48A5994E37A02BAF";

struct aka_card {
    struct crypto *crypto;
    struct aka_key key;
    uint64_t sqn;
    unsigned asked, resynchronised;
    uint8_t *wrong; /* a byte of gsm or of umts that goes out inverted */
    uint8_t gsm[14], umts[53];
};

static void answer_by_key(struct aka_card *c, const struct aka_result *r)
{
    struct wr g = WR_ARRAY(c->gsm), u = WR_ARRAY(c->umts);
    const struct {
        const uint8_t *at;
        uint8_t len;
    } parts[] = {{r->res, 8}, {r->ck, 16}, {r->ik, 16}};

    wr_u8(&g, 4);
    aka_sres(r->res, 8, wr_reserve(&g, 4));
    wr_u8(&g, 8);
    aka_kc(r->ck, r->ik, wr_reserve(&g, 8));
    wr_u8(&u, 0xDB);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        wr_u8(&u, parts[i].len);
        wr_bytes(&u, parts[i].at, parts[i].len);
    }
    wr_u8(&u, 8);
    wr_bytes(&u, c->gsm + 6, 8);
    if (c->wrong != NULL)
        *c->wrong ^= 0xFF;
}

static enum err aka_transmit(void *context, struct rd command, struct wr *response)
{
    struct aka_card *c = context;
    struct aka_result r;
    bool gsm = command.left < 39;
    const uint8_t *rand = command.at + (command.at[0] == 0xA0 ? 5 : 6), *autn = command.at + 23;
    uint8_t mac[8], auts[AKA_AUTS_LEN];
    uint64_t sqn = 0;

    c->asked++;
    ck_assert_int_eq(aka_f2345(c->crypto, &c->key, rand, &r), ERR_OK);
    answer_by_key(c, &r);
    if (gsm && command.at[0] == 0xA0) {
        wr_bytes(response, c->gsm + 1, 4);
        wr_bytes(response, c->gsm + 6, 8);
    } else if (gsm) {
        wr_bytes(response, c->gsm, sizeof c->gsm);
    }
    if (gsm) {
        wr_bytes(response, "\x90\x00", 2);
        return wr_result(response);
    }
    for (size_t i = 0; i < 6; i++)
        sqn = sqn << 8 | (uint64_t)(autn[i] ^ r.ak[i]);
    ck_assert_int_eq(aka_f1(c->crypto, &c->key, rand, sqn, autn + 6, mac, NULL), ERR_OK);
    if (memcmp(mac, autn + 8, 8) != 0) {
        wr_bytes(response, "\x98\x62", 2);
    } else if (sqn <= c->sqn) {
        c->resynchronised++;
        ck_assert_int_eq(aka_auts(c->crypto, &c->key, rand, c->sqn, auts), ERR_OK);
        wr_bytes(response, "\xDC\x0E", 2);
        wr_bytes(response, auts, sizeof auts);
        wr_bytes(response, "\x90\x00", 2);
    } else {
        c->sqn = sqn;
        wr_bytes(response, c->umts, sizeof c->umts);
        wr_bytes(response, "\x90\x00", 2);
    }
    return wr_result(response);
}

#define AUTHENTICATE                                       \
    "> 0088008122 10 23553CBE9637A89D218AE64DAE47BF35 10 " \
    "55F328B43577 B9B9 4A9FFAC354DFAFB3\n"

#define GSM_CONTEXT                                      \
    "> 0088008011 10 23553CBE9637A89D218AE64DAE47BF35\n" \
    "< 04FFFFFFFF 08FFFFFFFFFFFFFFFF 9000\n"
#define RUN_GSM                                       \
    "> A088000010 23553CBE9637A89D218AE64DAE47BF35\n" \
    "< FFFFFFFFFFFFFFFFFFFFFFFF 9000\n"

START_TEST(replay_authenticates_with_the_key_of_the_card)
{
    struct aka_card card = {.crypto = replay->a.crypto, .sqn = 0x1000};
    struct reader r = {&card, rote_reset, aka_transmit, rote_close};

    aka_key_defaults(&card.key, AKA_MILENAGE);
    ck_assert_int_eq(secret_from_hex(&card.key.k, k_hex), ERR_OK);
    ck_assert_int_eq(secret_from_hex(&card.key.opc, opc_hex), ERR_OK);
    replay->aka = card.key;
    replay->reader = &r;
    ck_assert_int_eq(run(AUTHENTICATE "< DB08**************** .. 9000\n" AUTHENTICATE
                                      "< DC0E .. 9000\n" AUTHENTICATE
                                      "< DB08**************** .. 9000\n" AUTHENTICATE "< 9862\n",
                         ""),
                     ERR_OK);
    /* Too low, then told what is not; too low on purpose; the next one. The last is sent as it was
     * recorded: this key verifies it (TS 35.207 4.3), which the recorded card's did not. */
    ck_assert_str_eq(told, "EEED");
    ck_assert_uint_eq(card.resynchronised, 2);
    ck_assert_uint_eq(card.asked, 5);
}
END_TEST

START_TEST(replay_finds_a_wrong_key)
{
    struct aka_card card = {.crypto = replay->a.crypto, .sqn = 0};
    struct reader r = {&card, rote_reset, aka_transmit, rote_close};

    aka_key_defaults(&card.key, AKA_MILENAGE);
    ck_assert_int_eq(secret_from_hex(&card.key.k, k_hex), ERR_OK);
    ck_assert_int_eq(secret_from_hex(&card.key.opc, opc_hex), ERR_OK);
    replay->aka = card.key;
    replay->aka.k.bytes[0] ^= 1;
    replay->reader = &r;
    ck_assert_int_eq(run(AUTHENTICATE "< DB08**************** .. 9000\n", ""), ERR_OK);
    ck_assert_str_eq(told, "D");
}
END_TEST

/* Each value of each answer is compared with what the key gives, whatever the trace says. */
static const struct {
    const char *what;
    uint8_t wrong; /* position in the 2G answer, or from 100 on in the 3G one; 0: none */
    const char *trace, *want;
} auth_rows[] = {
    {"RES, CK, IK, Kc", 0, AUTHENTICATE "< DB..9000\n", "E"},
    {"another RES", 102, AUTHENTICATE "< DB..9000\n", "D"},
    {"another CK", 111, AUTHENTICATE "< DB..9000\n", "D"},
    {"another IK", 128, AUTHENTICATE "< DB..9000\n", "D"},
    {"another Kc", 151, AUTHENTICATE "< DB..9000\n", "D"},
    {"SRES and Kc", 0, GSM_CONTEXT, "E"},
    {"another SRES", 1, GSM_CONTEXT, "D"},
    {"another Kc in GSM context", 6, GSM_CONTEXT, "D"},
    {"SRES and Kc in SIM mode", 0, RUN_GSM, "E"},
    {"another SRES in SIM mode", 4, RUN_GSM, "D"},
};

START_TEST(replay_compares_what_a_key_gives)
{
    struct aka_card card = {.crypto = replay->a.crypto};
    struct reader r = {&card, rote_reset, aka_transmit, rote_close};
    uint8_t wrong = auth_rows[_i].wrong;

    aka_key_defaults(&card.key, AKA_MILENAGE);
    ck_assert_int_eq(secret_from_hex(&card.key.k, k_hex), ERR_OK);
    ck_assert_int_eq(secret_from_hex(&card.key.opc, opc_hex), ERR_OK);
    replay->aka = card.key;
    replay->reader = &r;
    if (wrong != 0)
        card.wrong = wrong >= 100 ? &card.umts[wrong - 100] : &card.gsm[wrong];
    ck_assert_int_eq(run(auth_rows[_i].trace, ""), ERR_OK);
    ck_assert_msg(strcmp(told, auth_rows[_i].want) == 0, "%s: %s", auth_rows[_i].what, told);
}
END_TEST

/* --- pieces --- */

START_TEST(replay_says_where_an_answer_is_too_long)
{
    enum { PIECE = 250, PIECES = TRACE_BYTES_MAX / PIECE + 1 };
    size_t cap = (size_t)PIECES * (2 * PIECE + 64) + 64, n = 0;
    char *trace = malloc(cap);

    ck_assert_ptr_nonnull(trace);
    n += (size_t)snprintf(trace + n, cap - n, "> 80F2000C00\n< 9000\n> 00CB000000\n< 61FA\n");
    for (unsigned i = 0; i < PIECES; i++)
        n += (size_t)snprintf(trace + n, cap - n, "> 00C00000FA\n< %0*d 61FA\n", 2 * PIECE, 0);
    ck_assert_int_eq(run(trace, "80F2 > 9000"), ERR_RANGE);
    ck_assert_str_eq(told, "E");
    ck_assert_uint_ge(replay->place, 4 + 2 * (PIECES - 1));
    free(trace);
}
END_TEST

START_TEST(replay_values_have_limits)
{
    static struct replay_values v;
    uint8_t bytes[REPLAY_VALUE_MAX] = {0};
    char name[8];

    ck_assert_int_eq(replay_set(&v, "a", RD_ARRAY(bytes)), ERR_RANGE);
    ck_assert_int_eq(replay_set(&v, "a", RD(bytes, 1)), ERR_OK);
    ck_assert_int_eq(replay_set(&v, "a", RD(bytes, 2)), ERR_OK);
    ck_assert_uint_eq(v.count, 1);
    ck_assert_uint_eq(replay_get(&v, "a")->len, 2);
    ck_assert_ptr_null(replay_get(&v, "b"));
    for (unsigned i = 1; i < REPLAY_VALUES_MAX; i++) {
        snprintf(name, sizeof name, "n%u", i);
        ck_assert_int_eq(replay_set(&v, name, RD(bytes, 1)), ERR_OK);
    }
    ck_assert_int_eq(replay_set(&v, "one-more", RD(bytes, 1)), ERR_RANGE);
}
END_TEST

START_TEST(replay_passes_errors_on)
{
    ck_assert_int_eq(run("> 00\n", ""), ERR_OK);
    ck_assert_str_eq(told, "S");
    ck_assert_int_eq(run("> 80F2000C00\n< 9000\n> ZZ\n", "80F2 > 9000"), ERR_FORMAT);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("replay");
    TCase *t = tcase_create("TS 102 221 7.3.1.1");
    TCase *a = tcase_create("TS 33.102 6.3");

    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_checked_fixture(a, setup, teardown);
    tcase_add_loop_test(t, replay_tells, 0, (int)ARRAY_LEN(rows));
    tcase_add_test(t, replay_strict_allows_nothing);
    tcase_add_test(t, replay_strict_lets_memory_shrink);
    tcase_add_test(t, replay_sends_values_and_pins);
    tcase_add_test(t, replay_resets_where_the_trace_does);
    tcase_add_test(t, replay_resets_a_card_that_asks_for_it);
    tcase_add_test(t, replay_values_have_limits);
    tcase_add_test(t, replay_passes_errors_on);
    tcase_add_test(t, replay_says_where_an_answer_is_too_long);
    tcase_add_test(a, replay_authenticates_with_the_key_of_the_card);
    tcase_add_test(a, replay_finds_a_wrong_key);
    tcase_add_loop_test(a, replay_compares_what_a_key_gives, 0, (int)ARRAY_LEN(auth_rows));
    suite_add_tcase(s, t);
    suite_add_tcase(s, a);
    return s;
}
