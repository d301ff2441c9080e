public import Environment
public import PacketPath

/// Output commit for a whole machine: the holds of all its network cards, moved through their epochs together.
///
/// Checkpoints of a run count from 1; the holds' epochs go on counting over all runs. Each hold remembers in which epoch a
/// run began, and every checkpoint of the run closes exactly one epoch, so the two differ by a constant.
public final class OutputGate: Sendable {
    private let holds: [OutputHold]

    /// The gate made of the holds in front of each card's back-end.
    public init(holds: [OutputHold]) { self.holds = holds }

    /// From now on nothing leaves before its checkpoint. To be called while the guest stands.
    public func beginRun() { for hold in holds { hold.beginRun() } }

    /// Closes the epoch that the checkpoint taken right now contains. To be called while the guest stands.
    public func seal() { for hold in holds { _ = hold.sealEpoch() } }

    /// Lets out what checkpoint `checkpoint` of this run contains, and everything before; false if `deadline` passed
    /// first, and then what is left stays held.
    public func release(throughCheckpoint checkpoint: UInt64, before deadline: Nanoseconds = .never) -> Bool {
        var inTime = true
        for hold in holds where hold.release(throughCheckpoint: checkpoint, before: deadline) == .expired {
            inTime = false
        }
        return inTime
    }

    /// Leaves output commit: lets everything out and holds nothing any more; false if `deadline` passed first, and then
    /// what is left stays held, and all cards hold on.
    @discardableResult
    public func open(before deadline: Nanoseconds = .never) -> Bool {
        // What waits takes its time, so it goes out while every card still holds.
        for hold in holds where hold.release(through: hold.sealEpoch(), before: deadline) == .expired { return false }
        for hold in holds where hold.releaseAllAndPass(before: deadline) == .expired {
            for hold in holds { hold.beginHolding() }
            return false
        }
        return true
    }

    /// From now on `firstFrameAt` tells when the guest's first frame leaves.
    public func watchFirstFrame() { for hold in holds { hold.watchNextFrame() } }

    /// When the first frame left after `watchFirstFrame`; nil if none has.
    public var firstFrameAt: Nanoseconds? { holds.compactMap(\.watchedFrameAt).min() }

    /// Superseded: nothing leaves again.
    public func fence() { for hold in holds { hold.fence() } }

    /// Packets that were lost, because more was held than may be.
    public var droppedPackets: UInt64 { holds.reduce(0) { $0 + $1.counters.dropped.frames } }

    /// Packets and bytes that wait.
    public var held: (packets: UInt64, bytes: UInt64) {
        holds.reduce((0, 0)) { ($0.0 + UInt64($1.heldPackets), $0.1 + UInt64($1.heldBytes)) }
    }
}
