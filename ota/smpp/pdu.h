/*
 * pdu.h - SMPP 3.4 protocol data units, both directions (SMPP 3.4 clauses 3 to 5).
 *
 *   command_length(4) command_id(4) command_status(4) sequence_number(4) body
 *
 * The ESME of this server and any SMS centre written on top of it share this
 * codec. One struct holds every field that some PDU has; which fields a PDU
 * carries, in which order and size, says one table in pdu.c.
 */
#ifndef RESEAT_OTA_SMPP_PDU_H
#define RESEAT_OTA_SMPP_PDU_H

#include "apdu/buf.h"

#define SMPP_HEADER_LEN     16
#define SMPP_PDU_MAX        65536 /* command_length beyond this ends the connection */
#define SMPP_SHORT_MAX      254   /* short_message; longer content goes to message_payload */
#define SMPP_VERSION        0x34
#define SMPP_RESPONSE       0x80000000U /* set in the command_id of every response */
#define SMPP_SEQUENCE_MAX   0x7FFFFFFFU
#define SMPP_ADDRESS_MAX    20
#define SMPP_MESSAGE_ID_MAX 64

enum smpp_command {
    SMPP_BIND_RECEIVER = 0x00000001,
    SMPP_BIND_TRANSMITTER = 0x00000002,
    SMPP_SUBMIT_SM = 0x00000004,
    SMPP_DELIVER_SM = 0x00000005,
    SMPP_UNBIND = 0x00000006,
    SMPP_BIND_TRANSCEIVER = 0x00000009,
    SMPP_ENQUIRE_LINK = 0x00000015,
    SMPP_DATA_SM = 0x00000103,
};
#define SMPP_GENERIC_NACK 0x80000000U

/* What a sender does about an error status. */
enum smpp_remedy {
    SMPP_FINE,    /* no error */
    SMPP_SLOWER,  /* keep the octets, wait, send again */
    SMPP_RETRY,   /* a passing fault of the network or the SMS centre */
    SMPP_GIVE_UP, /* this message will never be taken */
    SMPP_REBIND,  /* the session is not what we think it is */
};

/* X(name, value, remedy, text), SMPP 3.4 5.1.3 */
#define SMPP_STATUS_LIST(X)                                                        \
    X(SMPP_ROK, 0x00, SMPP_FINE, "no error")                                       \
    X(SMPP_RINVMSGLEN, 0x01, SMPP_GIVE_UP, "message length is invalid")            \
    X(SMPP_RINVCMDLEN, 0x02, SMPP_GIVE_UP, "command length is invalid")            \
    X(SMPP_RINVCMDID, 0x03, SMPP_GIVE_UP, "invalid command id")                    \
    X(SMPP_RINVBNDSTS, 0x04, SMPP_REBIND, "incorrect bind status for the command") \
    X(SMPP_RALYBND, 0x05, SMPP_REBIND, "already bound")                            \
    X(SMPP_RINVPRTFLG, 0x06, SMPP_GIVE_UP, "invalid priority flag")                \
    X(SMPP_RINVREGDLVFLG, 0x07, SMPP_GIVE_UP, "invalid registered delivery flag")  \
    X(SMPP_RSYSERR, 0x08, SMPP_RETRY, "system error")                              \
    X(SMPP_RINVSRCADR, 0x0A, SMPP_GIVE_UP, "invalid source address")               \
    X(SMPP_RINVDSTADR, 0x0B, SMPP_GIVE_UP, "invalid destination address")          \
    X(SMPP_RINVMSGID, 0x0C, SMPP_GIVE_UP, "message id is invalid")                 \
    X(SMPP_RBINDFAIL, 0x0D, SMPP_REBIND, "bind failed")                            \
    X(SMPP_RINVPASWD, 0x0E, SMPP_REBIND, "invalid password")                       \
    X(SMPP_RINVSYSID, 0x0F, SMPP_REBIND, "invalid system id")                      \
    X(SMPP_RMSGQFUL, 0x14, SMPP_SLOWER, "message queue full")                      \
    X(SMPP_RINVESMCLASS, 0x43, SMPP_GIVE_UP, "invalid esm_class")                  \
    X(SMPP_RSUBMITFAIL, 0x45, SMPP_RETRY, "submit_sm failed")                      \
    X(SMPP_RTHROTTLED, 0x58, SMPP_SLOWER, "throttling: allowed rate exceeded")     \
    X(SMPP_RINVEXPIRY, 0x62, SMPP_GIVE_UP, "invalid validity period")              \
    X(SMPP_RX_T_APPN, 0x64, SMPP_RETRY, "receiver: temporary error")               \
    X(SMPP_RX_P_APPN, 0x65, SMPP_GIVE_UP, "receiver: permanent error")             \
    X(SMPP_RX_R_APPN, 0x66, SMPP_GIVE_UP, "receiver: message rejected")            \
    X(SMPP_RINVOPTPARSTREAM, 0xC0, SMPP_GIVE_UP, "error in the optional part")     \
    X(SMPP_RINVPARLEN, 0xC2, SMPP_GIVE_UP, "invalid parameter length")             \
    X(SMPP_RDELIVERYFAILURE, 0xFE, SMPP_RETRY, "delivery failure")                 \
    X(SMPP_RUNKNOWNERR, 0xFF, SMPP_RETRY, "unknown error")

#define SMPP_STATUS_ENUM(name, value, remedy, text) name = (value),
enum smpp_status { SMPP_STATUS_LIST(SMPP_STATUS_ENUM) };
#undef SMPP_STATUS_ENUM

/* Never NULL, static; statuses the list does not have are "reserved or vendor's own". */
const char *smpp_status_text(uint32_t status);
/* SMPP_RETRY for a status that the list does not have. */
enum smpp_remedy smpp_status_remedy(uint32_t status);

