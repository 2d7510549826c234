/* Tests of uicc/fs/admin.c and template.c. Goal: files are created, resized, deleted, deactivated
 * and terminated as TS 102 222 6 says, each as a whole, and stay so when the card loses power. */
#include "apdu/hex.h"
#include "test/support/runner.h"
#include "test/support/uicc/lab.h"

#include <stdio.h>
#include <string.h>

static struct test_card *t;

static void set_up(void)
{
    t = lab_new(true);
    card_verify(t, "ADM1");
    card_expect(t, "00A4000C027F10", "9000");
}

static void tear_down(void)
{
    card_free(&t);
}

/* The sheet's own examples, with a rule this card has. */
#define EF_6F99 "6217 82024121 83026F99 8A0105 8B032F0605 8002000A 880148"
#define EF_6F98 "6219 82054221001403 83026F98 8A0105 8B032F0605 8002003C 8800"
#define DF_5F10 "621C 82027821 83025F10 8A0105 8B032F0601 81020100 C606900180830101"

START_TEST(create_transparent)
{
    static const struct card_step steps[] = {
        {"00E0000019" EF_6F99, "9000"},
        {"00B000000A", "FFFFFFFFFFFFFFFFFFFF 9000"}, /* is current */
        {"00E0000019" EF_6F99, "6A89"},
        {"00A40004026F99", "6217820241218302 6F998A01058B032F06058002000A880148 9000"},
        {"00A4000C027F10", "9000"},
        {"00B089000A", "FFFFFFFFFFFFFFFFFFFF 9000"}, /* by SFI */
        {"00D6000002 1234", "9000"},
    };

    CARD_STEPS(t, steps);
    ck_assert_int_eq(card_power_cycle(t), ERR_OK);
    card_expect(t, "00A4080C047F106F99", "9000");
    card_expect(t, "00B0000003", "1234FF 9000");
}
END_TEST

START_TEST(create_records)
{
    static const struct card_step steps[] = {
        {"00E000001B" EF_6F98, "9000"},
        {"00B2000414", "6A83"}, /* the record pointer is undefined */
        {"00B2030414", "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF 9000"},
        {"00B2040414", "6A83"},
        /* count left out */
        {"00E000001A 6218 820442210002 83026F97 8A0105 8B032F0605 80020006 8800", "9000"},
        {"00DC030402 ABCD", "9000"},
        {"00E000001B 6219 82054621000302 83026F96 8A0105 8B032F0604 80020006 8800", "9000"},
        {"0020000108" CARD_PIN1, "9000"},
        {"80320000 01 01", "9850"}, /* it is full of FF */
    };

    CARD_STEPS(t, steps);
    card_expect(t, "00DC000303 000001", "9000");
    card_expect_run(t, "80320000 01 01", "00000201 9000");
}
END_TEST

START_TEST(create_df_and_what_is_in_it)
{
    static const struct card_step steps[] = {
        {"00E000001E" DF_5F10, "9000"}, /* is current */
        {"00E0000019 6217 82024121 83024F01 8A0105 8B032F0605 80020004 880108", "9000"},
        {"00B0810004", "FFFFFFFF 9000"},
        {"00A4080C067F105F104F01", "9000"},
        {"00A4030C", "9000"},
        {"00E4000002 5F10", "9000"},
        {"00A4080C067F105F104F01", "6A82"},
        {"00A4080C047F105F10", "6A82"},
        {"00E000001E" DF_5F10, "9000"},
        {"00A4000C024F01", "6A82"}, /* empty again */
    };

    CARD_STEPS(t, steps);
}
END_TEST

START_TEST(create_fills_with_a_pattern)
{
    static const struct card_step steps[] = {
        {"00E000001F 621D 82024121 83026F90 8A0105 8B032F0605 80020006 8800 A505C103010203",
         "9000"},
        {"00B0000006", "010203030303 9000"},
        {"00E000001F 621D 82024121 83026F91 8A0105 8B032F0605 80020007 8800 A505C203010203",
         "9000"},
        {"00B0000007", "01020301020301 9000"},
        {"00E000001D 621B 82024121 83026F92 8A0105 8B032F0605 80020004 8800 A503C10100", "9000"},
        {"00B0000004", "00000000 9000"},
        /* for each record */
        {"00E0000021 621F 82054221000402 83026F93 8A0105 8B032F0605 80020008 8800 A504C2020A0B",
         "9000"},
        {"00B2020404", "0A0B0A0B 9000"},
        {"00E0000021 621F 82054221000302 83026F94 8A0105 8B032F0605 80020006 8800 A504C1020A0B",
         "9000"},
        {"00B2020403", "0A0B0B 9000"},
    };

    CARD_STEPS(t, steps);
}
END_TEST

