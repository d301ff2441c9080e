import Synchronization

/// What a migration that goes out has sent, counted by its own thread and read by queries without a lock.
final class MigrationCounters: Sendable {
    /// Bytes of RAM altogether.
    let total: UInt64
    private let bytes = Atomic<UInt64>(0)
    private let bytesBeforeHalt = Atomic<UInt64>(.max)
    private let normal = Atomic<UInt64>(0)
    private let zero = Atomic<UInt64>(0)
    private let left = Atomic<UInt64>(0)

    init(totalBytes: Int) {
        total = UInt64(totalBytes)
        left.store(total, ordering: .relaxed)
    }

    /// Bytes on the channel.
    var transferred: UInt64 { bytes.load(ordering: .relaxed) }
    /// Of these, those that left while the guest ran.
    var precopyBytes: UInt64 { min(transferred, bytesBeforeHalt.load(ordering: .relaxed)) }
    /// Pages sent whole.
    var normalPages: UInt64 { normal.load(ordering: .relaxed) }
    /// Pages sent as "all zero".
    var zeroPages: UInt64 { zero.load(ordering: .relaxed) }
    /// Bytes of RAM that are still to be sent.
    var remaining: UInt64 { left.load(ordering: .relaxed) }

    /// Everything that was sent so far.
    func note(transferred: UInt64, normalPages: UInt64, zeroPages: UInt64) {
        bytes.store(transferred, ordering: .relaxed)
        normal.store(normalPages, ordering: .relaxed)
        zero.store(zeroPages, ordering: .relaxed)
    }

    /// So much is still to be sent.
    func note(remaining: UInt64) { left.store(remaining, ordering: .relaxed) }

    /// The guest stands from now on.
    func noteHalt() { bytesBeforeHalt.store(transferred, ordering: .relaxed) }
}
