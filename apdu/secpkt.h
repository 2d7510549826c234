/*
 * secpkt.h - TS 102 225 secured packets, in the SMS dialect of TS 31.115.
 *
 * Both ends link this file: the card opens commands and seals responses, the
 * server seals commands and opens responses. It keeps no keys, no counters and
 * no policy; uicc/remote/ and ota/campaign/ decide those.
 *
 * Command packet, from CPL on (ciphered part in brackets):
 *   CPL(2) CHL(1) SPI(2) KIc(1) KID(1) TAR(3) [ CNTR(5) PCNTR(1) RC/CC(0-8) data padding ]
 * Response packet, without its user data header 02 71 00:
 *   RPL(2) RHL(1) TAR(3) [ CNTR(5) PCNTR(1) RSC(1) RC/CC(0-8) data padding ]
 */
#ifndef RESEAT_APDU_SECPKT_H
#define RESEAT_APDU_SECPKT_H

#include "apdu/crypto.h"

#define SECPKT_COUNTER_MAX 0xFFFFFFFFFFULL /* 40 bits */
#define SECPKT_CC_LEN      8
#define SECPKT_CC_LEN_MIN  4    /* of an AES-CMAC, where both sides agreed */
#define SECPKT_MAX         4096 /* bytes of one packet, after reassembly */

/* SPI first byte (command), TS 102 225 5.1.1. */
#define SPI1_CHECK_MASK    0x03
#define SPI1_CHECK_NONE    0x00
#define SPI1_CHECK_RC      0x01
#define SPI1_CHECK_CC      0x02
#define SPI1_CIPHER        0x04
#define SPI1_COUNTER_MASK  0x18
#define SPI1_COUNTER_NONE  0x00
#define SPI1_COUNTER_ANY   0x08
#define SPI1_COUNTER_ABOVE 0x10
#define SPI1_COUNTER_NEXT  0x18

/* SPI second byte (response). */
#define SPI2_POR_MASK     0x03
#define SPI2_POR_NONE     0x00
#define SPI2_POR_ALWAYS   0x01
#define SPI2_POR_ON_ERROR 0x02
#define SPI2_CHECK_MASK   0x0C
#define SPI2_CHECK_RC     0x04
#define SPI2_CHECK_CC     0x08
#define SPI2_CIPHER       0x10
#define SPI2_BY_SUBMIT    0x20

/* Response status codes, TS 102 225 5.2.1; 0B and 0C TS 31.115 4.4. */
enum secpkt_rsc {
    RSC_OK = 0x00,
    RSC_CC_FAILED = 0x01,
    RSC_CNTR_LOW = 0x02,
    RSC_CNTR_HIGH = 0x03,
    RSC_CNTR_BLOCKED = 0x04,
    RSC_CIPHERING = 0x05,
    RSC_SECURITY = 0x06,
    RSC_MEMORY = 0x07,
    RSC_MORE_TIME = 0x08,
    RSC_TAR_UNKNOWN = 0x09,
    RSC_LEVEL = 0x0A,
    RSC_BY_SUBMIT = 0x0B,
    RSC_BY_USSD = 0x0C,
};

/* Text for people, never NULL, static. */
const char *secpkt_rsc_text(uint8_t rsc);

/* What a key is for: the algorithm is stored with the key, never taken from the packet. */
enum secpkt_algorithm {
    SECPKT_DES,   /* KIc/KID low nibble 1 */
    SECPKT_3DES2, /* 5 */
    SECPKT_3DES3, /* 9 */
    SECPKT_AES,   /* 2 */
};

struct secpkt_key {
    enum secpkt_algorithm algorithm;
    struct secret key;
};

struct secpkt_keys {
    struct secpkt_key kic;
    struct secpkt_key kid;
    uint8_t cc_len; /* SECPKT_CC_LEN or SECPKT_CC_LEN_MIN */
};

/*
 * How lists and profiles name the algorithm of a key set: aes, aes-cmac4 (CC of 4 bytes), 3des
 * (two keys or three), des. key_len tells 3DES with three keys; of a set named des, longer keys
 * are 3DES (its KIK).
 * errors: ERR_FORMAT
 */