START_TEST(create_refuses)
{
    static const struct card_step steps[] = {
        {"00E0010019" EF_6F99, "6A86"},
        {"00E0000000", "6700"},
        {"00E0000003 620100", "6A80"},
        {"00E0000002 6100", "6A80"},
        /* no FID, no descriptor, no life cycle, no security, no size */
        {"00E0000015 6213 82024121 8A0105 8B032F0605 8002000A 880148", "6A80"},
        {"00E0000015 6213 83026F99 8A0105 8B032F0605 8002000A 880148", "6A80"},
        {"00E0000016 6214 82024121 83026F99 8B032F0605 8002000A 880148", "6A80"},
        {"00E0000014 6212 82024121 83026F99 8A0105 8002000A 880148", "6A80"},
        {"00E0000015 6213 82024121 83026F99 8A0105 8B032F0605 880148", "6A80"},
        /* structure, state, sizes */
        {"00E0000019 6217 82024321 83026F99 8A0105 8B032F0605 8002000A 880148", "6A80"},
        {"00E0000019 6217 82024121 83026F99 8A010C 8B032F0605 8002000A 880148", "6A80"},
        {"00E0000019 6217 82024121 83026F99 8A0105 8B032F0605 80020000 880148", "6A80"},
        {"00E000001B 6219 82054221001403 83026F98 8A0105 8B032F0605 8002003D 8800", "6A80"},
        {"00E000001B 6219 82054221000003 83026F98 8A0105 8B032F0605 80020003 8800", "6A80"},
        {"00E000001B 6219 82054221010003 83026F98 8A0105 8B032F0605 80020300 8800", "6A80"},
        {"00E000001A 6218 820442210001 83026F98 8A0105 8B032F0605 800200FF 8800", "6A80"},
        /* names */
        {"00E0000019 6217 82024121 83023F00 8A0105 8B032F0605 8002000A 880148", "6A80"},
        {"00E0000019 6217 82024121 83027FFF 8A0105 8B032F0605 8002000A 880148", "6A80"},
        {"00E0000019 6217 82024121 83027F10 8A0105 8B032F0605 8002000A 880148", "6A89"},
        {"00E0000019 6217 82024121 83027F11 8A0105 8B032F0605 8002000A 880148", "6A89"},
        {"00E0000019 6217 82024121 83026F01 8A0105 8B032F0605 8002000A 880148", "6A89"},
        /* a rule that is not there */
        {"00E0000019 6217 82024121 83026F99 8A0105 8B032F06FE 8002000A 880148", "6A88"},
        {"00E0000019 6217 82024121 83026F99 8A0105 8B036F0601 8002000A 880148", "6A88"},
        /* memory */
        {"00E000001B 6219 82024121 83026F99 8A0105 8B032F0605 80047FFFFFFF 880148", "6A84"},
        {"00E0000019 6217 82024121 83026F99 8A0105 8B032F0605 8002FFFF 880148", "6A84"},
    };
    uint64_t written = store_written(&t->card->store);

    CARD_STEPS(t, steps);
    ck_assert_uint_eq(store_written(&t->card->store), written);
}
END_TEST

START_TEST(create_of_a_taken_sfi)
{
    static const struct card_step steps[] = {
        {"00E0000019" EF_6F99, "9000"},
        {"00E0000019 6217 82024121 83026F88 8A0105 8B032F0605 8002000A 880148", "6A80"},
        /* none given: low bits of the FID, if they are free */
        {"00E0000016 6214 82024121 83026F8A 8A0105 8B032F0605 8002000A", "9000"},
        {"00B08A0001", "FF 9000"},
        {"00E0000016 6214 82024121 83026F89 8A0105 8B032F0605 8002000A", "9000"},
        {"00A40004026F89", "6216820241218302 6F898A01058B032F06058002000A8800 9000"},
    };

    CARD_STEPS(t, steps);
}
END_TEST

