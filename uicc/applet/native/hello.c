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

    (void)parameters;
    return applet_add_menu_entry(a, "Hello", &id);
}

/* As an application: any command is answered with the greeting. */
static sw_t process(struct applet *a, struct exec *x)
{
    (void)a;
    wr_bytes(x->out, greeting, sizeof greeting - 1);
    return SW_OK;
}

/* As a toolkit applet: show the greeting, and again until the user has seen it. */
static void toolkit(struct applet *a, struct applet_activation *act)
{
    (void)a;
    if (act->event != APPLET_MENU_SELECTION)
        return;
    if (act->stage > 0 && act->result != RESULT_NO_RESPONSE)
        return; /* seen, or the terminal cannot */
    if (act->stage++ < 3 && applet_display_text(act, greeting) != ERR_OK)
        return; /* nothing was sent: the activation is over */
}

const struct applet_ops native_hello = {
    .install = install,
    .process = process,
    .toolkit = toolkit,
    .multiselectable = true,
};
