/*
 * bench_store.c - durable commits per second on a real file, beside bare pwrite and
 * fdatasync of the same bytes to a file of the same kind in the same run: the ratio is what
 * the store costs on top, and does not depend on the drive. BENCH_DIR says where the files
 * go (default: the current directory); a file system in memory measures nothing.
 */
#include "uicc/nvm/store.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define BANK     (1024U * 1024U)
#define BATCH    16
#define ROUND_NS 150000000ULL /* long enough for the drive to settle, short enough to alternate */
#define ROUNDS   7
#define FILES    200 /* objects of a card that is in use */
#define GETS     1000000U

struct bench {
    char card_path[256], bare_path[256];
    struct nvm_file *file;
    struct arena arena;
    struct store_work work;
    struct store store;
    uint8_t block[1U << 20] __attribute__((aligned(16)));
    int bare;
    uint64_t bare_tail;
    size_t frame_len; /* bytes of one commit on the medium */
    uint32_t count;
};

typedef void step_fn(struct bench *b);

static void require(bool ok)
{
    if (ok)
        return;
    perror("bench_store");
    exit(EXIT_FAILURE);
}

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

/* An OTA counter: what every secured packet commits at least. */
static void commit(struct bench *b)
{
    uint8_t counter[5];
    struct wr w = WR_ARRAY(counter);

    wr_u40(&w, ++b->count);
    require(store_put(&b->store, OBJ_COUNTER(1), RD_WR(&w)) == ERR_OK &&
            store_commit(&b->store) == ERR_OK);
}

static void bare_commit(struct bench *b)
{
    uint8_t bytes[64] = {0xA5};

    if (b->bare_tail + sizeof bytes > BANK)
        b->bare_tail = 0;
    require(pwrite(b->bare, bytes, b->frame_len, (off_t)b->bare_tail) == (ssize_t)b->frame_len &&
            fdatasync(b->bare) == 0);
    b->bare_tail += b->frame_len;
}

static double ns_per_step(struct bench *b, step_fn *step)
{
    uint64_t start = now_ns(), spent = 0, done = 0;

    while (spent < ROUND_NS) {
        for (unsigned i = 0; i < BATCH; i++)
            step(b);
        done += BATCH;
        spent = now_ns() - start;
    }
    return (double)spent / (double)done;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double *values, size_t n)
{
    qsort(values, n, sizeof *values, by_value);
    return values[n / 2];
}

/* Medians of rounds that take turns: a drive has good and bad moments. */
static void compare_commits(struct bench *b)
{
    double ours[ROUNDS], bare[ROUNDS], x, y;

    for (size_t i = 0; i < ROUNDS; i++) {
        ours[i] = ns_per_step(b, commit);
        bare[i] = ns_per_step(b, bare_commit);
    }
    x = median(ours, ROUNDS);
    y = median(bare, ROUNDS);
    printf("%-22s %10.0f /s   bare write+sync %8.0f /s   ratio %.2f\n", "commits", 1e9 / x, 1e9 / y,
           x / y);
}

static void count_journal_bytes(struct bench *b)
{
    uint64_t before = store_written(&b->store);
    uint32_t generation = b->store.journal.generation, n = b->count;

    while (b->store.journal.generation == generation)
        commit(b);
    printf("%-22s %10.1f bytes per commit of 5, compaction included\n", "journal",
           (double)(store_written(&b->store) - before) / (b->count - n));
}

static void measure_get(struct bench *b)
{
    uint64_t start = now_ns(), sum = 0;
    struct rd value;

    for (uint32_t i = 0; i < GETS; i++) {
        require(store_get(&b->store, OBJ_FILE(i * 7919 % FILES), &value));
        sum += value.left;
    }
    require(sum > 0);
    printf("%-22s %10.1f ns among %u objects\n", "store_get", (double)(now_ns() - start) / GETS,
           b->store.count);
}

static void measure_open(struct bench *b)
{
    enum { TIMES = 50 };
    double ns[TIMES];

    for (size_t i = 0; i < TIMES; i++) {
        uint64_t start;

        store_close(&b->store);
        start = now_ns();
        require(store_open(&b->store, nvm_file_device(b->file), &b->arena, &b->work) == ERR_OK);
        ns[i] = (double)(now_ns() - start);
    }
    printf("%-22s %10.0f us with a sync\n", "store_open", median(ns, TIMES) / 1000);
}

static void prepare(struct bench *b)
{
    static const uint8_t hash[MEDIUM_HASH_LEN], body[33];
    const char *dir = getenv("BENCH_DIR");
    struct nvm_device *dev;

    snprintf(b->card_path, sizeof b->card_path, "%s/bench-%d.card", dir ? dir : ".", (int)getpid());
    snprintf(b->bare_path, sizeof b->bare_path, "%s/bench-%d.bare", dir ? dir : ".", (int)getpid());
    arena_init(&b->arena, b->block, sizeof b->block);
    require(nvm_file_create(b->card_path, medium_size(0, BANK), &b->file) == ERR_OK);
    b->bare = open(b->bare_path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    require(b->bare >= 0 && ftruncate(b->bare, BANK) == 0);
    dev = nvm_file_device(b->file);
    require(medium_format(dev, RD(NULL, 0), hash, BANK) == ERR_OK &&
            store_create(&b->store, dev, &b->arena, &b->work) == ERR_OK);
    for (uint32_t i = 0; i < FILES; i++)
        require(store_put(&b->store, OBJ_FILE(i), RD_ARRAY(body)) == ERR_OK);
    commit(b);
    b->frame_len = (size_t)store_written(&b->store);
    commit(b);
    b->frame_len = (size_t)store_written(&b->store) - b->frame_len;
}

int main(void)
{
    struct bench *b = calloc(1, sizeof *b);

    require(b != NULL);
    prepare(b);
    compare_commits(b);
    count_journal_bytes(b);
    measure_get(b);
    measure_open(b);
    store_close(&b->store);
    nvm_file_close(&b->file);
    close(b->bare);
    unlink(b->card_path);
    unlink(b->bare_path);
    free(b);
    return EXIT_SUCCESS;
}
