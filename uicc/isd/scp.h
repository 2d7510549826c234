/*
 * scp.h - secure channels between a security domain and a host: SCP02 (GP annex E) and
 * SCP03 (GP amendment D), the card's side.
 *
 * Pure: keys and challenges come in, nothing is stored. Options "i":
 *   SCP02  15, 55       three keys, C-MAC on the modified command, ICV enciphered
 *          35, 75       the same, and R-MAC
 *   SCP03  00, 10       no protection of answers
 *          20, 30       R-MAC
 *          60, 70       R-MAC and R-ENC
 * Bit 7 of SCP02 and bit 5 of SCP03: the card challenge is computed, not drawn. SCP03 with
 * challenges, cryptograms and MACs of 16 bytes (S16, bit 1) is what a host gets that begins with
 * a challenge of 16.
 */
#ifndef RESEAT_UICC_ISD_SCP_H
#define RESEAT_UICC_ISD_SCP_H

#include "apdu/apdu.h"
#include "apdu/gp.h"

#define SCP02 0x02
#define SCP03 0x03

#define SCP_S8                  8
#define SCP_S16                 16
#define SCP_DIVERSIFICATION_LEN 10
#define SCP_MAC_LEN             8

/* Security level, P1 of EXTERNAL AUTHENTICATE. */
#define SCP_C_MAC 0x01
#define SCP_C_ENC 0x02
#define SCP_R_MAC 0x10
#define SCP_R_ENC 0x20

/* A static key set. Secrets: isd_keys_wipe(). */
struct isd_keys {
    uint8_t version;
    enum gp_key_type type;
    struct secret enc, mac, dek;
    uint32_t sequence; /* secure channels opened with it */
};
#define ISD_KEYS_WIPED __attribute__((cleanup(isd_keys_wipe)))
void isd_keys_wipe(struct isd_keys *keys);

struct isd_scp {
    enum { SCP_CLOSED, SCP_BEGUN, SCP_OPEN } state;
    uint8_t protocol, option;
    uint8_t version;   /* of the key set */
    uint8_t level;     /* once open */
    uint8_t size;      /* of challenges, cryptograms and MACs: SCP_S8 or SCP_S16 */
    uint32_t sequence; /* of the key set, when the card answered */
    struct secret enc, mac, rmac;
    struct secret dek;                /* SCP02: of the session; SCP03: the static one */
    uint8_t host_cryptogram[SCP_S16]; /* that the host must show */
    uint8_t chain[16]; /* SCP03: MAC chaining value; SCP02: last C-MAC, then last R-MAC */
    uint32_t counter;  /* SCP03: commands since authentication */
};

/* What INITIALIZE UPDATE is answered from. */
struct isd_scp_begin {
    uint8_t protocol, option;
    const struct isd_keys *keys;
    struct rd aid; /* of the security domain */
    uint8_t size;  /* of the host's challenge: SCP_S8; SCP_S16, for SCP03 alone */
    uint8_t host_challenge[SCP_S16];
    uint8_t random[SCP_S16]; /* used where the option says so */
    uint8_t diversification[SCP_DIVERSIFICATION_LEN];
};

bool isd_scp_option_is_known(uint8_t protocol, uint8_t option);

/*
 * INITIALIZE UPDATE (GP E.5.1, D 7.1.1): session keys, and the answer appended.
 * errors: ERR_UNSUPPORTED (option), ERR_KEY (keys of another kind), ERR_FORMAT (size), ERR_CRYPTO,
 *         ERR_SPACE
 */
NODISCARD enum err isd_scp_initialise(struct crypto *c, struct isd_scp *s,
                                      const struct isd_scp_begin *begin, struct wr *answer);

/*
 * EXTERNAL AUTHENTICATE (GP E.5.2, D 7.1.2): cryptogram and C-MAC, both in constant time. The
 * channel is open on ERR_OK and closed on anything else.
 * errors: ERR_CONDITIONS (not begun), ERR_UNSUPPORTED (level), ERR_FORMAT, ERR_MAC, ERR_CRYPTO
 */
NODISCARD enum err isd_scp_authenticate(struct crypto *c, struct isd_scp *s,
                                        const struct apdu *cmd);

/*
 * A command under secure messaging: MAC checked, deciphered. out is the command in clear,
 * its data in plain (255 bytes at least). ERR_MAC, ERR_FORMAT, ERR_PADDING close the channel.
 */
NODISCARD enum err isd_scp_unwrap(struct crypto *c, struct isd_scp *s, const struct apdu *cmd,
                                  struct wr *plain, struct apdu *out);

/* Protect an answer to cmd (in clear) as the level asks: data is enciphered in place, R-MAC
 * appended. Answers of failure are not protected. */
NODISCARD enum err isd_scp_wrap(struct crypto *c, struct isd_scp *s, const struct apdu *cmd,
                                sw_t sw, struct wr *data);

/* Bytes of answer data that one protected answer can carry. */
size_t isd_scp_room(const struct isd_scp *s);

void isd_scp_close(struct isd_scp *s);

#endif