START_TEST(create_application)
{
    static const struct card_step steps[] = {
        {"00A4000C023F00", "9000"},
        {"00E000001F 621D 82027821 83027FE0 8405A000000099 8A0105 8B032F0601 81020100 C600",
         "9000"},
        {"00E000001F 621D 82027821 83027FE1 8405A000000099 8A0105 8B032F0601 81020100 C600",
         "6A8A"},
        {"00A4040C05A000000099", "9000"},
        {"80F2000107", "8405A000000099 9000"},
        {"00E0000019 6217 82024121 83026F07 8A0105 8B032F0605 8002000A 880138", "9000"},
        {"00A4080C047FFF6F07", "9000"},
        {"00E000001F 621D 82027821 83027FE2 8405A000000098 8A0105 8B032F0601 81020100 C600",
         "6985"},
    };

    CARD_STEPS(t, steps);
    ck_assert_int_eq(card_power_cycle(t), ERR_OK);
    card_expect(t, "00A4040C05A000000099", "9000");
    card_expect(t, "00B0870002", "FFFF 9000");
}
END_TEST

/* Security attributes that are no plain reference: 8B by environment, 8C, AB. */
START_TEST(create_with_other_security_attributes)
{
    static const struct card_step steps[] = {
        /* PIN1 on: rule 3 (PIN1 reads); off: rule 5 (always) */
        {"00E000001B 6219 82024121 83026F80 8A0105 8B062F06 0103 0005 80020004 8800", "9000"},
        {"00B0000004", "6982"},
        {"0026000108" CARD_PIN1, "9000"},
        {"00B0000004", "FFFFFFFF 9000"},
        {"0028000108" CARD_PIN1, "9000"},
        {"00B0000004", "FFFFFFFF 9000"}, /* verified now */
        /* compact: delete never, update never, read always */
        {"00E0000019 6217 82024121 83026F81 8A0105 8C0443FFFF00 80020004 8800", "9000"},
        {"00B0000004", "FFFFFFFF 9000"},
        {"00D6000001 00", "6982"},
        {"00E4000002 6F81", "6982"},
        /* expanded: read always, update ADM1 */
        {"00E0000024 6222 82024121 83026F82 8A0105 AB11 8001019000 800102A40683010A950108 80020004 "
         "88",
         "6A80"},
        {"00E0000025 6223 82024121 83026F82 8A0105 AB10 8001019000 800102A40683010A950108 80020004 "
         "8800",
         "9000"},
        {"00B0000004", "FFFFFFFF 9000"},
        {"00D6000001 00", "9000"},
    };

    CARD_STEPS(t, steps);
    card_reset(t);
    card_expect(t, "00A4080C047F106F82", "9000");
    card_expect(t, "00B0000002", "00FF 9000");
    card_expect(t, "00D6000001 00", "6982");
}
END_TEST

START_TEST(delete_takes_files_and_selections)
{
    static const struct card_step steps[] = {
        {"00E4010002 6F01", "6A86"},
        {"00E4000000", "6700"},
        {"00E4000003 6F0100", "6700"},
        {"00E4000002 6FFF", "6A82"},
        {"00A4000C026F01", "9000"},
        {"00E4000002 6F01", "9000"},
        {"00B0000001", "6986"}, /* it was current */
        {"00A4000C026F01", "6A82"},
        {"00E0000018 6216 82024121 83026F01 8A0105 8B032F0605 80020004 8800", "9000"},
        {"00B0000004", "FFFFFFFF 9000"}, /* another file of the same name */
    };

    CARD_STEPS(t, steps);
    ck_assert_int_eq(card_power_cycle(t), ERR_OK);
    card_expect(t, "00A4080C047F106F01", "9000");
    card_expect(t, "00B0000004", "FFFFFFFF 9000");
}
END_TEST

START_TEST(delete_df_goes_up)
{
    static const struct card_step steps[] = {
        {"00A4000C025F01", "9000"},  {"00E4000002 5F01", "9000"}, /* the current one */
        {"00A4000C026F01", "9000"},                               /* its parent is current now */
        {"00A4000C025F01", "6A82"},  {"00A4000C023F00", "9000"},  {"00E4000002 3F00", "6A82"},
        {"00E4000002 7F10", "9000"}, {"00A4000C027F10", "6A82"},
    };

    CARD_STEPS(t, steps);
    ck_assert_int_eq(card_power_cycle(t), ERR_OK);
    card_expect(t, "00A4000C027F10", "6A82");
}
END_TEST

