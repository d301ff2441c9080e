import MigrationCore
public import QAPI
import VirtualMachine

extension MigrationController {
    /// `migrate-continue`: lets a migration that is paused before the switchover go on, once what is returned is called.
    /// `state` must be the outgoing status now; in every other one that it equals, nothing happens.
    public func migrateContinue(
        state wanted: MigrationStatus
    ) throws(MigrationRefusal) -> @Sendable () -> Void {
        let session = try withState { (state: inout State) throws(MigrationRefusal) -> SourceSession? in
            let status = state.outgoingStatus.inSchema
            guard status == wanted else { throw .otherStatus(status) }
            return status == .preSwitchover ? state.outgoing : nil
        }
        return { [self] in if let session { post(.goOn, of: session) } }
    }

    /// `query-migrationthreads`: name and number (gettid(2)) of the threads of the outgoing side that live, the newest
    /// first.
    public func migrationThreads() -> [(name: String, id: Int32)] {
        guard let control = withState({ $0.outgoing })?.control, let id = control.threadID else { return [] }
        let data = control.dataThreadIDs.enumerated().map { (name: "multifdsend_\($0.offset)", id: $0.element) }
        return data.reversed() + [(Self.threadName, id)]
    }
}
