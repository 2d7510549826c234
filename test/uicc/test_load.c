/* Tests of LOAD and of INSTALL around it. Goal: a file is on the card whole and sound, or nothing
 * of it is; nobody takes more memory than he was granted. */
#include "test/uicc/load_fixture.h"
#include "uicc/nvm/journal.h"

static void setup_open(void)
{
    setup();
    open_isd();
}

START_TEST(load_takes_a_file_block_by_block)
{
    uint8_t bytes[700];
    size_t n = load_file(bytes, sizeof bytes);

    offcard_expect(h, INSTALL_FOR_LOAD, "00 9000");
    offcard_expect(h, LIST_FILE, "6A88");
    ck_assert_str_eq(load(bytes, n, 40), "009000");
    offcard_expect(h, LIST_FILE,
                   "E323 4F06" PACKAGE " 9F700101 CE020100 8407" MODULE " CC08" ISD " 9000");
    offcard_expect(h, INSTALL_FOR_LOAD, "6985"); /* there already */
    /* no interpreter stands behind it yet */
    offcard_expect(h, "80E60C001A 06" PACKAGE " 07" MODULE " 06 F0CC00000002 0100 00 00", "6A81");
    offcard_expect(h, "80E4000008 4F06" PACKAGE, "00 9000");
    offcard_expect(h, LIST_FILE, "6A88");
}
END_TEST

/* A load file with as many modules as the card takes, of the longest names. */
static size_t large_package(uint8_t *out, size_t cap)
{
    uint8_t file[700], applets[1 + APPLET_CAP_MODULES_MAX * (1 + APPLET_AID_MAX + 2)];
    struct wr a = WR_ARRAY(applets), f = WR_ARRAY(file), w = WR(out, cap);
    struct hexrow aid;
    struct parts p;

    wr_u8(&a, APPLET_CAP_MODULES_MAX);
    for (uint8_t i = 0; i < APPLET_CAP_MODULES_MAX; i++) {
        wr_u8(&a, APPLET_AID_MAX);
        wr_rd(&a, hexrow(&aid, MODULE "0000000000000000"));
        wr_u8(&a, i);
        wr_u16(&a, 0x0009);
    }
    parts_init(&p);
    p.info[part_of(3)] = RD_WR(&a);
    p.row[part_of(2)].bytes[p.info[part_of(2)].left - 2] = APPLET_CAP_MODULES_MAX;
    fill_directory(&p);
    write_file(&p, &f);
    tlv_write(&w, 0xC4, RD_WR(&f));
    ck_assert_int_eq(wr_result(&f), ERR_OK);
    ck_assert_int_eq(wr_result(&w), ERR_OK);
    return w.len;
}

/* Hex text and one byte behind it. */
static void append(char *text, size_t cap, const char *hex, unsigned byte)
{
    size_t at = strlen(text);

    (void)snprintf(text + at, cap - at, "%s%02X", hex, byte);
}

/* An answer has 256 bytes: it is well formed, and names the modules that fit. */
START_TEST(a_file_of_many_modules_is_listed_as_far_as_it_fits)
{
    char want[1100] = "E3 81E0 4F06" PACKAGE " 9F700101 CE020100";
    uint8_t bytes[800];
    size_t n = large_package(bytes, sizeof bytes);

    offcard_expect(h, INSTALL_FOR_LOAD, "00 9000");
    ck_assert_str_eq(load(bytes, n, 200), "009000");
    for (unsigned i = 0; i < 11; i++)
        append(want, sizeof want, "8410" MODULE "0000000000000000", i);
    append(want, sizeof want, "CC08" ISD "90", 0);
    offcard_expect(h, LIST_FILE, want);
    ck_assert_uint_le(strlen(offcard_run(h, "80F21000084F06" PACKAGE)), 2 * 256);
}
END_TEST

/* A load ends with its secure channel: switched off, another selection, a new channel. */
START_TEST(load_ends_with_its_channel)
{
    uint8_t bytes[700];
    size_t n = load_file(bytes, sizeof bytes);
    uint32_t free_before = card_free_memory(t->card);

    for (int how = 0; how < 4; how++) {
        offcard_expect(h, INSTALL_FOR_LOAD, "00 9000");
        ck_assert_str_eq(load_block(bytes, 100, 0, false), "009000");
        if (how == 0)
            ck_assert_int_eq(card_power_cycle(t), ERR_OK);
        else if (how == 1)
            card_run(t, "00A4000C023F00");
        else if (how == 2)
            card_expect(t, "84F280020A4F000000000000000000", "6982");
        open_isd();
        ck_assert_str_eq(load_block(bytes + 100, n - 100, 1, true), "6985");
        offcard_expect(h, LIST_FILE, "6A88");
        /* and has left nothing but a little of the journal */
        ck_assert_uint_le(free_before - card_free_memory(t->card), 300);
    }
}
END_TEST

