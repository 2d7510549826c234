#include "ota/core/loop.h"

#include "apdu/buf.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#define BATCH_MAX 64

struct loop {
    int epoll_fd;
    struct loop_clock clock;
    struct loop_timer *timers; /* by due_ms */
    struct epoll_event batch[BATCH_MAX];
    int batch_count;
    bool stopped;
    void (*after)(void *context);
    void *after_context;
    struct loop_watch signal_watch;
    struct loop_signals signals;
};

static uint64_t monotonic_ms(void *context)
{
    struct timespec now;

    (void)context;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

enum err loop_new(const struct loop_clock *clock, struct loop **out)
{
    struct loop *l = calloc(1, sizeof *l);

    if (!l)
        return ERR_NOMEM;
    l->signal_watch.fd = -1;
    l->clock = clock ? *clock : (struct loop_clock){monotonic_ms, NULL};
    l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (l->epoll_fd < 0) {
        free(l);
        return ERR_IO;
    }
    *out = l;
    return ERR_OK;
}

void loop_free(struct loop **l)
{
    if (!*l)
        return;
    if ((*l)->signal_watch.fd >= 0)
        close((*l)->signal_watch.fd);
    close((*l)->epoll_fd);
    free(*l);
    *l = NULL;
}

uint64_t loop_now_ms(const struct loop *l)
{
    return l->clock.now_ms(l->clock.context);
}

static enum err control(struct loop *l, int op, struct loop_watch *watch, unsigned events)
{
    struct epoll_event e = {.data.ptr = watch};

    if (events & LOOP_READ)
        e.events |= EPOLLIN;
    if (events & LOOP_WRITE)
        e.events |= EPOLLOUT;
    return epoll_ctl(l->epoll_fd, op, watch->fd, &e) == 0 ? ERR_OK : ERR_IO;
}

enum err loop_watch(struct loop *l, struct loop_watch *watch, unsigned events)
{
    return control(l, EPOLL_CTL_ADD, watch, events);
}

enum err loop_change(struct loop *l, struct loop_watch *watch, unsigned events)
{
    return control(l, EPOLL_CTL_MOD, watch, events);
}

/* Events of this round that are not served yet must not reach a watch that is gone. */
void loop_unwatch(struct loop *l, struct loop_watch *watch)
{
    (void)epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
    for (int i = 0; i < l->batch_count; i++) {
        if (l->batch[i].data.ptr == watch)
            l->batch[i].data.ptr = NULL;
    }
}

void loop_arm(struct loop *l, struct loop_timer *timer, uint64_t delay_ms)
{
    struct loop_timer **at = &l->timers;

    loop_disarm(l, timer);
    timer->due_ms = loop_now_ms(l) + delay_ms;
    while (*at && (*at)->due_ms <= timer->due_ms)
        at = &(*at)->next;
    timer->next = *at;
    timer->armed = true;
    *at = timer;
}

void loop_disarm(struct loop *l, struct loop_timer *timer)
{
    struct loop_timer **at = &l->timers;

    if (!timer->armed)
        return;
    while (*at && *at != timer)
        at = &(*at)->next;
    if (*at)
        *at = timer->next;
    timer->armed = false;
}

void loop_after(struct loop *l, void (*after)(void *context), void *context)
{
    l->after = after;
    l->after_context = context;
}

static void on_signal(void *context, unsigned events)
{
    struct loop *l = context;
    struct signalfd_siginfo info;

    (void)events;
    while (read(l->signal_watch.fd, &info, sizeof info) == (ssize_t)sizeof info) {
        void (*call)(void *) = info.ssi_signo == SIGHUP ? l->signals.reload : l->signals.stop;

        if (call)
            call(l->signals.context);
    }
}

enum err loop_signals(struct loop *l, const struct loop_signals *signals)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return ERR_IO;
    l->signals = *signals;
    l->signal_watch = (struct loop_watch){.ready = on_signal, .context = l};
    l->signal_watch.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (l->signal_watch.fd < 0)
        return ERR_IO;
    return loop_watch(l, &l->signal_watch, LOOP_READ);
}

static unsigned events_of(uint32_t epoll_events)
{
    unsigned events = 0;

    if (epoll_events & EPOLLIN)
        events |= LOOP_READ;
    if (epoll_events & EPOLLOUT)
        events |= LOOP_WRITE;
    if (epoll_events & (EPOLLERR | EPOLLHUP))
        events |= LOOP_HUNG;
    return events;
}

static bool serve_events(struct loop *l)
{
    for (int i = 0; i < l->batch_count; i++) {
        struct loop_watch *watch = l->batch[i].data.ptr;

        if (watch)
            watch->ready(watch->context, events_of(l->batch[i].events));
    }
    return l->batch_count > 0;
}

static bool serve_timers(struct loop *l)
{
    uint64_t now_ms = loop_now_ms(l);
    bool any = false;

    while (l->timers && l->timers->due_ms <= now_ms) {
        struct loop_timer *timer = l->timers;

        loop_disarm(l, timer);
        timer->fire(timer->context);
        any = true;
    }
    return any;
}

static int wait_ms(const struct loop *l, uint64_t wait_ms_max)
{
    uint64_t now_ms = loop_now_ms(l);
    uint64_t wait = wait_ms_max;

    if (l->timers)
        wait = l->timers->due_ms > now_ms ? l->timers->due_ms - now_ms : 0;
    if (wait > wait_ms_max)
        wait = wait_ms_max;
    return wait > 60000 ? 60000 : (int)wait;
}

enum err loop_round(struct loop *l, uint64_t wait_ms_max)
{
    bool any;
    int n = epoll_wait(l->epoll_fd, l->batch, BATCH_MAX, wait_ms(l, wait_ms_max));

    if (n < 0 && errno != EINTR)
        return ERR_IO;
    l->batch_count = n < 0 ? 0 : n;
    any = serve_events(l);
    l->batch_count = 0;
    any |= serve_timers(l);
    if (any && l->after)
        l->after(l->after_context);
    return ERR_OK;
}

enum err loop_run(struct loop *l)
{
    enum err e = ERR_OK;

    l->stopped = false;
    while (!l->stopped && e == ERR_OK)
        e = loop_round(l, UINT64_MAX);
    return e;
}

void loop_stop(struct loop *l)
{
    l->stopped = true;
}
