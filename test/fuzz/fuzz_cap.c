/*
 * fuzz_cap.c - a load file as LOAD puts it together. What is accepted has a package and modules
 * with names of legal length, and is accepted again, the same.
 */
#include "test/fuzz/require.h"
#include "uicc/applet/cap.h"

#include <string.h>

static void require_aid(const struct applet_aid *aid)
{
    require(aid->len >= APPLET_AID_MIN && aid->len <= APPLET_AID_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct applet_cap cap, again;

    if (applet_cap_check(RD(data, size), &cap) != ERR_OK)
        return 0;
    require_aid(&cap.package);
    require(cap.module_count <= APPLET_CAP_MODULES_MAX);
    for (unsigned i = 0; i < cap.module_count; i++)
        require_aid(&cap.modules[i]);
    require(applet_cap_check(RD(data, size), &again) == ERR_OK);
    require(again.module_count == cap.module_count);
    require(rd_equal(RD_AID(&again.package), RD_AID(&cap.package)));
    return 0;
}
