#include "uicc/applet/native.h"

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
    {AID_OF(0xA0, 0x00, 0x00, 0x01, 0x51, 0x53, 0x50, 0x41), &isd_applet},
};

/* Ours are under a proprietary identifier (ISO/IEC 7816-4 8.2.1.2: F, no registered provider). */
static const struct native_module sample_modules[] = {
    {AID_OF(0xF0, 'R', 'e', 's', 'e', 'a', 't', 0x01, 0x01), &native_hello},
    {AID_OF(0xF0, 'R', 'e', 's', 'e', 'a', 't', 0x01, 0x02), &native_imsi_watch},
};

static const struct native_package packages[] = {
    {AID_OF(0xA0, 0x00, 0x00, 0x01, 0x51, 0x53, 0x50),
     {1, 0},
     domain_modules,
     ARRAY_LEN(domain_modules)},
    {AID_OF(0xF0, 'R', 'e', 's', 'e', 'a', 't', 0x01),
     {1, 0},
     sample_modules,
     ARRAY_LEN(sample_modules)},
};

const struct native_package *applet_native_package(unsigned n)
{
    return n < ARRAY_LEN(packages) ? &packages[n] : NULL;
}
