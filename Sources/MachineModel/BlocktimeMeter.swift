public import Environment

/// For how long vCPUs waited for pages, in milliseconds, as QEMU tells it with the capability postcopy-blocktime.
public struct Blocktime: Sendable, Equatable {
    /// For how long each vCPU waited.
    public var vCPUs: [UInt32]
    /// For how long all of them waited at once.
    public var total: UInt32

    /// These times.
    public init(vCPUs: [UInt32], total: UInt32) {
        self.vCPUs = vCPUs
        self.total = total
    }
}

/// Adds up for how long vCPUs wait for pages. A plain value, with time coming in.
///
/// A vCPU that waits for an interrupt, or is stopped, does not wait for a page; so it ends the time of all.
public struct BlocktimeMeter: Sendable, Equatable {
    private struct Clock: Equatable {
        var since: Nanoseconds?
        var ended = Nanoseconds.zero

        mutating func start(_ now: Nanoseconds) { since = since ?? now }

        mutating func stop(_ now: Nanoseconds) {
            ended = sum(at: now)
            since = nil
        }

        func sum(at now: Nanoseconds) -> Nanoseconds {
            guard let since, now > since else { return ended }
            return ended + (now - since)
        }

        func milliseconds(at now: Nanoseconds) -> UInt32 { UInt32(clamping: sum(at: now).count / 1_000_000) }
    }

    private var vCPUs: [Clock]
    private var all = Clock()
    private var isOver = false

    /// Nobody has waited yet.
    public init(vCPUCount: Int) { vCPUs = Array(repeating: Clock(), count: vCPUCount) }

    /// A vCPU waits from now on, if it did not already.
    public mutating func begin(_ vCPU: Int, at now: Nanoseconds) {
        guard !isOver else { return }
        vCPUs[vCPU].start(now)
        if vCPUs.allSatisfy({ $0.since != nil }) { all.start(now) }
    }

    /// A vCPU waits no more.
    public mutating func end(_ vCPU: Int, at now: Nanoseconds) {
        guard !isOver else { return }
        vCPUs[vCPU].stop(now)
        all.stop(now)
    }

    /// All pages are here: waits that go on end, and nothing adds up any more.
    public mutating func finish(at now: Nanoseconds) {
        for vCPU in vCPUs.indices { end(vCPU, at: now) }
        isOver = true
    }

    /// What has added up, waits that go on counted up to `now`.
    public func blocktime(at now: Nanoseconds) -> Blocktime {
        Blocktime(vCPUs: vCPUs.map { $0.milliseconds(at: now) }, total: all.milliseconds(at: now))
    }
}
