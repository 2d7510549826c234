/* Tests of ota/smpp/session.h and ota/core/loop.h. Goal: the link comes back from everything,
 * never has more open than its window, and tells the truth about what was answered. Method: an
 * SMS centre of a few lines on a loopback socket of the same loop, which does what each test wants.
 */
#include "ota/smpp/session.h"
#include "test/support/hexrow.h"
#include "test/support/runner.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEARD_MAX 256

struct centre {
    struct loop *loop;
    struct loop_watch listener, client;
    unsigned port;
    unsigned connections;
    uint32_t bind_status, submit_status;
    bool silent; /* answers nothing but binds */
    struct {
        uint32_t command, sequence, status;
    } heard[HEARD_MAX];
    size_t heard_count;
    size_t in_len;
    uint8_t in[SMPP_PDU_MAX];
};

struct owner {
    unsigned bound, lost, answered, delivered;
    uint64_t last_tag, token;
    uint32_t last_status;
    bool defer; /* acknowledge later */
    struct smpp_session *session;
};

static struct loop *loop;
static struct centre centre;
static struct owner owner;
static const struct log silent = {.fd = -1};

/* --- the SMS centre --- */

static void say(const struct smpp_pdu *pdu)
{
    uint8_t bytes[1024];
    struct wr w = WR_ARRAY(bytes);

    smpp_write(&w, pdu);
    ck_assert_int_eq(wr_result(&w), ERR_OK);
    ck_assert_int_eq(send(centre.client.fd, bytes, w.len, MSG_NOSIGNAL), (ssize_t)w.len);
}

static void say_header(uint32_t command, uint32_t status, uint32_t sequence)
{
    struct smpp_pdu pdu = smpp_header(command, status, sequence);

    say(&pdu);
}

static void hang_up(void)
{
    if (centre.client.fd < 0)
        return;
    loop_unwatch(loop, &centre.client);
    close(centre.client.fd);
    centre.client.fd = -1;
}

static void serve(const struct smpp_pdu *pdu)
{
    if (centre.heard_count < HEARD_MAX) {
        centre.heard[centre.heard_count].command = pdu->command;
        centre.heard[centre.heard_count].status = pdu->status;
        centre.heard[centre.heard_count++].sequence = pdu->sequence;
    }
    if (pdu->command == SMPP_BIND_TRANSCEIVER) {
        ck_assert_str_eq(pdu->system_id, "esme");
        ck_assert_str_eq(pdu->password, "secret");
        say_header(pdu->command | SMPP_RESPONSE, centre.bind_status, pdu->sequence);
    } else if (!centre.silent && pdu->command == SMPP_SUBMIT_SM) {
        struct smpp_pdu resp =
            smpp_header(pdu->command | SMPP_RESPONSE, centre.submit_status, pdu->sequence);

        memcpy(resp.message_id, "1", 2);
        say(&resp);
    } else if (!centre.silent &&
               (pdu->command == SMPP_ENQUIRE_LINK || pdu->command == SMPP_UNBIND)) {
        say_header(pdu->command | SMPP_RESPONSE, SMPP_ROK, pdu->sequence);
    }
}

static void on_client(void *context, unsigned events)
{
    ssize_t n =
        recv(centre.client.fd, centre.in + centre.in_len, sizeof centre.in - centre.in_len, 0);
    size_t at = 0, length;

    (void)context;
    (void)events;
    if (n <= 0) {
        hang_up();
        return;
    }
    centre.in_len += (size_t)n;
    while (smpp_length(RD(centre.in + at, centre.in_len - at), &length) == ERR_OK &&
           length <= centre.in_len - at) {
        struct smpp_pdu pdu;

        ck_assert_int_eq(smpp_read(RD(centre.in + at, length), &pdu), ERR_OK);
        at += length;
        serve(&pdu);
        if (centre.client.fd < 0)
            return;
    }
    memmove(centre.in, centre.in + at, centre.in_len - at);
    centre.in_len -= at;
}

