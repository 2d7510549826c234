#include "uicc/remote/run.h"

#include "apdu/ids.h"

#define SELECT_BY_AID    0x04
#define SW1_WRONG_LENGTH 0x6C

/* TS 102 226 7.1, TS 31.116 7: what remote file management may do. */
static const uint8_t instructions[] = {
    INS_SELECT,        INS_READ_BINARY, INS_UPDATE_BINARY,   INS_READ_RECORD,   INS_UPDATE_RECORD,
    INS_SEARCH_RECORD, INS_INCREASE,    INS_VERIFY_PIN,      INS_CHANGE_PIN,    INS_DISABLE_PIN,
    INS_ENABLE_PIN,    INS_UNBLOCK_PIN, INS_DEACTIVATE_FILE, INS_ACTIVATE_FILE, INS_RETRIEVE_DATA,
    INS_SET_DATA,      INS_CREATE_FILE, INS_DELETE_FILE,     INS_RESIZE_FILE,
};

static bool is_offered(uint8_t ins)
{
    for (size_t i = 0; i < ARRAY_LEN(instructions); i++) {
        if (instructions[i] == ins)
            return true;
    }
    return false;
}

/* A script has one channel, and the class of its file system. */
static bool class_fits(const struct run *run, const struct apdu_class *cls)
{
    return cls->channel == 0 && !cls->secure_messaging &&
           cls->sim == (run->tar->app == REMOTE_RFM_SIM);
}

static sw_t pass_on(struct run *run, const struct apdu *cmd, const struct apdu_class *cls,
                    struct wr *out)
{
    struct exec x = {
        .cmd = cmd,
        .cls = *cls,
        .ch = &run->ch,
        .out = out,
        .remote = true,
        .rights = run->tar->keys,
    };

    return cmd_execute(run->card, &x);
}

sw_t rfm_command(struct run *run, const struct apdu *cmd, struct wr *out)
{
    struct apdu again = *cmd;
    struct apdu_class cls;
    sw_t sw;

    if (apdu_class(cmd->cla, &cls) != ERR_OK || !class_fits(run, &cls))
        return SW_WRONG_CLA;
    if (!is_offered(cmd->ins))
        return SW_WRONG_INS;
    if (run->tar->app == REMOTE_RFM_UICC && cmd->ins == INS_SELECT && cmd->p1 == SELECT_BY_AID)
        return SW_P1P2; /* TS 102 226 7.2: the shared file system knows no applications */
    sw = pass_on(run, cmd, &cls, out);
    if (sw.v >> 8 != SW1_WRONG_LENGTH || cmd->p3 != 0 || cmd->data.left > 0)
        return sw;
    /* P3 00 asks for all there is (TS 102 226 5.1.2), and the file says how much that is. */
    again.p3 = (uint8_t)sw.v;
    out->len = 0;
    return pass_on(run, &again, &cls, out);
}
