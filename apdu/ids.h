/*
 * ids.h - numbers of the standards that more than one floor needs, under the
 * names that the standards give them.
 *
 * Each list is X(name, value, text): the enum below it is made of name and
 * value; whoever shows numbers to people makes a table of value and text.
 */
#ifndef RESEAT_APDU_IDS_H
#define RESEAT_APDU_IDS_H

#define IDS_ENUM(name, value, text) name = (value),

/* Instructions. TS 102 221 10.1.2, TS 102 222 6, GlobalPlatform 11.1.1. Some numbers have a
 * second meaning in classes 80 and 84 (GlobalPlatform). */
#define INS_LIST(X)                                             \
    X(INS_DEACTIVATE_FILE, 0x04, "DEACTIVATE FILE")             \
    X(INS_TERMINAL_PROFILE, 0x10, "TERMINAL PROFILE")           \
    X(INS_FETCH, 0x12, "FETCH")                                 \
    X(INS_TERMINAL_RESPONSE, 0x14, "TERMINAL RESPONSE")         \
    X(INS_VERIFY_PIN, 0x20, "VERIFY PIN")                       \
    X(INS_CHANGE_PIN, 0x24, "CHANGE PIN")                       \
    X(INS_DISABLE_PIN, 0x26, "DISABLE PIN")                     \
    X(INS_ENABLE_PIN, 0x28, "ENABLE PIN")                       \
    X(INS_UNBLOCK_PIN, 0x2C, "UNBLOCK PIN")                     \
    X(INS_INCREASE, 0x32, "INCREASE")                           \
    X(INS_ACTIVATE_FILE, 0x44, "ACTIVATE FILE")                 \
    X(INS_MANAGE_CHANNEL, 0x70, "MANAGE CHANNEL")               \
    X(INS_MANAGE_SECURE_CHANNEL, 0x73, "MANAGE SECURE CHANNEL") \
    X(INS_TRANSACT_DATA, 0x75, "TRANSACT DATA")                 \
    X(INS_SUSPEND_UICC, 0x76, "SUSPEND UICC")                   \
    X(INS_GET_IDENTITY, 0x78, "GET IDENTITY")                   \
    X(INS_EXCHANGE_CAPABILITIES, 0x7A, "EXCHANGE CAPABILITIES") \
    X(INS_GET_CHALLENGE, 0x84, "GET CHALLENGE")                 \
    X(INS_AUTHENTICATE, 0x88, "AUTHENTICATE")                   \
    X(INS_AUTHENTICATE_TLV, 0x89, "AUTHENTICATE (BER-TLV)")     \
    X(INS_SEARCH_RECORD, 0xA2, "SEARCH RECORD")                 \
    X(INS_SELECT, 0xA4, "SELECT")                               \
    X(INS_TERMINAL_CAPABILITY, 0xAA, "TERMINAL CAPABILITY")     \
    X(INS_READ_BINARY, 0xB0, "READ BINARY")                     \
    X(INS_READ_RECORD, 0xB2, "READ RECORD")                     \
    X(INS_GET_RESPONSE, 0xC0, "GET RESPONSE")                   \
    X(INS_ENVELOPE, 0xC2, "ENVELOPE")                           \
    X(INS_GET_DATA, 0xCA, "GET DATA")                           \
    X(INS_RETRIEVE_DATA, 0xCB, "RETRIEVE DATA")                 \
    X(INS_RESIZE_FILE, 0xD4, "RESIZE FILE")                     \
    X(INS_UPDATE_BINARY, 0xD6, "UPDATE BINARY")                 \
    X(INS_PUT_KEY, 0xD8, "PUT KEY")                             \
    X(INS_SET_DATA, 0xDB, "SET DATA")                           \
    X(INS_UPDATE_RECORD, 0xDC, "UPDATE RECORD")                 \
    X(INS_CREATE_FILE, 0xE0, "CREATE FILE")                     \
    X(INS_STORE_DATA, 0xE2, "STORE DATA")                       \
    X(INS_DELETE_FILE, 0xE4, "DELETE FILE")                     \
    X(INS_TERMINATE_DF, 0xE6, "TERMINATE DF")                   \
    X(INS_TERMINATE_EF, 0xE8, "TERMINATE EF")                   \
    X(INS_SET_STATUS, 0xF0, "SET STATUS")                       \
    X(INS_STATUS, 0xF2, "STATUS")                               \
    X(INS_TERMINATE_CARD_USAGE, 0xFE, "TERMINATE CARD USAGE")
