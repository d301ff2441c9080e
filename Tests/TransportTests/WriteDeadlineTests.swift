import Environment
import Glibc
import SystemCalls
import Testing

@testable import Transport

struct WriteDeadlineTests {
    /// More than the sockets of both ends take.
    private static let large = [UInt8](repeating: 7, count: 32 << 20)

    @Test func aPeerThatReadsNothingIsGivenUpAtTheDeadline() throws {
        let pair = try ChannelPair()
        pair.left.writeDeadline = SystemClock().now() + .milliseconds(50)
        #expect {
            try pair.left.write(Self.large)
            try pair.left.flush()
        } throws: {
            "\($0)".hasPrefix("Unable to write to socket: no progress")
        }
    }

    /// Every look finds some progress, so that only the deadline can end it.
    @Test func aPeerThatReadsSlowlyIsGivenUpAtTheDeadline() throws {
        let pair = try ChannelPair()
        let right = pair.right
        let reader = try Thread(name: "slow-reader") {
            var buffer = [UInt8](repeating: 0, count: 64 << 10)
            let end = SystemClock().now() + .seconds(30)
            while SystemClock().now() < end {
                usleep(1000)
                let count = buffer.withUnsafeMutableBytes { (try? right.read(into: $0, deadline: end)) ?? 0 }
                if count == 0 { return }
            }
        }
        pair.left.writeDeadline = SystemClock().now() + .milliseconds(100)
        var written = 0
        #expect(throws: TransportError.self) {
            // A peer this slow would need minutes.
            for _ in 0..<1000 {
                try pair.left.write(Self.large)
                written += 1
            }
            try pair.left.flush()
        }
        #expect(written < 1000)
        pair.left.shutDown()
        reader.join()
    }
}
