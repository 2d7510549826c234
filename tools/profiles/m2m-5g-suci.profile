# The built-in profile with SUCIs that hide the subscriber, under the home network keys
# that TS 33.501 publishes for tests (C.3.4): whoever reads that annex can undo them. Put
# the keys of your own network here before you make cards for it.
name = m2m-5g-suci

suci = b 30 0272DA71976234CE833A6907425867B82E074D44EF907DFB4B3E21C1C2256EBCD1
suci = a 27 5A8D38864820197C3394B92613B20B91633CBD897119273BF8E4A6F4EEC0A650