enum { INS_LIST(IDS_ENUM) };

/* The same numbers in the classes of GlobalPlatform 11.1.1. */
#define INS_GP_DELETE     INS_DELETE_FILE
#define INS_GP_INSTALL    INS_TERMINATE_DF
#define INS_GP_LOAD       INS_TERMINATE_EF
#define INS_GP_GET_STATUS INS_STATUS

/* Files under the MF, TS 102 221 13, and the reserved numbers of 8.6. */
#define FID_UICC_LIST(X)                      \
    X(FID_MF, 0x3F00, "MF")                   \
    X(FID_CURRENT_DF, 0x3FFF, "current DF")   \
    X(FID_CURRENT_ADF, 0x7FFF, "current ADF") \
    X(FID_DF_TELECOM, 0x7F10, "DF.TELECOM")   \
    X(FID_DF_GSM, 0x7F20, "DF.GSM")           \
    X(FID_EF_DIR, 0x2F00, "EF.DIR")           \
    X(FID_EF_PL, 0x2F05, "EF.PL")             \
    X(FID_EF_ARR_MF, 0x2F06, "EF.ARR")        \
    X(FID_EF_UMPC, 0x2F08, "EF.UMPC")         \
    X(FID_EF_ICCID, 0x2FE2, "EF.ICCID")
enum { FID_UICC_LIST(IDS_ENUM) };

/* Files of ADF.USIM that an operator change or a terminal of ours touches, TS 31.102 4.2. */
#define FID_USIM_LIST(X)                          \
    X(FID_EF_LI, 0x6F05, "EF.LI")                 \
    X(FID_EF_ARR, 0x6F06, "EF.ARR")               \
    X(FID_EF_IMSI, 0x6F07, "EF.IMSI")             \
    X(FID_EF_KEYS, 0x6F08, "EF.Keys")             \
    X(FID_EF_KEYSPS, 0x6F09, "EF.KeysPS")         \
    X(FID_EF_HPPLMN, 0x6F31, "EF.HPPLMN")         \
    X(FID_EF_UST, 0x6F38, "EF.UST")               \
    X(FID_EF_SMS, 0x6F3C, "EF.SMS")               \
    X(FID_EF_GID1, 0x6F3E, "EF.GID1")             \
    X(FID_EF_GID2, 0x6F3F, "EF.GID2")             \
    X(FID_EF_MSISDN, 0x6F40, "EF.MSISDN")         \
    X(FID_EF_SMSP, 0x6F42, "EF.SMSP")             \
    X(FID_EF_SMSS, 0x6F43, "EF.SMSS")             \
    X(FID_EF_SPN, 0x6F46, "EF.SPN")               \
    X(FID_EF_EST, 0x6F56, "EF.EST")               \
    X(FID_EF_START_HFN, 0x6F5B, "EF.START-HFN")   \
    X(FID_EF_THRESHOLD, 0x6F5C, "EF.THRESHOLD")   \
    X(FID_EF_PLMNWACT, 0x6F60, "EF.PLMNwAcT")     \
    X(FID_EF_OPLMNWACT, 0x6F61, "EF.OPLMNwAcT")   \
    X(FID_EF_HPLMNWACT, 0x6F62, "EF.HPLMNwAcT")   \
    X(FID_EF_PSLOCI, 0x6F73, "EF.PSLOCI")         \
    X(FID_EF_ACC, 0x6F78, "EF.ACC")               \
    X(FID_EF_FPLMN, 0x6F7B, "EF.FPLMN")           \
    X(FID_EF_LOCI, 0x6F7E, "EF.LOCI")             \
    X(FID_EF_AD, 0x6FAD, "EF.AD")                 \
    X(FID_EF_ECC, 0x6FB7, "EF.ECC")               \
    X(FID_EF_NETPAR, 0x6FC4, "EF.NETPAR")         \
    X(FID_EF_PNN, 0x6FC5, "EF.PNN")               \
    X(FID_EF_OPL, 0x6FC6, "EF.OPL")               \
    X(FID_EF_SPDI, 0x6FCD, "EF.SPDI")             \
    X(FID_EF_EHPLMN, 0x6FD9, "EF.EHPLMN")         \
    X(FID_EF_EPSLOCI, 0x6FE3, "EF.EPSLOCI")       \
    X(FID_EF_EPSNSC, 0x6FE4, "EF.EPSNSC")         \
    X(FID_DF_PHONEBOOK, 0x5F3A, "DF.PHONEBOOK")   \
    X(FID_DF_GSM_ACCESS, 0x5F3B, "DF.GSM-ACCESS") \
    X(FID_DF_5GS, 0x5FC0, "DF.5GS")
