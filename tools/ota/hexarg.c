#include "tools/ota/hexarg.h"
#include "apdu/hex.h"
#include "apdu/secpkt.h"
#include "tools/cli/cli.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX (3 * SECPKT_MAX + 2) /* blanks between the bytes */

bool hexarg_fixed(const char *text, uint8_t *out, size_t len)
{
    struct wr w = WR(out, len);

    return hex_decode(text, &w) == ERR_OK && w.len == len;
}

enum err hexarg_read(const char *text, struct wr *out)
{
    char line[TEXT_MAX];
    enum err e = cli_secret_text(text, line, sizeof line);

    if (e == ERR_OK)
        e = hex_decode(line, out);
    OPENSSL_cleanse(line, sizeof line);
    return e;
}

bool hexarg_counter(const char *text, uint64_t *counter)
{
    bool wire = strlen(text) == 10 && strspn(text, "0123456789abcdefABCDEF") == 10;
    bool prefixed = strncasecmp(text, "0x", 2) == 0;
    char *end;

    if (*text < '0' || (*text > '9' && !wire))
        return false;
    errno = 0;
    *counter = strtoull(text, &end, wire || prefixed ? 16 : 10);
    return errno == 0 && *end == '\0' && *counter <= SECPKT_COUNTER_MAX;
}

void hexarg_print(struct rd bytes)
{
    for (size_t i = 0; i < bytes.left; i++)
        printf("%02X", bytes.at[i]);
    putchar('\n');
}
