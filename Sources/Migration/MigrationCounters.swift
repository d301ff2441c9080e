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
    private let bytesBeforeSwitch = Atomic<UInt64>(.max)
    /// What channels carried that broke in postcopy.
    private let lostBytes = Atomic<UInt64>(0)
    private let asked = Atomic<UInt64>(0)
    private let normalBefore = Atomic<UInt64>(0)
    private let zeroBefore = Atomic<UInt64>(0)
    private let askedBefore = Atomic<UInt64>(0)
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
    var downtimeBytes: UInt64 { min(mainBytes, bytesBeforeSwitch.load(ordering: .relaxed)) - precopyBytes }
    /// Bytes that left since the guest may run at the destination.
    var postcopyBytes: UInt64 { mainBytes - min(mainBytes, bytesBeforeSwitch.load(ordering: .relaxed)) }
    /// How often the destination of a postcopy has asked for pages.
    var postcopyRequests: UInt64 { askedBefore.load(ordering: .relaxed) + asked.load(ordering: .relaxed) }
    /// Pages that were sent in postcopy before its last recovery, whole or as zero.
    var normalPagesBefore: UInt64 { normalBefore.load(ordering: .relaxed) }
    var zeroPagesBefore: UInt64 { zeroBefore.load(ordering: .relaxed) }
    /// Pages sent whole.
    var normalPages: UInt64 { normal.load(ordering: .relaxed) }
    /// Pages sent as "all zero".
    var zeroPages: UInt64 { zero.load(ordering: .relaxed) }
    /// Bytes of RAM that are still to be sent.
    var remaining: UInt64 { left.load(ordering: .relaxed) }

    /// Everything that was sent so far.
    func note(main: UInt64, multifd: UInt64, normalPages: UInt64, zeroPages: UInt64) {
        bytes.store(main + lostBytes.load(ordering: .relaxed), ordering: .relaxed)
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

    /// The guest may run at the destination once the main channel has carried so much.
    func noteSwitch(at bytes: UInt64) { bytesBeforeSwitch.store(bytes, ordering: .relaxed) }

    /// The destination has asked so often, since the switchover or the last recovery.
    func note(requests: UInt64) { asked.store(requests, ordering: .relaxed) }

    /// Channels broke that had carried so much.
    func noteLost(bytes: UInt64) { lostBytes.add(bytes, ordering: .relaxed) }

    /// Another one sends from now on; so much was sent by the one before.
    func notePostcopyPages(normal: UInt64, zero: UInt64) {
        normalBefore.add(normal, ordering: .relaxed)
        zeroBefore.add(zero, ordering: .relaxed)
    }

    /// Requests are counted from the beginning; so many came before.
    func noteRequestsBefore(_ requests: UInt64) {
        askedBefore.add(requests, ordering: .relaxed)
        asked.store(0, ordering: .relaxed)
    }
}
