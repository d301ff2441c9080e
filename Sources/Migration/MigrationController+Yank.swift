extension MigrationController {
    /// Whether there is a migration that `yank` could reach: one that listens, goes out or comes in, or COLO.
    public var isYankable: Bool { !yankableRuns.isEmpty }

    /// Cuts the connections of whatever migration is under way, which then fails as if the network had broken. A
    /// listener that nobody has connected to goes on listening.
    public func yank() { for run in yankableRuns { run.cut() } }

    private var yankableRuns: [RunControl] {
        withState { [$0.outgoingRun, $0.incomingRun] }.compactMap { $0 }.filter { !$0.isFinished }
    }
}
