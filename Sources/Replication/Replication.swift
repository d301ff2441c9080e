/// Connects the pure core to sockets, memory, the machine and the clock.
