public import QAPI
public import SystemCalls
public import Transport

/// Why a migration was not begun, or what was asked of one was not done. The texts are those that clients of QEMU know.
public enum MigrationRefusal: Error, Equatable, Sendable, CustomStringConvertible {
    /// A migration is under way, or COLO runs.
    case inProgress
    /// This side waits for a migration itself.
    case waitsForIncoming
    /// The guest was sent away and has not run since.
    case pausedByMigration
    /// No migration is paused that could go on.
    case noPausedMigration
    /// The owner of the machine has named this as standing in the way.
    case blocked(String)
    /// COLO needs this disk replicated.
    case diskNotReplicated(String)
    /// In COLO both sides have the disks.
    case noDiskMigrationInCOLO
    /// The options blk and inc are of no effect beside what is set.
    case incompatibleOptions
    /// The content of this disk does not travel.
    case diskStaysHere(String)
    /// COLO goes without this capability.
    case notInCOLO(MigrationCapability)
    /// A checkpoint would share memory with the guest that runs on.
    case sharedMemoryInCOLO
    /// A guest that may have this card cannot be replicated.
    case primaryInCOLO(String)
    /// Nobody runs COLO on this machine.
    case coloNotAvailable
    /// The host does not tell who writes to memory that is protected.
    case noSnapshotsOnThisHost
    /// It does, but not of the kind of memory that the guest has.
    case noSnapshotsOfThisMemory
    /// In this state a guest has no moment to keep.
    case noMomentToKeep(RunState)
    /// Only sockets can have channels beside the main one.
    case multifdNeedsSocket
    /// A destination could not tell the channels of both apart.
    case multifdWithPreemption
    /// The settings that the migration would have contradict each other.
    case settings(MigrationSettingsError)
    /// There is no such destination.
    case destination(TransportError)
    /// Nobody can listen there.
    case listener(TransportError)
    /// The process was not started to wait for a migration.
    case incomingNotExpected
    /// It listens already.
    case incomingAlreadyStarted
    /// The outgoing migration is in another state than was said; this one.
    case otherStatus(MigrationStatus)
    /// Postcopy is not on.
    case postcopyNotEnabled
    /// No migration was begun that could change to postcopy.
    case postcopyTooEarly
    /// The host cannot have a guest run whose pages are missing.
    case postcopyNotSupported
    /// Pages that have left are gone.
    case noRecoveryOfReleasedRAM
    /// The guest is the destination's, and what it lacks is here.
    case postcopyCannotBeCancelled
    /// A guest cannot go on here if the destination of its postcopy has answered that it takes it over.
    case guestRunsElsewhere
    /// It goes on here, but not at once.
    case takeBackUnderWay
    /// What has left of it was given back to the host.
    case guestWasReleased
    /// Only sockets can have a channel for pages that are asked for.
    case preemptionNeedsSocket
    /// Only a migration in postcopy can be paused.
    case notInPostcopy
    /// Only a postcopy that is paused can be recovered.
    case postcopyNotPaused
    /// Somebody has given another address since, which counts.
    case recoveryReplaced
    /// The system refused a descriptor or a thread.
    case system(SystemError)

    /// What is wrong.
    public var description: String {
        switch self {
        case .inProgress: "There's a migration process in progress"
        case .waitsForIncoming: "Guest is waiting for an incoming migration"
        case .pausedByMigration: "Can't migrate the vm that was paused due to previous migration"
        case .noPausedMigration: "Cannot resume if there is no paused migration"
        case .blocked(let blocker): blocker
        case .diskNotReplicated(let disk): "COLO needs every writable disk replicated, which '\(disk)' is not"
        case .noDiskMigrationInCOLO: "No disk migration is required in COLO mode"
        case .incompatibleOptions: "Command options are incompatible with current migration capabilities"
        case .diskStaysHere(let disk): "Block migration is not supported: disk '\(disk)' stays here"
        case .notInCOLO(let other): "Capability 'x-colo' is not compatible with capability '\(other.rawValue)'"
        case .sharedMemoryInCOLO:
            "Capability 'x-colo' is not compatible with capability 'x-ignore-shared' on shared RAM"
        case .primaryInCOLO(let card):
            "Capability 'x-colo' is not compatible with the failover pair of card '\(card)'"
        case .coloNotAvailable: "COLO is not available on this machine"
        case .noSnapshotsOnThisHost: "Background-snapshot is not supported by host kernel"
        case .noSnapshotsOfThisMemory: "Background-snapshot is not compatible with guest memory configuration"
        case .noMomentToKeep(let state):
            "Background-snapshot needs a guest that runs or is paused, and this one is '\(state.rawValue)'; 'cont' first"
        case .multifdNeedsSocket: "multifd is not supported by current protocol"
        case .multifdWithPreemption: "Capability 'multifd' is not compatible with capability 'postcopy-preempt'"
        case .settings(let error): error.description
        case .destination(let error): error.description
        case .listener(.unknownScheme(let uri)): "unknown migration protocol: \(uri)"
        case .listener(.noRDMA): "RDMA ERROR: could not create rdma event channel"
        case .listener(let error): error.description
        case .incomingNotExpected: "'-incoming' was not specified on the command line"
        case .incomingAlreadyStarted: "The incoming migration has already been started"
        case .otherStatus(let status): "Migration not in expected state: \(status.rawValue)"
        case .postcopyNotEnabled: "Enable postcopy with migrate_set_capability before the start of migration"
        case .postcopyTooEarly: "Postcopy must be started after migration has been started"
        case .postcopyNotSupported: "Postcopy is not supported"
        case .noRecoveryOfReleasedRAM: "Postcopy recovery cannot work when release-ram capability is set"
        case .postcopyCannotBeCancelled:
            "A postcopy that is paused cannot be cancelled: the guest runs at the destination, and needs the pages that are "
                + "here. Use 'migrate-recover' there and 'migrate' with 'resume' here"
        case .guestRunsElsewhere:
            "Migration is not finalized yet: the destination has answered that it takes the guest over, whose memory here is "
                + "old then. Use 'migrate-recover' there and 'migrate' with 'resume' here"
        case .takeBackUnderWay:
            "'cont' was accepted and is under way: the guest goes on here once the migration has ended, as 'query-migrate' "
                + "and 'query-status' tell"
        case .guestWasReleased:
            "Migration is not finalized yet: with release-ram, pages of the guest that have left are here no more"
        case .preemptionNeedsSocket:
            "Postcopy preempt is not supported as current migration stream does not support multi-channels."
        case .notInPostcopy: "migrate-pause is currently only supported during postcopy-active state"
        case .postcopyNotPaused: "Migrate recover can only be run when postcopy is paused."
        case .recoveryReplaced: "Another 'migrate-recover' has come in the meantime"
        case .system(let error): error.description
        }
    }
}

/// Runs `body`, and turns what is wrong with settings into a migration's refusal.
func onSettings<Value>(_ body: () throws(MigrationSettingsError) -> Value) throws(MigrationRefusal) -> Value {
    do { return try body() } catch { throw .settings(error) }
}
