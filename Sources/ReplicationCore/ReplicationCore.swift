// ReplicationCore: what keeps a pair of hosts from losing or doubling a guest, as values.
//
// Every type here is a state machine without I/O: `handle(event, now:)` takes what happened and the time at which it
// happened, changes the value, and returns what the edge (module Replication) has to do, in the order in which it has
// to do it. Nothing here reads a clock, a socket or a file, so Simulation can run a whole pair deterministically.
//
//   COLOPrimary, COLOSecondary   one COLO run over one replication channel: the messages, the deadlines, and when a
//                                checkpoint is complete. They never decide who serves the guest.
//   Heartbeat*                   the authenticated protocol between two processes and whether the peer lives.
//   PairController               who serves the guest: terms, takeover, going on alone, re-protection.
//   PairDriver                   the monitor of the heartbeat and the controller at work together: the one executor.
//   ReplicationRuns              which replication run is wanted, and what a thread that is behind may still do.
//   ReplicationProof             shows that a replication channel comes from the peer whose heartbeat is authentic.
//
// Vocabulary
//   checkpoint n    the state of the guest at one instant. Checkpoint 0 is the initial synchronisation.
//   epoch n         what the guest did between checkpoint n - 1 and checkpoint n. Its output is held until
//                   checkpoint n is complete on the secondary (output commit, I1).
//   complete        received wholly, validated, and made current in one step (I2).
//
// Rules for the edge
//   1. Actions of one call are carried out in order. What takes its time (a write of the record, a takeover) is begun,
//      and its end reported as an event: nothing waits on the loop that hands the events in.
//   2. All events of one machine are handed in by one thread at a time, with times that never go back.
//   3. `nextDeadline` tells when the machine wants a `.timer` event; earlier and superfluous ones do no harm.
