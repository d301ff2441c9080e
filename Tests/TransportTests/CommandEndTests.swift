import Environment
import SystemCalls
import Testing

@testable import Transport

/// How the command of a channel ends.
struct CommandEndTests {
    private static func inTime() -> Nanoseconds { SystemClock().now() + .seconds(20) }

    @Test(arguments: [
        ("cat > /dev/null; exit 3", "ended with status 3"), ("cat > /dev/null; kill -9 $$", "was killed by signal 9"),
    ])
    func aCommandThatFailsOnTheLastBytesIsAFailure(command: String, how: String) throws {
        let channel = try Channel.execute(command)
        try channel.write([1, 2, 3])
        try channel.flush()
        #expect(throws: TransportError.commandFailed(command: command, how: how)) {
            try channel.finishWriting(deadline: Self.inTime())
        }
        #expect(TransportError.commandFailed(command: "x", how: how).description == "The command 'x' \(how)")
    }

    @Test func aCommandThatHasDoneItsWorkIsNone() throws {
        let channel = try Channel.execute("cat > /dev/null")
        try channel.write([1])
        try channel.flush()
        try channel.finishWriting(deadline: Self.inTime())
    }

    @Test func aCommandThatNeverEndsIsKilledAndHasFailed() throws {
        let channel = try Channel.execute("exec sleep 600")
        #expect(
            throws: TransportError.commandFailed(
                command: "exec sleep 600", how: "did not end in time and was killed")
        ) {
            try channel.finishWriting(deadline: SystemClock().now() + .milliseconds(50))
        }
    }

    @Test func whatAFailedCommandHasWrittenDoesNotCount() throws {
        let failed = try Channel.execute("echo stream; exit 4")
        #expect(throws: TransportError.commandFailed(command: "echo stream; exit 4", how: "ended with status 4")) {
            try failed.finishReading(deadline: Self.inTime())
        }
        try Channel.execute("echo stream").finishReading(deadline: Self.inTime())
    }

    @Test func aCommandThatWritesForEverIsKilledAndHasFailed() throws {
        let channel = try Channel.execute("exec cat /dev/zero")
        #expect(
            throws: TransportError.commandFailed(
                command: "exec cat /dev/zero", how: "did not end in time and was killed")
        ) {
            try channel.finishReading(deadline: SystemClock().now() + .milliseconds(100))
        }
    }

    @Test func shuttingDownEndsTheWaitForACommand() throws {
        let channel = try Channel.execute("exec sleep 600")
        let thread = try Thread(name: "cut") { channel.shutDown() }
        defer { thread.join() }
        #expect(throws: TransportError.cancelled) { try channel.finishWriting(deadline: Self.inTime()) }
    }
}
