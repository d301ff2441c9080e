/// Log, counters, pause histograms and the flight recorder: what an operator reads to learn what happened.
