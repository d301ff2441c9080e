import QMP

/// Capabilities and parameters together: what a client may set, and what a migration goes by.
public struct MigrationSettings: Sendable, Hashable {
    /// The switches.
    public private(set) var capabilities = MigrationCapabilities()
    /// The numbers and texts.
    public private(set) var parameters = MigrationParameters()

    /// Everything off, every default.
    public init() {}

    /// Whether `capability` is on.
    public subscript(capability: MigrationCapability) -> Bool { capabilities[capability] }

    /// Turns capabilities on and off, from the first to the last, or none of them if the result has a conflict.
    public mutating func setCapabilities(_ changes: [CapabilityChange]) throws(CommandError) {
        var result = capabilities
        for change in changes { result[change.capability] = change.state }
        try result.check(parameters)
        capabilities = result
    }

    /// Sets the parameters that `arguments` name (arguments of `migrate-set-parameters`), or none of them if one is
    /// wrong.
    public mutating func setParameters(_ arguments: JSONObject) throws(CommandError) {
        try ArgumentChecker.check(arguments, against: MigrationParameters.members)
        let result = parameters.applying(arguments)
        try result.check()
        try capabilities.checkZeroCopy(result)
        parameters = result
    }

    /// Sets parameters directly, or leaves them all if one is out of range.
    public mutating func setParameters(
        _ change: (inout MigrationParameters) -> Void
    ) throws(CommandError) {
        var result = parameters
        change(&result)
        try result.check()
        try capabilities.checkZeroCopy(result)
        parameters = result
    }
}

/// One element of the list that `migrate-set-capabilities` takes.
public struct CapabilityChange: Sendable, Hashable {
    /// Which one.
    public var capability: MigrationCapability
    /// On or off.
    public var state: Bool

    /// Turns `capability` on or off.
    public init(_ capability: MigrationCapability, _ state: Bool) {
        self.capability = capability
        self.state = state
    }

    /// The changes that a list of the right type holds.
    public static func list(_ json: JSONValue?) -> [CapabilityChange] {
        (json?.array ?? []).compactMap { element in
            guard let name = element["capability"]?.string, let state = element["state"]?.boolean else { return nil }
            return MigrationCapability(rawValue: name).map { CapabilityChange($0, state) }
        }
    }

    /// What one element must be.
    public static let type = ArgumentType.object([
        .required("capability", .enumeration(MigrationCapability.allCases.map(\.rawValue))),
        .required("state", .boolean),
    ])
}
