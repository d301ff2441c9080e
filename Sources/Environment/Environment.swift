// Environment: all that is not deterministic, as values and protocols that are handed in.
//
// State machines and simulations take time as `Nanoseconds` with each event and randomness from a `SeededGenerator`, so
// the same events and the same seed always give the same run. Only the edges have a real `MonotonicClock`.
