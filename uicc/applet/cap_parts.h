/*
 * cap_parts.h - a load file while it is checked, between cap.c (what it is made of and refers
 * to) and cap_code.c (classes, methods, fields). Private to the two.
 */
#ifndef RESEAT_UICC_APPLET_CAP_PARTS_H
#define RESEAT_UICC_APPLET_CAP_PARTS_H

#include "uicc/applet/cap.h"

enum component {
    CAP_HEADER = 1,
    CAP_DIRECTORY,
    CAP_APPLET,
    CAP_IMPORT,
    CAP_CONSTANT_POOL,
    CAP_CLASS,
    CAP_METHOD,
    CAP_STATIC_FIELD,
    CAP_REFERENCE_LOCATION,
    CAP_EXPORT,
    CAP_DESCRIPTOR,
    CAP_DEBUG,
};
#define COMPONENTS 12U

#define EXTERNAL 0x8000U /* a class reference into an imported package */
#define NO_CLASS 0xFFFFU

/* What is known of the file while it is checked. */
struct cap {
    struct rd info[COMPONENTS + 1]; /* by tag */
    bool there[COMPONENTS + 1];
    uint8_t flags;
    uint16_t format; /* major, minor of the CAP format */
    uint8_t imports;
    uint16_t constants;
    uint16_t image; /* bytes of static fields */
    size_t methods; /* where methods begin in their component */
};

/* ---- reading, and what references may point to ---- */

static inline enum err cap_skip(struct rd *r, size_t n)
{
    struct rd gone;

    return rd_take(r, n, &gone);
}

static inline enum err cap_at_end(struct rd r, enum err e)
{
    return e == ERR_OK && r.left > 0 ? ERR_FORMAT : e;
}

static inline bool cap_class_ref_fits(const struct cap *c, uint16_t ref)
{
    if ((ref & EXTERNAL) != 0)
        return (ref >> 8 & 0x7F) < c->imports;
    return ref < c->info[CAP_CLASS].left;
}

static inline bool cap_method_fits(const struct cap *c, size_t offset)
{
    return offset >= c->methods && offset < c->info[CAP_METHOD].left;
}

/* ---- cap_code.c: one function per component; the method component comes first ---- */

NODISCARD enum err applet_cap_methods(struct cap *c);
NODISCARD enum err applet_cap_static_fields(const struct cap *c);
NODISCARD enum err applet_cap_locations(const struct cap *c);
NODISCARD enum err applet_cap_classes(const struct cap *c);
NODISCARD enum err applet_cap_exports(const struct cap *c);
NODISCARD enum err applet_cap_descriptor(const struct cap *c);

#endif
