# The built-in profile: what all cards of a batch share, unless another profile
# is named with `uicc make --profile FILE`. This file says all of it; a profile
# of your own needs to say only what is different.
#
# One setting a line, KEYWORD [ARGUMENT] = VALUE. From # on a line is comment.
# A card keeps its profile; changing this file changes cards that are made later.

# Name of the profile, as `uicc show` tells it. No blanks, at most 32 characters.
name = m2m-5g

# Label of the USIM in EF.DIR, at most 16 characters.
label = USIM

# Services of the USIM (EF.UST, TS 31.102 4.2.8): what terminals use. A service that is on
# has its files. Plain numbers replace the built-in list; +N and -N add to it or take
# away. Several lines are one list.
#
#    1 local phonebook                     2 FDN; 3 its extension
#    4 SDN; 5 its extension                6 BDN (needs 30); 7 its extension
#    8 9 call logs and timers             10 SMS storage
#   11 SMS status reports                 12 SMS parameters
#   13 advice of charge                   14 bearer capabilities
#   15 16 29 cell broadcast               17 18 group identifiers
#   19 service provider name              20 user's PLMN selector
#   21 MSISDN                             22 images
#   23 localised service areas            24 25 eMLPP, AAeM
#   27 GSM access                         28 SMS-PP download (OTA)
#   30 31 54 70 87 93 128 applets hear of calls, messages and sessions
#   33 always on                          34 enabled services (EST)
#   35 APN control list                   36 37 depersonalisation
#   38 GSM security context               39 40 CPBCCH, investigation scan
#   42 operator's PLMN list               43 home PLMN with access technology
#   44 extension of call logs             45 46 network names
#   47 48 mailbox, waiting messages       49 call forwarding
#   51 service provider PLMNs             52 53 55 MMS
#   56 network's indication of alerting   57 58 64 65 group calls
#   59-63 66 81-84 88 I-WLAN              67 stored multimedia messages
#   68 GBA                                69 MBMS keys; 76 keys for local use
#   71 equivalent home PLMNs              73 74 how to show them
#   78 79 icons of names                  80 connectivity of the USIM
#   85 EPS location and keys              86 90 closed subscriber groups
#   91 SMS over IP                        95 99 115 only where there is no ISIM
#   96 NAS configuration                  97 public warnings
#   101 139 ProSe                         102 pairing with a device
#   106 107 110 111 ePDG                  109 mission critical services
#   114 From-preferred                    116 television
#   117 118 PS data off                   119 V2X
#   120 XCAP                              121 EARFCNs for narrow band
#   122 136 5GS location and keys         123 133 5G authentication keys
#   124 SUPI privacy                      125 SUCI computed in the card
#   126 access identities                 127 138 steering of roaming
#   129 5GS operator names                130 SUPI as NAI
#   132 URSP                              134 MuD and MiD
#   135 trusted non-3GPP access           137 CAG
#   140 disaster roaming                  141 eDRX
#   142 NSWO                              143 146 private networks
#   144 home PLMN search by satellite     145 K_AUSF derivation
#   147 5MBS                              148 signal thresholds
#   150 IMS data channel
#
# Others that terminals may do without a file: 72 89 100 103 104 105 112 113 131.
services = 1 2 3 4 5 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22
services = 24 25 27 28 29 33 34 35 36 37 38 42 43 44 45 46 47 48 49 51
services = 52 53 55 71 73 74 85 91 96 97 106 110 114 117 118 122 123 124
services = 125 126 127 129 132 133 135 137 138 142 144 145

# Services of the ISIM (EF.IST, TS 31.103 4.2.7), in the same way.
#
#    1 5 P-CSCF                            2 GBA; 4 keys for local use
#    6 7 SMS storage, status reports       8 SMS over IP
#   10 UICC access to IMS                 15 mission critical services
#   17 From-preferred                     18 IMS configuration
#   19 XCAP                               20 WebRTC
#   21 MuD and MiD                        22 IMS data channel
#
# Others that devices may do without a file: 3 9 11 12 13 14 16.
isim-services = 1 17 18 19 21

# all: the files of every service are there, so that EF.UST may switch it on later; or
# services: only the files of those that are on.
files = all