NODISCARD enum err secpkt_algorithm_from_text(const char *text, size_t key_len,
                                              enum secpkt_algorithm *algorithm, uint8_t *cc_len);
const char *secpkt_algorithm_text(enum secpkt_algorithm algorithm, uint8_t cc_len);

/* Low nibble of KIc and KID that names an algorithm. */
uint8_t secpkt_nibble(enum secpkt_algorithm a);
/* What a key of it enciphers with. */
enum crypto_cipher secpkt_cipher(enum secpkt_algorithm a);

/* Fields of a command packet that say which application and which keys are meant. */
struct secpkt_header {
    uint8_t spi[2];
    uint8_t kic, kid;
    uint8_t tar[3];
};

struct secpkt_command {
    struct secpkt_header header;
    uint64_t counter; /* 40 bits used */
    struct rd data;   /* secured data without padding; see the functions for where it points */
};

struct secpkt_response {
    uint8_t tar[3];
    uint64_t counter;
    uint8_t rsc;
    struct rd data;
    bool authenticated; /* out only: a CC or RC was asked for and matched */
};

/*
 * Header of a command packet, nothing else looked at but the lengths.
 *
 * in:     packet  CPL .. last byte; untrusted
 * errors: ERR_SHORT   CPL, CHL or the header points past the packet
 *         ERR_FORMAT  CPL is not the length of what follows, or CHL is below 0D or past CPL
 */
NODISCARD enum err secpkt_peek_command(struct rd packet, struct secpkt_header *out);

/*
 * Build one command packet from CPL on.
 *
 * in:     command  header, counter, data
 *         keys     as SPI asks: kic when ciphered, kid when CC; RC size from KID (1: CRC-16,
 *                  5: CRC-32)
 * out:    packet   appended
 * errors: ERR_KEY      a key is missing or of another algorithm than KIc/KID say
 *         ERR_RANGE    counter above 40 bits, or data longer than CPL can say
 *         ERR_UNSUPPORTED  SPI or KIc/KID ask for what nobody has (DS, proprietary, DES-ECB)
 *         ERR_SPACE, ERR_CRYPTO
 * source: TS 102 225 5.1
 */
NODISCARD enum err secpkt_seal_command(struct crypto *c, const struct secpkt_command *command,
                                       const struct secpkt_keys *keys, struct wr *packet);

/*
 * Decrypt and authenticate one command packet.
 *
 * scratch: work  packet.left bytes at least; afterwards holds the plaintext that
 *                out->data points into; the caller cleanses it, also on error
 * errors:  ERR_SHORT, ERR_FORMAT  as secpkt_peek_command
 *          ERR_KEY      as secpkt_seal_command
 *          ERR_PADDING  PCNTR longer than the data, or not below the block length
 *          ERR_MAC      RC or CC mismatch (compared in constant time)
 *          ERR_SPACE, ERR_CRYPTO
 * not checked here: the counter (replay) and the security level: uicc/remote/
 */
NODISCARD enum err secpkt_open_command(struct crypto *c, struct rd packet,
                                       const struct secpkt_keys *keys, struct wr *work,
                                       struct secpkt_command *out);

/*
 * Build one response packet from RPL on (without 02 71 00, which is part of the CC input).
 * header is the command's: its SPI2, KIc and KID say how to protect the response.
 */
NODISCARD enum err secpkt_seal_response(struct crypto *c, const struct secpkt_response *response,
                                        const struct secpkt_header *header,
                                        const struct secpkt_keys *keys, struct wr *packet);

/*
 * Open one response packet from RPL on; header is that of the command it answers.
 * An error response that the card could not protect comes plain: it opens with
 * authenticated = false if its lengths say that no CC is there; the caller must
 * never act on such a response as on a proof.
 */
NODISCARD enum err secpkt_open_response(struct crypto *c, struct rd packet,
                                        const struct secpkt_header *header,
                                        const struct secpkt_keys *keys, struct wr *work,
                                        struct secpkt_response *out);

#endif
