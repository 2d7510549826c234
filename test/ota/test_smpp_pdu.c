/* Tests of ota/smpp/pdu.h. Goal: our octets are those of others, and no octets from outside are
 * read past their end or half accepted. Method: PDUs made by Debian's libnet-smpp-perl 1.19 (a
 * judge we did not write), rows made by hand from SMPP 3.4, every truncation of every row. */
#include "ota/smpp/pdu.h"
#include "test/support/hexrow.h"
#include "test/support/runner.h"

#include <string.h>

/* What Net::SMPP 1.19 packs; each must come back from our writer octet by octet. */
static const struct {
    const char *name;
    const char *hex;
} perl[] = {
    {"bind_transceiver", "000000290000000900000000000000016F746173727600736563726574004F544100"
                         "3401015E343900"},
    {"bind_receiver", "000000180000000100000000000000026100000034000000"},
    {"bind_transmitter", "0000002E0000000200000000000000036162636465666768696A6B6C6D6E6F00313233"
                         "3435363738000034000000"},
    {"bind_transceiver_resp", "0000001A800000090000000000000001534D5343000210000134"},
    {"submit_sm", "00000067000000040000000000000004000101343931373000010134393137303030303030303"
                  "100407F000030303030303330303030303030303052000100F6002502700000201506193535B0"
                  "0011AE733256918D050B87C94FBFE12E4DC402F262C41CF67F2F"},
    {"submit_sm_resp", "000000158000000400000000000000043161326200"},
    {"deliver_sm", "00000046000000050000000000000005000101343931373030303030303031000101343931373"
                   "000407F0000000000F6000004240010027100000B0AB0001000000000000006"},
    {"deliver_sm",
     "000000A70000000500000000000000060001013439313730303030303030310001013439313730000400000000"
     "000000006069643A31613262207375623A30303120646C7672643A303031207375626D697420646174653A3234"
     "303130313030303020646F6E6520646174653A3234303130313030303120737461743A44454C495652442065"
     "72723A30303020746578743A001E00053161326200042700010204230003030000"},
    {"deliver_sm_resp", "0000001180000005000000000000000500"},
    {"enquire_link", "00000010000000150000000000000007"},
    {"enquire_link_resp", "00000010800000150000000000000007"},
    {"unbind", "00000010000000060000000000000008"},
    {"unbind_resp", "00000010800000060000000000000008"},
    {"generic_nack", "00000010800000000000000300000009"},
    {"data_sm", "0000003100000103000000000000000A0001013439313730000101343931373030303030303031004"
                "000F6042400020102"},
};

START_TEST(smpp_read_and_write_agree_with_net_smpp)
{
    struct hexrow row;
    struct rd bytes = hexrow(&row, perl[_i].hex);
    struct smpp_pdu pdu;
    uint8_t out[512];
    struct wr w = WR_ARRAY(out);

    ck_assert_int_eq(smpp_read(bytes, &pdu), ERR_OK);
    ck_assert_str_eq(smpp_command_name(pdu.command), perl[_i].name);
    smpp_write(&w, &pdu);
    ck_assert_int_eq(wr_result(&w), ERR_OK);
    hexrow_assert(RD_WR(&w), perl[_i].hex, perl[_i].name);
}
END_TEST

START_TEST(smpp_read_refuses_every_truncation)
{
    struct hexrow row;
    struct rd bytes = hexrow(&row, perl[_i].hex);
    struct smpp_pdu pdu;

    for (size_t n = 0; n < bytes.left; n++)
        ck_assert_int_ne(smpp_read(RD(bytes.at, n), &pdu), ERR_OK);
    /* The same with a command_length that tells of the cut: only a response or a message
     * without its optional parameters may still be whole. */
    for (size_t n = SMPP_HEADER_LEN; n < bytes.left; n++) {
        row.bytes[2] = 0;
        row.bytes[3] = (uint8_t)n;
        enum err e = smpp_read(RD(bytes.at, n), &pdu);

        ck_assert_int_ne(e, ERR_RANGE);
        ck_assert_uint_eq(pdu.sequence, row.bytes[15]);
    }
}
END_TEST

START_TEST(smpp_read_gives_the_fields_of_submit_sm)
{
    struct hexrow row;
    struct smpp_pdu p;

    ck_assert_int_eq(smpp_read(hexrow(&row, perl[4].hex), &p), ERR_OK);
    ck_assert_uint_eq(p.command, SMPP_SUBMIT_SM);
    ck_assert_uint_eq(p.sequence, 4);
    ck_assert_uint_eq(p.source.ton, 1);
    ck_assert_str_eq(p.source.digits, "49170");
    ck_assert_str_eq(p.destination.digits, "491700000001");
    ck_assert_uint_eq(p.esm_class, 0x40);
    ck_assert_uint_eq(p.protocol_id, 0x7F);
    ck_assert_uint_eq(p.data_coding, 0xF6);
    ck_assert_uint_eq(p.registered_delivery, 1);
    ck_assert_str_eq(p.validity, "000003000000000R");
    ck_assert_uint_eq(smpp_content(&p).left, 37);
    ck_assert_uint_eq(smpp_content(&p).at[0], 0x02);
}
END_TEST

