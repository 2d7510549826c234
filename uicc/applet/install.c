#include "uicc/applet/manage.h"

#include "uicc/applet/native.h"

/* Bytes of data of an instance whose installer names none; a domain's are for its content, which
 * then knows no bound but the card's. */
#define QUOTA_DEFAULT 1024U

/* ---- who stands behind a module ---- */

static const struct applet_ops *native_ops(uint8_t package, const struct applet_aid *module)
{
    const struct native_package *p = applet_native_package(package - APPLET_NATIVE);

    for (size_t i = 0; p != NULL && i < p->module_count; i++) {
        if (applet_aid_equal(&p->modules[i].aid, RD_AID(module)))
            return p->modules[i].ops;
    }
    return NULL;
}

const struct applet_ops *applet_ops_of(const struct card *card, const struct applet_entry *entry)
{
    (void)card;
    return applet_is_native(entry->package) ? native_ops(entry->package, &entry->module) : NULL;
}

/* ---- install ---- */

static unsigned count_timers(const struct store *s)
{
    struct applet_entry e;
    struct toolkit_registration r;
    unsigned count = 0;

    for (uint8_t n = 0; applet_registry_next(s, n, &e) == ERR_OK; n = e.number) {
        if (applet_toolkit_read(s, e.number, &r) == ERR_OK)
            count += r.max_timers;
    }
    return count;
}

/* TS 102 226 8.2.1.3.2.2: what the instance asks for is there, or it is not installed. */
static enum err check_resources(struct card *card, struct applet_installation *w)
{
    if (w->entry.quota == 0 && (w->entry.privileges[0] & PRIVILEGE_SD) == 0)
        w->entry.quota = QUOTA_DEFAULT;
    if (w->entry.quota > card_free_memory(card))
        return ERR_SPACE;
    if (w->toolkit.max_timers > 0 &&
        count_timers(&card->store) + w->toolkit.max_timers > TOOLKIT_TIMERS_MAX)
        return ERR_SPACE;
    if (w->toolkit.entry_count > TOOLKIT_ENTRIES_MAX)
        return ERR_SPACE;
    return applet_toolkit_number(&card->store, &w->toolkit);
}

static enum err take_number(struct card *card, struct applet_entry *entry)
{
    struct applet_entry other;
    struct applet_card_state state;

    if (applet_registry_find(&card->store, RD_AID(&entry->aid), &other) == ERR_OK)
        return ERR_EXISTS;
    entry->number = applet_registry_free(&card->store);
    if (entry->number == 0)
        return ERR_SPACE;
    applet_card_state(&card->store, &state);
    entry->order = ++state.order;
    return applet_card_state_write(&card->store, &state);
}

/* Whatever an applet does not like about its parameters, they are wrong. */
static enum err refusal(enum err e)
{
    return e == ERR_OK || e == ERR_SPACE || e == ERR_NOMEM || e == ERR_IO ? e : ERR_RANGE;
}

static enum err stage(struct card *card, struct applet_installation *w,
                      const struct applet_ops *ops)
{
    struct applet a = {card, w->entry.number, ops};
    enum err e = applet_registry_write(&card->store, &w->entry);

    if (e == ERR_OK && w->toolkit.priority > 0)
        e = applet_toolkit_write(&card->store, w->entry.number, &w->toolkit);
    if (e == ERR_OK && ops->install != NULL)
        e = refusal(ops->install(&a, w->parameters));
    return e;
}

enum err applet_install(struct card *card, struct applet_installation *w)
{
    struct applet_entry package;
    const struct applet_ops *ops = applet_ops_of(card, &w->entry);
    enum err e = applet_registry_read(&card->store, w->entry.package, &package);

    if (e != ERR_OK || package.kind != APPLET_LOAD_FILE)
        return ERR_NOT_FOUND;
    if (ops == NULL)
        return applet_is_native(package.number) ? ERR_NOT_FOUND : ERR_UNSUPPORTED;
    e = check_resources(card, w);
    w->entry.kind = APPLET_INSTANCE;
    if (e == ERR_OK)
        e = take_number(card, &w->entry);
    if (e != ERR_OK)
        return e;
    e = stage(card, w, ops);
    if (e != ERR_OK && applet_registry_remove(&card->store, w->entry.number) != ERR_OK)
        return ERR_IO; /* the caller's transaction must not go on */
    applet_registrations_changed(card);
    return e;
}

enum err applet_uninstall(struct card *card, uint8_t number)
{
    struct applet_entry entry;
    struct applet a = {card, number, NULL};
    enum err e = applet_registry_read(&card->store, number, &entry);

    if (e != ERR_OK)
        return e;
    if (applet_is_selected(card, number))
        return ERR_BUSY;
    a.ops = applet_ops_of(card, &entry);
    if (a.ops != NULL && a.ops->uninstall != NULL)
        a.ops->uninstall(&a);
    applet_forget(card, number);
    e = applet_registry_remove(&card->store, number);
    applet_registrations_changed(card);
    return e;
}
