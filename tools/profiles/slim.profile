# A USIM for LTE with nothing that a modem does not need: for tests of terminals, and as a
# beginning for profiles of your own. No ISIM, no class A0, no files of services that are
# off.
name = slim

services = 10 12 17 19 20 21 27 28 33 38 42 43 45 46 51 71 85
files = services
sim-mode = no
isim = no

size 7FFF/6F3C = 10
size 7FFF/6F42 = 40x1
# a phonebook of 10 entries: all files of type 1 have as many records
size 7F10/5F3A/4F3A = 28x10
size 7F10/5F3A/4F32 = 10
size 7F10/5F3A/4F54 = 10
size 7F10/5F3A/4F09 = 10
size 7F10/5F3A/4F52 = 10
size 7F10/5F3A/4F21 = 10
size 7F10/5F3A/4F11 = 5
size 7F10/5F3A/4F50 = 5
