/* Tests of SELECT and STATUS. Goal: every form of P1 and P2 finds what TS 102 221 says and nothing
 * else, and a SELECT that fails moves nothing. Method: sequences on the lab card; FCP bytes against
 * templates of real cards. */
#include "apdu/hex.h"
#include "test/support/runner.h"
#include "test/support/uicc/lab.h"
#include "uicc/fs/tree.h"
#include "uicc/pin/pin.h"

static struct test_card *t;

static void set_up(void)
{
    t = lab_new(true);
}

static void tear_down(void)
{
    card_free(&t);
}

START_TEST(select_by_fid_reaches_what_is_near)
{
    static const struct card_step steps[] = {
        {"00A4000C027F10", "9000"}, /* child DF */
        {"00A4000C026F01", "9000"}, /* child EF */
        {"00A4000C027F10", "9000"}, /* the DF itself */
        {"00A4000C027F11", "9000"}, /* a DF beside it */
        {"00A4000C027F10", "9000"},      {"00A4000C025F01", "9000"},
        {"00A4000C024F01", "9000"},      {"00A4000C027F10", "9000"}, /* the parent */
        {"00A4000C025F01", "9000"},      {"00A4000C026F01", "6A82"}, /* an EF of the parent: no */
        {"00A4000C022FE2", "6A82"},      {"00A4000C023F00", "9000"}, /* the MF from anywhere */
        {"00A4000C022FE2", "9000"},      {"00A4000C025F01", "6A82"}, /* two levels down: no */
        {"00A4000C027FFF", "6A82"},                                  /* no application yet */
        {"00A4000C027FF0", "6A82"}, /* applications are not selected by FID */
        {"00A4040C09" LAB_AID1, "9000"}, {"00A4000C023F00", "9000"},
        {"00A4000C027FFF", "9000"},      {"00A4000C026F07", "9000"},
    };

    CARD_STEPS(t, steps);
}
END_TEST

START_TEST(select_without_data_is_the_mf)
{
    static const struct card_step steps[] = {
        {"00A4000C027F10", "9000"},
        {"00A4000C", "9000"},
        {"00A4000C022FE2", "9000"},
    };

    CARD_STEPS(t, steps);
    ck_assert_str_eq(card_send(t, "00A4000400"), "6136");
    ck_assert_str_eq(card_send(t, "00A4000405"), "6C36");
}
END_TEST

START_TEST(select_child_df_and_parent)
{
    static const struct card_step steps[] = {
        {"00A4010C027F10", "9000"}, {"00A4010C026F01", "6A82"}, /* an EF is no DF */
        {"00A4010C025F01", "9000"}, {"00A4010C025F01", "6A82"}, /* nor the DF itself */
        {"00A4030C", "9000"},       {"00A4000C026F01", "9000"}, /* in 7F10 */
        {"00A4030C", "9000"},       {"00A4000C022FE2", "9000"}, /* in the MF */
        {"00A4030C", "9000"},       {"00A4000C022FE2", "9000"}, /* its parent is itself */
        {"00A4030C023F00", "6A87"}, {"00A4010C", "6A87"},
    };

    CARD_STEPS(t, steps);
}
END_TEST

START_TEST(select_by_path)
{
    static const struct card_step steps[] = {
        {"00A4080C067F105F014F01", "9000"},
        {"00B0000004", "4F014F01 9000"},
        {"00A4080C022FE2", "9000"},
        {"00A4080C047FFF6F07", "6A82"},
        {"00A4090C067F105F014F01", "9000"},
        {"00A4090C024F01", "9000"}, /* from 5F01 */
        {"00A4090C045F014F01", "6A82"},
        {"00A4080C047FF06F07", "6A82"},
        {"00A4040C09" LAB_AID1, "9000"},
        {"00A4000C023F00", "9000"},
        {"00A4080C047FFF6F10", "9000"},
        {"00A4080C027FFF", "9000"},
        {"00A4090C026F10", "9000"},
        {"00A4090C047FFF6F10", "6A82"},
        {"00A4080C", "6A87"},
        {"00A4080C037F105F", "6A87"},
        {"00A4080C043F002FE2", "6A82"},
        {"00A4080C046F016F01", "6A82"},
    };

    CARD_STEPS(t, steps);
}
END_TEST

