import PairLab

extension ProtectedPair {
    /// Runs coloctl against a host's socket; returns how it ended and what it printed.
    func coloctl(_ arguments: [String], on side: Side) throws -> (ProcessEnd?, String) {
        let folder = try TemporaryFolder()
        let process = try startColoctl(arguments, on: side, log: folder.path("log"))
        return (process.waitForExit(within: .seconds(60)), process.output)
    }

    /// Starts a coloctl that goes on by itself, such as `coloctl events`.
    func startColoctl(_ arguments: [String], on side: Side, log: String) throws -> ManagedProcess {
        try LabHost(sharingMachineNetworkAs: "operator").start(
            [Self.builtProgram("coloctl")] + arguments + ["--socket", socketPath(side)], log: log)
    }
}

/// Runs `command` to its end; returns how it ended and what it printed.
func run(_ command: [String], within limit: Duration = .seconds(30)) throws -> (ProcessEnd?, String) {
    let folder = try TemporaryFolder()
    let process = try LabHost(sharingMachineNetworkAs: "operator").start(command, log: folder.path("log"))
    return (process.waitForExit(within: limit), process.output)
}
