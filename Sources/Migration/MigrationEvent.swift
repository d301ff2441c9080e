public import MigrationFormat
public import QAPI
public import SystemCalls
public import Transport
public import VirtualMachine

/// What a migration tells its owner.
public enum MigrationEvent: Sendable, Equatable {
    /// A status was reached (MIGRATION); only while the capability `events` is on, but for an incoming setup.
    case status(MigrationStatus)
    /// A pass over the dirty log began (MIGRATION_PASS); only while the capability `events` is on.
    case pass(UInt64)
    /// A guest that is to move was asked to give up the primary card of this name (UNPLUG_PRIMARY).
    case unplugPrimary(String)
    /// An incoming migration failed: the machine cannot run. The text says why.
    case incomingFailed(String)
    /// Somebody who came to migrate was sent away, and another may come. The text says why.
    case incomingRefused(String)
    /// An outgoing migration failed: the guest runs on, or stands because the destination may run it. The text says why.
    case outgoingFailed(String, guestStands: Bool)
    /// A postcopy was paused: the guest is at its destination, which may lack pages.
    case postcopyPaused(PostcopyPause)
    /// A postcopy that is paused could not go on. The text says why.
    case recoveryRefused(String)
    /// An outgoing migration was cancelled: the guest runs on.
    case outgoingCancelled
}

/// Why a migration ended early.
public enum MigrationFailure: Error, Equatable, Sendable, CustomStringConvertible {
    /// The bytes that came make no sense.
    case stream(StreamError)
    /// The channel failed.
    case channel(TransportError)
    /// The machine could not change its state.
    case machine(RunStateError)
    /// The system refused a thread or memory.
    case system(SystemError)
    /// The peer said so, or said something out of place.
    case peer(String)
    /// It was cancelled here.
    case cancelled

    /// One line, as `error-desc` shows it.
    public var description: String {
        switch self {
        case .stream(let error): error.description
        case .channel(let error): error.description
        case .machine(let error): error.description
        case .system(let error): error.description
        case .peer(let text): text
        case .cancelled: "The migration was cancelled"
        }
    }
}

/// Runs `body`, and turns what its layer throws into a migration's failure.
func onChannel<Value>(_ body: () throws(TransportError) -> Value) throws(MigrationFailure) -> Value {
    do { return try body() } catch { throw error == .cancelled ? .cancelled : .channel(error) }
}

func onStream<Value>(_ body: () throws(StreamError) -> Value) throws(MigrationFailure) -> Value {
    do { return try body() } catch { throw .stream(error) }
}

func onMachine<Value>(_ body: () throws(RunStateError) -> Value) throws(MigrationFailure) -> Value {
    do { return try body() } catch { throw .machine(error) }
}

func onSystem<Value>(_ body: () throws(SystemError) -> Value) throws(MigrationFailure) -> Value {
    do { return try body() } catch { throw .system(error) }
}
