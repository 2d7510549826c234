/*
 * bench_auth.c - AUTHENTICATE per second through a whole card in one process: with a memory that
 * forgets, where the card's own work shows, and, as secured packets (bench_remote has them
 * without), with a real file, beside bare pwrite and fdatasync of as many bytes. BENCH_DIR says
 * where the files go (default: the current directory); a file system in memory measures nothing.
 */
#include "test/support/uicc/air.h"
#include "uicc/nvm/medium.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LIMIT       100000.0 /* per second, one core */
#define VOLATILE    20000    /* commands per round */
#define DURABLE     300
#define ROUNDS      5
#define FRAME_BYTES 48 /* what a commit of either kind writes at least */

struct command {
    uint8_t bytes[APDU_COMMAND_MAX];
    size_t len;
};

struct bench {
    struct air *air;
    uint64_t next; /* sequence number or counter that no command has had */
    struct command commands[VOLATILE];
    uint8_t *memory; /* of the card that forgets */
    uint64_t size;
    char path[256], bare_path[256];
    int bare;
    uint64_t bare_at;
};

static void require(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "bench_auth: %s\n", what);
    exit(EXIT_FAILURE);
}

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

/* ---- a memory that forgets ---- */

static enum err memory_read(void *context, uint64_t offset, void *out, size_t n)
{
    memcpy(out, ((struct bench *)context)->memory + offset, n);
    return ERR_OK;
}

static enum err memory_write(void *context, uint64_t offset, const void *in, size_t n)
{
    memcpy(((struct bench *)context)->memory + offset, in, n);
    return ERR_OK;
}

static enum err memory_sync(void *context)
{
    (void)context;
    return ERR_OK;
}

/* ---- commands, made before the clock runs ---- */

typedef void make_fn(struct bench *b, struct command *c);

static void make_authenticate(struct bench *b, struct command *c)
{
    static const uint8_t amf[2] = {0x80, 0x00};
    const struct aka_key *key = &b->air->made.pairs[0].aka;
    struct aka_result result;

    memcpy(c->bytes, "\x00\x88\x00\x81\x22\x10", 6);
    memcpy(c->bytes + 6, &b->next, sizeof b->next);
    c->bytes[6 + AKA_RAND_LEN] = AKA_AUTN_LEN;
    require(aka_autn(b->air->crypto, key, c->bytes + 6, b->next++ << 5, amf, &result,
                     c->bytes + 7 + AKA_RAND_LEN) == ERR_OK,
            "no AUTN");
    c->len = 7 + AKA_RAND_LEN + AKA_AUTN_LEN;
}

/* AES, ciphered and with CC, UPDATE BINARY, and a proof that is both, too. */
static void make_packet(struct bench *b, struct command *c)
{
    uint8_t script[] = {0x00, 0xA4, 0x00, 0x0C, 0x02, 0x6F, 0x7B, 0x00,
                        0xD6, 0x00, 0x00, 0x03, 0,    0,    0};
    struct air_packet p = air_packet(b->air, 1, AIR_RFM_USIM, b->next, RD_ARRAY(script));
    uint8_t packet[SECPKT_MAX];

    memcpy(script + 12, &b->next, 3);
    b->next++;
    c->len = air_envelope(RD(packet, air_seal(b->air, &p, packet)), c->bytes, sizeof c->bytes);
}

static void make_commands(struct bench *b, make_fn *make, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        make(b, &b->commands[i]);
}

/* ---- measuring ---- */

/* Both answer with data that GET RESPONSE fetches. */
static void send(struct bench *b, const struct command *c)
{
    uint8_t response[APDU_RESPONSE_MAX], get[] = {0x00, 0xC0, 0, 0, 0};
    struct wr w = WR_ARRAY(response);

    uicc_transmit(b->air->card, RD(c->bytes, c->len), &w);
    require(w.len == 2 && response[0] == 0x61, "not answered as it should be");
    get[4] = response[1];
    w.len = 0;
    uicc_transmit(b->air->card, RD_ARRAY(get), &w);
    require(w.len == 2U + get[4] && response[w.len - 2] == 0x90, "no answer data");
}

