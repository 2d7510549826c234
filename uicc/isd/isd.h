/*
 * isd.h - security domains (GlobalPlatform Card Specification 7, 11): the issuer's, and
 * supplementary ones. As an applet on the contact interface; its commands are those of
 * remote application management too.
 */
#ifndef RESEAT_UICC_ISD_ISD_H
#define RESEAT_UICC_ISD_ISD_H

#include "uicc/applet/manage.h"

/* The vtable behind every security domain. */
extern const struct applet_ops isd_applet;

#endif
