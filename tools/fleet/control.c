#include "tools/fleet/control.h"
#include "tools/cli/cli.h"
#include "tools/cli/csv.h"

#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ERROR_BEGIN     "{\"error\":" /* of an answer that is none */
#define REQUEST_MAX     4096
#define REQUEST_WAIT_MS 1000

static json_t *describe_networks(const struct fleet *f)
{
    json_t *all = json_object();

    for (size_t i = 0; i < networks_count(f->networks); i++) {
        const struct network *n = networks_at(f->networks, i);
        json_int_t attached = 0;

        for (size_t h = 0; h < f->options->card_count; h++)
            attached += f->handsets[h].state == HANDSET_ATTACHED && f->handsets[h].network == n;
        json_object_set_new(all, network_name(n), json_integer(attached));
    }
    return all;
}

static void describe_messages(const struct fleet *f, json_t *status)
{
    const struct smsc_counts c = smsc_counts(f->smsc);
    const struct {
        const char *name;
        uint64_t count;
    } counts[] = {
        {"submitted", c.submitted},  {"delivered", c.delivered},
        {"refused", c.refused},      {"lost", c.lost},
        {"doubled", c.doubled},      {"waiting", c.waiting},
        {"proofs", c.from_handsets}, {"power_cuts", c.power_cuts},
    };
    json_t *messages = json_object();

    for (size_t i = 0; i < ARRAY_LEN(counts); i++)
        json_object_set_new(messages, counts[i].name, json_integer((json_int_t)counts[i].count));
    json_object_set_new(status, "messages", messages);
}

static void answer_status(const struct fleet *f, FILE *out)
{
    json_int_t broken = 0, searching = 0;
    json_t *status = json_object();

    for (size_t i = 0; i < f->options->card_count; i++) {
        broken += f->handsets[i].state == HANDSET_BROKEN;
        searching += f->handsets[i].state == HANDSET_SEARCHING;
    }
    json_object_set_new(status, "cards", json_integer((json_int_t)f->options->card_count));
    json_object_set_new(status, "attached", describe_networks(f));
    json_object_set_new(status, "searching", json_integer(searching));
    json_object_set_new(status, "broken", json_integer(broken));
    json_object_set_new(status, "esmes", json_integer((json_int_t)esme_sessions(f->server)));
    json_object_set_new(status, "smpp_port", json_integer(f->smpp.port));
    describe_messages(f, status);
    json_dumpf(status, out, JSON_COMPACT);
    fputc('\n', out);
    json_decref(status);
}

static struct handset *find_handset(struct fleet *f, const char *iccid)
{
    for (size_t i = 0; i < f->options->card_count; i++) {
        if (strcmp(f->handsets[i].iccid, iccid) == 0)
            return &f->handsets[i];
    }
    return NULL;
}

static enum err read_key(const struct csv *table, struct aka_key *key)
{
    const char *algorithm = csv_field(table, "algorithm");
    const char *k = csv_field(table, "k"), *opc = csv_field(table, "opc");
    enum err e;

    if (algorithm == NULL || k == NULL || opc == NULL)
        return ERR_FORMAT;
    aka_key_defaults(key, strcmp(algorithm, "tuak") == 0  ? AKA_TUAK
                          : strcmp(algorithm, "xor") == 0 ? AKA_XOR
                                                          : AKA_MILENAGE);
    e = secret_from_hex(&key->k, k);
    return e == ERR_OK ? secret_from_hex(&key->opc, opc) : e;
}

static bool is_table_of_cards(const struct csv *table)
{
    size_t found = 0;

    for (size_t i = 0; i < table->column_count; i++)
        found += strcmp(table->columns[i], "iccid") == 0 || strcmp(table->columns[i], "k") == 0;
    return found == 2;
}

/* {"challenged": N, "refused": N (9862), "accepted": N}: accepted ones still trust that K. */
static void answer_challenge(struct fleet *f, const char *path, FILE *out)
{
    unsigned challenged = 0, refused = 0, accepted = 0;
    struct csv table;
    enum err e = csv_open(&table, path);

    if (e == ERR_OK && !is_table_of_cards(&table)) {
        csv_close(&table);
        e = ERR_FORMAT;
    }
    if (e != ERR_OK) {
        fprintf(out, ERROR_BEGIN " \"no table of cards: %s\"}\n", err_text(e));
        return;
    }
    while (csv_next(&table) == ERR_OK) {
        const char *iccid = csv_field(&table, "iccid");
        struct handset *h = iccid == NULL ? NULL : find_handset(f, iccid);
        struct aka_key key = {.res_len = 0};
        sw_t sw = SW(0);

        if (h != NULL && read_key(&table, &key) == ERR_OK &&
            handset_challenge(h, &f->world, &key, &sw) == ERR_OK) {
            challenged++;
            refused += sw_equal(sw, SW_AUTH_MAC);
            accepted += sw_is_success(sw);
        }
        secret_wipe(&key.k);
        secret_wipe(&key.opc);
    }
    csv_close(&table);
    fprintf(out, "{\"challenged\": %u, \"refused\": %u, \"accepted\": %u}\n", challenged, refused,
            accepted);
}

/* false: stop was asked for. */
static bool answer(struct fleet *f, char *request, FILE *out)
{
    request[strcspn(request, "\r\n")] = '\0';
    if (strcmp(request, "stop") == 0)
        return false;
    if (strcmp(request, "status") == 0)
        answer_status(f, out);
    else if (strncmp(request, "challenge ", 10) == 0)
        answer_challenge(f, request + 10, out);
    else
        fputs(ERROR_BEGIN " \"status, challenge CARDS.CSV, or stop\"}\n", out);
    return true;
}

/* One line; a client that does not say it at once is not waited for. */
static bool read_request(int fd, char *line)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    ssize_t n;

    if (poll(&p, 1, REQUEST_WAIT_MS) != 1)
        return false;
    n = recv(fd, line, REQUEST_MAX - 1, 0);
    if (n <= 0)
        return false;
    line[n] = '\0';
    return true;
}

bool control_serve(struct fleet *f, int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    char request[REQUEST_MAX], *text = NULL;
    size_t len = 0;
    bool go_on = true;
    FILE *out;

    if (fd < 0)
        return true;
    out = open_memstream(&text, &len);
    if (out != NULL && read_request(fd, request))
        go_on = answer(f, request, out);
    if (out != NULL)
        fclose(out);
    if (text != NULL && send(fd, text, len, MSG_NOSIGNAL) < 0)
        fprintf(stderr, "fleet: a client left before its answer\n");
    free(text);
    close(fd);
    return go_on;
}

int control_ask(const char *path, const char *request)
{
    char answer_text[REQUEST_MAX];
    bool refused = false;
    ssize_t n;
    int fd;
    enum err e = address_connect_path(path, &fd);

    if (e != ERR_OK)
        return cli_fail("%s: no fleet answers there (%s)", path, err_text(e));
    if (send(fd, request, strlen(request), MSG_NOSIGNAL) < 0)
        e = ERR_IO;
    while (e == ERR_OK && (n = recv(fd, answer_text, sizeof answer_text, 0)) > 0) {
        refused |= (size_t)n > strlen(ERROR_BEGIN) &&
                   memcmp(answer_text, ERROR_BEGIN, strlen(ERROR_BEGIN)) == 0;
        fwrite(answer_text, 1, (size_t)n, stdout);
    }
    close(fd);
    if (e != ERR_OK)
        return cli_fail("%s: %s", path, err_text(e));
    return refused ? CLI_FAILED : CLI_OK;
}
