/*
 * Component: tag(1) size(2) info(size). Numbers are big-endian.
 */
#include "uicc/applet/cap_parts.h"

#define MAGIC       0xDECAFFEDU
#define CUSTOM_FROM 128U

#define FLAG_INT    0x01
#define FLAG_EXPORT 0x02
#define FLAG_APPLET 0x04

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
        e = cap_skip(&r, name_len);
    c->format = (uint16_t)(major << 8 | minor);
    out->integers = (c->flags & FLAG_INT) != 0;
    return cap_at_end(r, e);
}

static enum err check_custom(struct rd *r)
{
    struct applet_aid aid;
    uint8_t count = 0;
    enum err e = rd_u8(r, &count);

    for (unsigned i = 0; i < count && e == ERR_OK; i++) {
        e = cap_skip(r, 3);
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
        e = cap_skip(&r, 4); /* array initialisation: the static field component says it again */
    if (e == ERR_OK)
        e = rd_u8(&r, &c->imports);
    if (e == ERR_OK)
        e = rd_u8(&r, applets);
    if (e == ERR_OK)
        e = check_custom(&r);
    return cap_at_end(r, e);
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
        if (e == ERR_OK && !cap_method_fits(c, install))
            e = ERR_RANGE;
    }
    out->module_count = count;
    return cap_at_end(r, e);
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
    return cap_at_end(r, e);
}

/* JCVM 6.7: a field or method of this package by offset, of another one by tokens. */
static bool static_ref_fits(const struct cap *c, const uint8_t info[3], bool method)
{
    uint16_t offset = (uint16_t)(info[1] << 8 | info[2]);

    if ((info[0] & 0x80) != 0)
        return (info[0] & 0x7F) < c->imports;
    if (info[0] != 0)
        return false;
    return method ? cap_method_fits(c, offset) : offset < c->image;
}

static bool constant_fits(const struct cap *c, uint8_t tag, const uint8_t info[3])
{
    enum { CLASS = 1, INSTANCE_FIELD, VIRTUAL, SUPER, STATIC_FIELD, STATIC_METHOD };
    uint16_t ref = (uint16_t)(info[0] << 8 | info[1]);

    switch (tag) {
    case CLASS:
        return cap_class_ref_fits(c, ref) && info[2] == 0;
    case INSTANCE_FIELD:
    case VIRTUAL:
    case SUPER:
        return cap_class_ref_fits(c, ref);
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
    return cap_at_end(r, e);
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
        e = applet_cap_methods(c);
    if (e == ERR_OK)
        e = check_constants(c);
    if (e == ERR_OK)
        e = check_applets(c, applets, out);
    if (e == ERR_OK)
        e = applet_cap_classes(c);
    if (e == ERR_OK)
        e = applet_cap_static_fields(c);
    if (e == ERR_OK)
        e = applet_cap_locations(c);
    if (e == ERR_OK)
        e = applet_cap_exports(c);
    return e == ERR_OK ? applet_cap_descriptor(c) : e;
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
