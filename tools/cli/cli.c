#include "tools/cli/cli.h"
#include "apdu/hex.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PROGRESS_AFTER_MS 2000
#define PROGRESS_EVERY_MS 100
#define BAR_WIDTH         40
#define HEAP_LOCKED       (1 << 20)
#define HEAP_STEP         100000

/* Where secrets may lie: key schedules of OpenSSL on the heap, what is under way on the stack. */
static void lock_heap_and_stack(void)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[PATH_MAX + 128];
    uintptr_t from, to;

    while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
        if ((strstr(line, "[heap]") != NULL || strstr(line, "[stack]") != NULL) &&
            sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &from, &to) == 2)
            (void)mlock2((void *)from, to - from, MLOCK_ONFAULT);
    }
    if (maps != NULL)
        fclose(maps);
}

/* The heap as large as it will be wanted, so that it is locked with the rest. It is address space:
 * pages are there, and locked, once they are touched. */
static void make_heap(void)
{
    void *volatile first; /* volatile: allocations that nobody looks at may be left out */
    void *volatile second;

    (void)mallopt(M_TOP_PAD, HEAP_LOCKED);
    /* Together more than a heap begins with, and each less than is mapped apart. */
    first = malloc(HEAP_STEP);
    second = malloc(HEAP_STEP);
    free(second);
    free(first);
}

/* Who may lock as much as he likes locks all there ever is. Who may not (where a limit would make
 * later allocations fail) locks what matters, now. Where even that is not allowed, swap must be off
 * or encrypted. */
static void lock_memory(void)
{
    const struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
    bool unlimited = setrlimit(RLIMIT_MEMLOCK, &all) == 0;

    make_heap();
    if (!unlimited || mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) != 0)
        lock_heap_and_stack();
}

void cli_harden(void)
{
    const struct rlimit none = {0, 0};

    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0);
    umask(077);
    /* A file that may not grow is an error like a full disk, and no end. */
    (void)signal(SIGXFSZ, SIG_IGN);
    lock_memory();
}

static void say(const char *format, va_list args)
{
    fprintf(stderr, "%s: ", program_invocation_short_name);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
}

int cli_fail(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(format, args);
    va_end(args);
    return CLI_FAILED;
}

int cli_usage(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(format, args);
    va_end(args);
    fprintf(stderr, "Try `%s --help'.\n", program_invocation_short_name);
    return CLI_USAGE;
}

int cli_flush(int status)
{
    bool lost = ferror(stdout) != 0;

    if (fflush(stdout) != 0)
        lost = true;
    return lost && status == CLI_OK ? cli_fail("standard output: %s", err_text(ERR_IO)) : status;
}

static int print_help(const char *self, const char *summary, const struct cli_command *commands)
{
    int width = 10;

    for (const struct cli_command *c = commands; c->name != NULL; c++)
        width = (int)strlen(c->name) > width ? (int)strlen(c->name) : width;
    printf("Usage: %s COMMAND [OPTION...]\n%s\n\nCommands:\n", self, summary);
    for (; commands->name != NULL; commands++)
        printf("  %-*s  %s\n", width, commands->name, commands->help);
    printf("\n`%s COMMAND --help' tells more.\n", self);
    return CLI_OK;
}

/* Become PROGRAM-works, whatever the program is called here. Returns only when that cannot be. */
static int hand_over(char **argv)
{
    char self[PATH_MAX + 1] = "", path[PATH_MAX + 64];
    char *slash;

    if (readlink("/proc/self/exe", self, PATH_MAX) <= 0 || (slash = strrchr(self, '/')) == NULL)
        return cli_fail("/proc/self/exe: %s", strerror(errno));
    *slash = '\0';
    (void)snprintf(path, sizeof path, "%s/../libexec/reseat/%s-works", self, slash + 1);
    execv(path, argv);
    return cli_fail("%s: %s", path, strerror(errno));
}

int cli_dispatch(int argc, char **argv, const char *summary, const struct cli_command *commands)
{
    const char *slash = strrchr(argv[0], '/');
    const char *self = slash != NULL ? slash + 1 : argv[0]; /* "opchange", or "opchange party" */

    if (argc < 2)
        return cli_usage("a command is missing");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-?") == 0)
        return cli_flush(print_help(self, summary, commands));
    if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
        printf("%s (Reseat) %s\n", program_invocation_short_name, CLI_VERSION);
        return CLI_OK;
    }
    for (const struct cli_command *c = commands; c->name != NULL; c++) {
        char name[64];

        if (strcmp(argv[1], c->name) != 0)
            continue;
        if (c->main == NULL)
            return hand_over(argv);
        /* What argp calls the program, in its help and errors. */
        (void)snprintf(name, sizeof name, "%s %s", self, c->name);
        argv[1] = name;
        return cli_flush(c->main(argc - 1, argv + 1));
    }
    return cli_usage("there is no command `%s'", argv[1]);
}

