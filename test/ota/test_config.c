/* Tests of ota/core/config.h. Goal: no file is half believed, every complaint names its line, no
 * dump shows a password. Method: hand-made files, and a dump that must read back the same. */
#include "apdu/buf.h"
#include "ota/core/config.h"
#include "test/support/runner.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct complaints {
    char text[2000];
    unsigned count;
};

static void note(void *context, const char *text)
{
    struct complaints *c = context;

    snprintf(c->text + strlen(c->text), sizeof c->text - strlen(c->text), "%s\n", text);
    c->count++;
}

static enum err load(struct config *c, const char *text, struct complaints *complaints)
{
    struct config_report report = {note, complaints};
    FILE *f = fmemopen((void *)text, strlen(text), "r");
    enum err e;

    ck_assert_ptr_nonnull(f);
    e = config_load_stream(c, f, "x.conf", &report);
    fclose(f);
    return e;
}

START_TEST(config_init_gives_what_the_table_says)
{
    struct config c;

    config_init(&c);
    ck_assert_str_eq(c.smpp.host, "127.0.0.1");
    ck_assert_uint_eq(c.smpp.port, 2775);
    ck_assert_int_eq(c.log_level, LOG_INFO);
    ck_assert(!c.log_journal);
    ck_assert_uint_eq(c.campaign.batch, 256);
}
END_TEST

START_TEST(config_load_reads_sections_and_comments)
{
    struct config c;
    struct complaints complaints = {0};

    config_init(&c);
    ck_assert_int_eq(load(&c,
                          "; a comment\n[smpp]\nhost = smsc.example  ; here too\nport=9\n"
                          "[log]\nlevel = debug\njournal = yes\n",
                          &complaints),
                     ERR_OK);
    ck_assert_str_eq(c.smpp.host, "smsc.example");
    ck_assert_uint_eq(c.smpp.port, 9);
    ck_assert_int_eq(c.log_level, LOG_DEBUG);
    ck_assert(c.log_journal);
    ck_assert_uint_eq(complaints.count, 0);
}
END_TEST

static const struct {
    const char *text;
    const char *complaint;
} bad[] = {
    {"[smpp]\nport = 0\n", "x.conf:2: smpp.port: 1 to 65535"},
    {"[smpp]\nport = 65536\n", "x.conf:2: smpp.port: 1 to 65535"},
    {"[smpp]\nport = 99999999999999999999\n", "x.conf:2: smpp.port: 1 to 65535"},
    {"[smpp]\nport = -1\n", "x.conf:2: smpp.port: a whole number is wanted"},
    {"[smpp]\nport = 27x\n", "x.conf:2: smpp.port: a whole number is wanted"},
    {"[smpp]\nhost =\n", "x.conf:2: smpp.host: 1 to 255 characters"},
    {"\n\n[smpp]\n\nprot = 1\n", "x.conf:5: unknown key prot in section [smpp]"},
    {"[smqp]\nport = 1\n", "x.conf:2: unknown key port in section [smqp]"},
    {"[smpp]\nport = 1\nport = 1\n", "x.conf:3: smpp.port: given twice"},
    {"[log]\nlevel = loud\n",
     "x.conf:2: log.level: error, warning, notice, info or debug is wanted"},
    {"[log]\njournal = maybe\n", "x.conf:2: log.journal: yes or no is wanted"},
    {"[smpp]\nnonsense\n", "x.conf:2: neither [section] nor key = value"},
    {"[smpp\nport = 1\n", "x.conf:1: neither [section] nor key = value"},
};

START_TEST(config_load_names_the_line_of_an_error)
{
    struct config c;
    struct complaints complaints = {0};

    config_init(&c);
    ck_assert_int_eq(load(&c, bad[_i].text, &complaints), ERR_FORMAT);
    ck_assert_msg(strstr(complaints.text, bad[_i].complaint) != NULL, "want %s, got %s",
                  bad[_i].complaint, complaints.text);
}
END_TEST

START_TEST(config_load_reports_every_error)
{
    struct config c;
    struct complaints complaints = {0};

    config_init(&c);
    ck_assert_int_eq(load(&c, "[smpp]\nport = 0\nwindow = 0\nrate = x\n", &complaints), ERR_FORMAT);
    ck_assert_uint_eq(complaints.count, 3);
}
END_TEST

START_TEST(config_load_refuses_a_line_too_long)
{
    struct config c;
    struct complaints complaints = {0};
    char text[5000] = "[smpp]\nhost = ";

    memset(text + strlen(text), 'a', 4000);
    config_init(&c);
    ck_assert_int_eq(load(&c, text, &complaints), ERR_FORMAT);
    ck_assert_msg(strstr(complaints.text, "x.conf:2: line too long") != NULL, "%s",
                  complaints.text);
}
END_TEST

