import Environment
import Foundation
import SystemCalls
import Testing

@testable import Transport

/// Deadlines bind also where every call succeeds. Each of these would never end otherwise, but for the limit of the one
/// that feeds it.
struct OverallDeadlineTests {
    private static let patience = Nanoseconds.seconds(30)

    private static func soon() -> Nanoseconds { SystemClock().now() + .milliseconds(100) }

    /// Reads with one deadline until that ends it; nil if something else did.
    private static func readOn(_ channel: Channel) -> TransportError? {
        let deadline = soon()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 4096, alignment: 16)
        defer { buffer.deallocate() }
        do throws(TransportError) {
            while try channel.read(into: buffer, deadline: deadline) > 0 {}
        } catch {
            return error
        }
        return nil
    }

    private static func isDeadline(_ error: TransportError?) -> Bool {
        if case .stalled = error { true } else { false }
    }

    @Test func aPeerThatTricklesIsGivenUpAtTheDeadline() throws {
        let pair = try ChannelPair()
        let right = pair.right
        let writer = try Thread(name: "trickle") {
            let end = SystemClock().now() + Self.patience
            while SystemClock().now() < end {
                usleep(500)
                do throws(TransportError) {
                    try right.write([1])
                    try right.flush()
                } catch {
                    return
                }
            }
        }
        let target = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 16)
        defer { target.deallocate() }
        #expect {
            try pair.left.readAll(into: target, deadline: Self.soon())
        } throws: {
            Self.isDeadline($0 as? TransportError)
        }
        pair.left.shutDown()
        writer.join()
    }

    /// There is always something to read.
    @Test func aPipeThatIsAlwaysReadyIsLeftAtTheDeadline() throws {
        let channel = try Channel.execute("cat /dev/zero")
        #expect(Self.isDeadline(Self.readOn(channel)))
    }

    @Test func aFileThatIsAlwaysReadyIsLeftAtTheDeadline() throws {
        let path = NSTemporaryDirectory() + "colod-file-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let file = try Descriptor.open(path, flags: O_RDWR | O_CREAT)
        // A hole that takes no room, and far more time than there is.
        try #require(ftruncate(file.number, 1 << 40) == 0)
        let channel = try Channel.adopt(file, name: "file")
        #expect(Self.isDeadline(Self.readOn(channel)))
    }

    @Test func aFileThatTakesEverythingIsLeftAtTheDeadline() throws {
        let file = try Descriptor.open("/dev/null", flags: O_RDWR)
        let channel = Channel(.file(FileWire(file)), name: "file")
        channel.writeDeadline = Self.soon()
        let end = SystemClock().now() + Self.patience
        var failure: TransportError?
        while failure == nil, SystemClock().now() < end {
            do throws(TransportError) {
                try channel.write([1])
                try channel.flush()
            } catch {
                failure = error
            }
        }
        #expect(failure == .stalled(action: "Unable to write to file", milliseconds: 0))
        #expect(failure?.description == "Unable to write to file: the deadline has passed")
    }

    @Test func aFileIsLeftWhenItsChannelIsShutDown() throws {
        let file = try Descriptor.open("/dev/zero", flags: O_RDWR)
        let channel = Channel(.file(FileWire(file)), name: "file")
        let reader = try ReaderThread(channel, count: 1)
        #expect(reader.result() == [0])
        channel.shutDown()
        #expect(throws: TransportError.cancelled) {
            try channel.write([1])
            try channel.flush()
        }
        #expect(try ReaderThread(channel, count: 1).awaitedError == .cancelled)
    }
}
