// Tests of QAPI.
