import Environment
import Foundation
import Glibc
import SystemCalls
import Testing

@testable import Transport

/// Channels that are no sockets.
struct CommandChannelTests {
    private static let soon = Nanoseconds.seconds(10)

    private static func read(_ channel: Channel) throws -> [UInt8] {
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = try buffer.withUnsafeMutableBytes {
                try channel.read(into: $0, deadline: SystemClock().now() + soon)
            }
            if count == 0 { return result }
            result += buffer[..<count]
        }
    }

    @Test func aCommandGetsWhatIsWrittenAndItsOutputIsRead() throws {
        let channel = try Channel.execute("tr a-z A-Z")
        #expect(channel.canReceive)
        try channel.write(Array("stream".utf8))
        try channel.flush()
        channel.shutDownWriting()
        #expect(try Self.read(channel) == Array("STREAM".utf8))
    }

    @Test func aCommandInheritsNoDescriptorButThreeStandardOnes() throws {
        let leaky = (0..<4).map { _ in dup(STDERR_FILENO) }
        defer { for number in leaky { close(number) } }
        let script = "n=0; while [ $n -lt 256 ]; do [ -e /proc/self/fd/$n ] && echo $n; n=$((n + 1)); done"
        #expect(try Self.read(Channel.execute(script)) == Array("0\n1\n2\n".utf8))
    }

    @Test func whatACommandWritesIsThereOnceWritingIsFinished() throws {
        let path = NSTemporaryDirectory() + "colod-command-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let channel = try Channel.execute("sleep 0.2; cat > '\(path)'")
        try channel.write(Array("late".utf8))
        try channel.flush()
        try channel.finishWriting(deadline: SystemClock().now() + Self.soon)
        #expect(FileManager.default.contents(atPath: path) == Data("late".utf8))
    }

    @Test func writingToACommandThatHasEndedIsAnErrorAndNoSignal() throws {
        let channel = try Channel.execute("exit 3")
        #expect(try Self.read(channel).isEmpty)
        // A process that is just being forked elsewhere may hold the pipe open for a moment.
        let end = SystemClock().now() + Self.soon
        var failure: TransportError?
        while failure == nil, SystemClock().now() < end {
            do throws(TransportError) {
                try channel.write([1])
                try channel.flush()
            } catch {
                failure = error
            }
        }
        #expect(failure?.description == "Unable to write to command: Broken pipe")
    }

    @Test func aWaitForACommandEndsWithTheChannel() throws {
        let channel = try Channel.execute("sleep 60")
        let thread = try Thread(name: "cut") { channel.shutDown() }
        defer { thread.join() }
        #expect(throws: TransportError.cancelled) { _ = try Self.read(channel) }
    }

    @Test func aListenerOnACommandWaitsForItsFirstByte() throws {
        let cancellation = try Cancellation()
        let listener = try Listener(.exec(command: "echo hello"))
        #expect(listener.addresses.isEmpty)
        let channel = try listener.accept(cancellation: cancellation, deadline: SystemClock().now() + Self.soon)
        #expect(try Self.read(channel) == Array("hello\n".utf8))
        let silent = try Listener(.exec(command: "exit 0"))
        #expect(throws: TransportError.closedByPeer) {
            _ = try silent.accept(cancellation: cancellation, deadline: SystemClock().now() + Self.soon)
        }
    }

    @Test func aPipeThatWasPassedGoesOneWay() throws {
        let pipe = try Descriptor.pipe()
        let copy = try pipe.reading.duplicate()
        let writing = try Channel.adopt(pipe.takeWriting(), name: "pipe")
        let reading = try Channel.adopt(copy, name: "pipe")
        #expect(!writing.canReceive)
        try writing.write([1, 2, 3])
        try writing.flush()
        var byte = [UInt8](repeating: 0, count: 3)
        try byte.withUnsafeMutableBytes { try reading.readAll(into: $0, deadline: SystemClock().now() + Self.soon) }
        #expect(byte == [1, 2, 3])
    }

    @Test func aNameWithSeveralAddressesIsListenedToOnAllOfThem() throws {
        let listener = try Listener(.tcp(host: "", port: "0"))
        let hosts = listener.addresses.map { address in
            if case .tcp(let host, _) = address { host } else { "" }
        }
        #expect(hosts.contains("0.0.0.0"))
        let cancellation = try Cancellation()
        for address in listener.addresses {
            guard case .tcp(let host, let port) = address else { continue }
            let loopback = host == "::" ? "::1" : "127.0.0.1"
            let client = try Channel.connect(to: .tcp(host: loopback, port: port), cancellation: cancellation)
            let server = try listener.accept(cancellation: cancellation, deadline: SystemClock().now() + Self.soon)
            try client.write([7])
            try client.flush()
            client.shutDownWriting()
            #expect(try Self.read(server) == [7])
        }
    }

    /// RFC 5737 and RFC 3849 keep these addresses for examples: no interface has them.
    @Test(arguments: ["192.0.2.77", "2001:db8::77"])
    func anAddressThatIsNotThereYetIsListenedOnIfThatIsAskedFor(host: String) throws {
        let address = MigrationAddress.tcp(host: host, port: "0")
        #expect(throws: TransportError.self) { _ = try Listener(address) }
        #expect(try Listener(address, freeBind: true).addresses.count == 1)
    }

    @Test func portsThatAreTakenAndAddressesOfOthersAreRefusedInKnownWords() throws {
        let taken = try Listener(.tcp(host: "127.0.0.1", port: "0"))
        #expect {
            _ = try Listener(taken.address)
        } throws: {
            "\($0)" == "Failed to find an available port: Address already in use"
        }
        #expect {
            _ = try Listener(.tcp(host: "192.0.2.1", port: "5"))
        } throws: {
            "\($0)" == "Failed to bind socket: Cannot assign requested address"
        }
        #expect {
            _ = try Listener(.unix(path: "/nonexistent/x"))
        } throws: {
            "\($0)" == "Failed to bind socket to /nonexistent/x: No such file or directory"
        }
        #expect {
            _ = try Listener(.vsock(cid: "1", port: "x"))
        } throws: {
            "\($0)" == "Failed to parse port 'x'"
        }
    }
}