START_TEST(select_by_name_walks_the_occurrences)
{
    static const struct card_step steps[] = {
        {"00A4040C07A0000000871002", "9000"},    {"80F200010B", "8409" LAB_AID1 " 9000"},
        {"00A4040E07A0000000871002", "9000"},    {"80F200010B", "8409" LAB_AID2 " 9000"},
        {"00A4040E07A0000000871002", "6A82"},    /* no further one */
        {"80F200010B", "8409" LAB_AID2 " 9000"}, /* and nothing moved */
        {"00A4040F07A0000000871002", "9000"},    {"80F200010B", "8409" LAB_AID1 " 9000"},
        {"00A4040F07A0000000871002", "6A82"},    {"00A4040C07" LAB_AID3, "9000"},
        {"80F2000109", "8407" LAB_AID3 " 9000"}, {"00A4040D06A00000008710", "9000"},
        {"80F2000109", "8407" LAB_AID3 " 9000"}, /* last: the one in use */
        {"00A4040D07A0000000871002", "9000"},    {"80F200010B", "8409" LAB_AID1 " 9000"},
    };

    CARD_STEPS(t, steps);
}
END_TEST

START_TEST(select_refuses_a_name_longer_than_the_application)
{
    card_expect(t, "00A4040C0A" LAB_AID1 "00", "6A82");
    card_expect(t, "00A4040C10" LAB_AID1 "00000000000000", "6A82");
    card_expect(t, "00A4040C11" LAB_AID1 "0000000000000000", "6A87");
    card_expect(t, "00A4040C01B0", "6A82");
}
END_TEST

START_TEST(select_ends_a_session)
{
    static const struct card_step steps[] = {
        {"00A4044C09" LAB_AID1, "6985"}, /* not active */
        {"00A4040C09" LAB_AID1, "9000"}, {"0020008108" CARD_PIN2, "9000"},
        {"00A4044C09" LAB_AID1, "9000"}, {"00A4000C022FE2", "9000"},
        {"00A4080C047FFF6F10", "6A82"},  {"80F200010B", "6A88"},
    };

    CARD_STEPS(t, steps);
    ck_assert_uint_eq(t->card->channels[0]->verified, 0);
}
END_TEST

START_TEST(select_of_another_application_forgets_local_pins)
{
    static const struct card_step steps[] = {
        {"00A4040C09" LAB_AID1, "9000"},  {"0020008108" CARD_PIN2, "9000"},
        {"0020000A08" CARD_ADM1, "9000"}, {"00A4000C023F00", "9000"}, /* the session goes on */
        {"00A4040C09" LAB_AID1, "9000"},
    };

    CARD_STEPS(t, steps);
    ck_assert_uint_eq(t->card->channels[0]->verified, pin_bit(0x81) | pin_bit(0x0A));
    card_expect(t, "00A4040C09" LAB_AID2, "9000");
    ck_assert_uint_eq(t->card->channels[0]->verified, pin_bit(0x0A));
}
END_TEST

START_TEST(select_refuses_other_forms)
{
    static const struct card_step steps[] = {
        {"00A4020C022FE2", "6A86"},      {"00A4050C022FE2", "6A86"},
        {"00A4000D022FE2", "6A86"},      {"00A40000022FE2", "6A86"},
        {"00A40008022FE2", "6A86"},      {"00A4002C022FE2", "6A86"},
        {"00A4042C09" LAB_AID1, "6A86"}, {"00A4048C09" LAB_AID1, "6A86"},
        {"00A4000C032FE200", "6A87"},    {"00A4000C012F", "6A87"},
    };

    CARD_STEPS(t, steps);
}
END_TEST

