#include "uicc/isd/params.h"

#include "apdu/tlv.h"
#include "uicc/pin/pin.h"

#include <string.h>

#define TAG_APPLICATION 0xC9
#define TAG_SYSTEM      0xEF
#define TAG_UICC        0xEA
#define TAG_CODE        0xC6
#define TAG_DATA        0xC8
#define TAG_SIM_TOOLKIT 0xCA
#define TAG_TOOLKIT     0x80
#define TAG_ACCESS      0x81
#define TAG_PROTOCOL    0x81 /* in C9 of a security domain, GP UICC configuration */

#define DOMAIN_FULL     0x00
#define DOMAIN_APDU     0x01
#define DOMAIN_UICC     0x02
#define DOMAIN_NONE     0xFF
#define UICC_PIN1       0x01 /* third byte of the bitmap of TS 102 226 8.2.1.3.2.3.2 */
#define LEVEL_PARAMETER 0x01
#define RIGHTS_ALL      (PIN_BIT_PIN1 | PIN_BIT_ADM1)

enum err isd_take_lv(struct rd *r, struct rd *value)
{
    uint8_t len = 0;
    enum err e = rd_u8(r, &len);

    return e == ERR_OK ? rd_take(r, len, value) : e;
}

static enum err read_number(struct rd value, uint32_t *out)
{
    uint32_t number = 0;
    uint8_t byte;

    if (value.left == 0 || value.left > 4)
        return ERR_RANGE;
    while (rd_u8(&value, &byte) == ERR_OK)
        number = number << 8 | byte;
    *out = number;
    return ERR_OK;
}

/* ---- access domain ---- */

/* TS 102 226 8.2.1.3.2.3: none, all that remote management has, or a set of conditions. */
static enum err read_domain(struct rd domain, uint32_t *rights)
{
    uint8_t kind = DOMAIN_NONE, bits[3] = {0};

    if (domain.left > 0 && rd_u8(&domain, &kind) != ERR_OK)
        return ERR_FORMAT;
    switch (kind) {
    case DOMAIN_FULL:
        *rights = RIGHTS_ALL;
        return ERR_OK;
    case DOMAIN_APDU:
        *rights = PIN_BIT_PIN1;
        return ERR_OK;
    case DOMAIN_UICC:
        if (rd_copy(&domain, bits, sizeof bits) != ERR_OK)
            return ERR_FORMAT;
        *rights =
            ((bits[2] & UICC_PIN1) != 0 ? PIN_BIT_PIN1 : 0) | (bits[1] != 0 ? PIN_BIT_ADM1 : 0);
        return ERR_OK;
    case DOMAIN_NONE:
        *rights = 0;
        return ERR_OK;
    default:
        return ERR_RANGE;
    }
}

/* ---- toolkit ---- */

static enum err read_entries(struct rd *r, struct toolkit_registration *t)
{
    uint8_t count = 0;
    enum err e = rd_u8(r, &count);

    if (e == ERR_OK && count > TOOLKIT_ENTRIES_MAX)
        return ERR_SPACE;
    for (unsigned i = 0; i < count && e == ERR_OK; i++) {
        e = rd_u8(r, &t->entries[i].position);
        if (e == ERR_OK)
            e = rd_u8(r, &t->entries[i].id);
    }
    t->entry_count = count;
    return e;
}

static enum err read_level(struct rd *r, struct applet_entry *entry)
{
    uint8_t parameter = LEVEL_PARAMETER;
    struct rd value;
    enum err e = isd_take_lv(r, &value);

    if (e != ERR_OK || value.left == 0)
        return e;
    if (value.left > 1)
        e = rd_u8(&value, &parameter);
    if (e == ERR_OK && parameter != LEVEL_PARAMETER)
        return ERR_RANGE;
    return e == ERR_OK ? rd_u8(&value, &entry->level) : e;
}

static enum err read_tars(struct rd *r, struct applet_entry *entry)
{
    struct rd value;
    enum err e;

    if (r->left == 0)
        return ERR_OK;
    e = isd_take_lv(r, &value);
    if (e != ERR_OK)
        return e;
    if (value.left % 3 != 0)
        return ERR_FORMAT;
    if (value.left / 3 > APPLET_TARS_MAX)
        return ERR_SPACE;
    entry->tar_count = (uint8_t)(value.left / 3);
    return rd_copy(&value, entry->tars, value.left);
}

/* What CA and 80 share: priority, timers, text length, entries, channels, level, TARs, services. */
static enum err read_toolkit(struct rd r, struct applet_installation *out)
{
    struct toolkit_registration *t = &out->toolkit;
    enum err e = rd_u8(&r, &t->priority);

