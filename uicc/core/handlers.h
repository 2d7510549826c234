/*
 * handlers.h - every handler in the command table (core/cmd.c), by the room that has it.
 */
#ifndef RESEAT_UICC_CORE_HANDLERS_H
#define RESEAT_UICC_CORE_HANDLERS_H

#include "uicc/core/card.h"

/* core/channel.c */
cmd_handler channel_cmd_manage;

/* core/terminal.c: what a terminal says of itself, and small commands about the card */
cmd_handler terminal_cmd_capability, terminal_cmd_challenge, terminal_cmd_suspend;

/* fs/select.c, rw.c, search.c, data.c, admin.c */
cmd_handler fs_cmd_select, fs_cmd_status;
cmd_handler fs_cmd_read_binary, fs_cmd_update_binary;
cmd_handler fs_cmd_read_record, fs_cmd_update_record, fs_cmd_search_record, fs_cmd_increase;
cmd_handler fs_cmd_retrieve_data, fs_cmd_set_data;
cmd_handler fs_cmd_create, fs_cmd_delete, fs_cmd_resize, fs_cmd_activate, fs_cmd_deactivate;
cmd_handler fs_cmd_terminate_ef, fs_cmd_terminate_df, fs_cmd_terminate_card;

/* pin/cmds.c */
cmd_handler pin_cmd_verify, pin_cmd_change, pin_cmd_disable, pin_cmd_enable, pin_cmd_unblock;

/* usim/auth.c, identity.c */
cmd_handler usim_cmd_authenticate, usim_cmd_authenticate_chained, usim_cmd_get_identity;

/* cat/session.c, envelope.c */
cmd_handler cat_cmd_terminal_profile, cat_cmd_fetch, cat_cmd_terminal_response, cat_cmd_envelope;

#endif