START_TEST(select_that_fails_moves_nothing)
{
    static const struct card_step steps[] = {
        {"00A4040C09" LAB_AID1, "9000"},
        {"00A4000C026F10", "9000"},
        {"00B2000206", "010101AABBCC 9000"},
        {"00A4000C021234", "6A82"},
        {"00A4040C01B0", "6A82"},
        {"00A4080C0412347F10", "6A82"},
        {"00B2000406", "010101AABBCC 9000"}, /* file and record pointer are as before */
    };

    CARD_STEPS(t, steps);
}
END_TEST

START_TEST(select_of_a_df_leaves_no_ef)
{
    card_expect(t, "00A4000C022FE2", "9000");
    card_expect(t, "00A4000C027F10", "9000");
    card_expect(t, "00B0000001", "6986");
}
END_TEST

START_TEST(select_leaves_the_record_pointer_undefined)
{
    static const struct card_step steps[] = {
        {"00A4040C09" LAB_AID1, "9000"},     {"00A4000C026F10", "9000"}, {"00B2000406", "6A83"},
        {"00B2000206", "010101AABBCC 9000"}, {"00A4000C026F10", "9000"}, {"00B2000406", "6A83"},
    };

    CARD_STEPS(t, steps);
}
END_TEST

START_TEST(select_of_a_file_that_is_not_shareable)
{
    static const struct card_step steps[] = {
        {"00A4040C09" LAB_AID1, "9000"}, {"0070000100", "9000"},
        {"01A4040C09" LAB_AID1, "9000"}, {"00A4000C026F13", "9000"},
        {"00A4000C026F13", "9000"}, /* again on the same channel */
        {"01A4000C026F13", "6985"},      {"00A4000C026F14", "9000"},
        {"01A4000C026F13", "9000"},
    };

    CARD_STEPS(t, steps);
}
END_TEST

START_TEST(status_says_where_the_channel_is)
{
    card_expect(t, "80F2000C", "9000");
    card_expect(t, "80F2010C", "9000");
    card_expect(t, "80F2020C", "9000");
    card_expect(t, "80F2030C", "6A86");
    card_expect(t, "80F2000200", "6A86");
    card_expect(t, "80F2000100", "6A88");
    card_expect(t, "80F2000000", "6C36");
    card_expect(t, "80F2000004", "62348202 9000"); /* less than all is allowed */
    card_expect(t, "00A4040C09" LAB_AID1, "9000");
    card_expect(t, "80F2000100", "6C0B");
}
END_TEST

/* ---- FCP against templates of real cards ---- */

static void fcp_is(uint16_t node, const char *want)
{
    uint8_t bytes[256];
    char text[513];
    struct wr w = WR_ARRAY(bytes);

    fs_fcp_write(&w, t->card, node);
    ck_assert_int_eq(hex_encode(RD_WR(&w), text, sizeof text), ERR_OK);
    ck_assert_str_eq(text, want);
}

static uint16_t made(const struct fs_file *f)
{
    uint16_t node = NODE_NONE;

    ck_assert_int_eq(fs_add(t->card, f, FS_LCS_ACTIVATED, RD(NULL, 0), &node), ERR_OK);
    return node;
}

START_TEST(fcp_of_efs_is_that_of_real_cards)
{
    struct fs_file imsi = {.fid = 0x6F07,
                           .kind = FS_TRANSPARENT,
                           .size = 9,
                           .sfi = 7,
                           .arr_fid = 0x6F06,
                           .arr_record = 10};
    struct fs_file ecc = {.fid = 0x6FB7,
                          .kind = FS_LINEAR,
                          .record_len = 14,
                          .record_count = 2,
                          .size = 28,
                          .sfi = 1,
                          .arr_fid = 0x6F06,
                          .arr_record = 1};

    fcp_is(made(&imsi), "62178202412183026F078A01058B036F060A80020009880138");
    fcp_is(made(&ecc), "621A82054221000E0283026FB78A01058B036F06018002001C880108");
    ecc.sfi = 0;
    fcp_is(made(&ecc), "621982054221000E0283026FB78A01058B036F06018002001C8800");
}
END_TEST

/* A card with the keys, the free memory and the application of the card in the sheet; the MF says
 * its total size, too, and memory takes no more bytes than it needs. */