static void on_connect(void *context, unsigned events)
{
    (void)context;
    (void)events;
    hang_up();
    centre.client.fd = accept(centre.listener.fd, NULL, NULL);
    centre.in_len = 0;
    centre.connections++;
    ck_assert_int_eq(loop_watch(loop, &centre.client, LOOP_READ), ERR_OK);
}

static void open_centre(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;

    centre = (struct centre){.client = {-1, on_client, NULL}, .listener = {-1, on_connect, NULL}};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    centre.listener.fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    ck_assert_int_eq(bind(centre.listener.fd, (struct sockaddr *)&address, len), 0);
    ck_assert_int_eq(listen(centre.listener.fd, 4), 0);
    ck_assert_int_eq(getsockname(centre.listener.fd, (struct sockaddr *)&address, &len), 0);
    centre.port = ntohs(address.sin_port);
    ck_assert_int_eq(loop_watch(loop, &centre.listener, LOOP_READ), ERR_OK);
}

/* --- the owner --- */

static void on_bound(void *context)
{
    (void)context;
    owner.bound++;
}

static void on_lost(void *context)
{
    (void)context;
    owner.lost++;
}

static void on_answered(void *context, uint64_t tag, uint32_t status)
{
    (void)context;
    owner.answered++;
    owner.last_tag = tag;
    owner.last_status = status;
}

static bool on_delivered(void *context, const struct smpp_pdu *pdu, uint64_t token,
                         uint32_t *status)
{
    (void)context;
    (void)pdu;
    (void)status;
    owner.delivered++;
    owner.token = token;
    return owner.defer;
}

static uint32_t no_jitter(void *context)
{
    (void)context;
    return 0;
}

static void setup(void)
{
    ck_assert_int_eq(loop_new(NULL, &loop), ERR_OK);
    owner = (struct owner){.bound = 0};
    open_centre();
}

static struct smpp_session *connect_with(unsigned window)
{
    const struct smpp_session_events events = {NULL, on_bound, on_lost, on_answered, on_delivered};
    struct smpp_session_options options = {.host = "127.0.0.1",
                                           .port = centre.port,
                                           .system_id = "esme",
                                           .password = "secret",
                                           .window = window,
                                           .response_timeout_ms = 300,
                                           .enquire_link_ms = 100,
                                           .reconnect_ms = 10,
                                           .reconnect_max_ms = 40,
                                           .jitter = no_jitter};

    ck_assert_int_eq(smpp_session_new(loop, &silent, &options, &events, &owner.session), ERR_OK);
    return owner.session;
}

/* Rounds until *value is wanted, two seconds at most. */
static void until(const unsigned *value, unsigned wanted)
{
    uint64_t end_ms = loop_now_ms(loop) + 2000;

    while (*value != wanted && loop_now_ms(loop) < end_ms)
        ck_assert_int_eq(loop_round(loop, 20), ERR_OK);
    ck_assert_uint_eq(*value, wanted);
}

static void pass(uint64_t ms)
{
    uint64_t end_ms = loop_now_ms(loop) + ms;

    while (loop_now_ms(loop) < end_ms)
        ck_assert_int_eq(loop_round(loop, end_ms - loop_now_ms(loop)), ERR_OK);
}

static size_t heard(uint32_t command)
{
    size_t n = 0;

    for (size_t i = 0; i < centre.heard_count; i++)
        n += centre.heard[i].command == command;
    return n;
}

static enum err submit(uint64_t tag)
{
    const struct smpp_pdu pdu = {.destination = {1, 1, "4917"}, .esm_class = SMPP_ESM_UDHI};

    return smpp_session_submit(owner.session, &pdu, tag);
}

/* --- tests --- */

