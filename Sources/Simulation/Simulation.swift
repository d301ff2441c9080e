// Simulation: a whole pair in one thread, with a simulated clock, links, disks, guest, client and arbiter. One seed
// decides one run wholly: the same seed gives the same trace hash.
//
// Fault model
//   Hosts      a process is killed (its sockets close, a new connection is refused) or its host loses power (silence);
//              both at any instant and between any two actions of a state machine; it starts again from its persisted
//              record, without guest, checkpoint or any other memory. A process is frozen for up to some seconds, again
//              also between two actions, and thawed: what arrived meanwhile is waiting, in order within a connection,
//              and timers may come before it. The kernel of a frozen process still accepts connections.
//   Loops      the event loop of a process stands still for up to some seconds while its other threads go on, at any
//              instant and between any two actions; and those threads do everything late while the loop goes on.
//   Disks      a record that is on stable storage survives everything. A write takes up to some milliseconds; up to some
//              seconds on a slow disk; on a hung one it does not come back until the disk does; on a full one it fails.
//              A process that dies in the middle of a write leaves the old record or the new one.
//   Guest      a vCPU stands in a disk access for some seconds, so that the guest cannot be paused; a network of the guest
//              is down.
//   Unproven   peers connect to the replication port, with a proof they overheard or made up, and send a whole guest.
//   Leaving    a side is stopped in order, and the guest powers itself off; the operator starts again what ended.
//   Network    one replication network and two heartbeat networks. Every connection delays each direction by its own
//              random amounts, so that connections overtake each other; within one direction of a connection bytes
//              arrive in order and whole. Each network can be cut in both directions or in one; what was sent waits
//              and arrives after the repair, unless an end was closed. Power loss loses a random tail of what is under
//              way. Connections are reset at random.
//   Peer       device state may arrive damaged; the secondary's replication side may hang while its heartbeat goes on.
//   Arbiter    none; a witness that remembers who may serve; or fencing that powers the peer off. Answers come late, or
//              not at all.
//   Operator   gives failover and drill commands, and under the manual policy answers a failover that is needed; vouches
//              for a host that is down only after reading its record.
//   Not in it  a cut without an arbiter (documented as unsafe), a term written to disk that is lost, clocks of
//              different speed, a host that answers "refused" for a live process.
//
// Plans
//   Spaced     the next fault waits until the pair is protected again, and connected over both heartbeat networks:
//              nothing that a client saw may ever be lost. Half of the faults come together with a slow, hung or full
//              disk, late threads or unproven peers.
//   Chaos      faults overlap (only with an arbiter). What only a dead side knew is lost without blame; everything
//              else is checked as strictly.
//
// The checkers know the hosts only from outside: what left a host as output, what a guest contains, who serves in which
// term. See Checker.
//
// A sabotage breaks one rule on purpose, so that tests can show that the checkers would notice.

/// A rule that is broken on purpose, to show that the checkers notice.
public enum Sabotage: String, Sendable, CaseIterable {
    /// Output of an epoch is released when its checkpoint was sent, not when it is complete on the secondary.
    case releaseBeforeLoaded = "release-before-loaded"
    /// The output lease is ignored.
    case ignoreLease = "ignore-lease"
    /// A fenced side releases what it held.
    case releaseWhenFenced = "release-when-fenced"
    /// Every question to the arbiter is answered yes.
    case arbiterAlwaysYes = "arbiter-always-yes"
    /// The staged RAM becomes current before the device state has arrived.
    case commitTornCheckpoint = "commit-torn-checkpoint"
    /// A primary that lost its secondary releases what it held and asks nobody.
    case goOnWithoutGrant = "go-on-without-grant"
    /// The primary holds nothing after the switchover.
    case neverHold = "never-hold"
    /// Persisted terms are lost with the process.
    case forgetTerm = "forget-term"
    /// The heartbeat's loop stands still while the record is written, and what follows looks at nothing again.
    case writeOnTheLoop = "write-on-the-loop"
    /// What waits for the record goes on before it is written.
    case enterBeforeWritten = "enter-before-written"
    /// A side whose term is on record enters it, whatever its peer said meanwhile.
    case lookNotAgain = "look-not-again"
    /// A side asks for a term before it is on record that it will.
    case claimUnwritten = "claim-unwritten"
    /// Fencing does not retire the machine.
    case resumeAfterFence = "resume-after-fence"
    /// A replication channel needs no proof.
    case acceptUnproven = "accept-unproven"
}