START_TEST(fcp_of_dfs_is_that_of_real_cards)
{
    static const struct profile_pin pins[] = {{0x01, 3, 10}, {0x0A, 3, 0}, {0x0B, 3, 0}};
    static const struct profile_pin more[] = {
        {0x01, 3, 10}, {0x81, 3, 10}, {0x0A, 3, 0}, {0x0B, 3, 0}};
    static const uint8_t aid[] = {0xA0, 0x00, 0x00, 0x00, 0x87, 0x10,
                                  0x02, 0xFF, 0x49, 0xFF, 0x05, 0x89};
    struct profile profile = *t->card->profile;
    struct fs_file adf = {.fid = 0x7FD0,
                          .kind = FS_ADF,
                          .aid = aid,
                          .aid_len = sizeof aid,
                          .arr_fid = 0x2F06,
                          .arr_record = 1};
    uint16_t node;

    card_expect(t, "0026000108" CARD_PIN1, "9000");
    node = made(&adf);
    t->card->store.journal.medium.bank_size += 0x3A738 - card_free_memory(t->card);
    profile.pins = pins;
    profile.pin_count = ARRAY_LEN(pins);
    t->card->profile = &profile;
    fcp_is(NODE_MF, "62308202782183023F00A50B800171830303A7388701018A01058B032F0601C60C9001608301"
                    "0183010A83010B810303A7EA");
    profile.pins = more;
    profile.pin_count = ARRAY_LEN(more);
    fcp_is(node, "623C8202782183027FD0840CA0000000871002FF49FF0589A50B800171830303A7388701018A0105"
                 "8B032F0601C60F90017083010183018183010A83010B");
}
END_TEST

START_TEST(fcp_says_what_a_file_is)
{
    static const struct card_step steps[] = {
        {"00A4040C09" LAB_AID1, "9000"},
        {"00A40004026F11",
         "6222 8205462100030483026F11 A506C00100C101FF 8A0105 8B032F0604 8002000C 880188 9000"},
        {"00A40004026F12",
         "6222 8202792183026F12 A509860400000400C00100 8A0105 8B032F0606 80020000 880190 9000"},
        {"00A40004026F13",
         "621E 8202012183026F13 A506C00100C101FF 8A0105 8B032F0607 80020004 8800 9000"},
        {"00A40004026F14",
         "621E 8202412183026F14 A506C001C0C101FF 8A0105 8B032F0607 80020004 8800 9000"},
    };

    CARD_STEPS(t, steps);
}
END_TEST

Suite *suite_under_test(void)
{
    const struct lab_case cases[] = {
        {"TS 102 221 8.4.1", select_by_fid_reaches_what_is_near, 0},
        {"TS 102 221 11.1.1.2", select_without_data_is_the_mf, 0},
        {"TS 102 221 11.1.1.2", select_child_df_and_parent, 0},
        {"TS 102 221 8.4.2", select_by_path, 0},
        {"TS 102 221 8.5.1", select_by_name_walks_the_occurrences, 0},
        {"TS 102 221 8.5.1", select_refuses_a_name_longer_than_the_application, 0},
        {"TS 102 221 8.6.3", select_ends_a_session, 0},
        {"TS 102 221 9.4.2", select_of_another_application_forgets_local_pins, 0},
        {"TS 102 221 11.1.1.2", select_refuses_other_forms, 0},
        {"TS 102 221 11.1.1.1", select_that_fails_moves_nothing, 0},
        {"TS 102 221 8.4", select_of_a_df_leaves_no_ef, 0},
        {"TS 102 221 8.4", select_leaves_the_record_pointer_undefined, 0},
        {"TS 102 221 8.8", select_of_a_file_that_is_not_shareable, 0},
        {"TS 102 221 11.1.2", status_says_where_the_channel_is, 0},
        {"TS 102 221 11.1.1.3", fcp_of_efs_is_that_of_real_cards, 0},
        {"TS 102 221 11.1.1.3", fcp_of_dfs_is_that_of_real_cards, 0},
        {"TS 102 221 11.1.1.4", fcp_says_what_a_file_is, 0},
    };

    return lab_suite("select", cases, ARRAY_LEN(cases), set_up, tear_down);
}