enum { FID_USIM_LIST(IDS_ENUM) };

/* DF.GSM-ACCESS, TS 31.102 4.4.3. */
#define FID_GSM_ACCESS_LIST(X)    \
    X(FID_EF_KC, 0x4F20, "EF.Kc") \
    X(FID_EF_KCGPRS, 0x4F52, "EF.KcGPRS")
enum { FID_GSM_ACCESS_LIST(IDS_ENUM) };

/* DF.5GS, TS 31.102 4.4.11. */
#define FID_5GS_LIST(X)                                         \
    X(FID_EF_5GS3GPPLOCI, 0x4F01, "EF.5GS3GPPLOCI")             \
    X(FID_EF_5GSN3GPPLOCI, 0x4F02, "EF.5GSN3GPPLOCI")           \
    X(FID_EF_5GS3GPPNSC, 0x4F03, "EF.5GS3GPPNSC")               \
    X(FID_EF_5GSN3GPPNSC, 0x4F04, "EF.5GSN3GPPNSC")             \
    X(FID_EF_5GAUTHKEYS, 0x4F05, "EF.5GAUTHKEYS")               \
    X(FID_EF_UAC_AIC, 0x4F06, "EF.UAC_AIC")                     \
    X(FID_EF_SUCI_CALC_INFO, 0x4F07, "EF.SUCI_Calc_Info")       \
    X(FID_EF_OPL5G, 0x4F08, "EF.OPL5G")                         \
    X(FID_EF_SUPI_NAI, 0x4F09, "EF.SUPI_NAI")                   \
    X(FID_EF_ROUTING_INDICATOR, 0x4F0A, "EF.Routing_Indicator") \
    X(FID_EF_URSP, 0x4F0B, "EF.URSP")
enum { FID_5GS_LIST(IDS_ENUM) };

/* ADF.ISIM, TS 31.103 4.2. */
#define FID_ISIM_LIST(X)                  \
    X(FID_EF_IMPI, 0x6F02, "EF.IMPI")     \
    X(FID_EF_DOMAIN, 0x6F03, "EF.DOMAIN") \
    X(FID_EF_IMPU, 0x6F04, "EF.IMPU")     \
    X(FID_EF_ARR_ISIM, 0x6F06, "EF.ARR")  \
    X(FID_EF_IST, 0x6F07, "EF.IST")       \
    X(FID_EF_AD_ISIM, 0x6FAD, "EF.AD")
enum { FID_ISIM_LIST(IDS_ENUM) };

/* Registered part of application identifiers, TS 101 220 annexes D and E: RID and application
 * code. What follows is the operator's. Initialisers of a byte array. */
