/*
 * Component: tag(1) size(2) info(size). Numbers are big-endian.
 */
#include "uicc/applet/cap.h"

#define MAGIC 0xDECAFFEDU

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
#define COMPONENTS  12U
#define CUSTOM_FROM 128U

#define FLAG_INT    0x01
#define FLAG_EXPORT 0x02
#define FLAG_APPLET 0x04

#define EXTERNAL      0x8000U /* a class reference into an imported package */
#define NO_CLASS      0xFFFFU
#define HANDLER_LEN   8U
#define FLAG_EXTENDED 0x80 /* of a method header */

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

/* ---- reading ---- */

static enum err skip(struct rd *r, size_t n)
{
    struct rd gone;

    return rd_take(r, n, &gone);
}

static enum err read_aid(struct rd *r, struct applet_aid *aid)
{
    uint8_t len = 0;
    struct rd bytes;
    enum err e = rd_u8(r, &len);

    if (e == ERR_OK)
        e = rd_take(r, len, &bytes);
    return e == ERR_OK && !applet_aid_set(aid, bytes) ? ERR_RANGE : e;
}

/* Version, minor first, and AID. */
static enum err read_package(struct rd *r, uint8_t version[2], struct applet_aid *aid)
{
    enum err e = rd_u8(r, &version[1]);

    if (e == ERR_OK)
        e = rd_u8(r, &version[0]);
    return e == ERR_OK ? read_aid(r, aid) : e;
}

static enum err at_end(struct rd r, enum err e)
{
    return e == ERR_OK && r.left > 0 ? ERR_FORMAT : e;
}

/* ---- what references may point to ---- */

static bool class_ref_fits(const struct cap *c, uint16_t ref)
{
    if ((ref & EXTERNAL) != 0)
        return (ref >> 8 & 0x7F) < c->imports;
    return ref < c->info[CAP_CLASS].left;
}

static bool method_fits(const struct cap *c, size_t offset)
{
    return offset >= c->methods && offset < c->info[CAP_METHOD].left;
}

static enum err read_class_ref(const struct cap *c, struct rd *r, bool may_be_none)
{
    uint16_t ref = 0;
    enum err e = rd_u16(r, &ref);

    if (e != ERR_OK || (may_be_none && ref == NO_CLASS))
        return e;
    return class_ref_fits(c, ref) ? ERR_OK : ERR_RANGE;
}

/* ---- split into components ---- */

static enum err take_component(struct cap *c, struct rd *file)
{
    uint8_t tag = 0;
    uint16_t size = 0;
    struct rd info;
    enum err e = rd_u8(file, &tag);

    if (e == ERR_OK)
        e = rd_u16(file, &size);
    if (e == ERR_OK)
        e = rd_take(file, size, &info);
    if (e != ERR_OK || tag >= CUSTOM_FROM)
        return e;
    if (tag == 0 || tag > COMPONENTS || c->there[tag] ||
        (!c->there[CAP_HEADER] && tag != CAP_HEADER))
        return ERR_FORMAT;
    c->there[tag] = true;
    c->info[tag] = info;
    return ERR_OK;
}

/* Which components a file must have, and which it may have only with a flag. */
static bool is_complete(const struct cap *c)
{
    static const uint8_t needed[] = {
        CAP_HEADER, CAP_DIRECTORY,     CAP_IMPORT,       CAP_CLASS,
        CAP_METHOD, CAP_CONSTANT_POOL, CAP_STATIC_FIELD, CAP_REFERENCE_LOCATION};

    for (size_t i = 0; i < ARRAY_LEN(needed); i++) {
        if (!c->there[needed[i]])
            return false;
    }
    return c->there[CAP_APPLET] == ((c->flags & FLAG_APPLET) != 0) &&
           c->there[CAP_EXPORT] == ((c->flags & FLAG_EXPORT) != 0);
}

/* ---- one function per component ---- */

static enum err check_header(struct cap *c, struct applet_cap *out)
{
    struct rd r = c->info[CAP_HEADER];
    uint32_t magic = 0;
    uint8_t minor = 0, major = 0, name_len = 0;
    enum err e = rd_u32(&r, &magic);

