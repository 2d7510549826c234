/*
 * check.h - does a profile contradict itself?
 */
#ifndef RESEAT_UICC_PROFILE_CHECK_H
#define RESEAT_UICC_PROFILE_CHECK_H

#include "uicc/profile/profile.h"

/* Follow every reference: parents, EF.ARR, shared bodies; FIDs and SFIs that are there once, sizes
 * that fit, PINs and TARs that are known. ERR_CORRUPT */
NODISCARD enum err profile_check(const struct profile *p);

#endif