START_TEST(config_load_says_that_there_is_no_file)
{
    struct config c;

    config_init(&c);
    ck_assert_int_eq(config_load(&c, "/nonexistent/x.conf", NULL), ERR_NOT_FOUND);
}
END_TEST

START_TEST(config_set_obeys_the_same_table)
{
    struct config c;

    config_init(&c);
    ck_assert_int_eq(config_set(&c, "smpp", "port", "1"), ERR_OK);
    ck_assert_uint_eq(c.smpp.port, 1);
    ck_assert_int_eq(config_set(&c, "smpp", "port", "0"), ERR_RANGE);
    ck_assert_int_eq(config_set(&c, "smpp", "port", "one"), ERR_FORMAT);
    ck_assert_int_eq(config_set(&c, "smpp", "ports", "1"), ERR_NOT_FOUND);
    ck_assert_uint_eq(c.smpp.port, 1);
}
END_TEST

static char *dump(const struct config *c)
{
    char *text = NULL;
    size_t len;
    FILE *f = open_memstream(&text, &len);

    config_dump(c, f);
    fclose(f);
    return text;
}

START_TEST(config_dump_reads_back_the_same)
{
    struct config c, again;
    struct complaints complaints = {0};
    char *text, *text_again;

    config_init(&c);
    c.smpp.port = 1234;
    c.log_journal = true;
    text = dump(&c);
    config_init(&again);
    ck_assert_int_eq(load(&again, text, &complaints), ERR_OK);
    text_again = dump(&again);
    ck_assert_str_eq(text, text_again);
    free(text);
    free(text_again);
}
END_TEST

START_TEST(config_dump_shows_no_password)
{
    struct config c;
    char *text;

    config_init(&c);
    ck_assert_int_eq(config_set(&c, "smpp", "password", "hunter2"), ERR_OK);
    text = dump(&c);
    ck_assert_ptr_null(strstr(text, "hunter2"));
    ck_assert_ptr_nonnull(strstr(text, "; password is set"));
    free(text);
}
END_TEST

START_TEST(log_write_lets_nobody_forge_a_line)
{
    int fds[2];
    char text[LOG_LINE_MAX + 1] = "";
    struct log log = {.level = LOG_INFO};

    ck_assert_int_eq(pipe(fds), 0);
    log.fd = fds[1];
    log_write(&log, LOG_DEBUG, "unseen", NULL);
    log_write(&log, LOG_INFO, "said",
              LOG_FIELDS(LOG_TEXT("text", "a\nlevel=error \"x\""), LOG_NUMBER("n", -5),
                         LOG_ERR(ERR_MAC)));
    ck_assert_int_gt(read(fds[0], text, LOG_LINE_MAX), 0);
    ck_assert_ptr_nonnull(strstr(text, " level=info event=said text=\"a\\x0Alevel=error \\\"x\\\"\""
                                       " n=-5 error=\"authentication code does not match\"\n"));
    ck_assert_ptr_eq(strchr(text, '\n'), text + strlen(text) - 1);
    close(fds[0]);
    close(fds[1]);
}
END_TEST

START_TEST(log_write_cuts_a_long_line)
{
    int fds[2];
    char text[4096] = "", longer[3000];
    struct log log = {.level = LOG_INFO};

    memset(longer, '\n', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    ck_assert_int_eq(pipe(fds), 0);
    log.fd = fds[1];
    log_write(&log, LOG_INFO, "said", LOG_FIELDS(LOG_TEXT("text", longer)));
    ck_assert_int_eq(read(fds[0], text, sizeof text), LOG_LINE_MAX);
    ck_assert_int_eq(text[LOG_LINE_MAX - 1], '\n');
    close(fds[0]);
    close(fds[1]);
}
END_TEST

Suite *suite_under_test(void)
{
    Suite *s = suite_create("config");
    TCase *file = tcase_create("file");
    TCase *log = tcase_create("log");

    tcase_add_test(file, config_init_gives_what_the_table_says);
    tcase_add_test(file, config_load_reads_sections_and_comments);
    tcase_add_loop_test(file, config_load_names_the_line_of_an_error, 0, ARRAY_LEN(bad));
    tcase_add_test(file, config_load_reports_every_error);
    tcase_add_test(file, config_load_refuses_a_line_too_long);
    tcase_add_test(file, config_load_says_that_there_is_no_file);
    tcase_add_test(file, config_set_obeys_the_same_table);
    tcase_add_test(file, config_dump_reads_back_the_same);
    tcase_add_test(file, config_dump_shows_no_password);
    tcase_add_test(log, log_write_lets_nobody_forge_a_line);
    tcase_add_test(log, log_write_cuts_a_long_line);
    suite_add_tcase(s, file);
    suite_add_tcase(s, log);
    return s;
}