    if (e == ERR_OK && magic != MAGIC)
        return ERR_FORMAT;
    if (e == ERR_OK)
        e = rd_u8(&r, &minor);
    if (e == ERR_OK)
        e = rd_u8(&r, &major);
    if (e == ERR_OK && major != 2)
        return ERR_UNSUPPORTED;
    if (e == ERR_OK)
        e = rd_u8(&r, &c->flags);
    if (e == ERR_OK && (c->flags & (uint8_t) ~(FLAG_INT | FLAG_EXPORT | FLAG_APPLET)) != 0)
        return ERR_UNSUPPORTED;
    if (e == ERR_OK)
        e = read_package(&r, out->version, &out->package);
    if (e == ERR_OK && r.left > 0) /* the name came with 2.2 */
        e = rd_u8(&r, &name_len);
    if (e == ERR_OK)
        e = skip(&r, name_len);
    c->format = (uint16_t)(major << 8 | minor);
    out->integers = (c->flags & FLAG_INT) != 0;
    return at_end(r, e);
}

static enum err check_custom(struct rd *r)
{
    struct applet_aid aid;
    uint8_t count = 0;
    enum err e = rd_u8(r, &count);

    for (unsigned i = 0; i < count && e == ERR_OK; i++) {
        e = skip(r, 3);
        if (e == ERR_OK)
            e = read_aid(r, &aid);
    }
    return e;
}

/* Sizes of all components; the debug component is not loaded, and 2.1 did not know it. */
static enum err check_sizes(const struct cap *c, struct rd *r)
{
    unsigned known = c->format >= 0x0202 ? CAP_DEBUG : CAP_DESCRIPTOR;
    uint16_t size = 0;

    for (unsigned tag = CAP_HEADER; tag <= known; tag++) {
        enum err e = rd_u16(r, &size);

        if (e != ERR_OK)
            return e;
        if (c->there[tag] && size != c->info[tag].left)
            return ERR_FORMAT;
        if (!c->there[tag] && size != 0 && tag < CAP_DESCRIPTOR)
            return ERR_FORMAT;
    }
    return ERR_OK;
}

static enum err check_directory(struct cap *c, uint8_t *applets)
{
    struct rd r = c->info[CAP_DIRECTORY];
    enum err e = check_sizes(c, &r);

    if (e == ERR_OK)
        e = rd_u16(&r, &c->image);
    if (e == ERR_OK)
        e = skip(&r, 4); /* array initialisation: the static field component says it again */
    if (e == ERR_OK)
        e = rd_u8(&r, &c->imports);
    if (e == ERR_OK)
        e = rd_u8(&r, applets);
    if (e == ERR_OK)
        e = check_custom(&r);
    return at_end(r, e);
}

static enum err check_applets(const struct cap *c, uint8_t count, struct applet_cap *out)
{
    struct rd r = c->info[CAP_APPLET];
    uint8_t said = 0;
    uint16_t install = 0;
    enum err e = ERR_OK;

    if (!c->there[CAP_APPLET])
        return count == 0 ? ERR_OK : ERR_FORMAT;
    e = rd_u8(&r, &said);
    if (e == ERR_OK && (said != count || count == 0 || count > APPLET_CAP_MODULES_MAX))
        return ERR_RANGE;
    for (unsigned i = 0; i < count && e == ERR_OK; i++) {
        e = read_aid(&r, &out->modules[i]);
        if (e == ERR_OK)
            e = rd_u16(&r, &install);
        if (e == ERR_OK && !method_fits(c, install))
            e = ERR_RANGE;
    }
    out->module_count = count;
    return at_end(r, e);
}

static enum err check_imports(const struct cap *c)
{
    struct rd r = c->info[CAP_IMPORT];
    struct applet_aid aid;
    uint8_t count = 0, version[2];
    enum err e = rd_u8(&r, &count);

    if (e == ERR_OK && (count != c->imports || count > APPLET_CAP_IMPORTS_MAX))
        return ERR_RANGE;
    for (unsigned i = 0; i < count && e == ERR_OK; i++)
        e = read_package(&r, version, &aid);
    return at_end(r, e);
}

