/*
 * scp_parts.h - what scp.c is made of: the cryptography of each protocol, behind functions that
 * take a session and say nothing of its state.
 */
#ifndef RESEAT_UICC_ISD_SCP_PARTS_H
#define RESEAT_UICC_ISD_SCP_PARTS_H

#include "uicc/isd/scp.h"

#include <string.h>

#define CLA_SECURE 0x04
#define DES_BLOCK  8U
#define AES_BLOCK  16U
#define PLAIN_MAX  256U

/* Options "i", beside what every session has. */
#define SCP02_BASE     0x15
#define SCP02_COMPUTED 0x40
#define SCP02_R_MAC    0x20
#define SCP03_COMPUTED 0x10
#define SCP03_R_MAC    0x20
#define SCP03_R_ENC    0x40
#define SCP03_S16      0x01

/* --- scp02.c, scp03.c: session keys, and the answer to INITIALIZE UPDATE from the version on ---
 */

NODISCARD enum err scp02_initialise(struct crypto *c, struct isd_scp *s,
                                    const struct isd_scp_begin *begin, struct wr *answer);
NODISCARD enum err scp03_initialise(struct crypto *c, struct isd_scp *s,
                                    const struct isd_scp_begin *begin, struct wr *answer);

/* C-MAC of a command with its modified header (scp_header), over the clear data (SCP02) or what is
 * sent (SCP03); first: of EXTERNAL AUTHENTICATE. */
NODISCARD enum err scp02_mac(struct crypto *c, const struct isd_scp *s, const uint8_t header[5],
                             struct rd data, bool first, uint8_t mac[SCP_S8]);
NODISCARD enum err scp03_mac(struct crypto *c, const struct isd_scp *s, const uint8_t header[5],
                             struct rd data, uint8_t mac[16]);

/* R-MAC of SCP02, kept in the second half of the chain. */
NODISCARD enum err scp02_r_mac(struct crypto *c, struct isd_scp *s, const struct apdu *cmd,
                               struct rd data, struct rd status);

/* D 6.2.6, 6.2.7: the counter, enciphered, begins the chain of blocks. */
NODISCARD enum err scp03_icv(struct crypto *c, const struct isd_scp *s, bool answer,
                             uint8_t icv[16]);

/* --- both --- */

/* The class byte as it goes into a C-MAC: channel 0, secure messaging. */
static inline void scp_header(const struct apdu *cmd, size_t lc, uint8_t header[5])
{
    header[0] = (uint8_t)((cmd->cla & 0x80) | CLA_SECURE);
    header[1] = cmd->ins;
    header[2] = cmd->p1;
    header[3] = cmd->p2;
    header[4] = (uint8_t)lc;
}

/* GP B.2.3: 80, then 00 up to a whole block. */
static inline void scp_pad(struct wr *w, size_t block)
{
    wr_u8(w, 0x80);
    wr_fill(w, 0, (block - w->len % block) % block);
}

static inline void scp_xor(uint8_t *to, const uint8_t *with, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] ^= with[i];
}

#endif