START_TEST(what_is_in_use_elsewhere_stays)
{
    static const struct card_step steps[] = {
        {"0070000100", "9000"},      {"01A4080C047F106F01", "9000"},
        {"00E4000002 6F01", "6985"}, {"80D400000A 620883026F0180020040", "6985"},
        {"00A4000C023F00", "9000"},  {"00E4000002 7F10", "6985"},
        {"01A4000C023F00", "9000"},  {"00E4000002 7F10", "9000"},
    };

    CARD_STEPS(t, steps);
}
END_TEST

START_TEST(resize_keeps_what_both_sizes_have)
{
    card_expect(t, "00E0000019" EF_6F99, "9000");
    card_expect(t, "00D6000003 010203", "9000");
    card_expect(t, "80D400000A 620883026F998002000C", "9000");
    card_expect(t, "00B000000C", "010203FFFFFFFFFFFFFFFFFF 9000");
    card_expect(t, "80D400000A 620883026F9980020002", "9000");
    card_expect(t, "00B0000002", "0102 9000");
    card_expect(t, "00B0000201", "6B00");
    ck_assert_int_eq(card_power_cycle(t), ERR_OK);
    card_expect(t, "00A4080C047F106F99", "9000");
    card_expect(t, "00B0000002", "0102 9000");
    card_verify(t, "ADM1");
    card_expect(t, "80D400000F 620D83026F9980020006A503C10177", "9000");
    card_expect(t, "00B0000006", "010277777777 9000");
    card_expect_run(t, "00A40004026F99",
                    "6217820241218302 6F998A01058B032F060580020006880148 9000");
}
END_TEST

START_TEST(resize_of_a_file_of_the_profile)
{
    card_expect(t, "80D400000A 620883026F0180020002", "9000");
    card_expect(t, "00B0000002", "0001 9000");
    card_expect(t, "80D400000A 620883026F0180020004", "9000");
    card_expect(t, "00B0000004", "0001FFFF 9000");
    ck_assert_int_eq(card_power_cycle(t), ERR_OK);
    card_expect(t, "00A4080C047F106F01", "9000");
    card_expect(t, "00B0000000", "6C04");
    card_expect(t, "00B0000004", "0001FFFF 9000");
}
END_TEST

START_TEST(resize_of_records_and_objects)
{
    static const struct card_step steps[] = {
        {"00A4040C09" LAB_AID1, "9000"},
        {"0020000108" CARD_PIN1, "9000"},
        {"80D400000A 620883026F108002001E", "9000"},
        {"00B2050406", "FFFFFFFFFFFF 9000"},
        {"00B2040406", "040404040404 9000"},
        {"80D400000A 620883026F1080020006", "9000"},
        {"00B2010406", "010101AABBCC 9000"},
        {"00B2020406", "6A83"},
        {"80D400000A 620883026F1080020007", "6A80"},
        {"80D400000A 620883026F108002FFFC", "6A80"},
        {"80D400000A 620883026F1180020006", "6981"}, /* cyclic */
        {"80D400000A 620883026F0780020040", "6981"}, /* shown by another file */
        {"00A4000C026F12", "9000"},
        {"80DB008008 8006010203040506", "9000"},
        {"80D400000C 620A83026F12A50486020004", "6A84"},
        {"80CB008001 80", "8006010203040506 9000"},
        {"80D401000C 620A83026F12A50486020004", "9000"},
        {"80CB008001 80", "6A88"},
        {"80DB008005 8003010203", "6A84"},
        {"80DB008004 80020102", "9000"},
    };

    CARD_STEPS(t, steps);
}
END_TEST

START_TEST(resize_refuses)
{
    static const struct card_step steps[] = {
        {"80D402000A 620883026F0180020002", "6A86"},
        {"80D400010A 620883026F0180020002", "6A86"},
        {"80D4000000", "6700"},
        {"80D4000006 620480020002", "6A80"},
        {"80D400000A 620883026FFF80020002", "6A82"},
        {"80D400000A 620883026F0180020000", "6A80"},
        {"80D400000C 620A83026F0180047FFFFFFF", "6A84"},
    };

    CARD_STEPS(t, steps);
}
END_TEST