/* JCVM 6.7: a field or method of this package by offset, of another one by tokens. */
static bool static_ref_fits(const struct cap *c, const uint8_t info[3], bool method)
{
    uint16_t offset = (uint16_t)(info[1] << 8 | info[2]);

    if ((info[0] & 0x80) != 0)
        return (info[0] & 0x7F) < c->imports;
    if (info[0] != 0)
        return false;
    return method ? method_fits(c, offset) : offset < c->image;
}

static bool constant_fits(const struct cap *c, uint8_t tag, const uint8_t info[3])
{
    enum { CLASS = 1, INSTANCE_FIELD, VIRTUAL, SUPER, STATIC_FIELD, STATIC_METHOD };
    uint16_t ref = (uint16_t)(info[0] << 8 | info[1]);

    switch (tag) {
    case CLASS:
        return class_ref_fits(c, ref) && info[2] == 0;
    case INSTANCE_FIELD:
    case VIRTUAL:
    case SUPER:
        return class_ref_fits(c, ref);
    case STATIC_FIELD:
        return static_ref_fits(c, info, false);
    case STATIC_METHOD:
        return static_ref_fits(c, info, true);
    default:
        return false;
    }
}

static enum err check_constants(struct cap *c)
{
    struct rd r = c->info[CAP_CONSTANT_POOL];
    uint8_t tag = 0, info[3];
    enum err e = rd_u16(&r, &c->constants);

    for (unsigned i = 0; i < c->constants && e == ERR_OK; i++) {
        e = rd_u8(&r, &tag);
        if (e == ERR_OK)
            e = rd_copy(&r, info, sizeof info);
        if (e == ERR_OK && !constant_fits(c, tag, info))
            e = ERR_RANGE;
    }
    return at_end(r, e);
}

/* Handlers come first; what they protect and where they lead lies behind them. */
static enum err check_methods(struct cap *c)
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
        if (e == ERR_OK && (!method_fits(c, start) || !method_fits(c, handler) ||
                            start + (length & 0x7FFFU) > size || type >= c->constants))
            e = ERR_RANGE;
    }
    return e;
}

static enum err check_static_fields(const struct cap *c)
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
        e = skip(&r, 1);
        if (e == ERR_OK)
            e = rd_u16(&r, &count);
        if (e == ERR_OK)
            e = skip(&r, count);
    }
    if (e == ERR_OK)
        e = rd_u16(&r, &zeros);
    if (e == ERR_OK)
        e = rd_u16(&r, &values);
    if (e == ERR_OK)
        e = skip(&r, values);
    if (e == ERR_OK && (arrays > references || 2U * references + zeros + values != image))
        return ERR_RANGE;
    return at_end(r, e);
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

static enum err check_reference_locations(const struct cap *c)
{
    struct rd r = c->info[CAP_REFERENCE_LOCATION];
    enum err e = check_locations(c, &r, 1);

    if (e == ERR_OK)
        e = check_locations(c, &r, 2);
    return at_end(r, e);
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
    return e == ERR_OK ? skip(r, len) : e;
}

/* FFFF: the method is inherited from another package. */
static enum err check_method_table(const struct cap *c, struct rd *r, unsigned count)
{
    uint16_t offset = 0;
    enum err e = ERR_OK;

    for (unsigned i = 0; i < count && e == ERR_OK; i++) {
        e = rd_u16(r, &offset);
        if (e == ERR_OK && offset != NO_CLASS && !method_fits(c, offset))
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
    return e == ERR_OK ? skip(r, count) : e;
}

/* Remote methods (JCVM 6.8.3): hashes, name, interfaces. */
static enum err check_remote(const struct cap *c, struct rd *r)
{
    uint8_t methods = 0, hash = 0, name = 0, interfaces = 0;
    enum err e = rd_u8(r, &methods);

    if (e == ERR_OK)
        e = skip(r, methods * 5U);
    if (e == ERR_OK)
        e = rd_u8(r, &hash);
    if (e == ERR_OK)
        e = skip(r, hash);
    if (e == ERR_OK)
        e = rd_u8(r, &name);
    if (e == ERR_OK)
        e = skip(r, name);
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

static enum err check_classes(const struct cap *c)
{
    struct rd r = c->info[CAP_CLASS];
    uint16_t signatures = 0;
    uint8_t bits = 0;
    enum err e = ERR_OK;

