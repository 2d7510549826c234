/*
 * What a load file would execute: methods, classes, fields, and the references between them.
 */
#include "uicc/applet/cap_parts.h"

#define HANDLER_LEN   8U
#define FLAG_EXTENDED 0x80 /* of a method header */

static enum err read_class_ref(const struct cap *c, struct rd *r, bool may_be_none)
{
    uint16_t ref = 0;
    enum err e = rd_u16(r, &ref);

    if (e != ERR_OK || (may_be_none && ref == NO_CLASS))
        return e;
    return cap_class_ref_fits(c, ref) ? ERR_OK : ERR_RANGE;
}

/* ---- Method, StaticField, ReferenceLocation ---- */

/* Handlers come first; what they protect and where they lead lies behind them. */
enum err applet_cap_methods(struct cap *c)
{
    struct rd r = c->info[CAP_METHOD];
    size_t size = r.left;
    uint8_t count = 0;
    uint16_t start, length, handler, type;
    enum err e = rd_u8(&r, &count);

    c->methods = 1 + count * HANDLER_LEN;
    for (unsigned i = 0; i < count && e == ERR_OK; i++) {
        e = rd_u16(&r, &start);
        if (e == ERR_OK)
            e = rd_u16(&r, &length);
        if (e == ERR_OK)
            e = rd_u16(&r, &handler);
        if (e == ERR_OK)
            e = rd_u16(&r, &type);
        if (e == ERR_OK && (!cap_method_fits(c, start) || !cap_method_fits(c, handler) ||
                            start + (length & 0x7FFFU) > size || type >= c->constants))
            e = ERR_RANGE;
    }
    return e;
}

enum err applet_cap_static_fields(const struct cap *c)
{
    struct rd r = c->info[CAP_STATIC_FIELD];
    uint16_t image = 0, references = 0, arrays = 0, zeros = 0, values = 0, count = 0;
    enum err e = rd_u16(&r, &image);

    if (e == ERR_OK && image != c->image)
        return ERR_FORMAT;
    if (e == ERR_OK)
        e = rd_u16(&r, &references);
    if (e == ERR_OK)
        e = rd_u16(&r, &arrays);
    for (unsigned i = 0; i < arrays && e == ERR_OK; i++) {
        e = cap_skip(&r, 1);
        if (e == ERR_OK)
            e = rd_u16(&r, &count);
        if (e == ERR_OK)
            e = cap_skip(&r, count);
    }
    if (e == ERR_OK)
        e = rd_u16(&r, &zeros);
    if (e == ERR_OK)
        e = rd_u16(&r, &values);
    if (e == ERR_OK)
        e = cap_skip(&r, values);
    if (e == ERR_OK && (arrays > references || 2U * references + zeros + values != image))
        return ERR_RANGE;
    return cap_at_end(r, e);
}

/* Distances between operands in the method component; 255 goes on with the next byte. */
static enum err check_locations(const struct cap *c, struct rd *r, size_t width)
{
    size_t limit = c->info[CAP_METHOD].left, at = 0;
    uint16_t count = 0;
    uint8_t distance = 0;
    enum err e = rd_u16(r, &count);

    for (unsigned i = 0; i < count && e == ERR_OK; i++) {
        e = rd_u8(r, &distance);
        at += distance;
        if (e == ERR_OK && distance != 255 && (at < c->methods || at + width > limit))
            e = ERR_RANGE;
    }
    return e;
}

enum err applet_cap_locations(const struct cap *c)
{
    struct rd r = c->info[CAP_REFERENCE_LOCATION];
    enum err e = check_locations(c, &r, 1);

    if (e == ERR_OK)
        e = check_locations(c, &r, 2);
    return cap_at_end(r, e);
}

/* ---- Class ---- */

#define CLASS_INTERFACE 0x80
#define CLASS_REMOTE    0x20