START_TEST(deactivated_file_is_closed_and_says_so)
{
    static const struct card_step steps[] = {
        {"00A4000C026F01", "9000"},
        {"00040000", "9000"},
        {"00B0000001", "6985"},
        {"00D6000001 00", "6985"},
        {"00A4000C026F01", "6283"},
        {"00040000", "9000"},
        {"00440000", "9000"},
        {"00B0000001", "00 9000"},
        {"00A4000C026F01", "9000"},
        {"00440000", "9000"},
        {"0004080004 7F106F01", "9000"},
        {"00B0000001", "6985"},
        {"0044090002 6F01", "9000"},
        {"0004000002 6F01", "9000"},
        {"0044000002 6F01", "9000"},
        {"00B0000001", "00 9000"},
        {"00040100", "6A86"},
        {"00040001", "6A86"},
        {"0004000002 6FFF", "6A82"},
        {"0004000003 6F0100", "6700"},
        {"0004080003 6F0100", "6700"},
        {"00A4000C027F10", "9000"},
        {"00040000", "6986"},
    };

    CARD_STEPS(t, steps);
}
END_TEST

START_TEST(deactivation_lasts)
{
    card_expect(t, "0004000002 6F01", "9000");
    ck_assert_int_eq(card_power_cycle(t), ERR_OK);
    card_expect(t, "00A4080C047F106F01", "6283");
    card_expect(t, "00B0000001", "6985");
}
END_TEST

START_TEST(some_files_are_usable_when_deactivated)
{
    static const struct card_step steps[] = {
        {"00A4040C09" LAB_AID1, "9000"}, {"0004000002 6F14", "9000"}, {"00B0000001", "14 9000"},
        {"00D6000001 15", "9000"},       {"00A4000C026F14", "6283"},
    };

    CARD_STEPS(t, steps);
}
END_TEST

START_TEST(deactivated_df_closes_what_is_in_it)
{
    card_expect(t, "0004080004 7F105F01", "9000");
    card_expect(t, "00A4080C067F105F014F01", "9000");
    card_expect(t, "00B0000001", "6985");
    card_expect(t, "0044080004 7F105F01", "9000");
    card_expect(t, "00A4080C067F105F014F01", "9000");
    card_expect(t, "00B0000001", "4F 9000");
}
END_TEST

START_TEST(terminated_file_can_only_be_deleted)
{
    static const struct card_step steps[] = {
        {"00E8000002 5F01", "6981"}, {"00E6000002 6F01", "6981"}, {"00E8000002 6FFF", "6A82"},
        {"00E80000", "6986"},        {"00A4000C026F01", "9000"},  {"00E80000", "9000"},
        {"00A4000C026F01", "6285"},  {"00B0000001", "6985"},      {"00440000", "6985"},
        {"00040000", "6985"},        {"00E80000", "6985"},        {"00E4000002 6F01", "9000"},
        {"00A4000C026F01", "6A82"},  {"00E6000002 5F01", "9000"}, {"00A4000C025F01", "6285"},
        {"00A4000C024F01", "9000"},  {"00B0000001", "6985"},
    };

    CARD_STEPS(t, steps);
}
END_TEST

START_TEST(terminated_card_is_of_no_use)
{
    static const struct card_step steps[] = {
        {"00E6000002 3F00", "6A82"}, {"00A4000C023F00", "9000"}, {"00E60000", "6981"},
        {"00FE0100", "6A86"},        {"00FE0000", "9000"},       {"00A4000C023F00", "6285"},
        {"00A4000C022FE2", "9000"},  {"00B000000A", "6985"},     {"0020000108" CARD_PIN1, "6985"},
    };

    CARD_STEPS(t, steps);
    ck_assert_int_eq(card_power_cycle(t), ERR_OK);
    card_expect(t, "00A4000C023F00", "6285");
    card_expect(t, "0020000108" CARD_PIN1, "6985");
}
END_TEST

/* A script has a channel of its own, which the card does not know. */
static unsigned remote(struct channel *ch, const char *hex)
{
    uint8_t bytes[64], answer[300];
    struct wr command = WR_ARRAY(bytes), out = WR_ARRAY(answer);
    struct apdu cmd;
    struct exec x = {.cmd = &cmd, .ch = ch, .out = &out, .remote = true, .rights = 0xFFFFFFFF};

    ck_assert_int_eq(hex_decode(hex, &command), ERR_OK);
    ck_assert_int_eq(apdu_parse(RD_WR(&command), &cmd), ERR_OK);
    return cmd_execute(t->card, &x).v;
}