    if (c->format >= 0x0202)
        e = rd_u16(&r, &signatures);
    if (e == ERR_OK)
        e = skip(&r, signatures);
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

static enum err check_exports(const struct cap *c)
{
    struct rd r = c->info[CAP_EXPORT];
    uint8_t count = 0;
    enum err e = ERR_OK;

    if (!c->there[CAP_EXPORT])
        return ERR_OK;
    e = rd_u8(&r, &count);
    for (unsigned i = 0; i < count && e == ERR_OK; i++)
        e = check_exported(c, &r);
    return at_end(r, e);
}

/* ---- Descriptor ---- */

/* Is there a method of so many bytes of code at this offset? */
static bool code_fits(const struct cap *c, uint16_t offset, uint16_t len)
{
    struct rd info = c->info[CAP_METHOD];
    size_t header;

    if (!method_fits(c, offset))
        return len == 0 && offset == 0; /* an interface's method has no body */
    header = (info.at[offset] & FLAG_EXTENDED) != 0 ? 4 : 2;
    return offset + header + len <= info.left;
}

static enum err check_method_descriptor(const struct cap *c, struct rd *r)
{
    uint16_t offset = 0, type = 0, len = 0;
    enum err e = skip(r, 2); /* token, access flags */

    if (e == ERR_OK)
        e = rd_u16(r, &offset);
    if (e == ERR_OK)
        e = rd_u16(r, &type);
    if (e == ERR_OK)
        e = rd_u16(r, &len);
    if (e == ERR_OK)
        e = skip(r, 4); /* handlers: the method component's own table is checked */
    return e == ERR_OK && !code_fits(c, offset, len) ? ERR_RANGE : e;
}

static enum err check_class_descriptor(const struct cap *c, struct rd *r)
{
    uint8_t interfaces = 0;
    uint16_t fields = 0, methods = 0;
    enum err e = skip(r, 2); /* token, access flags */

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
        e = skip(r, fields * 7U);
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
        e = skip(r, count * 2U);
    while (e == ERR_OK && r->left > 0) {
        e = rd_u8(r, &nibbles);
        if (e == ERR_OK)
            e = skip(r, (nibbles + 1U) / 2);
    }
    return e;
}

static enum err check_descriptor(const struct cap *c)
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

/* ---- the whole ---- */

/* In an order in which each finds what it refers to. */
static enum err check_contents(struct cap *c, struct applet_cap *out)
{
    uint8_t applets = 0;
    struct rd constants = c->info[CAP_CONSTANT_POOL];
    enum err e = check_directory(c, &applets);

    if (e == ERR_OK)
        e = check_imports(c);
    if (e == ERR_OK)
        e = rd_u16(&constants, &c->constants);
    if (e == ERR_OK)
        e = check_methods(c);
    if (e == ERR_OK)
        e = check_constants(c);
    if (e == ERR_OK)
        e = check_applets(c, applets, out);
    if (e == ERR_OK)
        e = check_classes(c);
    if (e == ERR_OK)
        e = check_static_fields(c);
    if (e == ERR_OK)
        e = check_reference_locations(c);
    if (e == ERR_OK)
        e = check_exports(c);
    return e == ERR_OK ? check_descriptor(c) : e;
}

enum err applet_cap_check(struct rd file, struct applet_cap *out)
{
    struct applet_cap found = {.module_count = 0};
    struct cap c = {.flags = 0};
    enum err e = ERR_OK;

    while (file.left > 0 && e == ERR_OK)
        e = take_component(&c, &file);
    if (e != ERR_OK)
        return e;
    if (!c.there[CAP_HEADER])
        return ERR_FORMAT;
    e = check_header(&c, &found);
    if (e == ERR_OK && !is_complete(&c))
        return ERR_FORMAT;
    if (e == ERR_OK)
        e = check_contents(&c, &found);
    if (e == ERR_OK)
        *out = found;
    return e;
}
