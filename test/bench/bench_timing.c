/*
 * bench_timing.c - can it be told from time how near a guess was (row C11)? After dudect: two
 * classes of input, taken in random order, and Welch's t of the times; beyond 4.5 the classes can
 * be told apart. Figures for people on a quiet machine, no test: what tests this is test_sec_timing
 * under valgrind. The control is a memcmp, which must show.
 *
 * BENCH_SAMPLES says how many measures a round (default: a million).
 */
#include "apdu/aka.h"
#include "apdu/secpkt.h"
#include "test/support/uicc/nvm_sim.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LIMIT   4.5
#define POOL    256   /* prepared inputs of each class */
#define LEARN   20000 /* measures that say what is an outlier: an interrupt, not a secret */
#define KEEP    0.90
#define SAMPLES 1000000U
#define ROUNDS  3

struct input {
    uint8_t packet[96];
    size_t len;
    struct aka_key key;
};

struct bench {
    struct crypto *crypto;
    struct secpkt_keys keys;
    uint64_t random;
    uint8_t value[16];
    struct input pool[2][POOL];
};

struct welch {
    double n, mean, squares;
};

static volatile int sink;

static uint64_t ticks(void)
{
#if defined(__x86_64__)
    unsigned aux;

    return __builtin_ia32_rdtscp(&aux);
#else
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
#endif
}

static void add(struct welch *w, double x)
{
    double delta = x - w->mean;

    w->n++;
    w->mean += delta / w->n;
    w->squares += delta * (x - w->mean);
}

static double welch_t(const struct welch w[2])
{
    double a = w[0].squares / (w[0].n - 1) / w[0].n, b = w[1].squares / (w[1].n - 1) / w[1].n;

    return (w[0].mean - w[1].mean) / sqrt(a + b);
}

/* ---- what is measured, and its two classes ---- */

typedef void make_fn(struct bench *b, struct input *in, unsigned class);
typedef void run_fn(struct bench *b, const struct input *in);

static void fill(struct bench *b, uint8_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (uint8_t)nvm_sim_random(&b->random);
}

/* A packet whose checksum is wrong in its first byte, or in its last. */
static void make_packet(struct bench *b, struct input *in, unsigned class)
{
    struct secpkt_command command = {
        .header = {.spi = {0x12, 0x19}, .kic = 0x12, .kid = 0x12, .tar = {0xB0, 0, 1}},
        .counter = 1};
    uint8_t data[40];
    struct wr w = WR_ARRAY(in->packet);

    fill(b, data, sizeof data);
    command.data = RD_ARRAY(data);
    if (secpkt_seal_command(b->crypto, &command, &b->keys, &w) != ERR_OK)
        abort();
    in->len = w.len;
    in->packet[class == 0 ? 16 : 23] ^= 1; /* CC: behind CPL CHL SPI KIc KID TAR CNTR PCNTR */
}

static void open_packet(struct bench *b, const struct input *in)
{
    uint8_t plain[sizeof in->packet];
    struct wr work = WR_ARRAY(plain);
    struct secpkt_command out;

    sink = secpkt_open_command(b->crypto, RD(in->packet, in->len), &b->keys, &work, &out) == ERR_OK;
}

/* Sixteen bytes that differ in the first, or in the last. */
static void make_value(struct bench *b, struct input *in, unsigned class)
{
    memcpy(in->packet, b->value, sizeof b->value);
    in->packet[class == 0 ? 0 : 15] ^= 1;
}

static void compare(struct bench *b, const struct input *in)
{
    sink = crypto_equal(b->value, in->packet, sizeof b->value);
}

/* Byte by byte, and done at the first that differs. */
static void compare_carelessly(struct bench *b, const struct input *in)
{
    const volatile uint8_t *a = b->value, *c = in->packet;
    size_t i = 0;

    while (i < sizeof b->value && a[i] == c[i])
        i++;
    sink = i == sizeof b->value;
}

/* One key over and over, or another one each time. */
static void make_key(struct bench *b, struct input *in, unsigned class)
{
    aka_key_defaults(&in->key, AKA_MILENAGE);
    in->key.k.len = in->key.opc.len = 16;
    if (class == 1)
        fill(b, in->key.k.bytes, 16);
}

static void milenage(struct bench *b, const struct input *in)
{
    const uint8_t rand[AKA_RAND_LEN] = {1};
    struct aka_result out;

    sink = aka_f2345(b->crypto, &in->key, rand, &out) == ERR_OK;
}

/* ---- measuring ---- */

static uint64_t measure(struct bench *b, run_fn *run, unsigned class, unsigned which)
{
    uint64_t from = ticks();

    run(b, &b->pool[class][which]);
    return ticks() - from;
}

static unsigned draw(struct bench *b, unsigned *which)
{
    uint64_t r = nvm_sim_random(&b->random);

    *which = (unsigned)(r >> 8) % POOL;
    return (unsigned)(r & 1);
}

static int ascending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return x < y ? -1 : x > y;
}

static uint64_t learn(struct bench *b, run_fn *run)
{
    static uint64_t times[LEARN];
    unsigned which;

    for (unsigned i = 0; i < LEARN; i++) {
        unsigned class = draw(b, &which);

        times[i] = measure(b, run, class, which);
    }
    qsort(times, LEARN, sizeof times[0], ascending);
    return times[(size_t)(LEARN * KEEP)];
}

static double measure_all(struct bench *b, make_fn *make, run_fn *run, unsigned samples)
{
    struct welch w[2] = {{.n = 0}, {.n = 0}};
    uint64_t most;
    unsigned which;

    for (unsigned class = 0; class < 2; class ++) {
        for (unsigned i = 0; i < POOL; i++)
            make(b, &b->pool[class][i], class);
    }
    most = learn(b, run);
    for (unsigned i = 0; i < samples; i++) {
        unsigned class = draw(b, &which);
        uint64_t t = measure(b, run, class, which);

        if (t <= most)
            add(&w[class], (double)t);
    }
    return welch_t(w);
}

/* The least of some rounds: a secret shows in each, what else the machine does in some. */
static double least(struct bench *b, make_fn *make, run_fn *run, unsigned samples)
{
    double t = fabs(measure_all(b, make, run, samples));

    for (unsigned round = 1; round < ROUNDS; round++)
        t = fmin(t, fabs(measure_all(b, make, run, samples)));
    return t;
}

int main(void)
{
    static const struct {
        const char *what;
        make_fn *make;
        run_fn *run;
    } rows[] = {
        {"control: bytes until one differs", make_value, compare_carelessly},
        {"comparison: first or last byte", make_value, compare},
        {"packet: CC wrong in first or last byte", make_packet, open_packet},
        {"Milenage: one key or others", make_key, milenage},
    };
    static struct bench b = {.random = 11,
                             .keys = {.kic = {SECPKT_AES, {{1}, 16}},
                                      .kid = {SECPKT_AES, {{2}, 16}},
                                      .cc_len = SECPKT_CC_LEN}};
    const char *text = getenv("BENCH_SAMPLES");
    unsigned samples = text != NULL ? (unsigned)strtoul(text, NULL, 10) : SAMPLES;

    b.crypto = crypto_new();
    if (b.crypto == NULL)
        return EXIT_FAILURE;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        printf("timing  %-40s |t| %8.2f  limit %.1f  (%u measures)\n", rows[i].what,
               least(&b, rows[i].make, rows[i].run, samples), LIMIT, samples);
    crypto_free(&b.crypto);
    return EXIT_SUCCESS;
}
