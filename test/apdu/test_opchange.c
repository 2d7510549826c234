/* Tests of apdu/opchange.h. Goal: the bytes drawn there are the bytes written, every field
 * is bounded, and no command that is doubled, half or of another op gets through. */
#include "apdu/opchange.h"
#include "test/support/hexrow.h"
#include "test/support/runner.h"

#include <string.h>

#define HEAD "010101"
#define MUST "800102 8109082926102143658709 820102"

/* Written by hand from the layout in the header. */
#define FULL                          \
    HEAD MUST "8306 000A 00000E10"    \
              "8405 01 41636D65"      \
              "8508 0791447779078484" \
              "8605 91 947172F1"      \
              "A712 04 7FFF6F46 0002 00AA 02 2F05 0004 656EFFFF"

static const uint8_t imsi[EF_IMSI_LEN] = {0x08, 0x29, 0x26, 0x10, 0x21, 0x43, 0x65, 0x87, 0x09};

START_TEST(opchange_read_takes_a_full_change_apart)
{
    struct hexrow row;
    struct opchange_command c;
    struct opchange_file file;

    ck_assert_int_eq(opchange_read(hexrow(&row, FULL), &c), ERR_OK);
    ck_assert_int_eq(c.op, OPCHANGE_CHANGE);
    ck_assert_uint_eq(c.expected, 1);
    ck_assert_uint_eq(c.to, 2);
    ck_assert_int_eq(memcmp(c.imsi, imsi, sizeof imsi), 0);
    ck_assert_uint_eq(c.mnc_len, 2);
    ck_assert_uint_eq(c.trial_polls, 10);
    ck_assert_uint_eq(c.trial_seconds, 3600);
    hexrow_assert(c.spn, "0141636D65", "SPN");
    hexrow_assert(c.sca, "0791447779078484", "SCA");
    hexrow_assert(c.msisdn, "91947172F1", "MSISDN");
    ck_assert_int_eq(opchange_next_file(&c.files, &file), ERR_OK);
    hexrow_assert(file.path, "7FFF6F46", "path 1");
    hexrow_assert(file.content, "00AA", "content 1");
    ck_assert_int_eq(opchange_next_file(&c.files, &file), ERR_OK);
    hexrow_assert(file.path, "2F05", "path 2");
    hexrow_assert(file.content, "656EFFFF", "content 2");
    ck_assert_int_eq(opchange_next_file(&c.files, &file), ERR_NOT_FOUND);
}
END_TEST

