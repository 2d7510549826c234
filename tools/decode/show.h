/*
 * show.h - the decoders among themselves. Each appends to a node what a piece of bytes says.
 * Private to tools/decode/.
 */
#ifndef RESEAT_TOOLS_DECODE_SHOW_H
#define RESEAT_TOOLS_DECODE_SHOW_H

#include "tools/decode/decode.h"

typedef void show_fn(struct decode *d, struct tree_node *n, struct rd bytes);

/* A number of a standard and its name. Tables end with a NULL name. */
struct show_name {
    uint32_t value;
    const char *name;
};
const char *show_name(const struct show_name *table, uint32_t value, const char *otherwise);

/* One row per tag of a template. */
struct show_tlv {
    uint32_t tag;
    const char *name;
    show_fn *show; /* NULL: bytes alone */
    enum tree_rule rule;
};

/* --- tlv.c: objects by table --- */
void show_tlvs(struct decode *d, struct tree_node *n, struct rd bytes,
               const struct show_tlv *table);
void show_ctlvs(struct decode *d, struct tree_node *n, struct rd bytes,
                const struct show_tlv *table);

/* --- words.c: pieces that many files share --- */
show_fn show_number, show_fid, show_path, show_aid, show_text_alpha, show_text_ascii, show_plmn;
show_fn show_rp_address, show_number_bcd, show_hidden;
const char *show_plmn_text(const uint8_t *plmn, char text[12]);
/* "list" of bits that are on, by a table of bit number (from 0) and name */
void show_bits(struct decode *d, struct tree_node *n, struct rd bytes,
               const struct show_name *table);

/* --- fcp.c --- */
show_fn show_fcp, show_arr_rules, show_sim_select;
/* EF of the tag 82 object: is it made of records, of which length? */

/* --- ef.c --- */
struct decode_ef {
    uint16_t fid;
    uint16_t places; /* of enum decode_place */
    uint8_t sfi;
    const char *name;
    show_fn *show;
    enum tree_rule rule;
    bool needed; /* every card has it */
};
extern const struct decode_ef show_ef_table[];
extern const size_t show_ef_count;
const struct decode_ef *show_ef_find(enum decode_place place, uint16_t fid);
const struct decode_ef *show_ef_by_sfi(enum decode_place place, uint8_t sfi);
const char *show_df_name(enum decode_place application, const uint16_t *path, size_t depth);
enum decode_place show_place(enum decode_place application, const uint16_t *path, size_t depth);
bool show_is_df(uint16_t fid);

/* --- content.c, content_network.c: what files hold --- */
show_fn show_imsi, show_iccid, show_ad, show_ust, show_ist, show_sst, show_acc, show_spn, show_dir,
    show_languages, show_keys, show_kc, show_minutes, show_ecc, show_dialling, show_sms_record,
    show_smsp, show_smss, show_pnn, show_umpc, show_pbr, show_phase, show_flag_list, show_identity,
    show_suci_info, show_routing, show_nai;
show_fn show_plmns, show_plmn_acts, show_loci, show_psloci, show_epsloci, show_5gsloci, show_opl,
    show_spdi, show_loci_gprs;

/* --- atr.c --- */
show_fn show_atr;

/* --- cat.c --- */
show_fn show_terminal_profile, show_proactive, show_terminal_response, show_envelope;

/* --- sms.c --- */
show_fn show_tpdu_to_card, show_tpdu_from_card, show_report_ud;
struct rd show_tpdu_cut(struct rd bytes, bool submit);

/* --- packet.c --- */
show_fn show_command_packet, show_response_packet;

/* --- script.c: what packets carry --- */
void show_secured_data(struct decode *d, struct tree_node *n, struct rd data);
void show_response_data(struct decode *d, struct tree_node *n, struct rd data);

/* --- exchange.c, by the table in command.c --- */
struct show_exchange {
    struct decode *d;
    struct decode_channel *channel;
    struct apdu command;
    bool command_hidden; /* part of the data is not in the trace */
    bool answer_hidden;
    bool answered;
    struct rd answer; /* data */
    sw_t sw;
    struct tree_node *root; /* its name is the command, its text what it asks */
    struct tree_node *in, *out;
};
/* Decode one exchange into x->root, which holds nothing yet. */
void show_exchange(struct show_exchange *x);

enum show_class { CLASS_ISO = 1, CLASS_ETSI = 2, CLASS_SIM = 4, CLASS_GP = 8 };

typedef void show_exchange_fn(struct show_exchange *x);

struct show_command {
    uint8_t ins;
    uint8_t classes; /* of enum show_class */
    const char *name;
    show_exchange_fn *command; /* text of root, parts of in; NULL: data as bytes */
    show_exchange_fn *answer;  /* parts of out; NULL: data as bytes */
};
/* NULL for an instruction that no table has. */
const struct show_command *show_command_find(const struct apdu *command);

/* Whether the card did what was asked, as far as the trace tells. */
bool show_succeeded(const struct show_exchange *x);

/* --- select.c --- */
show_exchange_fn show_select, show_select_answer, show_status, show_status_answer;
/* --- files.c --- */
show_exchange_fn show_read_binary, show_read_record, show_content, show_update_binary,
    show_update_record, show_search, show_search_answer, show_increase, show_increase_answer,
    show_file_command, show_create, show_object, show_object_answer;
/* --- auth.c --- */
show_exchange_fn show_pin, show_authenticate, show_authenticate_answer, show_run_gsm,
    show_run_gsm_answer, show_manage_channel, show_manage_channel_answer, show_capability,
    show_identity_request, show_suspend, show_suspend_answer;
/* --- manage.c --- */
show_exchange_fn show_install, show_delete, show_put_key, show_get_status, show_get_data,
    show_get_data_answer;

#endif
