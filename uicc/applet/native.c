#include "uicc/applet/native.h"

#include "apdu/ids.h"
#include "uicc/isd/isd.h"

#define AID_OF(...)                       \
    {                                     \
        sizeof((uint8_t[]){__VA_ARGS__}), \
        {                                 \
            __VA_ARGS__                   \
        }                                 \
    }

/* GP H.1.4: load file and module of security domains. */
static const struct native_module domain_modules[] = {
    {"security domain", AID_OF(0xA0, 0x00, 0x00, 0x01, 0x51, 0x53, 0x50, 0x41), &isd_applet},
};

static const struct native_module sample_modules[] = {
    {"hello", AID_OF(AID_RESEAT, 0x01, 0x01), &native_hello},
    {"imsi-watch", AID_OF(AID_RESEAT, 0x01, 0x02), &native_imsi_watch},
};

static const struct native_module manager_modules[] = {
    {"subscription manager", AID_OF(AID_RESEAT, 0x02, 0x01), &native_opchange},
};

static const struct native_package packages[] = {
    [NATIVE_DOMAINS] = {AID_OF(0xA0, 0x00, 0x00, 0x01, 0x51, 0x53, 0x50),
                        {1, 0},
                        domain_modules,
                        ARRAY_LEN(domain_modules)},
    [NATIVE_SAMPLES] = {AID_OF(AID_RESEAT, 0x01),
                        {1, 0},
                        sample_modules,
                        ARRAY_LEN(sample_modules)},
    [NATIVE_MANAGER] = {AID_OF(AID_RESEAT, 0x02),
                        {1, 0},
                        manager_modules,
                        ARRAY_LEN(manager_modules)},
};

const struct native_package *applet_native_package(unsigned n)
{
    return n < ARRAY_LEN(packages) ? &packages[n] : NULL;
}

const char *applet_native_name(const struct applet_aid *module)
{
    const struct native_package *p;

    for (unsigned n = 0; (p = applet_native_package(n)) != NULL; n++) {
        for (size_t i = 0; i < p->module_count; i++) {
            if (applet_aid_equal(&p->modules[i].aid, RD_AID(module)))
                return p->modules[i].name;
        }
    }
    return NULL;
}