START_TEST(smpp_session_binds_and_submits)
{
    connect_with(10);
    ck_assert_int_eq(submit(1), ERR_CONDITIONS);
    ck_assert_uint_eq(smpp_session_room(owner.session), 0);
    until(&owner.bound, 1);
    ck_assert_uint_eq(smpp_session_room(owner.session), 10);
    ck_assert_int_eq(submit(77), ERR_OK);
    until(&owner.answered, 1);
    ck_assert_uint_eq(owner.last_tag, 77);
    ck_assert_uint_eq(owner.last_status, SMPP_ROK);
    smpp_session_free(&owner.session);
}
END_TEST

START_TEST(smpp_session_keeps_its_window)
{
    connect_with(3);
    until(&owner.bound, 1);
    centre.silent = true;
    for (uint64_t tag = 0; tag < 3; tag++)
        ck_assert_int_eq(submit(tag), ERR_OK);
    ck_assert_int_eq(submit(3), ERR_BUSY);
    pass(30);
    ck_assert_uint_eq(heard(SMPP_SUBMIT_SM), 3);
    say_header(SMPP_SUBMIT_SM | SMPP_RESPONSE, SMPP_RSYSERR, centre.heard[1].sequence);
    until(&owner.answered, 1);
    ck_assert_uint_eq(owner.last_status, SMPP_RSYSERR);
    ck_assert_int_eq(submit(3), ERR_OK);
    /* The same answer again is nobody's. */
    say_header(SMPP_SUBMIT_SM | SMPP_RESPONSE, SMPP_ROK, centre.heard[1].sequence);
    pass(30);
    ck_assert_uint_eq(owner.answered, 1);
    smpp_session_free(&owner.session);
}
END_TEST

START_TEST(smpp_session_slows_down_when_throttled)
{
    connect_with(10);
    until(&owner.bound, 1);
    centre.submit_status = SMPP_RTHROTTLED;
    ck_assert_int_eq(submit(1), ERR_OK);
    until(&owner.answered, 1);
    ck_assert_uint_eq(owner.last_status, SMPP_RTHROTTLED);
    ck_assert_uint_eq(smpp_session_room(owner.session), 0);
    centre.submit_status = SMPP_ROK;
    pass(120);
    ck_assert_uint_eq(smpp_session_room(owner.session), 1); /* feels the way */
    ck_assert_int_eq(submit(2), ERR_OK);
    ck_assert_uint_eq(smpp_session_room(owner.session), 0);
    until(&owner.answered, 2);
    ck_assert_uint_eq(smpp_session_room(owner.session), 10);
    smpp_session_free(&owner.session);
}
END_TEST

START_TEST(smpp_session_comes_back_when_the_connection_breaks)
{
    connect_with(10);
    until(&owner.bound, 1);
    centre.silent = true;
    ck_assert_int_eq(submit(1), ERR_OK);
    pass(20);
    hang_up();
    until(&owner.lost, 1);
    ck_assert_uint_eq(owner.answered, 0);
    until(&owner.bound, 2);
    ck_assert_uint_eq(smpp_session_room(owner.session), 10);
    smpp_session_free(&owner.session);
}
END_TEST

START_TEST(smpp_session_gives_up_on_an_answer_that_does_not_come)
{
    connect_with(10);
    until(&owner.bound, 1);
    centre.silent = true;
    ck_assert_int_eq(submit(1), ERR_OK);
    until(&owner.lost, 1);
    centre.silent = false;
    until(&owner.bound, 2);
    smpp_session_free(&owner.session);
}
END_TEST

START_TEST(smpp_session_enquires_in_silence_and_answers_enquiries)
{
    connect_with(10);
    until(&owner.bound, 1);
    pass(250);
    ck_assert_uint_ge(heard(SMPP_ENQUIRE_LINK), 1);
    ck_assert_uint_eq(owner.lost, 0);
    say_header(SMPP_ENQUIRE_LINK, 0, 9);
    pass(30);
    ck_assert_uint_eq(heard(SMPP_ENQUIRE_LINK | SMPP_RESPONSE), 1);
    centre.silent = true; /* a peer that is there but says nothing */
    until(&owner.lost, 1);
    smpp_session_free(&owner.session);
}
END_TEST

