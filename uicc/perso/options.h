/*
 * options.h - what a profile text says, between the two halves of
 * perso_compile(): text.c reads it, tree.c builds the files.
 * Private to personalisation.
 */
#ifndef RESEAT_UICC_PERSO_OPTIONS_H
#define RESEAT_UICC_PERSO_OPTIONS_H

#include "uicc/perso.h"
#include "uicc/profile/rows.h"

#define PERSO_PATH_MAX    4
#define PERSO_TARS_MAX    64
#define PERSO_CHANGES_MAX 128
#define PERSO_SCHEMES_MAX 4
#define PERSO_BYTES_MAX   8192
#define PERSO_LABEL_MAX   16
#define PERSO_APPLETS_MAX 2048
#define PERSO_PINS_MAX    27 /* key references of TS 102 221 9.5.1 */

/* FIDs from below the MF; 7FFF as the first one is the USIM. */
struct perso_path {
    uint16_t fid[PERSO_PATH_MAX];
    uint8_t len;
};

/* "size": another length or number of records; 0 leaves the table's. */
struct perso_size {
    struct perso_path path;
    uint16_t len;
    uint8_t count;
    unsigned line; /* where the text says it */
};

/* "content": first content of a body, or of one record. */
struct perso_content {
    struct perso_path path;
    uint8_t record; /* 0: the body */
    uint16_t offset, len;
    unsigned line;
};

/* A protection scheme for SUCI (TS 33.501 annex C) with the home network's public key. */
struct perso_scheme {
    uint8_t scheme; /* 0 null, 1 A, 2 B */
    uint8_t key_id;
    uint8_t key_len;
    uint8_t key[33];
};

struct perso_options {
    char name[PROFILE_NAME_MAX + 1];
    char label[PERSO_LABEL_MAX + 1];
    bool service[SERVICES + 1]; /* by number; IST(n) of the ISIM */
    bool every_file;            /* files of services that are off are there too */
    bool sim_mode, isim;
    uint8_t ota_algorithm, ota_cc_len, rfm_refresh;
    uint64_t sqn_delta, sqn_age_limit;
    uint8_t historical[15], historical_len;
    struct profile_pin pins[PERSO_PINS_MAX]; /* PIN1, PIN2, ADM1 first */
    uint8_t pin_count;
    struct profile_tar tars[PERSO_TARS_MAX];
    uint8_t tar_count;
    struct perso_scheme schemes[PERSO_SCHEMES_MAX];
    uint8_t scheme_count;
    struct perso_size sizes[PERSO_CHANGES_MAX];
    uint16_t size_count;
    struct perso_content contents[PERSO_CHANGES_MAX];
    uint16_t content_count;
    uint8_t bytes[PERSO_BYTES_MAX]; /* of the contents */
    uint16_t bytes_len;
    uint8_t applets[PERSO_APPLETS_MAX]; /* as in the image */
    uint16_t applets_len;
};

/* --- compile.c --- */

/* The built-in profile; tools/profiles/m2m-5g.profile says the same. */
void perso_options_default(struct perso_options *o);

/* --- text.c --- */

/* Read a text over the defaults that are in o. message as perso_compile(). */
NODISCARD enum err perso_text_read(const char *text, struct perso_options *o, char *message);

/* "7FFF/5FC0/4F0A"; ERR_FORMAT. */
NODISCARD enum err perso_text_path(const char *text, struct perso_path *out);

/* --- applets.c --- */

/*
 * One applet of a profile text: MODULE, and what stands behind "=", which is taken apart.
 * out: installs  appended; wrong: on error, what (cap bytes)
 */
NODISCARD enum err perso_applets_read(const char *module, char *value, struct wr *installs,
                                      char *wrong, size_t cap);

/* Let the card that dev holds install them. errors: ERR_RANGE (it refuses one), ERR_NOMEM, those of
 * the store */
NODISCARD enum err perso_applets_install(struct nvm_device *dev, struct arena *arena,
                                         struct rd installs);

/* --- tree.c --- */

/* Does any card have this service? */
bool perso_tree_offers(unsigned service);

/* The files that o asks for, as an image. */
NODISCARD enum err perso_tree_build(const struct perso_options *o, struct wr *image, char *message);

/* The node at a path of FIDs, NODE_NONE if the profile has none. */
uint16_t perso_tree_find(const struct fs_file *files, uint16_t count,
                         const struct perso_path *path);

#endif
