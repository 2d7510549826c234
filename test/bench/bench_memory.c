/*
 * bench_memory.c - what one card more costs in a process that has cards of its profile already:
 * bytes of arena beyond the objects that are the card's own. And what `uicc run` costs over an
 * empty program that is linked with libcrypto: resident memory, and time until the answer to
 * reset. BIN is the folder of the programs; without it only the first is measured.
 */
#include "test/support/ota/scratch.h"
#include "test/support/uicc/air.h"
#include "uicc/core/card.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CARDS       200
#define LIMIT_CARD  1536.0
#define LIMIT_RSS   1800.0 /* KB */
#define LIMIT_START 1.0    /* ms */
#define STARTS      40

static void require(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "bench_memory: %s\n", what);
    exit(EXIT_FAILURE);
}

static void say(const char *name, double value, const char *unit, double limit)
{
    printf("%-22s %10.2f %s   limit %.2f: %s\n", name, value, unit, limit,
           value <= limit ? "kept" : "MISSED");
}

static size_t own_bytes(const struct card *card)
{
    size_t sum = 0;

    for (uint32_t i = 0; i < card->store.count; i++)
        sum += card->store.objects[i].len;
    return sum;
}

/* All of them from the same memory: each is made after the one before and kept. */
static void measure_cards(void)
{
    struct air *o = air_new(NULL, SECPKT_AES);
    size_t own = own_bytes(o->card), before = o->arena.used, used;
    struct card *cards[CARDS];
    uint8_t atr[64];

    for (size_t i = 0; i < CARDS; i++) {
        struct wr w = WR_ARRAY(atr);

        require(uicc_create(o->engine, &o->host, &cards[i]) == ERR_OK &&
                    uicc_reset(cards[i], &w) == ERR_OK,
                "no further card");
    }
    used = (o->arena.used - before) / CARDS;
    printf("%-22s %10zu bytes, %zu of them its own objects\n", "a further card", used, own);
    say("beyond its own", (double)used - (double)own, "bytes", LIMIT_CARD);
    for (size_t i = 0; i < CARDS; i++)
        uicc_destroy(&cards[i]);
    air_free(&o);
}

static double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double resident_kb(pid_t pid)
{
    char path[64], line[256];
    double kb = 0;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    f = fopen(path, "r");
    require(f != NULL, path);
    while (fgets(line, sizeof line, f) != NULL) {
        if (strncmp(line, "VmRSS:", 6) == 0)
            kb = strtod(line + 6, NULL);
    }
    fclose(f);
    return kb;
}

static pid_t start(char *const argv[])
{
    pid_t pid;

    fflush(stdout); /* or the child says it again */
    pid = fork();

    require(pid >= 0, "cannot fork");
    if (pid == 0) {
        if (freopen("/dev/null", "w", stdout) != NULL && freopen("/dev/null", "w", stderr) != NULL)
            execv(argv[0], argv);
        _exit(127);
    }
    return pid;
}

static void stop(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static int listen_here(uint16_t *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    require(fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(fd, 1) == 0 &&
                getsockname(fd, (struct sockaddr *)&a, &len) == 0,
            "no port to listen on");
    *port = ntohs(a.sin_port);
    return fd;
}

/* As vpcd does it: two bytes of length, then power on, reset, give the ATR. */
static double start_card(int fd, char *const argv[], double *kb)
{
    static const uint8_t ask[] = {0, 1, 1, 0, 1, 2, 0, 1, 4};
    double begin = now_ms(), ms;
    pid_t pid = start(argv);
    int link = accept(fd, NULL, NULL);
    uint8_t atr[64];

    require(link >= 0 && write(link, ask, sizeof ask) == sizeof ask &&
                read(link, atr, sizeof atr) > 2,
            "no answer to reset");
    ms = now_ms() - begin;
    *kb = resident_kb(pid);
    stop(pid);
    close(link);
    return ms;
}

static double start_empty(char *const argv[])
{
    double begin = now_ms();
    pid_t pid = start(argv);

    waitpid(pid, NULL, 0);
    return now_ms() - begin;
}

static double empty_kb(char *const argv[])
{
    pid_t pid = start(argv);
    double kb;

    usleep(100000);
    kb = resident_kb(pid);
    stop(pid);
    return kb;
}

/* Only libcrypto: this program has more. */
static void make_empty(const char *dir)
{
    char command[512];

    snprintf(
        command, sizeof command,
        "echo 'int pause(void); int main(int c, char **v) { (void)v; return c > 1 && pause(); }' "
        "| ${CC:-cc} -O2 -x c - -o %s/empty -Wl,--no-as-needed -lcrypto",
        dir);
    require(scratch_run(command) == 0, "no compiler for an empty program");
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void measure_program(const char *bin, const char *dir)
{
    char uicc[300], empty[300], card[300], where[32], command[700], run[] = "run",
                                                                    vpcd[] = "--vpcd";
    double ours[STARTS], theirs[STARTS], kb = 0;
    uint16_t port;
    int fd = listen_here(&port);

    make_empty(dir);
    snprintf(uicc, sizeof uicc, "%s/uicc", bin);
    snprintf(empty, sizeof empty, "%s/empty", dir);
    snprintf(card, sizeof card, "%s/card", dir);
    snprintf(where, sizeof where, "127.0.0.1:%u", port);
    snprintf(command, sizeof command,
             "%s make --out %s/m --plmn 00101 --seed 05 >/dev/null && mv %s/m/*.card %s", uicc, dir,
             dir, card);
    require(scratch_run(command) == 0, "cannot make a card");
    for (size_t i = 0; i < STARTS; i++) {
        ours[i] = start_card(fd, (char *[]){uicc, run, card, vpcd, where, NULL}, &kb);
        theirs[i] = start_empty((char *[]){empty, NULL});
    }
    qsort(ours, STARTS, sizeof *ours, by_value);
    qsort(theirs, STARTS, sizeof *theirs, by_value);
    say("start to ATR, over", ours[STARTS / 2] - theirs[STARTS / 2], "ms", LIMIT_START);
    say("uicc run, over", kb - empty_kb((char *[]){empty, run, NULL}), "KB", LIMIT_RSS);
    close(fd);
}

int main(void)
{
    const char *bin = getenv("BIN");
    char dir[] = "/tmp/bench-memory-XXXXXX", command[64];

    measure_cards();
    if (bin == NULL)
        return EXIT_SUCCESS;
    require(mkdtemp(dir) != NULL, "no folder to work in");
    measure_program(bin, dir);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    return scratch_run(command) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
