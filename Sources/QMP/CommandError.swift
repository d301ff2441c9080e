/// The class of an error reply; clients may branch on it.
public enum ErrorClass: String, Sendable, Hashable, CaseIterable {
    /// Everything that has no class of its own.
    case generic = "GenericError"
    /// No such command, or not in this phase of the connection.
    case commandNotFound = "CommandNotFound"
    /// The device is there but not in use.
    case deviceNotActive = "DeviceNotActive"
    /// No such device, instance or path.
    case deviceNotFound = "DeviceNotFound"
    /// The host's KVM lacks something.
    case kvmMissingCapability = "KVMMissingCap"
}

/// Why a command was refused: what the error reply says.
public struct CommandError: Error, Sendable, Hashable, CustomStringConvertible {
    /// For programs.
    public var errorClass: ErrorClass
    /// For people.
    public var description: String

    /// An error of `errorClass` that reads `description`.
    public init(_ errorClass: ErrorClass = .generic, _ description: String) {
        self.errorClass = errorClass
        self.description = description
    }

    /// A `GenericError` that reads `description`.
    public static func generic(_ description: String) -> CommandError { CommandError(.generic, description) }

    /// The answer to a command that does not exist.
    public static func commandNotFound(_ name: String) -> CommandError {
        CommandError(.commandNotFound, "The command \(name) has not been found")
    }
}
