/* Tests of uicc/sim. Goal: class A0 as TS 51.011 9 has it, over the same files and PINs. */
#include "test/support/runner.h"
#include "test/support/uicc/lab.h"

#define WRONG "30303030FFFFFFFF"

static struct test_card *t;

static void set_up(void)
{
    t = lab_new(true);
}

static void tear_down(void)
{
    card_free(&t);
}

START_TEST(sim_select_and_its_answers)
{
    static const struct card_step steps[] = {
        {"A0A40000023F00", "9F16"},
        {"A0C0000017", "6716"},
        {"A0C0000016", ""},
        {"A0A40000022FE2", "9F0F"},
        {"A0C000000F", "0000000A2FE2040004FF440102 0000 9000"},
        {"A0A40000027F20", "9F16"},
        {"A0A40000026F07", "9F0F"},
        {"A0C000000F", "000000096F07040014FF44010200 00 9000"},
        {"A0A40000026F3A", "9F0F"},
        {"A0C000000F", "000000186F3A040011FF44010201 06 9000"},
        {"A0A40000026F39", "9F0F"},
        {"A0C000000F", "000000066F39044011 1F440102 0303 9000"},
    };

    for (size_t i = 0; i < ARRAY_LEN(steps); i++) {
        if (i != 2) /* with the free memory in it */
            card_expect(t, steps[i].send, steps[i].want);
        else
            card_expect(t, steps[i].send, "0000XXXX3F00010000000000 09010304040083 8A838A 9000");
    }
}
END_TEST

START_TEST(sim_selects_no_applications)
{
    static const struct card_step steps[] = {
        {"A0A40000027FF0", "9404"},  {"00A4040C09" LAB_AID1, "9000"}, {"A0A40000027FFF", "9404"},
        {"A0A40000023F00", "9F16"},  {"A0A4000002FFFF", "9404"},      {"A0A4010002 3F00", "6B00"},
        {"A0A4000402 3F00", "6B00"}, {"A0A4000001 3F", "6700"},       {"A0B0000001", "9400"},
    };

    for (size_t i = 0; i < ARRAY_LEN(steps); i++)
        card_expect(t, steps[i].send, steps[i].want);
}
END_TEST

START_TEST(sim_reads_and_updates)
{
    static const struct card_step steps[] = {
        {"A0A40000022FE2", "9F0F"},
        {"A0B000000A", "988812010000400310F0 9000"},
        {"A0B0000802", "10F0 9000"},
        {"A0B0000803", "9402"},
        {"A0B0000A01", "9402"},
        {"A0B0820001", "6B00"}, /* no SFI here */
        {"A0D6000001 00", "9804"},
        {"A0B2010406", "9408"},
        {"A0A40000027F20", "9F16"},
        {"A0A40000026F07", "9F0F"},
        {"A0B0000009", "9804"},
        {"A020000108" CARD_PIN1, "9000"},
        {"A0B0000009", "080910101032547698 9000"},
        {"0020000A08" CARD_ADM1, "9000"},
        {"A0D6000901 00", "9402"},
        {"A0D6000802 9898", "9402"}, /* out of range, not of a wrong length */
        {"A0D6000801 98", "9000"},
        {"A0A40000026F3A", "9F0F"},
        {"A0B2000206", "010101AABBCC 9000"},
        {"A0B2000206", "020202AABBFF 9000"},
        {"A0B2040406", "040404040404 9000"},
        {"A0B2050406", "9402"},
        {"A0B2010405", "6706"},
        {"A0B2010206", "6B00"},
        {"A0B2010C06", "6B00"},
        {"A0DC030406 333333333333", "9000"},
        {"A0B2030406", "333333333333 9000"},
        {"A0DC030405 3333333333", "6700"},
        {"A0A40000026F39", "9F0F"},
        {"A032000003 000005", "9F06"},
        {"A0C0000006", "000006000005 9000"},
        {"A0B2010403", "000006 9000"},
        {"A032000003 FFFFFF", "9850"},
        {"A032000002 0001", "6700"},
        {"A0DC000303 000009", "9000"},
    };

    for (size_t i = 0; i < ARRAY_LEN(steps); i++)
        card_expect(t, steps[i].send, steps[i].want);
}
END_TEST

START_TEST(sim_seek)
{
    static const struct card_step steps[] = {
        {"A020000108" CARD_PIN1, "9000"},
        {"A0A40000027F20", "9F16"},
        {"A0A2000001 01", "9400"},
        {"A0A40000026F07", "9F0F"},
        {"A0A2000001 01", "9408"},
        {"A0A40000026F3A", "9F0F"},
        {"A0A2001002 0202", "9F01"},
        {"A0C0000001", "02 9000"},
        {"A0B2000406", "020202AABBFF 9000"},
        {"A0A2001202 0202", "9F01"},
        {"A0C0000001", "03 9000"},
        {"A0A2001202 0202", "9404"},
        {"A0A2001102 0202", "9F01"},
        {"A0C0000001", "03 9000"},
        {"A0A2001302 0202", "9F01"},
        {"A0C0000001", "02 9000"},
        {"A0A2000002 0404", "9000"},
        {"A0A2000002 AABB", "9404"}, /* only the beginning counts */
        {"A0A2000402 0404", "6B00"},
        {"A0A2002002 0404", "6B00"},
        {"A0A2010002 0404", "6B00"},
    };

    for (size_t i = 0; i < ARRAY_LEN(steps); i++)
        card_expect(t, steps[i].send, steps[i].want);
}
END_TEST

