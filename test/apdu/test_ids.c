/* Tests of apdu/ids.h. Goal: no list says two things of one number. The numbers themselves
 * are pinned here where a wrong one was seen in public code. */
#include "apdu/buf.h"
#include "apdu/ids.h"
#include "test/support/runner.h"

#include <string.h>

struct id {
    unsigned value;
    const char *text;
};

#define ROW(name, value, text) {name, text},
static const struct id instructions[] = {INS_LIST(ROW)};
static const struct id uicc[] = {FID_UICC_LIST(ROW)};
static const struct id usim[] = {FID_USIM_LIST(ROW)};
static const struct id gsm_access[] = {FID_GSM_ACCESS_LIST(ROW)};
static const struct id df_5gs[] = {FID_5GS_LIST(ROW)};
static const struct id isim[] = {FID_ISIM_LIST(ROW)};
static const struct id tars[] = {TAR_LIST(ROW)};
static const struct id objects[] = {CAT_OBJECT_LIST(ROW)};
static const struct id proactive[] = {PROACTIVE_LIST(ROW)};
static const struct id tags[] = {CTLV_LIST(ROW)};
static const struct id devices[] = {DEVICE_LIST(ROW)};
static const struct id events[] = {EVENT_LIST(ROW)};
static const struct id results[] = {RESULT_LIST(ROW)};

#define LIST(a)         \
    {                   \
        a, ARRAY_LEN(a) \
    }
static const struct {
    const struct id *ids;
    size_t count;
} lists[] = {
    LIST(instructions), LIST(uicc),   LIST(usim),    LIST(gsm_access), LIST(df_5gs),
    LIST(isim),         LIST(tars),   LIST(objects), LIST(proactive),  LIST(tags),
    LIST(devices),      LIST(events), LIST(results),
};

START_TEST(ids_list_names_each_number_once)
{
    for (size_t i = 0; i < lists[_i].count; i++) {
        const struct id *id = &lists[_i].ids[i];

        ck_assert_uint_gt(strlen(id->text), 0);
        for (size_t j = 0; j < i; j++) {
            ck_assert_msg(id->value != lists[_i].ids[j].value, "%s and %s", id->text,
                          lists[_i].ids[j].text);
            ck_assert_str_ne(id->text, lists[_i].ids[j].text);
        }
    }
}
END_TEST

START_TEST(ids_level_of_a_file_is_in_its_number)
{
    for (size_t i = 0; i < ARRAY_LEN(usim); i++)
        ck_assert_uint_eq(usim[i].value >> 8, usim[i].text[0] == 'E' ? 0x6F : 0x5F);
    for (size_t i = 0; i < ARRAY_LEN(df_5gs); i++)
        ck_assert_uint_eq(df_5gs[i].value >> 8, 0x4F);
}
END_TEST

START_TEST(ids_that_public_code_has_wrong)
{
    ck_assert_uint_eq(FID_EF_ICCID, 0x2FE2);
    ck_assert_uint_eq(FID_EF_PSLOCI, 0x6F73);
    ck_assert_uint_eq(FID_DF_5GS, 0x5FC0);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("apdu/ids");
    TCase *t = tcase_create("TS 102 221 8.4.2, TS 31.102 4.2, TS 102 223 9");

    tcase_add_loop_test(t, ids_list_names_each_number_once, 0, (int)ARRAY_LEN(lists));
    tcase_add_test(t, ids_level_of_a_file_is_in_its_number);
    tcase_add_test(t, ids_that_public_code_has_wrong);
    suite_add_tcase(s, t);
    return s;
}