#define AID_USIM 0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x02
#define AID_ISIM 0xA0, 0x00, 0x00, 0x00, 0x87, 0x10, 0x04
#define AID_ISD  0xA0, 0x00, 0x00, 0x01, 0x51, 0x00, 0x00, 0x00 /* GlobalPlatform H.1.3 */
/* The name it had in Open Platform, and has on many cards; some clients try no other. */
#define AID_ISD_FORMER 0xA0, 0x00, 0x00, 0x00, 0x03, 0x00, 0x00, 0x00

/* Toolkit application references, TS 101 220 annex D, TS 31.116. */
#define TAR_LIST(X)                                                      \
    X(TAR_ISD, 0x000000, "remote application management, compact")       \
    X(TAR_UICC_FILES, 0xB00000, "files of the UICC, compact")            \
    X(TAR_ADF_FILES, 0xB00001, "files of an ADF, compact")               \
    X(TAR_SIM_FILES, 0xB00010, "files of the SIM, compact")              \
    X(TAR_USIM_FILES, 0xB00011, "files of the USIM, compact, by custom") \
    X(TAR_UICC_FILES_EXPANDED, 0xB00120, "files of the UICC, expanded")  \
    X(TAR_ADF_FILES_EXPANDED, 0xB00140, "files of an ADF, expanded")     \
    X(TAR_ISD_EXPANDED, 0xB20100, "remote application management, expanded")
enum { TAR_LIST(IDS_ENUM) };

/* BER-TLV objects of the terminal, TS 101 220 7.2: the proactive command, and envelopes. */
#define CAT_OBJECT_LIST(X)                                         \
    X(CAT_OBJECT_PROACTIVE, 0xD0, "proactive command")             \
    X(CAT_OBJECT_SMS_PP, 0xD1, "SMS-PP download")                  \
    X(CAT_OBJECT_CELL_BROADCAST, 0xD2, "cell broadcast download")  \
    X(CAT_OBJECT_MENU_SELECTION, 0xD3, "menu selection")           \
    X(CAT_OBJECT_CALL_CONTROL, 0xD4, "call control")               \
    X(CAT_OBJECT_MO_SMS_CONTROL, 0xD5, "MO short message control") \
    X(CAT_OBJECT_EVENT, 0xD6, "event download")                    \
    X(CAT_OBJECT_TIMER, 0xD7, "timer expiration")                  \
    X(CAT_OBJECT_USSD, 0xD9, "USSD download")
enum { CAT_OBJECT_LIST(IDS_ENUM) };

