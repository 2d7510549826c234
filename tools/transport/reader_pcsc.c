/* The only door to libpcsclite: a card in a reader, real or virtual. */
#include "tools/transport/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winscard.h>

struct pcsc_reader {
    SCARDCONTEXT context;
    SCARDHANDLE card;
    bool connected;
    const SCARD_IO_REQUEST *protocol;
};

static enum err from_pcsc(LONG code)
{
    switch (code) {
    case SCARD_S_SUCCESS:
        return ERR_OK;
    case SCARD_E_NO_SMARTCARD:
    case SCARD_E_NO_READERS_AVAILABLE:
    case SCARD_E_UNKNOWN_READER:
        return ERR_NOT_FOUND;
    case SCARD_E_SHARING_VIOLATION:
        return ERR_BUSY;
    case SCARD_E_NO_SERVICE:
    case SCARD_E_SERVICE_STOPPED:
    case SCARD_W_REMOVED_CARD:
        return ERR_CLOSED;
    default:
        return ERR_IO;
    }
}

static enum err pcsc_reset(void *context, struct wr *atr)
{
    struct pcsc_reader *p = context;
    BYTE bytes[MAX_ATR_SIZE];
    DWORD atr_len = sizeof bytes, protocol, state, name_len = 0;
    LONG code =
        SCardReconnect(p->card, SCARD_SHARE_SHARED, SCARD_PROTOCOL_T0, SCARD_RESET_CARD, &protocol);

    if (code == SCARD_S_SUCCESS)
        code = SCardStatus(p->card, NULL, &name_len, &state, &protocol, bytes, &atr_len);
    if (code != SCARD_S_SUCCESS)
        return from_pcsc(code);
    wr_bytes(atr, bytes, atr_len);
    return wr_result(atr);
}

static enum err pcsc_transmit(void *context, struct rd command, struct wr *response)
{
    struct pcsc_reader *p = context;
    BYTE bytes[APDU_RESPONSE_MAX];
    DWORD len = sizeof bytes;
    LONG code = SCardTransmit(p->card, p->protocol, command.at, command.left, NULL, bytes, &len);

    if (code != SCARD_S_SUCCESS)
        return from_pcsc(code);
    wr_bytes(response, bytes, len);
    return wr_result(response);
}

static void pcsc_close(void *context)
{
    struct pcsc_reader *p = context;

    if (p->connected)
        SCardDisconnect(p->card, SCARD_LEAVE_CARD);
    SCardReleaseContext(p->context);
    free(p);
}

/* Names of all readers, NUL-terminated one after the other; free() it. NULL when there is none. */
static char *list_names(SCARDCONTEXT context, LONG *code)
{
    DWORD len = 0;
    char *names = NULL;

    *code = SCardListReaders(context, NULL, NULL, &len);
    if (*code == SCARD_S_SUCCESS)
        names = calloc(1, len + 1);
    if (names != NULL)
        *code = SCardListReaders(context, NULL, names, &len);
    if (*code != SCARD_S_SUCCESS) {
        free(names);
        return NULL;
    }
    return names;
}

static bool is_number(const char *text)
{
    return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

/* The reader with that number, or the first whose name contains the text. */
static const char *pick(const char *names, const char *wanted)
{
    long number = is_number(wanted) ? strtol(wanted, NULL, 10) : -1;
    long i = 0;

    for (const char *n = names; *n != '\0'; n += strlen(n) + 1, i++) {
        if (i == number || (number < 0 && strstr(n, wanted) != NULL))
            return n;
    }
    return NULL;
}

static LONG connect_card(struct pcsc_reader *p, const char *name)
{
    DWORD protocol = 0;
    LONG code = SCardConnect(p->context, name, SCARD_SHARE_SHARED,
                             SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &p->card, &protocol);

    p->connected = code == SCARD_S_SUCCESS;
    p->protocol = protocol == SCARD_PROTOCOL_T1 ? SCARD_PCI_T1 : SCARD_PCI_T0;
    return code;
}

enum err reader_open_pcsc(const char *name, struct reader *out, char *message)
{
    struct pcsc_reader *p = calloc(1, sizeof *p);
    const char *found = NULL;
    char *names;
    LONG code;

    if (p == NULL)
        return ERR_NOMEM;
    code = SCardEstablishContext(SCARD_SCOPE_SYSTEM, NULL, NULL, &p->context);
    if (code != SCARD_S_SUCCESS) {
        snprintf(message, READER_MESSAGE_MAX, "PC/SC: %s (is pcscd running?)",
                 pcsc_stringify_error(code));
        free(p);
        return from_pcsc(code);
    }
    names = list_names(p->context, &code);
    if (names != NULL)
        found = pick(names, name);
    if (found != NULL)
        code = connect_card(p, found);
    else if (code == SCARD_S_SUCCESS)
        code = SCARD_E_UNKNOWN_READER;
    if (code != SCARD_S_SUCCESS)
        snprintf(message, READER_MESSAGE_MAX, "reader %s: %s", found != NULL ? found : name,
                 pcsc_stringify_error(code));
    free(names);
    if (code != SCARD_S_SUCCESS) {
        pcsc_close(p);
        return from_pcsc(code);
    }
    *out = (struct reader){p, pcsc_reset, pcsc_transmit, pcsc_close};
    return ERR_OK;
}
