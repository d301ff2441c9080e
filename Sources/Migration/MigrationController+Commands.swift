import MigrationCore
public import QAPI
public import QMP
import VirtualMachine

extension MigrationController {
    /// `migrate-continue`: lets a migration that is paused before the switchover go on, once what is returned is called.
    /// `state` must be the outgoing status now; in every other one that it equals, nothing happens.
    public func migrateContinue(
        state wanted: MigrationStatus
    ) throws(CommandError) -> @Sendable () -> Void {
        let session = try withState { (state: inout State) throws(CommandError) -> SourceSession? in
            let status = state.outgoingStatus.inSchema
            guard status == wanted else { throw .notInExpectedState(status) }
            return status == .preSwitchover ? state.outgoing : nil
        }
        return { [self] in if let session { post(.goOn, of: session) } }
    }

    /// `migrate-start-postcopy`. Postcopy is not carried, so a migration that runs cannot change to it.
    public func migrateStartPostcopy() throws(CommandError) {
        try withState { (state: inout State) throws(CommandError) in
            guard state.settings[.postcopyRam] else { throw .postcopyNotEnabled }
            guard state.outgoingStatus != .none else { throw .postcopyTooEarly }
            guard !state.isMigrating else { throw .generic("Postcopy is not supported") }
        }
    }

    /// `migrate-pause`: only in postcopy, which is not carried.
    public func migratePause() throws(CommandError) { throw .notInPostcopy }

    /// `migrate-recover`: only of a paused postcopy, which is not carried.
    public func migrateRecover() throws(CommandError) { throw .postcopyNotPaused }

    /// `query-migrationthreads`: name and number (gettid(2)) of the threads of the outgoing side that live, the newest
    /// first.
    public func migrationThreads() -> [(name: String, id: Int32)] {
        guard let id = withState({ $0.outgoing })?.control.threadID else { return [] }
        return [(Self.threadName, id)]
    }
}

extension CommandError {
    static func notInExpectedState(_ status: MigrationStatus) -> CommandError {
        generic("Migration not in expected state: \(status.rawValue)")
    }
    static let postcopyNotEnabled = generic(
        "Enable postcopy with migrate_set_capability before the start of migration")
    static let postcopyTooEarly = generic("Postcopy must be started after migration has been started")
    static let notInPostcopy = generic("migrate-pause is currently only supported during postcopy-active state")
    static let postcopyNotPaused = generic("Migrate recover can only be run when postcopy is paused.")
}
