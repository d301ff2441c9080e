import Environment
import Glibc
import PairLab
import QAPI
import Synchronization
import SystemCalls
import Testing

@testable import Migration
@testable import Transport

/// Postcopy over commands and passed sockets, whose channel ends.
@Suite(.serialized) struct PostcopyOverCommandsTests {
    /// Who ends it.
    enum Ending: CaseIterable { case pauseAtSource, pauseAtDestination, commandOfSource, commandOfDestination }

    /// Less than either side waits for a channel that stalls, and much more than it takes.
    private static let limit = Nanoseconds.seconds(20)

    /// Two named pipes in `folder`, and the commands that join the ends over them.
    private func link(_ number: Int, in folder: TemporaryFolder) throws -> (there: String, here: String) {
        let (there, back) = (folder.path("there\(number)"), folder.path("back\(number)"))
        for path in [there, back] { try #require(mkfifo(path, 0o600) == 0) }
        return (
            "exec:exec 3<&0; cat <&3 >'\(back)' & exec cat '\(there)'",
            "exec:exec 3<&0; cat '\(back)' & cat <&3 >'\(there)'; exec 3<&-; wait"
        )
    }

    private func end(_ pair: PostcopyMachines, _ ending: Ending) throws {
        switch ending {
        case .pauseAtSource: try pair.source.controller.migratePause()
        case .pauseAtDestination: try pair.destination.controller.migratePause()
        case .commandOfSource: kill(pair.session?.control)
        case .commandOfDestination: kill(pair.destination.controller.withState { $0.incomingSession }?.control)
        }
    }

    private func kill(_ control: RunControl?) { control?.channels[.main]?.wire.command?.kill() }

    @Test(arguments: Ending.allCases) func bothSidesPauseAndGoOnOverOtherCommands(ending: Ending) throws {
        let folder = try TemporaryFolder()
        let pair = try PostcopyMachines(uris: try link(0, in: folder)) { source, _ in
            // A command that takes bytes notices only then that the other one is gone.
            source.controller.outgoingLimits.withLock { $0.word = .milliseconds(200) }
        }
        // A part of a command that has not found its other end yet would hold on to its output.
        try pair.awaitAnswer()
        let begin = SystemClock().now()
        try end(pair, ending)
        try pair.awaitPause()
        #expect(SystemClock().now() - begin < Self.limit)
        try pair.recover(uris: try link(1, in: folder))
        try end(pair, ending)
        try pair.awaitPause(2)
        try pair.recover(2)
        try pair.complete()
    }

    /// A command that does not end when it is told that nothing more comes, and holds on to its connection.
    @Test func aCommandThatHoldsOnIsEnded() throws {
        let folder = try TemporaryFolder()
        let (there, here) = try link(0, in: folder)
        let holdsOn = "exec:(trap '' PIPE; exec sleep 600 >'\(folder.path("there0"))') & "
        let pair = try PostcopyMachines(uris: (there, holdsOn + here.dropFirst("exec:".count)))
        try pair.awaitAnswer()
        let begin = SystemClock().now()
        try pair.source.controller.migratePause()
        try pair.awaitPause()
        #expect(SystemClock().now() - begin < Self.limit)
        try pair.recover()
        try pair.complete()
    }

    /// Descriptors of a pair of sockets for the two ends, by the name "stream".
    private func lendSockets(_ pair: (source: TestMachine, destination: TestMachine)) throws {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        try #require(socketpair(AF_UNIX, kind, 0, &ends) == 0)
        for (machine, number) in [(pair.source, ends[0]), (pair.destination, ends[1])] {
            let lent = LentDescriptor(number)
            machine.controller.setResources(MigrationResources(takeDescriptor: { _ in lent.take() }))
        }
    }

    @Test(arguments: [Ending.pauseAtSource, .pauseAtDestination])
    func bothSidesPauseAndGoOnOverPassedSockets(ending: Ending) throws {
        let uris = (there: "fd:stream", here: "fd:stream")
        let pair = try PostcopyMachines(uris: uris) { try lendSockets(($0, $1)) }
        let begin = SystemClock().now()
        try end(pair, ending)
        try pair.awaitPause()
        #expect(SystemClock().now() - begin < Self.limit)
        try lendSockets((pair.source, pair.destination))
        try pair.recover(uris: uris)
        try end(pair, ending)
        try pair.awaitPause(2)
        try pair.recover(2)
        try pair.complete()
    }
}
