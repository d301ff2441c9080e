import ByteCoding

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

/// A device (or vCPU) whose state can be saved as plain data and loaded in another process.
///
/// All calls come while the machine is paused. The encoding is vmstate's (wire.md §3): big-endian fields one after
/// the other, no length in front.
public protocol SavedDevice: AnyObject, Sendable {
    /// Name, instance and version of the section.
    var identity: DeviceIdentity { get }
    /// Appends the state.
    func saveState(to writer: inout ByteWriter)
    /// Reads and validates a state of `version` (within the identity's bounds) and returns the step that makes it
    /// current, which cannot fail. Nothing changes until that step runs, so a bad section leaves the device as it was.
    ///
    /// Throws `.malformed(.truncated)` when more bytes are needed, which a caller that reads from a socket answers
    /// with more bytes.
    func prepareLoad(
        version: UInt32, from reader: inout ByteReader
    ) throws(DeviceStateError) -> @Sendable () -> Void
}

/// What every `prepareLoad` does: read fields, and refuse values that cannot be.
extension DeviceStateError {
    /// Runs `body` and turns its reading errors into `.malformed`.
    public static func decoding<Result>(
        _ body: () throws(ByteCodingError) -> Result
    ) throws(DeviceStateError) -> Result {
        do { return try body() } catch { throw .malformed(error) }
    }

    /// Throws `.invalid` unless `field`, whose value is `value`, is as it must be.
    public static func require(
        _ holds: Bool, _ field: String, _ value: some CustomStringConvertible
    ) throws(DeviceStateError) {
        guard holds else { throw .invalid(field: field, value: value.description) }
    }
}
