/*
 * smsc.h - store and forward: short messages between ESMEs and handsets, with the
 * faults that a radio network has.
 */
#ifndef RESEAT_TOOLS_FLEET_SMSC_H
#define RESEAT_TOOLS_FLEET_SMSC_H

#include "tools/fleet/esme.h"
#include "tools/fleet/faults.h"
#include "tools/fleet/handset.h"
#include "tools/fleet/timers.h"

struct smsc;

struct smsc_counts {
    uint64_t submitted, delivered, refused, lost, doubled, waiting; /* to handsets */
    uint64_t from_handsets, power_cuts;
};

/* What the centre needs; kept. reports: hand the user data of delivery reports to the ESME as a
 * message, as some centres do. */
struct smsc_world {
    struct timers *timers;
    struct faults *faults;
    const struct handset_world *handsets;
    bool reports;
};

NODISCARD enum err smsc_new(const struct smsc_world *world, struct smsc **out);
void smsc_free(struct smsc **s);
/* ESMEs that it serves; set once. */
void smsc_set_server(struct smsc *s, struct esme_server *server);

/* esme_submit with a struct smsc as context. */
uint32_t smsc_submit(void *context, unsigned account, const struct smpp_pdu *pdu,
                     uint64_t *message_id);

/* This handset answers to that number now; what waits for it is delivered. */
void smsc_attached(struct smsc *s, const char *msisdn, struct handset *h);

/* A message of a handset. */
void smsc_from_handset(struct smsc *s, const char *from, const struct sms_submit *message);

struct smsc_counts smsc_counts(const struct smsc *s);

#endif