/* A combined process of INSTALL, LOAD, INSTALL (GP 11.5.2.1, P1 0E). */
#define COMBINED_BEGINS "80E60E010B 06" PACKAGE " 00 00 00 00"
#define COMBINED_ENDS   "80E60E031A 06" PACKAGE " 07" MODULE " 06 F0CC00000002 0100 00 00"

START_TEST(combined_install_is_whole_or_nothing)
{
    uint8_t bytes[700];
    size_t n = load_file(bytes, sizeof bytes);

    offcard_expect(h, COMBINED_ENDS, "6A88");
    offcard_expect(h, COMBINED_BEGINS, "00 9000");
    offcard_expect(h, COMBINED_ENDS, "6A88"); /* nothing is loaded yet */
    offcard_expect(h, COMBINED_BEGINS, "00 9000");
    ck_assert_str_eq(load(bytes, n, 200), "009000");
    offcard_expect(h, LIST_FILE, "6A88"); /* it is not there before its instance is */
    offcard_expect(h, "80E4000008 4F06" PACKAGE, "6A88");
    ck_assert_str_eq(load_block(bytes, 100, 0, false), "6985");
    /* nothing stands behind its module: the instance fails, and the file with it */
    offcard_expect(h, COMBINED_ENDS, "6A81");
    open_isd();
    offcard_expect(h, LIST_FILE, "6A88");
    offcard_expect(h, COMBINED_ENDS, "6A88");
    offcard_expect(h, "80E60E000B 06" PACKAGE " 00 00 00 00", "6A86");
}
END_TEST

START_TEST(load_refuses)
{
    uint8_t bytes[700];
    size_t n = load_file(bytes, sizeof bytes);

    ck_assert_str_eq(load_block(bytes, 100, 0, false), "6985"); /* nothing is to be loaded */
    offcard_expect(h, INSTALL_FOR_LOAD, "00 9000");
    ck_assert_str_eq(load_block(bytes, 100, 1, false), "6A80"); /* out of order: that was it */
    ck_assert_str_eq(load_block(bytes, 100, 0, false), "6985");
    offcard_expect(h, INSTALL_FOR_LOAD, "00 9000");
    ck_assert_str_eq(load_block((const uint8_t *)"\xC5\x01\x00", 3, 0, false), "6A80");
    offcard_expect(h, INSTALL_FOR_LOAD, "00 9000");
    offcard_expect(h, "80E8010001 C4", "6A86");
    offcard_expect(h, "80E8000000", "6A80");
    offcard_expect(h, INSTALL_FOR_LOAD, "00 9000");
    bytes[n - 1] ^= 1; /* still sound */
    bytes[4] ^= 1;     /* not any more */
    ck_assert_str_eq(load(bytes, n, 200), "6A80");
    offcard_expect(h, LIST_FILE, "6A88");
}
END_TEST

START_TEST(load_refuses_a_file_of_another_name)
{
    uint8_t bytes[700];
    size_t n = load_file(bytes, sizeof bytes);

    offcard_expect(h, "80E602000B 06 F0CC00000009 00 00 00 00", "00 9000");
    ck_assert_str_eq(load(bytes, n, 200), "6A80");
    offcard_expect(h, "80E602000F 06" PACKAGE " 00 00 04 EF02C600 00", "6A80");
    offcard_expect(h, "80E6020013 06" PACKAGE " 00 00 08 EF06C6047FFFFFFF 00", "6A84");
    offcard_expect(h, "80E602000D 06" PACKAGE " 00 02 AABB 00 00", "6A80");
    offcard_expect(h, "80E6020011 06" PACKAGE " 06 F0CC00000009 00 00 00", "6A88");
    offcard_expect(h, "80E6020013 06" PACKAGE " 08 A000000003000000 00 00 00", "00 9000");
}
END_TEST

