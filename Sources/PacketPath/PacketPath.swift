/// The path of a guest's packets on the host.
///
/// A network device sends into an `OutputHold`, which stands in front of the real back-end (`TapBackend`,
/// `UserBackend`). Unprotected, the hold passes every frame on. While the pair replicates it keeps what the guest
/// sends until the checkpoint that contains the cause is complete on the secondary (output commit): frames belong to
/// the epoch that is open when they are sent, a checkpoint seals the epoch, its acknowledgement releases it, in order
/// and once. What belongs to an epoch that failed is discarded, and a superseded primary is fenced: nothing of it ever
/// reaches the network again. Frames towards the guest are never held.
///
/// After a takeover an `Announcer` tells the network where the guest's address now lives.
///
/// Threads: `send` comes from the guest's side, often with the machine lock held, and never blocks. Each real back-end
/// has one thread, which delivers inbound frames. Locks in here are taken after the machine lock and never held while
/// the receiver of inbound frames runs.
///
/// Limits: everything queued is bounded (`OutputHold.defaultDropLimit`, `TapBackend.queueLimit`, `UserBackend.queueLimit`);
/// what exceeds a bound is dropped and counted, as a network may.

/// The longest frame that any back-end takes or delivers, in bytes: the largest IP packet and an Ethernet header with
/// a VLAN tag.
public let largestFrame = 65_535 + 18