START_TEST(smpp_read_gives_the_optional_parameters_of_a_receipt)
{
    struct hexrow row;
    struct smpp_pdu p;

    ck_assert_int_eq(smpp_read(hexrow(&row, perl[7].hex), &p), ERR_OK);
    ck_assert_uint_eq(p.has, SMPP_TLV_RECEIPTED_MESSAGE_ID | SMPP_TLV_MESSAGE_STATE |
                                 SMPP_TLV_NETWORK_ERROR);
    ck_assert_str_eq(p.receipted_message_id, "1a2b");
    ck_assert_uint_eq(p.message_state, SMPP_STATE_DELIVERED);
    ck_assert_uint_eq(p.network_error[0], 3);
    ck_assert_int_eq(smpp_read(hexrow(&row, perl[6].hex), &p), ERR_OK);
    ck_assert_uint_eq(smpp_content(&p).left, 16);
}
END_TEST

static const struct {
    const char *rule;
    const char *hex;
    enum err want;
} rows[] = {
    {"no bytes", "", ERR_SHORT},
    {"header alone", "00000010 00000015 00000000 00000001", ERR_OK},
    {"header cut", "00000010 00000015 00000000 000000", ERR_SHORT},
    {"command_length above the bytes", "00000011 00000015 00000000 00000001", ERR_RANGE},
    {"command_length below the bytes", "00000010 00000015 00000000 00000001 00", ERR_RANGE},
    {"unknown command", "00000010 00000777 00000000 00000001", ERR_UNSUPPORTED},
    {"body where none may be", "00000011 00000015 00000000 00000001 00", ERR_FORMAT},
    {"submit_sm without a body", "00000010 00000004 00000000 00000001", ERR_SHORT},
    {"error response without a body", "00000010 80000004 00000058 00000001", ERR_OK},
    {"response without a body", "00000010 80000005 00000000 00000001", ERR_OK},
    {"message_id without its NUL", "00000012 80000004 00000000 00000001 3132", ERR_SHORT},
    {"system_id of 16 characters",
     "00000028 00000009 00000000 00000001 61616161616161616161616161616161 00 00 00 34 00 00 00 00",
     ERR_FORMAT},
    {"TLV of wrong length", "00000018 80000009 00000000 00000001 4100 0210 0002 0134", ERR_FORMAT},
    {"TLV twice", "0000001C 80000009 00000000 00000001 4100 0210 0001 34 0210 0001 34", ERR_FORMAT},
    {"TLV past the end", "00000017 80000009 00000000 00000001 4100 0210 0002 34", ERR_SHORT},
    {"TLV cut in its tag", "00000013 80000009 00000000 00000001 4100 02", ERR_SHORT},
};

START_TEST(smpp_read_obeys_rule)
{
    struct hexrow row;
    struct smpp_pdu pdu;
    enum err got = smpp_read(hexrow(&row, rows[_i].hex), &pdu);

    ck_assert_msg(got == rows[_i].want, "%s: got %s", rows[_i].rule, err_text(got));
}
END_TEST

START_TEST(smpp_read_passes_over_parameters_it_does_not_know)
{
    struct hexrow row;
    struct smpp_pdu p;

    ck_assert_int_eq(
        smpp_read(hexrow(&row, "0000001F 80000009 00000000 00000001 4100 1400 0004 01020304 "
                               "0210 0001 34"),
                  &p),
        ERR_OK);
    ck_assert_uint_eq(p.has, SMPP_TLV_SC_VERSION);
    ck_assert_uint_eq(p.sc_version, 0x34);
}
END_TEST

START_TEST(smpp_read_keeps_the_sequence_for_the_nack)
{
    struct hexrow row;
    struct smpp_pdu p;

    ck_assert_int_eq(smpp_read(hexrow(&row, "00000010 00000777 00000000 0000002A"), &p),
                     ERR_UNSUPPORTED);
    ck_assert_uint_eq(p.sequence, 0x2A);
    ck_assert_uint_eq(p.command, 0x777);
}
END_TEST

