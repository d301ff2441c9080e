public import ByteCoding
public import MigrationFormat

/// The name under which a device's state stands in a migration stream.
public struct DeviceIdentity: Hashable, Sendable {
    /// The section name ("serial", "virtio-net"), at most 255 bytes.
    public let name: String
    /// Tells devices of the same name apart.
    public let instance: UInt32
    /// The version this build writes.
    public let version: UInt32
    /// The oldest version this build reads.
    public let oldestVersion: UInt32

    /// The identity of instance `instance` of `name`.
    public init(name: String, instance: UInt32 = 0, version: UInt32 = 1, oldestVersion: UInt32 = 1) {
        self.name = name
        self.instance = instance
        self.version = version
        self.oldestVersion = oldestVersion
    }
}

/// Why a device's state was refused.
public enum DeviceStateError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The bytes end too soon or hold no value of the kind expected.
    case malformed(ByteCodingError)
    /// A field has a value that the device cannot be in.
    case invalid(field: String, value: String)

    /// What is wrong with the state.
    public var description: String {
        switch self {
        case .malformed(let error): "the state cannot be read: \(error)"
        case .invalid(let field, let value): "\(field) cannot be \(value)"
        }
    }
}

/// What has a state that can be saved as plain data and loaded in another process.
///
/// All calls come while the machine is paused. The encoding is vmstate's (wire.md §3): big-endian fields one after
/// the other, no length in front.
public protocol DeclaredState: AnyObject, Sendable {
    /// A state as a value.
    associatedtype Saved: Sendable
    /// The version of the state that this build writes.
    var stateVersion: UInt32 { get }
    /// Has `fields` visit every field, in the order of the bytes, beginning with the values of now, and returns what they
    /// are afterwards. Says with `check` what a loaded state must be like. Changes nothing.
    func declare<Visitor: StateVisitor>(to fields: inout Visitor) throws(Visitor.Failure) -> Saved
    /// Makes a state current that `declare` has returned; cannot fail.
    func restore(_ saved: Saved)
}

/// A device (or vCPU) with a section of its own in a stream.
public protocol SavedDevice: DeclaredState {
    /// Name, instance and version of the section.
    var identity: DeviceIdentity { get }
}

extension SavedDevice {
    /// The version of the section.
    public var stateVersion: UInt32 { identity.version }

    /// What the fields of the section are and what they hold now: for its description, and for people.
    public var describedState: DescribedState { describedState(name: identity.name) }
}

extension DeclaredState {
    /// Appends the state.
    public func saveState(to writer: inout ByteWriter) {
        StateEncoder.append(version: stateVersion, to: &writer) { _ = declare(to: &$0) }
    }

    /// Reads and validates a state of `version` (within the identity's bounds) and returns the step that makes it
    /// current, which cannot fail. Nothing changes until that step runs, so a bad section leaves the device as it was.
    ///
    /// Throws `.malformed(.truncated)` when more bytes are needed, which a caller that reads from a socket answers
    /// with more bytes.
    public func prepareLoad(
        version: UInt32, from reader: inout ByteReader
    ) throws(DeviceStateError) -> @Sendable () -> Void {
        var decoder = StateDecoder(version: version, reader: reader)
        let saved = try declare(to: &decoder)
        reader = decoder.reader
        return { self.restore(saved) }
    }

    /// The same for a state of the version that this build writes.
    public func prepareLoad(from reader: inout ByteReader) throws(DeviceStateError) -> @Sendable () -> Void {
        try prepareLoad(version: stateVersion, from: &reader)
    }

    /// What the fields of a state of the kind `name` are and what they hold now.
    public func describedState(name: String) -> DescribedState {
        var describer = StateDescriber(name: name, version: stateVersion)
        _ = declare(to: &describer)
        return describer.state
    }
}