static const struct {
    const char *rule;
    const char *hex;
    enum err want;
} commands[] = {
    {"full change", FULL, ERR_OK},
    {"smallest change", HEAD MUST, ERR_OK},
    {"query", "010200", ERR_OK},
    {"fall back", "010302", ERR_OK},
    {"renew K", "010401 8810 00112233445566778899AABBCCDDEEFF 8A03 8BAF47", ERR_OK},
    {"renew K and OPc",
     "010401 8810 00112233445566778899AABBCCDDEEFF 8910 FFEEDDCCBBAA99887766554433221100"
     "8A03 8BAF47",
     ERR_OK},
    {"nothing", "", ERR_SHORT},
    {"no op", "01", ERR_SHORT},
    {"no slot", "0101", ERR_SHORT},
    {"version 0", "000200", ERR_FORMAT},
    {"version 2", "020200", ERR_FORMAT},
    {"op 0", "010001", ERR_FORMAT},
    {"op 5", "010501", ERR_FORMAT},
    {"change without fields", HEAD, ERR_FORMAT},
    {"without slot", HEAD "8109082926102143658709 820102", ERR_FORMAT},
    {"without IMSI", HEAD "800102 820102", ERR_FORMAT},
    {"without MNC length", HEAD "800102 8109082926102143658709", ERR_FORMAT},
    {"expected slot 0", "010100" MUST, ERR_RANGE},
    {"expected slot 16", "010110" MUST, ERR_RANGE},
    {"slot 0", HEAD "800100 8109082926102143658709 820102", ERR_RANGE},
    {"slot 16", HEAD "800110 8109082926102143658709 820102", ERR_RANGE},
    {"slot 15", HEAD "80010F 8109082926102143658709 820102", ERR_OK},
    {"slot of two bytes", HEAD "80020002 8109082926102143658709 820102", ERR_FORMAT},
    {"IMSI of 8 bytes", HEAD "800102 81080829261021436587 820102", ERR_FORMAT},
    {"IMSI erased", HEAD "800102 8109FFFFFFFFFFFFFFFFFF 820102", ERR_RANGE},
    {"IMSI with letters", HEAD "800102 8109082926102143658A09 820102", ERR_FORMAT},
    {"MNC length 1", HEAD "800102 8109082926102143658709 820101", ERR_RANGE},
    {"MNC length 4", HEAD "800102 8109082926102143658709 820104", ERR_RANGE},
    {"trial of 5 bytes", HEAD MUST "8305000A00000E", ERR_FORMAT},
    {"SPN empty", HEAD MUST "8400", ERR_FORMAT},
    {"SPN of 18 bytes", HEAD MUST "8412 000000000000000000000000000000000000", ERR_FORMAT},
    {"SCA with a length that lies", HEAD MUST "8508 0891447779078484", ERR_SHORT},
    {"SCA with bytes behind", HEAD MUST "8508 0691447779078484", ERR_FORMAT},
    {"MSISDN of two digits", HEAD MUST "8602 8121", ERR_OK},
    {"MSISDN of 12 bytes", HEAD MUST "860C 910000000000000000000000", ERR_FORMAT},
    {"files empty", HEAD MUST "A700", ERR_FORMAT},
    {"file with odd path", HEAD MUST "A706 037FFF6F 0000", ERR_FORMAT},
    {"file without path", HEAD MUST "A703 000000", ERR_FORMAT},
    {"file with path of 12", HEAD MUST "A70F 0C7FFF7FFF7FFF7FFF7FFF6F46 0000", ERR_FORMAT},
    {"file cut", HEAD MUST "A707 022F05 0004 656E", ERR_SHORT},
    {"file with path alone", HEAD MUST "A703 022F05", ERR_SHORT},
    {"slot doubled", HEAD MUST "800102", ERR_FORMAT},
    {"SPN doubled", HEAD MUST "84010184 0101", ERR_FORMAT},
    {"unknown tag", HEAD MUST "8B0101", ERR_FORMAT},
    {"two-byte tag", HEAD MUST "9F010101", ERR_FORMAT},
    {"tag of RENEW in CHANGE", HEAD MUST "8A03 8BAF47", ERR_FORMAT},
    {"tag in QUERY", "010200 800102", ERR_FORMAT},
    {"slot in QUERY", "010201", ERR_RANGE},
    {"tag in FALL BACK", "010301 800102", ERR_FORMAT},
    {"renew without check value", "010401 8810 00112233445566778899AABBCCDDEEFF", ERR_FORMAT},
    {"renew without K", "010401 8A03 8BAF47", ERR_FORMAT},
    {"renew with K of 15", "010401 880F 00112233445566778899AABBCCDDEE 8A03 8BAF47", ERR_FORMAT},
    {"object past the end", HEAD MUST "8405 01", ERR_SHORT},
    {"indefinite length", HEAD MUST "A780 0000", ERR_FORMAT},
    {"padding behind", HEAD MUST "00", ERR_SHORT},
};

START_TEST(opchange_read_obeys_rule)
{
    struct hexrow row;
    struct opchange_command c = {.to = 0x77};
    uint8_t block[512];
    struct wr w = WR_ARRAY(block);
    enum err got = opchange_read(hexrow(&row, commands[_i].hex), &c);

    ck_assert_msg(got == commands[_i].want, "%s: got %s", commands[_i].rule, err_text(got));
    if (got != ERR_OK) {
        ck_assert_uint_eq(c.to, 0x77);
        return;
    }
    opchange_write(&w, &c);
    hexrow_assert(RD_WR(&w), commands[_i].hex, commands[_i].rule);
}
END_TEST

START_TEST(opchange_tar_is_the_proprietary_one)
{
    hexrow_assert(RD_ARRAY(OPCHANGE_TAR), "BFFF00", "TAR");
}
END_TEST

START_TEST(opchange_write_leaves_out_what_the_op_has_not)
{
    uint8_t block[64];
    struct wr w = WR_ARRAY(block);
    struct opchange_command c = {.op = OPCHANGE_QUERY, .expected = 3, .to = 2, .mnc_len = 2};

    opchange_write(&w, &c);
    hexrow_assert(RD_WR(&w), "010200", "query");
}
END_TEST