START_TEST(smpp_length_bounds_the_stream)
{
    struct hexrow row;
    size_t length = 7;

    ck_assert_int_eq(smpp_length(hexrow(&row, "000000"), &length), ERR_SHORT);
    ck_assert_int_eq(smpp_length(hexrow(&row, "0000000F"), &length), ERR_RANGE);
    ck_assert_int_eq(smpp_length(hexrow(&row, "00010001"), &length), ERR_RANGE);
    ck_assert_int_eq(smpp_length(hexrow(&row, "FFFFFFFF"), &length), ERR_RANGE);
    ck_assert_uint_eq(length, 7);
    ck_assert_int_eq(smpp_length(hexrow(&row, "00010000"), &length), ERR_OK);
    ck_assert_uint_eq(length, SMPP_PDU_MAX);
    ck_assert_int_eq(smpp_length(hexrow(&row, "00000010"), &length), ERR_OK);
    ck_assert_uint_eq(length, SMPP_HEADER_LEN);
}
END_TEST

START_TEST(smpp_write_refuses_what_smpp_cannot_say)
{
    uint8_t out[1024], message[255] = {0};
    struct wr w = WR_ARRAY(out);
    struct smpp_pdu p = smpp_header(SMPP_SUBMIT_SM, 0, 1);

    p.short_message = RD_ARRAY(message);
    smpp_write(&w, &p);
    ck_assert_int_eq(wr_result(&w), ERR_SPACE);
    w = WR_ARRAY(out);
    p.short_message.left = SMPP_SHORT_MAX;
    smpp_write(&w, &p);
    ck_assert_int_eq(wr_result(&w), ERR_OK);
    w = WR_ARRAY(out);
    p = smpp_header(0x777, 0, 1);
    smpp_write(&w, &p);
    ck_assert_int_eq(wr_result(&w), ERR_SPACE);
}
END_TEST

START_TEST(smpp_write_ends_an_error_response_after_its_header)
{
    uint8_t out[64];
    struct wr w = WR_ARRAY(out);
    struct smpp_pdu p = smpp_header(SMPP_SUBMIT_SM | SMPP_RESPONSE, SMPP_RTHROTTLED, 5);

    smpp_write(&w, &p);
    hexrow_assert(RD_WR(&w), "00000010 80000004 00000058 00000005", "throttled");
}
END_TEST

START_TEST(smpp_set_refuses_text_that_does_not_fit)
{
    struct smpp_pdu p = {0};

    ck_assert_int_eq(smpp_set(p.password, sizeof p.password, "12345678"), ERR_OK);
    ck_assert_int_eq(smpp_set(p.password, sizeof p.password, "123456789"), ERR_RANGE);
    ck_assert_str_eq(p.password, "12345678");
}
END_TEST

START_TEST(smpp_status_knows_what_to_do)
{
    ck_assert_int_eq(smpp_status_remedy(SMPP_ROK), SMPP_FINE);
    ck_assert_int_eq(smpp_status_remedy(SMPP_RTHROTTLED), SMPP_SLOWER);
    ck_assert_int_eq(smpp_status_remedy(SMPP_RMSGQFUL), SMPP_SLOWER);
    ck_assert_int_eq(smpp_status_remedy(SMPP_RINVDSTADR), SMPP_GIVE_UP);
    ck_assert_int_eq(smpp_status_remedy(0x400), SMPP_RETRY);
    ck_assert_str_eq(smpp_status_text(SMPP_RTHROTTLED), "throttling: allowed rate exceeded");
    ck_assert_ptr_nonnull(smpp_status_text(0xFFFFFFFF));
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("smpp_pdu");
    TCase *octets = tcase_create("SMPP 3.4 4");
    TCase *rules = tcase_create("SMPP 3.4 3.2");

    tcase_add_loop_test(octets, smpp_read_and_write_agree_with_net_smpp, 0, ARRAY_LEN(perl));
    tcase_add_loop_test(octets, smpp_read_refuses_every_truncation, 0, ARRAY_LEN(perl));
    tcase_add_test(octets, smpp_read_gives_the_fields_of_submit_sm);
    tcase_add_test(octets, smpp_read_gives_the_optional_parameters_of_a_receipt);
    tcase_add_loop_test(rules, smpp_read_obeys_rule, 0, ARRAY_LEN(rows));
    tcase_add_test(rules, smpp_read_passes_over_parameters_it_does_not_know);
    tcase_add_test(rules, smpp_read_keeps_the_sequence_for_the_nack);
    tcase_add_test(rules, smpp_length_bounds_the_stream);
    tcase_add_test(rules, smpp_write_refuses_what_smpp_cannot_say);
    tcase_add_test(rules, smpp_write_ends_an_error_response_after_its_header);
    tcase_add_test(rules, smpp_set_refuses_text_that_does_not_fit);
    tcase_add_test(rules, smpp_status_knows_what_to_do);
    suite_add_tcase(s, octets);
    suite_add_tcase(s, rules);
    return s;
}