/* First line of a stream, without its end. */
static enum err read_line(FILE *f, char *out, size_t cap)
{
    size_t len;

    (void)setvbuf(f, NULL, _IONBF, 0); /* no copy of a secret in a stream buffer */
    if (fgets(out, (int)cap, f) == NULL)
        return ERR_SHORT;
    len = strcspn(out, "\r\n");
    if (len + 1 == cap)
        return ERR_RANGE;
    out[len] = '\0';
    return ERR_OK;
}

enum err cli_secret_text(const char *value, char *out, size_t cap)
{
    const char *found = value;
    enum err e;
    FILE *f;

    if (strcmp(value, "-") == 0)
        return read_line(stdin, out, cap);
    if (value[0] == '@') {
        f = fopen(value + 1, "re");
        if (f == NULL)
            return ERR_NOT_FOUND;
        e = read_line(f, out, cap);
        fclose(f);
        return e;
    }
    if (strncmp(value, "env:", 4) == 0) {
        found = getenv(value + 4);
        if (found == NULL)
            return ERR_NOT_FOUND;
    }
    if (strlen(found) >= cap)
        return ERR_RANGE;
    memcpy(out, found, strlen(found) + 1);
    return ERR_OK;
}

enum err cli_secret(const char *value, struct secret *out)
{
    char text[4 * SECRET_LEN_MAX];
    enum err e = cli_secret_text(value, text, sizeof text);

    if (e == ERR_OK)
        e = secret_from_hex(out, text);
    OPENSSL_cleanse(text, sizeof text);
    return e;
}

const char *cli_secret_error(enum err e)
{
    switch (e) {
    case ERR_NOT_FOUND:
        return "no such file or variable";
    case ERR_SHORT:
        return "there is nothing";
    case ERR_FORMAT:
        return "pairs of hex digits are wanted";
    case ERR_RANGE:
    case ERR_SPACE:
        return "too long";
    default:
        return err_text(e);
    }
}

void cli_fail_kek(const char *source, enum err e)
{
    bool is_name = source[0] == '@' || strncmp(source, "env:", 4) == 0;

    (void)cli_fail("key-encryption key%s%s: %s", is_name ? " " : "", is_name ? source : "",
                   e == ERR_FORMAT ? "32 bytes in hex are wanted" : err_text(e));
}

enum err cli_number(const char *text, uint64_t min, uint64_t max, uint64_t *out)
{
    uint64_t v;
    char *end;

    if (*text < '0' || *text > '9')
        return ERR_FORMAT;
    errno = 0;
    v = strtoull(text, &end, 10);
    if (*end != '\0')
        return ERR_FORMAT;
    if (errno == ERANGE || v < min || v > max)
        return ERR_RANGE;
    *out = v;
    return ERR_OK;
}

uint64_t cli_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int cli_stop_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_CLOEXEC);
}

void cli_progress_begin(struct cli_progress *p, const char *what, uint64_t total)
{
    *p = (struct cli_progress){.what = what, .total = total, .begun_ms = cli_now_ms()};
}

static void draw_bar(const struct cli_progress *p, uint64_t done, unsigned percent)
{
    char bar[BAR_WIDTH + 1];

    memset(bar, '-', BAR_WIDTH);
    memset(bar, '#', (size_t)percent * BAR_WIDTH / 100);
    bar[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r%s [%s] %3u %% %llu/%llu", p->what, bar, percent, (unsigned long long)done,
            (unsigned long long)p->total);
}

void cli_progress(struct cli_progress *p, uint64_t done)
{
    unsigned percent = p->total == 0 ? 100 : (unsigned)(done * 100 / p->total);
    uint64_t now = cli_now_ms();

    if (now - p->begun_ms < PROGRESS_AFTER_MS)
        return;
    if (isatty(STDERR_FILENO)) {
        if (now - p->shown_ms < PROGRESS_EVERY_MS && done < p->total)
            return;
        draw_bar(p, done, percent);
    } else if (percent / 10 > p->shown_percent / 10) {
        fprintf(stderr, "%s %u %%\n", p->what, percent);
    }
    p->shown = true;
    p->shown_ms = now;
    p->shown_percent = percent;
}

void cli_progress_end(struct cli_progress *p)
{
    if (p->shown && isatty(STDERR_FILENO))
        fputc('\n', stderr);
}