START_TEST(opchange_write_file_makes_what_next_file_reads)
{
    static const uint8_t path[] = {0x7F, 0xFF, 0x6F, 0x46}, long_path[12] = {0x7F};
    uint8_t block[64];
    struct wr w = WR_ARRAY(block);
    struct opchange_file file = {RD_ARRAY(path), RD(NULL, 0)};

    opchange_write_file(&w, &file);
    hexrow_assert(RD_WR(&w), "047FFF6F460000", "file");
    file.path = RD_ARRAY(long_path);
    opchange_write_file(&w, &file);
    ck_assert_int_eq(wr_result(&w), ERR_SPACE);
}
END_TEST

#define PROOF "01 00 02 01 01 05 03 0000000064 082926102143658709"

START_TEST(opchange_proof_goes_both_ways)
{
    struct hexrow row;
    uint8_t block[OPCHANGE_PROOF_LEN];
    struct wr w = WR_ARRAY(block);
    struct opchange_proof p;

    ck_assert_int_eq(opchange_read_proof(hexrow(&row, PROOF), &p), ERR_OK);
    ck_assert_int_eq(p.result, OPCHANGE_DONE);
    ck_assert_uint_eq(p.active, 2);
    ck_assert_int_eq(p.state, OPCHANGE_TRIAL);
    ck_assert_uint_eq(p.fallback, 1);
    ck_assert_uint_eq(p.slots, 5);
    ck_assert_uint_eq(p.spare, 3);
    ck_assert_uint_eq(p.counter, 100);
    ck_assert_int_eq(memcmp(p.imsi, imsi, sizeof imsi), 0);
    opchange_write_proof(&w, &p);
    ck_assert_int_eq(wr_result(&w), ERR_OK);
    hexrow_assert(RD_WR(&w), PROOF, "proof");
}
END_TEST

static const struct {
    const char *rule;
    const char *hex;
    enum err want;
} proofs[] = {
    {"nothing", "", ERR_SHORT},
    {"one byte short", "01 00 02 01 01 05 03 0000000064 0829261021436587", ERR_SHORT},
    {"one byte long", PROOF "00", ERR_FORMAT},
    {"version 2", "02 00 02 01 01 05 03 0000000064 082926102143658709", ERR_FORMAT},
    {"result 9", "01 09 02 01 01 05 03 0000000064 082926102143658709", ERR_FORMAT},
    {"state 4", "01 00 02 04 01 05 03 0000000064 082926102143658709", ERR_FORMAT},
    {"last result and state", "01 08 02 03 01 05 03 FFFFFFFFFF FFFFFFFFFFFFFFFFFF", ERR_OK},
};

START_TEST(opchange_read_proof_obeys_rule)
{
    struct hexrow row;
    struct opchange_proof p = {.active = 0x77};
    enum err got = opchange_read_proof(hexrow(&row, proofs[_i].hex), &p);

    ck_assert_msg(got == proofs[_i].want, "%s: got %s", proofs[_i].rule, err_text(got));
    ck_assert(got == ERR_OK || p.active == 0x77);
}
END_TEST

START_TEST(opchange_texts_are_never_null)
{
    for (int v = -1; v < 12; v++) {
        ck_assert_ptr_nonnull(opchange_result_text((enum opchange_result)v));
        ck_assert_ptr_nonnull(opchange_state_text((enum opchange_state)v));
    }
    ck_assert_str_eq(opchange_result_text((enum opchange_result)9), "unknown result");
    ck_assert_str_eq(opchange_state_text(OPCHANGE_TRIAL), "in trial");
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("apdu/opchange");
    TCase *command = tcase_create("TR 33.812 alternative 3b, command");
    TCase *proof = tcase_create("TR 33.812 alternative 3b, proof");

    tcase_add_test(command, opchange_read_takes_a_full_change_apart);
    tcase_add_loop_test(command, opchange_read_obeys_rule, 0, (int)ARRAY_LEN(commands));
    tcase_add_test(command, opchange_tar_is_the_proprietary_one);
    tcase_add_test(command, opchange_write_leaves_out_what_the_op_has_not);
    tcase_add_test(command, opchange_write_file_makes_what_next_file_reads);
    suite_add_tcase(s, command);
    tcase_add_test(proof, opchange_proof_goes_both_ways);
    tcase_add_loop_test(proof, opchange_read_proof_obeys_rule, 0, (int)ARRAY_LEN(proofs));
    tcase_add_test(proof, opchange_texts_are_never_null);
    suite_add_tcase(s, proof);
    return s;
}
