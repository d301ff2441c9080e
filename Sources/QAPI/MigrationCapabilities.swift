/// The capabilities that are on. All are off at first.
public struct MigrationCapabilities: Sendable, Hashable {
    private var enabled: Set<MigrationCapability> = []

    /// None.
    public init() {}

    /// Whether `capability` is on.
    public subscript(capability: MigrationCapability) -> Bool {
        get { enabled.contains(capability) }
        set {
            if newValue { enabled.insert(capability) } else { enabled.remove(capability) }
        }
    }

    /// The reply of `query-migrate-capabilities`: all of them, in their order.
    public var list: [MigrationCapabilityStatus] {
        MigrationCapability.allCases.map { MigrationCapabilityStatus(capability: $0, state: self[$0]) }
    }

    /// Throws the first conflict between what is on.
    func check(_ parameters: MigrationSettings.Values) throws(MigrationSettingsError) {
        if self[.postcopyRam] && self[.xIgnoreShared] { throw .postcopyWithIgnoreShared }
        if self[.backgroundSnapshot] {
            for other in Self.notWithBackgroundSnapshot where self[other] {
                throw .backgroundSnapshot(with: other)
            }
        }
        try checkZeroCopy(parameters)
        if self[.postcopyPreempt] {
            guard self[.postcopyRam] else { throw .preemptionWithoutPostcopy }
            guard !self[.compress] else { throw .preemptionWithCompression }
        }
        if self[.multifd] && self[.compress] { throw .multifdWithCompression }
    }

    /// Zero copy needs plain pages on channels of their own.
    func checkZeroCopy(_ parameters: MigrationSettings.Values) throws(MigrationSettingsError) {
        guard self[.zeroCopySend] else { return }
        guard self[.multifd], !self[.compress], !self[.xbzrle], parameters.multifdCompression == .none,
            parameters.tlsCredentials.isEmpty
        else { throw .zeroCopyOfChangedPages }
    }

    private static let notWithBackgroundSnapshot: [MigrationCapability] = [
        .postcopyRam, .dirtyBitmaps, .postcopyBlocktime, .lateBlockActivate, .returnPath, .multifd,
        .pauseBeforeSwitchover, .autoConverge, .releaseRam, .rdmaPinAll, .compress, .xbzrle, .xColo, .validateUuid,
        .zeroCopySend,
    ]
}