/* esm_class, SMPP 3.4 5.2.12 */
#define SMPP_ESM_MODE_MASK 0x03
#define SMPP_ESM_TYPE_MASK 0x3C
#define SMPP_ESM_RECEIPT   0x04 /* type: SMS centre delivery receipt */
#define SMPP_ESM_UDHI      0x40

/* message_state, SMPP 3.4 5.2.28 */
enum smpp_message_state {
    SMPP_STATE_ENROUTE = 1,
    SMPP_STATE_DELIVERED = 2,
    SMPP_STATE_EXPIRED = 3,
    SMPP_STATE_DELETED = 4,
    SMPP_STATE_UNDELIVERABLE = 5,
    SMPP_STATE_ACCEPTED = 6,
    SMPP_STATE_UNKNOWN = 7,
    SMPP_STATE_REJECTED = 8,
};

#define SMPP_TON_INTERNATIONAL 1
#define SMPP_NPI_ISDN          1

struct smpp_address {
    uint8_t ton, npi;
    char digits[SMPP_ADDRESS_MAX + 1];
};

/* Bits of smpp_pdu.has: which optional parameters are there (written, or were read). */
enum smpp_tlv {
    SMPP_TLV_MESSAGE_PAYLOAD = 1 << 0,
    SMPP_TLV_RECEIPTED_MESSAGE_ID = 1 << 1,
    SMPP_TLV_MESSAGE_STATE = 1 << 2,
    SMPP_TLV_NETWORK_ERROR = 1 << 3,
    SMPP_TLV_USER_REFERENCE = 1 << 4,
    SMPP_TLV_SC_VERSION = 1 << 5,
    SMPP_TLV_SAR_REFERENCE = 1 << 6,
    SMPP_TLV_SAR_TOTAL = 1 << 7,
    SMPP_TLV_SAR_SEQUENCE = 1 << 8,
    SMPP_TLV_MORE_MESSAGES = 1 << 9,
};

struct smpp_pdu {
    uint32_t command; /* enum smpp_command, | SMPP_RESPONSE */
    uint32_t status;
    uint32_t sequence;

    /* bind_*: system_id alone in the response */
    char system_id[16];
    char password[9]; /* the reader's to wipe: smpp_pdu_wipe() */
    char system_type[13];
    uint8_t interface_version;
    struct smpp_address range; /* addr_ton, addr_npi; digits unused */
    char address_range[41];

    /* submit_sm, deliver_sm, data_sm */
    char service_type[6];
    struct smpp_address source, destination;
    uint8_t esm_class, protocol_id, priority;
    char schedule[17], validity[17];
    uint8_t registered_delivery, replace_if_present, data_coding, default_message;
    struct rd short_message; /* borrowed; at most SMPP_SHORT_MAX when written */

    char message_id[SMPP_MESSAGE_ID_MAX + 1]; /* submit_sm_resp, deliver_sm_resp */

    unsigned has;              /* bits of enum smpp_tlv */
    struct rd message_payload; /* borrowed */
    char receipted_message_id[SMPP_MESSAGE_ID_MAX + 1];
    uint8_t message_state;
    uint8_t network_error[3];
    uint16_t user_reference;
    uint8_t sc_version;
    uint16_t sar_reference;
    uint8_t sar_total, sar_sequence;
    uint8_t more_messages;
};

/*
 * How long the PDU at the start of a byte stream is.
 *
 * out:    length  command_length, which may be more than what is there yet
 * errors: ERR_SHORT  fewer than 4 bytes: read on
 *         ERR_RANGE  command_length below 16 or above SMPP_PDU_MAX: nothing can be
 *                    found in this stream any more, close it
 */
NODISCARD enum err smpp_length(struct rd stream, size_t *length);

/*
 * Read one whole PDU.
 *
 * in:     bytes  exactly command_length bytes; untrusted
 * out:    out    strings terminated; short_message and message_payload point into bytes.
 *                On every error but ERR_SHORT and ERR_RANGE of the header, command and sequence
 *                are set, so that the caller can answer generic_nack or a response
 * errors: ERR_SHORT        fewer than 16 bytes, or a field runs past the end
 *         ERR_RANGE        command_length is not the number of bytes
 *         ERR_FORMAT       string without its NUL in the size SMPP allows, TLV of wrong length
 *                          or doubled, bytes behind a body that takes no TLVs
 *         ERR_UNSUPPORTED  command_id not in the table (answer generic_nack, SMPP_RINVCMDID)
 * A response may end after its header: error responses carry no body (SMPP 3.4 4.4.2).
 */
NODISCARD enum err smpp_read(struct rd bytes, struct smpp_pdu *out);

/*
 * Append one PDU; command_length is computed.
 * errors (through the writer): overflow also for a command not in the table or a
 * short_message above SMPP_SHORT_MAX. A response with a status other than 0 has no body.
 */
void smpp_write(struct wr *w, const struct smpp_pdu *pdu);

/* A PDU with nothing but a header. */
struct smpp_pdu smpp_header(uint32_t command, uint32_t status, uint32_t sequence);

/* The user data of a message: message_payload when it is there, else short_message. */
struct rd smpp_content(const struct smpp_pdu *pdu);

/* Text into one of the string fields above: ERR_RANGE when it does not fit. */
NODISCARD enum err smpp_set(char *field, size_t field_size, const char *text);

/* Forget password and everything else. */
void smpp_pdu_wipe(struct smpp_pdu *pdu);

/* "submit_sm", "deliver_sm_resp"...; "unknown" otherwise. */
const char *smpp_command_name(uint32_t command);

#endif