    if (e == ERR_OK)
        e = rd_u8(&r, &t->max_timers);
    if (e == ERR_OK)
        e = rd_u8(&r, &t->max_text);
    if (e == ERR_OK)
        e = read_entries(&r, t);
    if (e == ERR_OK)
        e = rd_u8(&r, &t->max_channels);
    if (e == ERR_OK && r.left > 0)
        e = read_level(&r, &out->entry);
    if (e == ERR_OK)
        e = read_tars(&r, &out->entry);
    if (e == ERR_OK && r.left > 0)
        e = rd_u8(&r, &t->max_services);
    if (e == ERR_OK && t->priority == 0 && (t->entry_count > 0 || t->max_timers > 0))
        return ERR_RANGE; /* without priority nothing but level and TARs */
    return e;
}

/* CA of TS 102 226 8.2.1.3.2.2.1 begins with an access domain. */
static enum err read_sim_toolkit(struct rd r, struct applet_installation *out)
{
    struct rd domain;
    enum err e = isd_take_lv(&r, &domain);

    if (e == ERR_OK)
        e = read_domain(domain, &out->entry.rights);
    return e == ERR_OK ? read_toolkit(r, out) : e;
}

/* 81 of TS 102 226 8.2.1.3.2.3: the shared files, then applications one by one. One access domain
 * holds here for all of them: the narrowest that is named. */
static enum err read_access(struct rd r, struct applet_entry *entry)
{
    struct rd aid, domain, dap;
    uint32_t rights, narrowest = UINT32_MAX;
    enum err e = ERR_OK;

    while (r.left > 0 && e == ERR_OK) {
        e = isd_take_lv(&r, &aid);
        if (e == ERR_OK)
            e = isd_take_lv(&r, &domain);
        if (e == ERR_OK)
            e = isd_take_lv(&r, &dap);
        if (e == ERR_OK)
            e = read_domain(domain, &rights);
        if (e == ERR_OK)
            narrowest &= rights;
    }
    if (e == ERR_OK && narrowest != UINT32_MAX)
        entry->rights = narrowest;
    return e;
}

/* ---- the whole ---- */

static enum err read_system(struct rd r, struct applet_installation *out)
{
    struct tlv t;
    enum err e = ERR_OK;

    while (r.left > 0 && e == ERR_OK) {
        e = tlv_next(&r, &t);
        if (e == ERR_OK && t.tag == TAG_DATA)
            e = read_number(t.value, &out->entry.quota);
        if (e == ERR_OK && t.tag == TAG_SIM_TOOLKIT)
            e = read_sim_toolkit(t.value, out);
    }
    return e;
}

static enum err read_uicc(struct rd r, struct applet_installation *out)
{
    struct tlv t;
    enum err e = ERR_OK;

    while (r.left > 0 && e == ERR_OK) {
        e = tlv_next(&r, &t);
        if (e == ERR_OK && t.tag == TAG_TOOLKIT)
            e = read_toolkit(t.value, out);
        if (e == ERR_OK && t.tag == TAG_ACCESS)
            e = read_access(t.value, &out->entry);
    }
    return e;
}

static enum err read_protocol(struct applet_installation *out)
{
    struct rd value;

    if (!isd_is_domain(&out->entry) ||
        tlv_find(out->parameters, TAG_PROTOCOL, &value) == ERR_NOT_FOUND)
        return ERR_OK;
    if (value.left != 2 || !isd_scp_option_is_known(value.at[0], value.at[1]))
        return ERR_RANGE;
    out->entry.scp = value.at[0];
    out->entry.scp_option = value.at[1];
    return ERR_OK;
}

enum err isd_params_read(struct rd params, struct applet_installation *out)
{
    struct tlv t;
    enum err e = ERR_OK;

    while (params.left > 0 && e == ERR_OK) {
        e = tlv_next(&params, &t);
        if (e != ERR_OK)
            break;
        if (t.tag == TAG_APPLICATION)
            out->parameters = t.value;
        else if (t.tag == TAG_SYSTEM)
            e = read_system(t.value, out);
        else if (t.tag == TAG_UICC)
            e = read_uicc(t.value, out);
    }
    return e == ERR_OK ? read_protocol(out) : e;
}

enum err isd_params_memory(struct rd params, uint32_t *bytes)
{
    static const uint32_t tags[] = {TAG_CODE, TAG_DATA};
    struct rd system, value;
    uint32_t number, sum = 0;
    enum err e = tlv_find(params, TAG_SYSTEM, &system);

    *bytes = 0;
    if (e == ERR_NOT_FOUND)
        return ERR_OK;
    for (size_t i = 0; i < ARRAY_LEN(tags) && e == ERR_OK; i++) {
        e = tlv_find(system, tags[i], &value);
        if (e == ERR_NOT_FOUND) {
            e = ERR_OK;
            continue;
        }
        if (e == ERR_OK)
            e = read_number(value, &number);
        if (e == ERR_OK && sum + number < sum)
            e = ERR_RANGE;
        if (e == ERR_OK)
            sum += number;
    }
    *bytes = sum;
    return e;
}