/* Proactive commands, TS 102 223 9.4. */
#define PROACTIVE_LIST(X)                                             \
    X(PROACTIVE_REFRESH, 0x01, "REFRESH")                             \
    X(PROACTIVE_MORE_TIME, 0x02, "MORE TIME")                         \
    X(PROACTIVE_POLL_INTERVAL, 0x03, "POLL INTERVAL")                 \
    X(PROACTIVE_POLLING_OFF, 0x04, "POLLING OFF")                     \
    X(PROACTIVE_SET_UP_EVENT_LIST, 0x05, "SET UP EVENT LIST")         \
    X(PROACTIVE_SET_UP_CALL, 0x10, "SET UP CALL")                     \
    X(PROACTIVE_SEND_SS, 0x11, "SEND SS")                             \
    X(PROACTIVE_SEND_USSD, 0x12, "SEND USSD")                         \
    X(PROACTIVE_SEND_SHORT_MESSAGE, 0x13, "SEND SHORT MESSAGE")       \
    X(PROACTIVE_SEND_DTMF, 0x14, "SEND DTMF")                         \
    X(PROACTIVE_LAUNCH_BROWSER, 0x15, "LAUNCH BROWSER")               \
    X(PROACTIVE_PLAY_TONE, 0x20, "PLAY TONE")                         \
    X(PROACTIVE_DISPLAY_TEXT, 0x21, "DISPLAY TEXT")                   \
    X(PROACTIVE_GET_INKEY, 0x22, "GET INKEY")                         \
    X(PROACTIVE_GET_INPUT, 0x23, "GET INPUT")                         \
    X(PROACTIVE_SELECT_ITEM, 0x24, "SELECT ITEM")                     \
    X(PROACTIVE_SET_UP_MENU, 0x25, "SET UP MENU")                     \
    X(PROACTIVE_LOCAL_INFORMATION, 0x26, "PROVIDE LOCAL INFORMATION") \
    X(PROACTIVE_TIMER_MANAGEMENT, 0x27, "TIMER MANAGEMENT")           \
    X(PROACTIVE_IDLE_MODE_TEXT, 0x28, "SET UP IDLE MODE TEXT")        \
    X(PROACTIVE_RUN_AT_COMMAND, 0x34, "RUN AT COMMAND")               \
    X(PROACTIVE_LANGUAGE_NOTIFICATION, 0x35, "LANGUAGE NOTIFICATION") \
    X(PROACTIVE_OPEN_CHANNEL, 0x40, "OPEN CHANNEL")                   \
    X(PROACTIVE_CLOSE_CHANNEL, 0x41, "CLOSE CHANNEL")                 \
    X(PROACTIVE_RECEIVE_DATA, 0x42, "RECEIVE DATA")                   \
    X(PROACTIVE_SEND_DATA, 0x43, "SEND DATA")                         \
    X(PROACTIVE_CHANNEL_STATUS, 0x44, "GET CHANNEL STATUS")
enum { PROACTIVE_LIST(IDS_ENUM) };

/* COMPREHENSION-TLV tags without the comprehension bit, TS 102 223 9.3. */
#define CTLV_LIST(X)                                           \
    X(CTLV_COMMAND_DETAILS, 0x01, "command details")           \
    X(CTLV_DEVICE_IDENTITIES, 0x02, "device identities")       \
    X(CTLV_RESULT, 0x03, "result")                             \
    X(CTLV_DURATION, 0x04, "duration")                         \
    X(CTLV_ALPHA_IDENTIFIER, 0x05, "alpha identifier")         \
    X(CTLV_ADDRESS, 0x06, "address")                           \
    X(CTLV_USSD_STRING, 0x0A, "USSD string")                   \
    X(CTLV_SMS_TPDU, 0x0B, "SMS TPDU")                         \
    X(CTLV_CELL_BROADCAST_PAGE, 0x0C, "cell broadcast page")   \
    X(CTLV_TEXT_STRING, 0x0D, "text string")                   \
    X(CTLV_ITEM, 0x0F, "item")                                 \
    X(CTLV_ITEM_IDENTIFIER, 0x10, "item identifier")           \
    X(CTLV_RESPONSE_LENGTH, 0x11, "response length")           \
    X(CTLV_FILE_LIST, 0x12, "file list")                       \
    X(CTLV_LOCATION_INFORMATION, 0x13, "location information") \
    X(CTLV_IMEI, 0x14, "IMEI")                                 \
    X(CTLV_HELP_REQUEST, 0x15, "help request")                 \
    X(CTLV_NEXT_ACTIONS, 0x18, "items next action indicator")  \
    X(CTLV_EVENT_LIST, 0x19, "event list")                     \
    X(CTLV_CAUSE, 0x1A, "cause")                               \
    X(CTLV_LOCATION_STATUS, 0x1B, "location status")           \
    X(CTLV_TIMER_IDENTIFIER, 0x24, "timer identifier")         \
    X(CTLV_TIMER_VALUE, 0x25, "timer value")                   \
    X(CTLV_DATE_TIME, 0x26, "date, time and time zone")        \
    X(CTLV_LANGUAGE, 0x2D, "language")                         \
    X(CTLV_AID, 0x2F, "AID")                                   \
    X(CTLV_CHANNEL_STATUS, 0x38, "channel status")             \
    X(CTLV_ACCESS_TECHNOLOGY, 0x3F, "access technology")       \
    X(CTLV_SERVICE_RECORD, 0x41, "service record")