START_TEST(load_checks_the_hash_that_was_named)
{
    uint8_t bytes[700], hash[SHA256_LEN];
    char hex[65], command[200];
    size_t n = load_file(bytes, sizeof bytes);

    ck_assert_int_eq(crypto_sha256(h->crypto, RD(bytes + 3, n - 3), hash), ERR_OK);
    for (int good_hash = 0; good_hash < 2; good_hash++) {
        hash[0] ^= 1;
        ck_assert_int_eq(hex_encode(RD_ARRAY(hash), hex, sizeof hex), ERR_OK);
        (void)snprintf(command, sizeof command, "80E602002B06%s0020%s0000", PACKAGE, hex);
        offcard_expect(h, command, "00 9000");
        ck_assert_str_eq(load(bytes, n, 200), good_hash ? "009000" : "6A80");
    }
}
END_TEST

/* GP 9.7: what the installer of a domain granted is for all that comes under it. */
START_TEST(a_domain_fills_no_more_than_it_was_granted)
{
    uint8_t bytes[700];
    size_t n = load_file(bytes, sizeof bytes);

    /* EF { C8 0200 }: 512 bytes */
    offcard_expect(
        h, "80E60C0024 07A0000001515350 08A000000151535041 06" SSD " 03804000 06 EF04C8020200 00",
        "00 9000");
    offcard_expect(h, "80E6020018 06" PACKAGE " 06" SSD " 00 07 EF05C603000201 00", "6A84");
    offcard_expect(h, "80E6020011 06" PACKAGE " 06" SSD " 00 00 00", "00 9000");
    ck_assert_str_eq(load(bytes, n, 100), "009000"); /* it has room for this one */
    ck_assert_str_eq(offcard_open(h, SSD, 0x31, 0x33), "9000");
    offcard_expect(h, "80E60C0026 08" SAMPLES " 09" HELLO " 06" APP " 0100 08 C900 EF04C8020180 00",
                   "6A84");
    offcard_expect(h, "80E602000B 06 F0CC00000009 00 00 00 00", "00 9000");
    ck_assert_str_eq(load_block(bytes, n - 100, 0, false), "009000");
    ck_assert_str_eq(load_block(bytes, 512 - n - (n - 100) + 1, 1, false), "6A84");
    offcard_expect(h, "80F21002084F06F0CC00000009", "6A88");
    ck_assert_str_eq(load_block(bytes, 100, 0, false), "6985");
}
END_TEST

/* C14: the power goes at each operation of the memory in turn, while the last block is taken. */
/* A transaction holds so much: leave this many bytes of it. */
static void fill_transaction(struct store *s, size_t left)
{
    enum { PUT_HEAD = 7, PIECE = 4096 };
    static const uint8_t bytes[2 * PIECE];
    const uint32_t id = OBJ_APPLET(APPLET_DATA + 200);

    while (JOURNAL_OPS_MAX - s->ops_len > left + 2 * PIECE)
        ck_assert_int_eq(store_put(s, id, RD(bytes, PIECE)), ERR_OK);
    ck_assert_int_eq(store_put(s, id, RD(bytes, JOURNAL_OPS_MAX - s->ops_len - left - PUT_HEAD)),
                     ERR_OK);
    ck_assert_uint_eq(JOURNAL_OPS_MAX - s->ops_len, left);
}

/* GP 11.5.2.3.1: with a hash, one file is meant. A load that has lost it would take any. */
#define HASH "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F"

START_TEST(a_load_whose_hash_does_not_fit_does_not_begin)
{
    struct hexrow row;
    const struct gp_key authenticated = {.type = GP_KEY_AES};
    struct isd_caller caller = {.card = t->card, .dek = &authenticated, .room = 64};
    struct apdu cmd = {.cla = 0x80, .ins = INS_GP_INSTALL, .p1 = 0x02};
    unsigned begun = 0;

    cmd.data = hexrow(&row, "06" PACKAGE " 00 20" HASH " 00 00");
    ck_assert_int_eq(applet_registry_read(&t->card->store, APPLET_ISD, &caller.domain), ERR_OK);
    if (_i == 1) /* another one is under way, and makes room */
        offcard_expect(h, "80E602002B 06" PACKAGE " 00 20" HASH " 00 00", "00 9000");
    for (size_t left = 8; left < 200; left += 4) {
        uint8_t answer[64];
        struct wr out = WR_ARRAY(answer);
        struct applet_entry file;
        struct rd hash;
        sw_t sw;

        fill_transaction(&t->card->store, left);
        sw = isd_command(&caller, &cmd, &out);
        if (applet_registry_find(&t->card->store, RD(cmd.data.at + 1, 6), &file) == ERR_OK &&
            !sw_equal(sw, SW_MEMORY))
            ck_assert(store_get(&t->card->store, OBJ_APPLET(APPLET_DATA + file.number), &hash));
        begun += sw_equal(sw, SW_OK);
        store_rollback(&t->card->store);
    }
    ck_assert_uint_gt(begun, 0);
}
END_TEST