START_TEST(script_survives_the_deletion_of_its_own_file)
{
    struct channel ch, other;

    channel_init(&ch, 0);
    channel_init(&other, 0);
    t->card->in_script = true;
    ck_assert_uint_eq(remote(&ch, "00E0000019" EF_6F99), 0x9000);
    ck_assert_uint_eq(remote(&other, "00A4000C026F99"), 0x9000);
    ck_assert_uint_eq(remote(&ch, "00E4000002 6F99"), 0x9000);
    ck_assert_uint_eq(remote(&ch, "00B0000001"), 0x6986);
    ck_assert_uint_eq(remote(&other, "00B0000001"), 0x6986);
    ck_assert_uint_eq(remote(&ch, "00E000001E" DF_5F10), 0x9000);
    ck_assert_uint_eq(remote(&other, "00A4000C025F10"), 0x9000);
    ck_assert_uint_eq(remote(&ch, "00E4000002 5F10"), 0x9000);
    ck_assert_uint_eq(remote(&ch, "00A4000C022FE2"), 0x9000); /* the parent is current */
    ck_assert_uint_eq(remote(&other, "80F2000000"), 0x9000);
    store_rollback(&t->card->store);
}
END_TEST

/* C14: cut the power at each operation of each command; afterwards it is before or after. */
static const struct {
    const char *send, *select, *read, *before, *after;
} torn[] = {
    {"00E0000019" EF_6F99, "00A4080C047F106F99", "00B0000001", "6986", "FF 9000"},
    {"00E4000002 6F01", "00A4080C047F106F01", "00B0000001", "00 9000", "6986"},
    {"80D400000A 620883026F0180020001", "00A4080C047F106F01", "00B0000000", "XX", "6C01"},
    {"0004000002 6F01", "00A4080C047F106F01", "00B0000001", "00 9000", "6985"},
};

START_TEST(sec_C14_commands_are_old_or_new)
{
    for (uint64_t cut = 1; cut < 12; cut++) {
        const char *got;
        bool done, new_state;

        t->nvm.ops = 0;
        t->nvm.cut_at = cut;
        done = strcmp(card_send(t, torn[_i].send), "9000") == 0;
        ck_assert_int_eq(card_power_cycle(t), ERR_OK);
        (void)card_send(t, torn[_i].select);
        got = card_send(t, torn[_i].read);
        new_state = strcmp(got, torn[_i].after) == 0;
        ck_assert_msg(new_state || torn[_i].before[0] == 'X' || strcmp(got, torn[_i].before) == 0,
                      "cut %u: %s", (unsigned)cut, got);
        ck_assert_msg(!done || new_state, "cut %u: answered, but lost", (unsigned)cut);
        if (done)
            return;
        tear_down();
        set_up();
    }
    ck_abort_msg("the command never got through");
}
END_TEST

Suite *suite_under_test(void)
{
    const struct lab_case cases[] = {
        {"TS 102 222 6.3", create_transparent, 0},
        {"TS 102 222 6.3", create_records, 0},
        {"TS 102 222 6.3", create_df_and_what_is_in_it, 0},
        {"TS 102 222 6.3.2.2.4", create_fills_with_a_pattern, 0},
        {"TS 102 222 6.3", create_refuses, 0},
        {"TS 102 221 11.1.1.4.8", create_of_a_taken_sfi, 0},
        {"TS 102 222 6.3", create_application, 0},
        {"TS 102 221 9.2", create_with_other_security_attributes, 0},
        {"TS 102 222 6.4", delete_takes_files_and_selections, 0},
        {"TS 102 222 6.4", delete_df_goes_up, 0},
        {"TS 102 222 6.4", what_is_in_use_elsewhere_stays, 0},
        {"TS 102 222 6.10", resize_keeps_what_both_sizes_have, 0},
        {"TS 102 222 6.10", resize_of_a_file_of_the_profile, 0},
        {"TS 102 222 6.10", resize_of_records_and_objects, 0},
        {"TS 102 222 6.10", resize_refuses, 0},
        {"TS 102 221 11.1.14", deactivated_file_is_closed_and_says_so, 0},
        {"TS 102 221 11.1.14", deactivation_lasts, 0},
        {"TS 102 221 11.1.1.4.11", some_files_are_usable_when_deactivated, 0},
        {"TS 102 221 11.1.14", deactivated_df_closes_what_is_in_it, 0},
        {"TS 102 222 6.8", terminated_file_can_only_be_deleted, 0},
        {"TS 102 222 6.9", terminated_card_is_of_no_use, 0},
        {"TS 102 226 7", script_survives_the_deletion_of_its_own_file, 0},
        {"C14", sec_C14_commands_are_old_or_new, ARRAY_LEN(torn)},
    };

    return lab_suite("admin", cases, ARRAY_LEN(cases), set_up, tear_down);
}
