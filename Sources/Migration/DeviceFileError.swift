public import MachineModel
public import MigrationFormat
public import SystemCalls

/// Why the state of the devices was not written to a file, or not taken from one.
public enum DeviceFileError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The guest runs, and devices are replaced only while it stands.
    case machineRuns
    /// The guest has this primary card, which does not move with it.
    case primaryPlugged(String)
    /// A migration stands in the way.
    case migration(MigrationRefusal)
    /// The guest did not stand still for the moment that its state is taken in.
    case pause(PauseTimeout)
    /// The file cannot be opened or made.
    case notOpened(path: String, SystemError)
    /// The file cannot be read.
    case notRead(path: String, SystemError)
    /// The file cannot be written.
    case notWritten(path: String, SystemError)
    /// It is a folder, a pipe or a device.
    case noRegularFile(path: String)
    /// The file is longer than the state of any machine.
    case tooLong(path: String, limit: Int)
    /// The bytes are not the state of this machine's devices.
    case malformed(path: String, StreamError)

    /// What is wrong.
    public var description: String {
        switch self {
        case .machineRuns: "Cannot update device state while vm is running"
        case .primaryPlugged(let card):
            "Cannot save device state while the guest has its card '\(card)': it is asked to give it up only by 'migrate'"
        case .migration(let refusal): refusal.description
        case .pause(let error): error.description
        case .notOpened(let path, let error): "Unable to open \(path): \(error.reason)"
        case .notRead(let path, let error): "Unable to read \(path): \(error.reason)"
        case .notWritten(let path, let error): "Unable to write to \(path): \(error.reason)"
        case .noRegularFile(let path): "Unable to load device state from \(path): it is not a regular file"
        case .tooLong(let path, let limit):
            "Unable to load device state from \(path): it has more than \(limit) bytes"
        case .malformed(let path, let error): "Unable to load device state from \(path): \(error)"
        }
    }
}
