/// QEMU 7.2's migration stream: bytes to values and back, without I/O.
