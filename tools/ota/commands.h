/*
 * commands.h - the sub-commands of `ota`. Each gets argv from its own name on and returns the
 * program's exit status.
 */
#ifndef RESEAT_TOOLS_OTA_COMMANDS_H
#define RESEAT_TOOLS_OTA_COMMANDS_H

/* packet_seal.c, packet_open.c */
int packet_seal_main(int argc, char **argv);
int packet_open_main(int argc, char **argv);

/* card.c, import.c */
int card_import_main(int argc, char **argv);
int card_list_main(int argc, char **argv);
int card_show_main(int argc, char **argv);

/* create.c */
int campaign_create_main(int argc, char **argv);

/* campaign.c */
int campaign_start_main(int argc, char **argv);
int campaign_pause_main(int argc, char **argv);
int campaign_resume_main(int argc, char **argv);
int campaign_cancel_main(int argc, char **argv);
int campaign_list_main(int argc, char **argv);

/* report.c, watch.c */
int campaign_report_main(int argc, char **argv);
int campaign_watch_main(int argc, char **argv);

/* activate.c */
int campaign_activate_main(int argc, char **argv);

/* send.c */
int send_main(int argc, char **argv);

#endif
