/*
 * params.h - install parameters (GP 11.5.2.3.7, TS 102 226 8.2.1.3.2): what an instance asks of
 * the card.
 *
 *   C9 for the application   EF { C6 C7 C8 memory, CA SIM toolkit }   EA { 80 toolkit, 81 files }
 */
#ifndef RESEAT_UICC_ISD_PARAMS_H
#define RESEAT_UICC_ISD_PARAMS_H

#include "uicc/isd/isd.h"

/*
 * Read into what is to be installed: quota, toolkit, access domain, level, TARs, parameters.
 * For a security domain C9 may hold 81 protocol option.
 * errors: ERR_FORMAT, ERR_SHORT, ERR_RANGE; ERR_SPACE for more entries or TARs than a card keeps
 */
NODISCARD enum err isd_params_read(struct rd params, struct applet_installation *out);

/* Memory that a load file asks for (EF { C6 C8 }); 0 when it does not say. */
NODISCARD enum err isd_params_memory(struct rd params, uint32_t *bytes);

#endif
