#include "uicc/isd/isd.h"

static sw_t process(struct applet *a, struct exec *x)
{
    (void)a;
    (void)x;
    return SW_WRONG_INS;
}

const struct applet_ops isd_applet = {
    .process = process,
    .multiselectable = true,
};