static enum err check_interface(const struct cap *c, struct rd *r, uint8_t bits)
{
    uint8_t len = 0;
    enum err e = ERR_OK;

    for (unsigned i = 0; i < (bits & 0x0FU) && e == ERR_OK; i++)
        e = read_class_ref(c, r, false);
    if (e == ERR_OK && (bits & CLASS_REMOTE) != 0)
        e = rd_u8(r, &len);
    return e == ERR_OK ? cap_skip(r, len) : e;
}

/* FFFF: the method is inherited from another package. */
static enum err check_method_table(const struct cap *c, struct rd *r, unsigned count)
{
    uint16_t offset = 0;
    enum err e = ERR_OK;

    for (unsigned i = 0; i < count && e == ERR_OK; i++) {
        e = rd_u16(r, &offset);
        if (e == ERR_OK && offset != NO_CLASS && !cap_method_fits(c, offset))
            e = ERR_RANGE;
    }
    return e;
}

static enum err check_implemented(const struct cap *c, struct rd *r)
{
    uint8_t count = 0;
    enum err e = read_class_ref(c, r, false);

    if (e == ERR_OK)
        e = rd_u8(r, &count);
    return e == ERR_OK ? cap_skip(r, count) : e;
}

/* Remote methods (JCVM 6.8.3): hashes, name, interfaces. */
static enum err check_remote(const struct cap *c, struct rd *r)
{
    uint8_t methods = 0, hash = 0, name = 0, interfaces = 0;
    enum err e = rd_u8(r, &methods);

    if (e == ERR_OK)
        e = cap_skip(r, methods * 5U);
    if (e == ERR_OK)
        e = rd_u8(r, &hash);
    if (e == ERR_OK)
        e = cap_skip(r, hash);
    if (e == ERR_OK)
        e = rd_u8(r, &name);
    if (e == ERR_OK)
        e = cap_skip(r, name);
    if (e == ERR_OK)
        e = rd_u8(r, &interfaces);
    for (unsigned i = 0; i < interfaces && e == ERR_OK; i++)
        e = read_class_ref(c, r, false);
    return e;
}

static enum err check_class(const struct cap *c, struct rd *r, uint8_t bits)
{
    uint8_t sizes[7]; /* instance size, first reference, references, public 2, package 2 */
    enum err e = read_class_ref(c, r, true);

    if (e == ERR_OK)
        e = rd_copy(r, sizes, sizeof sizes);
    if (e == ERR_OK)
        e = check_method_table(c, r, sizes[4]);
    if (e == ERR_OK)
        e = check_method_table(c, r, sizes[6]);
    for (unsigned i = 0; i < (bits & 0x0FU) && e == ERR_OK; i++)
        e = check_implemented(c, r);
    return e == ERR_OK && (bits & CLASS_REMOTE) != 0 ? check_remote(c, r) : e;
}

enum err applet_cap_classes(const struct cap *c)
{
    struct rd r = c->info[CAP_CLASS];
    uint16_t signatures = 0;
    uint8_t bits = 0;
    enum err e = ERR_OK;

    if (c->format >= 0x0202)
        e = rd_u16(&r, &signatures);
    if (e == ERR_OK)
        e = cap_skip(&r, signatures);
    while (e == ERR_OK && r.left > 0) {
        e = rd_u8(&r, &bits);
        if (e == ERR_OK)
            e = (bits & CLASS_INTERFACE) != 0 ? check_interface(c, &r, bits)
                                              : check_class(c, &r, bits);
    }
    return e;
}

/* ---- Export ---- */

static enum err check_exported(const struct cap *c, struct rd *r)
{
    uint16_t class_offset = 0, offset = 0;
    uint8_t fields = 0, methods = 0;
    enum err e = rd_u16(r, &class_offset);