START_TEST(sec_C14_a_load_is_whole_or_has_not_happened)
{
    uint8_t bytes[700];
    size_t n = load_file(bytes, sizeof bytes);
    bool before = false, after = false;

    for (uint64_t cut = 1; !after && cut < 80; cut++) {
        teardown();
        setup_open();
        offcard_expect(h, INSTALL_FOR_LOAD, "00 9000");
        ck_assert_str_eq(load_block(bytes, n - 50, 0, false), "009000");
        t->nvm.cut_at = t->nvm.ops + cut;
        load_block(bytes + n - 50, 50, 1, true);
        after = !t->nvm.dead;
        ck_assert_int_eq(strcmp(h->answer, "009000") == 0, after);
        ck_assert_int_eq(card_power_cycle(t), ERR_OK);
        open_isd();
        offcard_run(h, LIST_FILE);
        before |= strcmp(h->answer, "6A88") == 0;
        ck_assert(strcmp(h->answer, "6A88") == 0 || strncmp(h->answer, "E323", 4) == 0);
    }
    ck_assert(before && after);
}
END_TEST

START_TEST(load_forgets_what_was_never_finished)
{
    uint8_t bytes[700];
    unsigned objects;

    load_file(bytes, sizeof bytes);
    offcard_expect(h, INSTALL_FOR_LOAD, "00 9000");
    objects = t->card->store.count;
    for (uint8_t i = 0; i < 5; i++) {
        ck_assert_str_eq(load_block(bytes, 100, 0, false), "009000");
        offcard_expect(h, INSTALL_FOR_LOAD, "00 9000");
    }
    ck_assert_uint_eq(t->card->store.count, objects);
}
END_TEST

START_TEST(sec_C30_load_refuses_changed_files_and_keeps_nothing)
{
    uint8_t bytes[700], changed[700];
    size_t n = load_file(bytes, sizeof bytes);
    struct applet_entry e;

    for (uint64_t seed = 1; seed <= 40; seed++) {
        uint64_t state = seed;

        memcpy(changed, bytes, n);
        /* in the header or the directory, of which every byte counts */
        changed[3 + 3 + nvm_sim_random(&state) % 4] ^= (uint8_t)(1 + nvm_sim_random(&state) % 255);
        offcard_expect(h, INSTALL_FOR_LOAD, "00 9000");
        ck_assert_str_eq(load(changed, n, 220), "6A80");
        offcard_expect(h, LIST_FILE, "6A88");
    }
    offcard_expect(h, INSTALL_FOR_LOAD, "00 9000");
    ck_assert_str_eq(load(bytes, n, 220), "009000");
    ck_assert_int_eq(
        applet_registry_find(&t->card->store, RD((const uint8_t *)"\xF0\xCC\0\0\0\1", 6), &e),
        ERR_OK);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("load");
    TCase *l = add(s, "GP 11.6", setup_open);

    tcase_add_test(l, load_takes_a_file_block_by_block);
    tcase_add_test(l, a_file_of_many_modules_is_listed_as_far_as_it_fits);
    tcase_add_test(l, load_ends_with_its_channel);
    tcase_add_test(l, load_refuses);
    tcase_add_test(l, load_refuses_a_file_of_another_name);
    tcase_add_test(l, load_checks_the_hash_that_was_named);
    tcase_add_loop_test(l, a_load_whose_hash_does_not_fit_does_not_begin, 0, 2);
    tcase_add_test(l, load_forgets_what_was_never_finished);
    tcase_add_test(l, sec_C14_a_load_is_whole_or_has_not_happened);
    tcase_add_test(l, sec_C30_load_refuses_changed_files_and_keeps_nothing);
    l = add(s, "GP 11.5.2.1", setup_open);
    tcase_add_test(l, combined_install_is_whole_or_nothing);
    l = add(s, "GP 9.7", setup_open);
    tcase_add_test(l, a_domain_fills_no_more_than_it_was_granted);
    return s;
}
