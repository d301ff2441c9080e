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
        // It is told nothing by the end of its input. Both sleepers have the pipe open once it has said a word.
        let channel = try Channel.execute("exec 9> \(path); sleep 600 & echo; exec sleep 600")
        var word: [UInt8] = [0]
        let count = try word.withUnsafeMutableBytes { try channel.read(into: $0, deadline: Self.inTime()) }
        try #require(count == 1)
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

    @Test func whatACommandHadSaidIsHeardAfterTheBreak() throws {
        let channel = try Channel.execute("printf 'last word'; exec sleep 600")
        let cancellation = try Cancellation()
        try #require(try channel.awaitBytes(cancellation: cancellation, deadline: Self.inTime()))
        channel.breakOff()
        channel.breakOff()
        #expect(try Self.rest(of: channel) == Array("last word".utf8))
        #expect(throws: TransportError.cancelled) { try channel.finishWriting(deadline: Self.inTime()) }
    }

    /// Only what had been written is heard, and then the other end sees that nobody reads.
    @Test func whatWasInAPassedPipeIsHeardAfterTheBreakButNoMore() throws {
        let pipe = try Descriptor.pipe()
        let copy = try pipe.reading.duplicate()
        let writing = try Channel.adopt(pipe.takeWriting(), name: "pipe")
        let reading = try Channel.adopt(copy, name: "pipe")
        try writing.write([1, 2, 3])
        try writing.flush()
        reading.breakOff()
        var heard: [UInt8] = []
        for byte in UInt8(4)..<50 {
            // Fails once the end was reached.
            try? writing.write([byte])
            try? writing.flush()
            var place: [UInt8] = [0]
            guard try place.withUnsafeMutableBytes({ try reading.read(into: $0, deadline: Self.inTime()) }) > 0 else {
                break
            }
            heard += place
        }
        #expect(heard == [1, 2, 3])
        #expect(throws: TransportError.failed(action: "Unable to write to file", reason: "Broken pipe")) {
            try writing.write([1])
            try writing.flush()
        }
    }

    /// It may have ended because of the break, by itself, before it could be killed.
    @Test func aCommandThatWasBrokenOffIsNotBlamed() throws {
        let channel = try Channel.execute("cat > /dev/null; exit 3")
        channel.shutDownWriting()
        #expect(try Self.end(of: channel))
        channel.breakOff()
        #expect(throws: TransportError.cancelled) { try channel.finishWriting(deadline: Self.inTime()) }
    }

    private static func rest(of channel: Channel) throws -> [UInt8] {
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64)
        while true {
            let count = try buffer.withUnsafeMutableBytes { try channel.read(into: $0, deadline: inTime()) }
            if count == 0 { return result }
            result += buffer[..<count]
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