enum { CTLV_LIST(IDS_ENUM) };

/* Device identities, TS 102 223 8.7. */
#define DEVICE_LIST(X)                   \
    X(DEVICE_KEYPAD, 0x01, "keypad")     \
    X(DEVICE_DISPLAY, 0x02, "display")   \
    X(DEVICE_EARPIECE, 0x03, "earpiece") \
    X(DEVICE_UICC, 0x81, "UICC")         \
    X(DEVICE_TERMINAL, 0x82, "terminal") \
    X(DEVICE_NETWORK, 0x83, "network")
enum { DEVICE_LIST(IDS_ENUM) };

/* Events, TS 102 223 8.25. */
#define EVENT_LIST(X)                                            \
    X(EVENT_MT_CALL, 0x00, "MT call")                            \
    X(EVENT_CALL_CONNECTED, 0x01, "call connected")              \
    X(EVENT_CALL_DISCONNECTED, 0x02, "call disconnected")        \
    X(EVENT_LOCATION_STATUS, 0x03, "location status")            \
    X(EVENT_USER_ACTIVITY, 0x04, "user activity")                \
    X(EVENT_IDLE_SCREEN, 0x05, "idle screen available")          \
    X(EVENT_LANGUAGE_SELECTION, 0x07, "language selection")      \
    X(EVENT_DATA_AVAILABLE, 0x09, "data available")              \
    X(EVENT_CHANNEL_STATUS, 0x0A, "channel status")              \
    X(EVENT_ACCESS_TECHNOLOGY, 0x0B, "access technology change") \
    X(EVENT_NETWORK_REJECTION, 0x12, "network rejection")
enum { EVENT_LIST(IDS_ENUM) };

/* General results, TS 102 223 8.12. Below 20 done, 2X may be tried again, 3X not. */
#define RESULT_LIST(X)                                                          \
    X(RESULT_OK, 0x00, "performed")                                             \
    X(RESULT_PARTIAL, 0x01, "performed with partial comprehension")             \
    X(RESULT_MISSING, 0x02, "performed with missing information")               \
    X(RESULT_REFRESH_MORE, 0x03, "REFRESH performed, more files read")          \
    X(RESULT_LIMITED_SERVICE, 0x06, "limited service")                          \
    X(RESULT_MODIFIED, 0x07, "performed with modification")                     \
    X(RESULT_NAA_NOT_ACTIVE, 0x08, "REFRESH performed, application not active") \
    X(RESULT_TERMINATED, 0x10, "terminated by the user")                        \
    X(RESULT_BACKWARD, 0x11, "backward move by the user")                       \
    X(RESULT_NO_RESPONSE, 0x12, "no response from the user")                    \
    X(RESULT_TERMINAL_UNABLE, 0x20, "terminal unable to process")               \
    X(RESULT_NETWORK_UNABLE, 0x21, "network unable to process")                 \
    X(RESULT_REFUSED, 0x22, "refused by the user")                              \
    X(RESULT_BEYOND_CAPABILITY, 0x30, "beyond the terminal's capabilities")     \
    X(RESULT_TYPE_UNKNOWN, 0x31, "command type not understood")                 \
    X(RESULT_DATA_UNKNOWN, 0x32, "command data not understood")                 \
    X(RESULT_NUMBER_UNKNOWN, 0x33, "command number not known")                  \
    X(RESULT_SMS_ERROR, 0x35, "SMS RP-ERROR")                                   \
    X(RESULT_VALUES_MISSING, 0x36, "required values are missing")               \
    X(RESULT_BIP_ERROR, 0x3A, "bearer independent protocol error")
enum { RESULT_LIST(IDS_ENUM) };

#endif