static double per_second(struct bench *b, make_fn *make, unsigned count)
{
    uint64_t start;

    make_commands(b, make, count);
    start = now_ns();
    for (unsigned i = 0; i < count; i++)
        send(b, &b->commands[i]);
    return count * 1e9 / (double)(now_ns() - start);
}

static double bare_per_second(struct bench *b, unsigned count)
{
    static const uint8_t bytes[FRAME_BYTES] = {0xA5};
    uint64_t start = now_ns();

    for (unsigned i = 0; i < count; i++) {
        require(pwrite(b->bare, bytes, sizeof bytes, (off_t)b->bare_at) == sizeof bytes &&
                    fdatasync(b->bare) == 0,
                "cannot write");
        b->bare_at = (b->bare_at + sizeof bytes) % (1U << 20);
    }
    return count * 1e9 / (double)(now_ns() - start);
}

static void start_card(struct bench *b, struct nvm_device *dev)
{
    uicc_destroy(&b->air->card);
    b->air->host.nvm = dev;
    require(uicc_create(b->air->engine, &b->air->host, &b->air->card) == ERR_OK, "no card");
    air_reset(b->air);
    air_terminal(b->air);
    require((air_hex(b->air, "00A4040C07A0000000871002") & 0xF000) == 0x9000, "no USIM");
}

static void measure_volatile(struct bench *b, const char *name, make_fn *make)
{
    struct nvm_device dev = {b, b->size, memory_read, memory_write, memory_sync};
    double best = 0;

    memcpy(b->memory, b->air->sim.media, b->size);
    b->next = 1;
    start_card(b, &dev);
    for (unsigned i = 0; i < ROUNDS; i++) {
        double rate = per_second(b, make, VOLATILE);

        best = rate > best ? rate : best;
    }
    printf("%-22s %10.0f /s   limit %.0f: %s\n", name, best, LIMIT,
           best >= LIMIT ? "kept" : "MISSED");
    uicc_destroy(&b->air->card);
}

/* The two take turns: a drive has good and bad moments. */
static void measure_durable(struct bench *b, const char *name, make_fn *make)
{
    double ours = 0, bare = 0;
    struct nvm_file *file;
    struct nvm_device *dev;

    require(nvm_file_create(b->path, b->size, &file) == ERR_OK, "no file");
    dev = nvm_file_device(file);
    require(dev->write(dev->context, 0, b->air->sim.media, b->size) == ERR_OK &&
                dev->sync(dev->context) == ERR_OK,
            "cannot write the card");
    b->next = 1;
    start_card(b, dev);
    for (unsigned i = 0; i < ROUNDS; i++) {
        double rate = per_second(b, make, DURABLE), bare_rate = bare_per_second(b, DURABLE);

        ours = rate > ours ? rate : ours;
        bare = bare_rate > bare ? bare_rate : bare;
    }
    printf("%-22s %10.0f /s   bare write+sync %8.0f /s   ratio %.2f\n", name, ours, bare,
           ours / bare);
    uicc_destroy(&b->air->card);
    nvm_file_close(&file);
    unlink(b->path);
}

static void prepare(struct bench *b)
{
    const char *dir = getenv("BENCH_DIR");

    b->air = air_new(NULL, SECPKT_AES);
    b->size = b->air->sim.device.size;
    b->memory = malloc(b->size);
    require(b->memory != NULL, "out of memory");
    snprintf(b->path, sizeof b->path, "%s/bench-%d.card", dir ? dir : ".", (int)getpid());
    snprintf(b->bare_path, sizeof b->bare_path, "%s/bench-%d.bare", dir ? dir : ".", (int)getpid());
    b->bare = open(b->bare_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    require(b->bare >= 0 && ftruncate(b->bare, 1 << 20) == 0, "no file to write to");
}

int main(void)
{
    struct bench *b = calloc(1, sizeof *b);

    require(b != NULL, "out of memory");
    prepare(b);
    measure_volatile(b, "AUTHENTICATE", make_authenticate);
    measure_durable(b, "AUTHENTICATE, durable", make_authenticate);
    measure_durable(b, "packets, durable", make_packet);
    close(b->bare);
    unlink(b->bare_path);
    air_free(&b->air);
    free(b->memory);
    free(b);
    return EXIT_SUCCESS;
}