START_TEST(sim_chv_is_the_pin)
{
    static const struct card_step steps[] = {
        {"A020000108" WRONG, "9804"},
        {"0020000100", "63C2"},
        {"A020000108" WRONG, "9804"},
        {"A020000108" WRONG, "9840"},
        {"A020000108" CARD_PIN1, "9840"},
        {"A02C000110" CARD_PUK1 CARD_PIN1, "6B00"}, /* CHV1 is 00 here */
        {"A02C000010" WRONG CARD_PIN1, "9804"},
        {"A02C000010" CARD_PUK1 CARD_PIN1, "9000"},
        {"0020000100", "63C3"},
        {"A028000108" CARD_PIN1, "9808"},
        {"A026000108" CARD_PIN1, "9000"},
        {"A020000108" CARD_PIN1, "9808"},
        {"A028000108" CARD_PIN1, "9000"},
        {"A024000110" CARD_PIN1 "34333231FFFFFFFF", "9000"},
        {"A020000108 34333231FFFFFFFF", "9000"},
        {"A020000208" CARD_PIN2, "9000"},
        {"A026000208" CARD_PIN2, "6B00"},
        {"A020000308" CARD_PIN2, "6B00"},
        {"A020000100", "6700"},
        {"A020000107 31323334FFFFFF", "6700"},
    };

    for (size_t i = 0; i < ARRAY_LEN(steps); i++)
        card_expect(t, steps[i].send, steps[i].want);
}
END_TEST

START_TEST(sim_invalidates_and_rehabilitates)
{
    static const struct card_step steps[] = {
        {"0020000A08" CARD_ADM1, "9000"},
        {"A020000108" CARD_PIN1, "9000"},
        {"A0A40000027F20", "9F16"},
        {"A004000000", "9400"},
        {"A0A40000026F07", "9F0F"},
        {"A044000000", "9810"},
        {"A004000000", "9000"},
        {"A0B0000001", "9810"},
        {"A004000000", "9810"},
        {"A0A40000026F07", "9F0F"},
        {"A0C000000F", "000000096F07040014FF4400020000 9000"},
        {"A044000000", "9000"},
        {"A0B0000001", "08 9000"},
    };

    for (size_t i = 0; i < ARRAY_LEN(steps); i++)
        card_expect(t, steps[i].send, steps[i].want);
}
END_TEST

START_TEST(sim_status_and_sleep)
{
    card_expect(t, "A0F2000016", "0000XXXX3F0001000000000009010304040083 8A838A 9000");
    card_expect(t, "A0F2000002", "0000 9000");
    card_expect(t, "A0F2000000", "6716");
    card_expect(t, "A0F2000017", "6716");
    card_expect(t, "A0FA000000", "9000");
    card_expect(t, "A0CB000000", "6D00");
    card_expect(t, "A1A4000000", "6E00");
}
END_TEST

START_TEST(sim_runs_the_gsm_algorithm)
{
    struct test_card *usim = card_new(); /* Milenage test set 1 of TS 35.208, TS 55.205 for 2G */

    card_expect(usim, "A088000010 23553CBE9637A89D218AE64DAE47BF35", "9408");
    card_expect(usim, "A0A40000027F20", "9F16");
    card_expect(usim, "A088000010 23553CBE9637A89D218AE64DAE47BF35", "9F0C");
    card_expect(usim, "A0C000000C", "46F8416AEAE4BE823AF9A08B 9000");
    card_expect(usim, "A08800000F 23553CBE9637A89D218AE64DAE47BF", "6700");
    card_free(&usim);
}
END_TEST

START_TEST(sim_mode_can_be_off)
{
    struct profile profile = *t->card->profile;

    profile.sim_mode = false;
    t->card->profile = &profile;
    card_expect(t, "A0A40000023F00", "6E00");
    card_expect(t, "A0C0000016", "6E00");
}
END_TEST

Suite *suite_under_test(void)
{
    const struct lab_case cases[] = {
        {"TS 51.011 9.2.1", sim_select_and_its_answers, 0},
        {"TS 51.011 9.2.1", sim_selects_no_applications, 0},
        {"TS 51.011 9.2.3", sim_reads_and_updates, 0},
        {"TS 51.011 9.2.7", sim_seek, 0},
        {"TS 51.011 9.2.9", sim_chv_is_the_pin, 0},
        {"TS 51.011 9.2.14", sim_invalidates_and_rehabilitates, 0},
        {"TS 51.011 9.2.2", sim_status_and_sleep, 0},
        {"TS 51.011 9.2.16", sim_runs_the_gsm_algorithm, 0},
        {"TS 51.011 9", sim_mode_can_be_off, 0},
    };

    return lab_suite("sim", cases, ARRAY_LEN(cases), set_up, tear_down);
}
