#include "tools/transport/address.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum err address_parse(const char *text, struct address *out)
{
    const char *colon = strrchr(text, ':');
    const char *port_text = colon != NULL ? colon + 1 : text;
    size_t host_len = colon != NULL ? (size_t)(colon - text) : 0;
    unsigned long port;
    char *end;

    if (*port_text < '0' || *port_text > '9')
        return ERR_FORMAT;
    port = strtoul(port_text, &end, 10);
    if (*end != '\0')
        return ERR_FORMAT;
    if (port > 65535 || host_len >= sizeof out->host)
        return ERR_RANGE;
    snprintf(out->host, sizeof out->host, "%.*s", host_len > 0 ? (int)host_len : 9,
             host_len > 0 ? text : "127.0.0.1");
    out->port = (uint16_t)port;
    return ERR_OK;
}

static struct addrinfo *resolve(const struct address *a)
{
    /* Numbers first: names cost the resolver's libraries. */
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICSERV | AI_NUMERICHOST};
    struct addrinfo *found = NULL;
    char port[6];

    snprintf(port, sizeof port, "%u", a->port);
    if (getaddrinfo(a->host, port, &hints, &found) == 0)
        return found;
    hints.ai_flags = AI_NUMERICSERV;
    return getaddrinfo(a->host, port, &hints, &found) == 0 ? found : NULL;
}

static void set_nodelay(int fd)
{
    const int on = 1;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

enum err address_connect(const struct address *a, int *fd)
{
    struct addrinfo *list = resolve(a);
    enum err e = ERR_CLOSED;

    for (struct addrinfo *i = list; i != NULL && e != ERR_OK; i = i->ai_next) {
        int s = socket(i->ai_family, i->ai_socktype | SOCK_CLOEXEC, i->ai_protocol);

        if (s < 0)
            continue;
        if (connect(s, i->ai_addr, i->ai_addrlen) == 0) {
            set_nodelay(s);
            *fd = s;
            e = ERR_OK;
        } else {
            close(s);
        }
    }
    if (list != NULL)
        freeaddrinfo(list);
    return e;
}

static enum err bound_port(int fd, uint16_t *port)
{
    union {
        struct sockaddr_in6 v6;
        struct sockaddr_in v4;
        struct sockaddr any;
    } bound = {.v6 = {.sin6_port = 0}};
    socklen_t len = sizeof bound;

    if (getsockname(fd, &bound.any, &len) < 0)
        return ERR_IO;
    *port = ntohs(bound.any.sa_family == AF_INET6 ? bound.v6.sin6_port : bound.v4.sin_port);
    return ERR_OK;
}

static enum err from_errno(void)
{
    switch (errno) {
    case EADDRINUSE:
        return ERR_BUSY;
    case EACCES:
    case EPERM:
    case EROFS:
        return ERR_DENIED;
    case ENOENT:
    case ENOTDIR:
        return ERR_NOT_FOUND;
    default:
        return ERR_IO;
    }
}

enum err address_listen(struct address *a, int *fd)
{
    struct addrinfo *list = resolve(a);
    const int on = 1;
    enum err e = ERR_IO;
    int s = -1;

    if (list == NULL)
        return ERR_NOT_FOUND;
    s = socket(list->ai_family, list->ai_socktype | SOCK_CLOEXEC, list->ai_protocol);
    if (s < 0)
        goto out;
    (void)setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(s, list->ai_addr, list->ai_addrlen) < 0 || listen(s, 128) < 0) {
        e = from_errno();
        goto out;
    }
    e = bound_port(s, &a->port);
out:
    freeaddrinfo(list);
    if (e == ERR_OK)
        *fd = s;
    else if (s >= 0)
        close(s);
    return e;
}

static enum err unix_address(const char *path, struct sockaddr_un *out)
{
    memset(out, 0, sizeof *out);
    out->sun_family = AF_UNIX;
    if (strlen(path) >= sizeof out->sun_path)
        return ERR_RANGE;
    memcpy(out->sun_path, path, strlen(path) + 1);
    return ERR_OK;
}

enum err address_connect_path(const char *path, int *fd)
{
    struct sockaddr_un address;
    enum err e = unix_address(path, &address);
    int s;

    if (e != ERR_OK)
        return e;
    s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s < 0)
        return ERR_IO;
    if (connect(s, (const struct sockaddr *)&address, sizeof address) < 0) {
        e = errno == ENOENT ? ERR_NOT_FOUND : errno == ECONNREFUSED ? ERR_CLOSED : ERR_IO;
        close(s);
        return e;
    }
    *fd = s;
    return ERR_OK;
}

/* A socket that nobody listens on makes room; no other file does. */
static enum err remove_stale(const char *path)
{
    struct stat st;

    if (lstat(path, &st) != 0)
        return ERR_OK; /* bind() will say what is wrong */
    if (!S_ISSOCK(st.st_mode))
        return ERR_EXISTS;
    return unlink(path) == 0 ? ERR_OK : from_errno();
}

enum err address_listen_path(const char *path, int *fd)
{
    struct sockaddr_un address;
    enum err e = unix_address(path, &address);
    mode_t mask;
    int s;

    if (e != ERR_OK)
        return e;
    if (address_connect_path(path, &s) == ERR_OK) {
        close(s);
        return ERR_BUSY;
    }
    e = remove_stale(path);
    if (e != ERR_OK)
        return e;
    s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s < 0)
        return ERR_IO;
    /* Whoever may open the card's file may talk to the card; nobody else. */
    mask = umask(077);
    e = bind(s, (const struct sockaddr *)&address, sizeof address) < 0 || listen(s, 8) < 0
            ? from_errno()
            : ERR_OK;
    umask(mask);
    if (e != ERR_OK) {
        close(s);
        return e;
    }
    *fd = s;
    return ERR_OK;
}
