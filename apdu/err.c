#include "apdu/err.h"

const char *err_text(enum err e)
{
#define ERR_TEXT(name, text) [name] = (text),
    static const char *const texts[ERR_COUNT] = {ERR_LIST(ERR_TEXT)};
#undef ERR_TEXT

    if ((unsigned)e >= ERR_COUNT)
        return "unknown error";
    return texts[e];
}