# Answer class A0 and have DF.GSM (TS 51.011), whose files show those of the USIM.
# Needs service 27.
sim-mode = yes

# An ISIM (TS 31.103), with the IMS identities that a device without one derives from the IMSI.
isim = yes

# Algorithm of the OTA keys: aes, aes-cmac4 (checksums of 4 bytes instead of 8), 3des
# (two-key; for servers that cannot do better) or des (broken: for tests of old servers).
ota-algorithm = aes

# What the card asks of the terminal after EF.IMSI was changed over the air:
# a qualifier of REFRESH (TS 102 223 8.6), 00 to 09, or none. 04 is UICC reset.
rfm-refresh = 04

# Sequence numbers of AUTHENTICATE (TS 33.102 C.2): how far SEQ may jump ahead, and how
# far it may lie behind the highest one accepted; 0 is without limit.
sqn-delta = 268435456
sqn-age-limit = 0

# Historical bytes of the ATR, up to 15. An ATR that no reader knows is best: readers
# treat cards they know by name in their own ways.
historical = 80 31E0 73FE211F 67 52455345415431

# Tries before PIN, then before UNBLOCK PIN are blocked; tries of the ADM key.
pin1 = 3 10
pin2 = 3 10
adm1 = 10

# Further keys of the card, by reference (TS 102 221 9.5.1): 02 to 08 and 82 to 88 are the PINs and
# second PINs of other applications, 11 the universal PIN (tries, and tries of its UNBLOCK value),
# 0B to 0E and 8A to 8E ADM keys (tries). They begin as PIN1, PIN2 (82 to 88) or ADM1, unless
# `uicc make --key' gives them values of their own. Access rules and TARs may then ask for them.
# pin 0B = 10
# pin 11 = 3 10

# What a TAR leads to: rfm-uicc (files from the MF), rfm-usim (from the USIM), rfm-sim
# (class A0; left out without sim-mode), ram (applications), opchange (subscription
# manager); the least security it accepts, coded as SPI1 (16: ciphered, CC, counter
# above; never less than 12); the keys that count as verified: PIN1, PIN2, ADM1, or a
# reference like 0B. The first line replaces the built-in list.
tar B00000 = rfm-uicc 16 PIN1 ADM1
tar B00120 = rfm-uicc 16 PIN1 ADM1
tar B00001 = rfm-usim 16 PIN1 ADM1
tar B00011 = rfm-usim 16 PIN1 ADM1
tar B00140 = rfm-usim 16 PIN1 ADM1
tar B00010 = rfm-sim 16 PIN1 ADM1
tar 000000 = ram 16
tar B20100 = ram 16
tar BFFF00 = opchange 16

# Applets that every card has from the first day: applet MODULE = AID [KEY VALUE]...
# MODULE is hello, imsi-watch, or the AID of a module. The keys are what INSTALL asks for (TS 102
# 226 8.2.1.3.2), all optional: priority (1 first; 0 is no toolkit applet), menu (entries),
# text (longest entry), timers, channels, services, tar (3 bytes in hex, up to four times),
# level (the least security of packets to them, as above), files (full, PIN1 or none),
# privileges (1 or 3 bytes in hex), quota (bytes of data), data (its own parameters, in hex).
# The subscription manager is part of every card, and listens where a TAR leads to opchange.
#applet hello = F0AA000001 priority 5 menu 1 text 16 tar 0A0B0C level 16
#applet imsi-watch = F0AA000002 priority 9 files PIN1 data 2B343931373237

# Protection of the SUPI (TS 33.501 annex C), the preferred scheme first: null, a KEY-ID
# KEY (X25519, 32 bytes) or b KEY-ID KEY (P-256, 33 bytes, compressed), with the home
# network's public key. The first line replaces the built-in list.
suci = null

# Other sizes: BYTES of a transparent file, number of RECORDS, or LENGTHxRECORDS. Files
# and records have at least what the standard asks for, the number of records is free.
# Paths are FIDs from below the MF; 7FFF is the USIM.
#size 7FFF/6F3C = 10
#size 7FFF/6F42 = 40x1

# Other first contents, in hex; of a whole file, or of one record. The rest is FF.
#content 2F05 = 656E
#content 7FFF/6FB7 2 = 19F1FF FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF 01
