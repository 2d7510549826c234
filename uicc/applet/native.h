/*
 * native.h - the load files and modules that are part of the card.
 */
#ifndef RESEAT_UICC_APPLET_NATIVE_H
#define RESEAT_UICC_APPLET_NATIVE_H

#include "uicc/applet/applet.h"

struct native_module {
    struct applet_aid aid;
    const struct applet_ops *ops;
};

struct native_package {
    struct applet_aid aid;
    uint8_t version[2];
    const struct native_module *modules;
    size_t module_count;
};

extern const struct applet_ops native_hello, native_imsi_watch;

/* The n-th package, NULL beyond the last. */
const struct native_package *applet_native_package(unsigned n);

#endif
