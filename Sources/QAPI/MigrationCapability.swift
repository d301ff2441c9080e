import QMP

/// A switch that changes how a migration works. All are off at first.
public enum MigrationCapability: String, Sendable, Hashable, CaseIterable {
    /// Send what changed of a page instead of the whole.
    case xbzrle
    /// Pin all memory for RDMA.
    case rdmaPinAll = "rdma-pin-all"
    /// Slow the guest down when it dirties memory faster than it can be sent.
    case autoConverge = "auto-converge"
    /// Do not send zero blocks of disks.
    case zeroBlocks = "zero-blocks"
    /// Compress pages with threads.
    case compress
    /// Emit MIGRATION and MIGRATION_PASS.
    case events
    /// Allow the switch to postcopy.
    case postcopyRAM = "postcopy-ram"
    /// End in COLO instead of handing over.
    case colo = "x-colo"
    /// Give pages back once sent (postcopy).
    case releaseRAM = "release-ram"
    /// Copy disks too.
    case block
    /// A channel from destination to source.
    case returnPath = "return-path"
    /// Stop before the switchover and wait for `migrate-continue`.
    case pauseBeforeSwitchover = "pause-before-switchover"
    /// Several channels for pages.
    case multifd
    /// Copy dirty bitmaps of disks.
    case dirtyBitmaps = "dirty-bitmaps"
    /// Measure how long vCPUs waited for pages.
    case postcopyBlocktime = "postcopy-blocktime"
    /// The destination takes its disks only when it runs.
    case lateBlockActivate = "late-block-activate"
    /// Leave shared memory out.
    case ignoreShared = "x-ignore-shared"
    /// Check that both sides carry the same UUID.
    case validateUUID = "validate-uuid"
    /// Save a snapshot while the guest runs on.
    case backgroundSnapshot = "background-snapshot"
    /// Send without copying to the kernel.
    case zeroCopySend = "zero-copy-send"
    /// A channel of its own for requested pages.
    case postcopyPreempt = "postcopy-preempt"
}

/// The capabilities that are on.
public struct MigrationCapabilities: Sendable, Hashable {
    private var bits: UInt32 = 0

    /// None.
    public init() {}

    /// Whether `capability` is on.
    public subscript(capability: MigrationCapability) -> Bool {
        get { bits & Self.mask(capability) != 0 }
        set { bits = newValue ? bits | Self.mask(capability) : bits & ~Self.mask(capability) }
    }

    private static func mask(_ capability: MigrationCapability) -> UInt32 {
        switch capability {
        case .xbzrle: 1 << 0
        case .rdmaPinAll: 1 << 1
        case .autoConverge: 1 << 2
        case .zeroBlocks: 1 << 3
        case .compress: 1 << 4
        case .events: 1 << 5
        case .postcopyRAM: 1 << 6
        case .colo: 1 << 7
        case .releaseRAM: 1 << 8
        case .block: 1 << 9
        case .returnPath: 1 << 10
        case .pauseBeforeSwitchover: 1 << 11
        case .multifd: 1 << 12
        case .dirtyBitmaps: 1 << 13
        case .postcopyBlocktime: 1 << 14
        case .lateBlockActivate: 1 << 15
        case .ignoreShared: 1 << 16
        case .validateUUID: 1 << 17
        case .backgroundSnapshot: 1 << 18
        case .zeroCopySend: 1 << 19
        case .postcopyPreempt: 1 << 20
        }
    }

    /// The reply of `query-migrate-capabilities`: all of them, in their order.
    public var json: JSONValue {
        .array(
            MigrationCapability.allCases.map { capability in
                ["state": .boolean(self[capability]), "capability": .string(capability.rawValue)]
            })
    }

    /// Throws the first conflict between what is on.
    func check(_ parameters: MigrationParameters) throws(CommandError) {
        if self[.multifd] && self[.compress] { throw .generic("Multifd is not compatible with compress") }
        if self[.postcopyRAM] && self[.ignoreShared] {
            throw .generic("Postcopy is not compatible with ignore-shared")
        }
        if self[.backgroundSnapshot] {
            for other in Self.notWithBackgroundSnapshot where self[other] {
                throw .generic("Background-snapshot is not compatible with \(other.rawValue)")
            }
        }
        try checkZeroCopy(parameters)
        if self[.postcopyPreempt] {
            guard self[.postcopyRAM] else { throw .generic("Postcopy preempt requires postcopy-ram") }
            guard !self[.compress] else { throw .generic("Postcopy preempt not compatible with compress") }
        }
    }

    /// Zero copy needs plain pages on channels of their own.
    func checkZeroCopy(_ parameters: MigrationParameters) throws(CommandError) {
        guard self[.zeroCopySend] else { return }
        guard self[.multifd], parameters.multifdCompression == .none, parameters.tlsCredentials.isEmpty else {
            throw .generic("Zero copy only available for non-compressed non-TLS multifd migration")
        }
    }

    private static let notWithBackgroundSnapshot: [MigrationCapability] = [
        .postcopyRAM, .dirtyBitmaps, .postcopyBlocktime, .lateBlockActivate, .returnPath, .multifd,
        .pauseBeforeSwitchover, .autoConverge, .releaseRAM, .rdmaPinAll, .compress, .xbzrle, .colo, .validateUUID,
        .zeroCopySend,
    ]
}