    if (e == ERR_OK)
        e = rd_u8(r, &fields);
    if (e == ERR_OK)
        e = rd_u8(r, &methods);
    if (e == ERR_OK && class_offset >= c->info[CAP_CLASS].left)
        return ERR_RANGE;
    for (unsigned i = 0; i < fields && e == ERR_OK; i++) {
        e = rd_u16(r, &offset);
        if (e == ERR_OK && offset >= c->image)
            e = ERR_RANGE;
    }
    return e == ERR_OK ? check_method_table(c, r, methods) : e;
}

enum err applet_cap_exports(const struct cap *c)
{
    struct rd r = c->info[CAP_EXPORT];
    uint8_t count = 0;
    enum err e = ERR_OK;

    if (!c->there[CAP_EXPORT])
        return ERR_OK;
    e = rd_u8(&r, &count);
    for (unsigned i = 0; i < count && e == ERR_OK; i++)
        e = check_exported(c, &r);
    return cap_at_end(r, e);
}

/* ---- Descriptor ---- */

/* Is there a method of so many bytes of code at this offset? */
static bool code_fits(const struct cap *c, uint16_t offset, uint16_t len)
{
    struct rd info = c->info[CAP_METHOD];
    size_t header;

    if (!cap_method_fits(c, offset))
        return len == 0 && offset == 0; /* an interface's method has no body */
    header = (info.at[offset] & FLAG_EXTENDED) != 0 ? 4 : 2;
    return offset + header + len <= info.left;
}

static enum err check_method_descriptor(const struct cap *c, struct rd *r)
{
    uint16_t offset = 0, type = 0, len = 0;
    enum err e = cap_skip(r, 2); /* token, access flags */

    if (e == ERR_OK)
        e = rd_u16(r, &offset);
    if (e == ERR_OK)
        e = rd_u16(r, &type);
    if (e == ERR_OK)
        e = rd_u16(r, &len);
    if (e == ERR_OK)
        e = cap_skip(r, 4); /* handlers: the method component's own table is checked */
    return e == ERR_OK && !code_fits(c, offset, len) ? ERR_RANGE : e;
}

static enum err check_class_descriptor(const struct cap *c, struct rd *r)
{
    uint8_t interfaces = 0;
    uint16_t fields = 0, methods = 0;
    enum err e = cap_skip(r, 2); /* token, access flags */

    if (e == ERR_OK)
        e = read_class_ref(c, r, false);
    if (e == ERR_OK)
        e = rd_u8(r, &interfaces);
    if (e == ERR_OK)
        e = rd_u16(r, &fields);
    if (e == ERR_OK)
        e = rd_u16(r, &methods);
    for (unsigned i = 0; i < interfaces && e == ERR_OK; i++)
        e = read_class_ref(c, r, false);
    if (e == ERR_OK)
        e = cap_skip(r, fields * 7U);
    for (unsigned i = 0; i < methods && e == ERR_OK; i++)
        e = check_method_descriptor(c, r);
    return e;
}

static enum err check_types(const struct cap *c, struct rd *r)
{
    uint16_t count = 0;
    uint8_t nibbles = 0;
    enum err e = rd_u16(r, &count);

    if (e == ERR_OK && count != c->constants)
        return ERR_RANGE;
    if (e == ERR_OK)
        e = cap_skip(r, count * 2U);
    while (e == ERR_OK && r->left > 0) {
        e = rd_u8(r, &nibbles);
        if (e == ERR_OK)
            e = cap_skip(r, (nibbles + 1U) / 2);
    }
    return e;
}

enum err applet_cap_descriptor(const struct cap *c)
{
    struct rd r = c->info[CAP_DESCRIPTOR];
    uint8_t count = 0;
    enum err e = ERR_OK;

    if (!c->there[CAP_DESCRIPTOR])
        return ERR_OK;
    e = rd_u8(&r, &count);
    for (unsigned i = 0; i < count && e == ERR_OK; i++)
        e = check_class_descriptor(c, &r);
    return e == ERR_OK ? check_types(c, &r) : e;
}
