import QAPI
import Synchronization

/// What a migration that goes out has sent, counted by its own thread and read by queries without a lock.
final class MigrationCounters: Sendable {
    /// Bytes of RAM altogether.
    let total: UInt64
    /// What differences save; nil without xbzrle.
    let xbzrle: XBZRLECounters?
    /// What compression by threads saves; nil without compress.
    let compression: CompressionCounters?
    private let bytes = Atomic<UInt64>(0)
    private let dataBytes = Atomic<UInt64>(0)
    private let bytesBeforeHalt = Atomic<UInt64>(.max)
    private let normal = Atomic<UInt64>(0)
    private let zero = Atomic<UInt64>(0)
    private let missed = Atomic<UInt64>(0)
    private let left = Atomic<UInt64>(0)

    init(totalBytes: Int, settings: MigrationSettings) {
        xbzrle = settings[.xbzrle] ? XBZRLECounters(cacheSize: settings.parameters.xbzrleCacheSize) : nil
        compression = settings[.compress] ? CompressionCounters() : nil
        total = UInt64(totalBytes)
        left.store(total, ordering: .relaxed)
    }

    /// Bytes on all channels.
    var transferred: UInt64 { mainBytes + multifdBytes }
    /// Bytes on the main channel.
    private var mainBytes: UInt64 { bytes.load(ordering: .relaxed) }
    /// Bytes on the channels beside it.
    var multifdBytes: UInt64 { dataBytes.load(ordering: .relaxed) }
    /// Bytes that left on the main channel while the guest ran.
    var precopyBytes: UInt64 { min(mainBytes, bytesBeforeHalt.load(ordering: .relaxed)) }
    /// Bytes that left on the main channel since the guest stands.
    var downtimeBytes: UInt64 { mainBytes - precopyBytes }
    /// Pages sent whole.
    var normalPages: UInt64 { normal.load(ordering: .relaxed) }
    /// Pages sent as "all zero".
    var zeroPages: UInt64 { zero.load(ordering: .relaxed) }
    /// Bytes of RAM that are still to be sent.
    var remaining: UInt64 { left.load(ordering: .relaxed) }

    /// Everything that was sent so far.
    func note(main: UInt64, multifd: UInt64, normalPages: UInt64, zeroPages: UInt64) {
        bytes.store(main, ordering: .relaxed)
        dataBytes.store(multifd, ordering: .relaxed)
        normal.store(normalPages, ordering: .relaxed)
        zero.store(zeroPages, ordering: .relaxed)
    }

    /// How often the kernel copied what was to be sent without, by channel and pass.
    var missedZeroCopy: UInt64 { missed.load(ordering: .relaxed) }

    /// It did so once more.
    func noteMissedZeroCopy() { missed.add(1, ordering: .relaxed) }

    /// So much is still to be sent.
    func note(remaining: UInt64) { left.store(remaining, ordering: .relaxed) }

    /// The guest stands from now on.
    func noteHalt() { bytesBeforeHalt.store(mainBytes, ordering: .relaxed) }
}
