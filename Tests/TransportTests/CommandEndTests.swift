import Environment
import Foundation
import Glibc
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

    /// As of a socket: who reads or writes sees the end, and so does the other end, however long the channel is kept.
    @Test func breakingOffEndsTheCommandAndWhateverItHasStarted() throws {
        let other = try Descriptor.pipe()
        let path = "/proc/\(ProcessInfo.processInfo.processIdentifier)/fd/\(other.writing.number)"
        // It is told nothing by the end of its input.
        let channel = try Channel.execute("sleep 600 > \(path) & exec sleep 600 > \(path)")
        let reading = other.takeReading()
        let thread = try Thread(name: "cut") { channel.breakOff() }
        defer { thread.join() }
        #expect(try Self.end(of: channel))
        var byte: UInt8 = 0
        #expect(read(reading.number, &byte, 1) == 0, "somebody still holds on to what the command has opened")
        #expect(throws: TransportError.failed(action: "Unable to write to command", reason: "Broken pipe")) {
            try channel.write([1])
            try channel.flush()
        }
        #expect(!channel.isShutDown)
        #expect(throws: TransportError.cancelled) { try channel.finishWriting(deadline: Self.inTime()) }
    }

    @Test func breakingOffAPassedPipeEndsItForBothEnds() throws {
        for isWriter in [true, false] {
            let pipe = try Descriptor.pipe()
            let copy = try pipe.reading.duplicate()
            let writing = try Channel.adopt(pipe.takeWriting(), name: "pipe")
            let reading = try Channel.adopt(copy, name: "pipe")
            (isWriter ? writing : reading).breakOff()
            if isWriter {
                #expect(try Self.end(of: reading))
            } else {
                #expect(throws: TransportError.failed(action: "Unable to write to file", reason: "Broken pipe")) {
                    try writing.write([1])
                    try writing.flush()
                }
            }
        }
    }

    /// Waits for it, until a deadline.
    private static func end(of channel: Channel) throws -> Bool {
        var byte: [UInt8] = [0]
        return try byte.withUnsafeMutableBytes { try channel.read(into: $0, deadline: inTime()) } == 0
    }

    @Test func shuttingDownEndsTheWaitForACommand() throws {
        let channel = try Channel.execute("exec sleep 600")
        let thread = try Thread(name: "cut") { channel.shutDown() }
        defer { thread.join() }
        #expect(throws: TransportError.cancelled) { try channel.finishWriting(deadline: Self.inTime()) }
    }
}
