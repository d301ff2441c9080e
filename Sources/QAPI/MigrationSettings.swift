/// Capabilities and parameters together: what a client may set, and what a migration goes by.
public struct MigrationSettings: Sendable, Hashable {
    /// The switches.
    public private(set) var capabilities = MigrationCapabilities()
    /// The numbers and texts.
    public private(set) var parameters = Values()

    /// Everything off, every default.
    public init() {}

    /// Whether `capability` is on.
    public subscript(capability: MigrationCapability) -> Bool { capabilities[capability] }

    /// Turns capabilities on and off, from the first to the last, or none of them if the result has a conflict.
    public mutating func setCapabilities(_ changes: [MigrationCapabilityStatus]) throws(MigrationSettingsError) {
        var result = capabilities
        for change in changes { result[change.capability] = change.state }
        try result.check(parameters)
        capabilities = result
    }

    /// Sets the parameters that `changes` names, or none of them if one is wrong.
    public mutating func setParameters(_ changes: MigrateSetParameters) throws(MigrationSettingsError) {
        try replaceParameters(with: parameters.applying(changes))
    }

    /// Sets parameters directly, or leaves them all if one is out of range.
    public mutating func setParameters(
        _ change: (inout Values) -> Void
    ) throws(MigrationSettingsError) {
        var result = parameters
        change(&result)
        try replaceParameters(with: result)
    }

    private mutating func replaceParameters(with result: Values) throws(MigrationSettingsError) {
        try result.check()
        try capabilities.checkZeroCopy(result)
        parameters = result
    }
}

extension MigrationCapabilityStatus {
    /// Turns `capability` on or off.
    public init(_ capability: MigrationCapability, _ state: Bool) {
        self.init(capability: capability, state: state)
    }
}
