/*
 * hello - the smallest toolkit applet. One menu entry; who selects it reads a greeting.
 *
 * Start a new applet by copying this file; then name its module in native.c.
 */
#include "uicc/applet/native.h"

#include "apdu/ids.h"

static const char greeting[] = "Hello, world";

static enum err install(struct applet *a, struct rd parameters)
{
    uint8_t id;
    enum err e = applet_add_menu_entry(a, "Hello", &id);

    (void)parameters;
    if (e == ERR_OK)
        e = applet_set_event(a, APPLET_FORMATTED_SMS);
    return e == ERR_CONDITIONS ? ERR_OK : e; /* without a TAR nobody can send it anything */
}

/* As an application: any command is answered with the greeting. */
static sw_t process(struct applet *a, struct exec *x)
{
    (void)a;
    wr_bytes(x->out, greeting, sizeof greeting - 1);
    return SW_OK;
}

/* As a toolkit applet: prove a secured packet with the greeting; show it to who selects the menu
 * entry, and again until the user has seen it. */
static void toolkit(struct applet *a, struct applet_activation *act)
{
    if (act->event == APPLET_FORMATTED_SMS)
        act->error = applet_post(a, act, true, RD((const uint8_t *)greeting, sizeof greeting - 1));
    if (act->event != APPLET_MENU_SELECTION)
        return;
    if (act->stage > 0 && act->result != RESULT_NO_RESPONSE)
        return; /* seen, or the terminal cannot */
    if (act->stage++ < 3 && applet_display_text(a, act, greeting) != ERR_OK)
        return; /* nothing was sent: the activation is over */
}

const struct applet_ops native_hello = {
    .install = install,
    .process = process,
    .toolkit = toolkit,
    .multiselectable = true,
};
