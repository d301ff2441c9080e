public import ByteCoding

/// Reads one device's section. Implemented over the machine's devices; the format knows no device.
public protocol DeviceSectionHandler: Sendable {
    /// The version it writes, and the newest it reads.
    var version: UInt32 { get }
    /// The oldest version it reads.
    var oldestVersion: UInt32 { get }
    /// Reads and validates a state from the start of `reader` and returns the step that makes it current.
    func decode(
        version: UInt32, from reader: inout ByteReader
    ) throws(DeviceSectionFailure) -> @Sendable () -> Void
}

/// Finds the handler of a section.
public protocol DeviceSectionHandlers: Sendable {
    /// The handler of that name and instance; nil if the machine has none.
    func handler(name: String, instance: UInt32) -> (any DeviceSectionHandler)?
}

/// Why a handler did not read a section.
public enum DeviceSectionFailure: Error, Equatable, Sendable, CustomStringConvertible {
    /// At least `count` bytes are needed, counted from the start of the section's data.
    case needsBytes(Int)
    /// The state is not one that the device can be in.
    case invalid(String)

    /// What is missing or wrong.
    public var description: String {
        switch self {
        case .needsBytes(let count): "the section needs at least \(count) bytes"
        case .invalid(let why): why
        }
    }
}

/// A device's state that was read and validated, and not yet made current.
public struct DecodedSection: Sendable {
    /// Its header.
    public let header: SectionHeader
    /// Makes it current; the machine must be at rest.
    public let apply: @Sendable () -> Void

    /// Tells devices apart.
    public var key: SectionKey { SectionKey(name: header.name, instance: header.instance) }
}

/// What tells the sections of one stream apart.
public struct SectionKey: Hashable, Sendable {
    /// The handler's name.
    public let name: String
    /// The instance.
    public let instance: UInt32

    /// Section `name` of instance `instance`.
    public init(name: String, instance: UInt32) {
        self.name = name
        self.instance = instance
    }
}

/// What can be said of a header alone: a handler exists and reads this version.
func checkedHandler(
    of header: SectionHeader, in handlers: any DeviceSectionHandlers, offset: UInt64
) throws(StreamError) -> any DeviceSectionHandler {
    guard let handler = handlers.handler(name: header.name, instance: header.instance) else {
        throw StreamError(
            "Unknown savevm section or instance '\(header.name)' \(header.instance)", section: header.name,
            offset: offset)
    }
    try checkVersion(of: header, newest: handler.version, oldest: handler.oldestVersion, offset: offset)
    return handler
}

func checkVersion(of header: SectionHeader, newest: UInt32, oldest: UInt32, offset: UInt64) throws(StreamError) {
    guard header.version <= newest, header.version >= oldest else {
        throw StreamError(
            "savevm: unsupported version \(header.version) for '\(header.name)' v\(newest)", section: header.name,
            offset: offset)
    }
}

func footerMismatch(_ header: SectionHeader, read: UInt32, offset: UInt64) -> StreamError {
    StreamError(
        "Mismatched section id in footer for \(header.name) - read 0x\(hex(read)) expected 0x\(hex(header.id))",
        section: header.name, offset: offset)
}