START_TEST(smpp_session_tries_again_after_a_refused_bind)
{
    centre.bind_status = SMPP_RINVPASWD;
    connect_with(10);
    until(&centre.connections, 3);
    ck_assert_uint_eq(owner.bound + owner.lost, 0);
    centre.bind_status = SMPP_ROK;
    until(&owner.bound, 1);
    smpp_session_free(&owner.session);
}
END_TEST

static const char *const hostile[] = {
    "00000008 00000000", /* command_length below the header */
    "00010001 00000005 00000000 00000001",
    "FFFFFFFF FFFFFFFF FFFFFFFF FFFFFFFF",
};

START_TEST(smpp_session_closes_on_a_length_that_cannot_be)
{
    struct hexrow row;
    struct rd bytes = hexrow(&row, hostile[_i]);

    connect_with(10);
    until(&owner.bound, 1);
    ck_assert_int_eq(send(centre.client.fd, bytes.at, bytes.left, 0), (ssize_t)bytes.left);
    until(&owner.lost, 1);
    until(&owner.bound, 2);
    smpp_session_free(&owner.session);
}
END_TEST

START_TEST(smpp_session_nacks_what_it_does_not_know)
{
    struct hexrow row;
    struct rd unknown = hexrow(&row, "00000010 00000777 00000000 0000002A");

    connect_with(10);
    until(&owner.bound, 1);
    for (size_t i = 0; i < unknown.left; i++) { /* byte by byte */
        ck_assert_int_eq(send(centre.client.fd, unknown.at + i, 1, 0), 1);
        pass(1);
    }
    pass(30);
    ck_assert_uint_eq(heard(SMPP_GENERIC_NACK), 1);
    ck_assert_uint_eq(centre.heard[centre.heard_count - 1].sequence, 0x2A);
    ck_assert_uint_eq(centre.heard[centre.heard_count - 1].status, SMPP_RINVCMDID);
    ck_assert_uint_eq(owner.lost, 0);
    smpp_session_free(&owner.session);
}
END_TEST

START_TEST(sec_S6_smpp_session_takes_no_message_before_the_bind)
{
    struct smpp_pdu pdu = smpp_header(SMPP_DELIVER_SM, 0, 5);

    centre.bind_status = SMPP_RINVPASWD; /* never bound */
    connect_with(10);
    until(&centre.connections, 1);
    say(&pdu);
    pass(20);
    ck_assert_uint_eq(owner.delivered, 0);
    smpp_session_free(&owner.session);
}
END_TEST

START_TEST(smpp_session_acknowledges_when_it_is_told_to)
{
    struct smpp_pdu pdu = smpp_header(SMPP_DELIVER_SM, 0, 5);

    connect_with(10);
    until(&owner.bound, 1);
    say(&pdu);
    until(&owner.delivered, 1);
    pass(20);
    ck_assert_uint_eq(heard(SMPP_DELIVER_SM | SMPP_RESPONSE), 1);
    owner.defer = true;
    say(&pdu);
    until(&owner.delivered, 2);
    pass(20);
    ck_assert_uint_eq(heard(SMPP_DELIVER_SM | SMPP_RESPONSE), 1);
    smpp_session_acknowledge(owner.session, owner.token);
    pass(20);
    ck_assert_uint_eq(heard(SMPP_DELIVER_SM | SMPP_RESPONSE), 2);
    pdu.command = SMPP_DATA_SM;
    say(&pdu);
    until(&owner.delivered, 3);
    smpp_session_acknowledge(owner.session, owner.token);
    pass(20);
    ck_assert_uint_eq(heard(SMPP_DATA_SM | SMPP_RESPONSE), 1);
    /* A token of a connection that is gone says nothing on the next one. */
    hang_up();
    until(&owner.bound, 2);
    smpp_session_acknowledge(owner.session, owner.token);
    pass(20);
    ck_assert_uint_eq(heard(SMPP_DATA_SM | SMPP_RESPONSE), 1);
    smpp_session_free(&owner.session);
}
END_TEST

START_TEST(smpp_session_unbinds_when_it_leaves)
{
    connect_with(10);
    until(&owner.bound, 1);
    smpp_session_leave(owner.session);
    pass(50);
    ck_assert_uint_eq(heard(SMPP_UNBIND), 1);
    ck_assert(smpp_session_is_gone(owner.session));
    pass(100);
    ck_assert_uint_eq(centre.connections, 1);
    smpp_session_free(&owner.session);
}
END_TEST

START_TEST(smpp_session_answers_an_unbind_and_comes_back)
{
    connect_with(10);
    until(&owner.bound, 1);
    say_header(SMPP_UNBIND, 0, 3);
    until(&owner.lost, 1);
    until(&owner.bound, 2);
    ck_assert_uint_eq(heard(SMPP_UNBIND | SMPP_RESPONSE), 1);
    smpp_session_free(&owner.session);
}
END_TEST

/* --- the loop --- */

static uint64_t fake_now;

static uint64_t tell_fake_now(void *context)
{
    (void)context;
    return fake_now;
}

static void note(void *context)
{
    unsigned **at = context;

    *(*at)++ = (unsigned)fake_now;
}

START_TEST(loop_fires_timers_in_order_of_an_injected_clock)
{
    const struct loop_clock clock = {tell_fake_now, NULL};
    unsigned fired[4] = {0}, *at = fired;
    struct loop_timer a = {.fire = note, .context = &at}, b = a, c = a;
    struct loop *l;

    fake_now = 100;
    ck_assert_int_eq(loop_new(&clock, &l), ERR_OK);
    loop_arm(l, &a, 50);
    loop_arm(l, &b, 10);
    loop_arm(l, &c, 20);
    loop_arm(l, &a, 30); /* moved */
    loop_disarm(l, &c);
    for (fake_now = 100; fake_now <= 200; fake_now += 10)
        ck_assert_int_eq(loop_round(l, 0), ERR_OK);
    ck_assert_uint_eq(fired[0], 110);
    ck_assert_uint_eq(fired[1], 130);
    ck_assert_uint_eq(fired[2], 0);
    loop_free(&l);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("smpp_session");
    TCase *link = tcase_create("SMPP 3.4 2");
    TCase *core = tcase_create("loop");

    tcase_set_timeout(link, 20);
    tcase_add_checked_fixture(link, setup, NULL);
    tcase_add_test(link, smpp_session_binds_and_submits);
    tcase_add_test(link, smpp_session_keeps_its_window);
    tcase_add_test(link, smpp_session_slows_down_when_throttled);
    tcase_add_test(link, smpp_session_comes_back_when_the_connection_breaks);
    tcase_add_test(link, smpp_session_gives_up_on_an_answer_that_does_not_come);
    tcase_add_test(link, smpp_session_enquires_in_silence_and_answers_enquiries);
    tcase_add_test(link, smpp_session_tries_again_after_a_refused_bind);
    tcase_add_loop_test(link, smpp_session_closes_on_a_length_that_cannot_be, 0,
                        ARRAY_LEN(hostile));
    tcase_add_test(link, smpp_session_nacks_what_it_does_not_know);
    tcase_add_test(link, sec_S6_smpp_session_takes_no_message_before_the_bind);
    tcase_add_test(link, smpp_session_acknowledges_when_it_is_told_to);
    tcase_add_test(link, smpp_session_unbinds_when_it_leaves);
    tcase_add_test(link, smpp_session_answers_an_unbind_and_comes_back);
    tcase_add_test(core, loop_fires_timers_in_order_of_an_injected_clock);
    suite_add_tcase(s, link);
    suite_add_tcase(s, core);
    return s;
}
