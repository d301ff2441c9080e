import CLinux
import Environment
import Glibc
import SystemCalls
import Testing

@testable import Transport

/// `vsock:`. No machine that these tests run on carries bytes over it, so they end at connecting; and context id 2, the
/// host that such a machine runs on, is never dialled.
struct VsockTests {
    private static let isThere: Bool = {
        let number = socket(AF_VSOCK, Int32(SOCK_STREAM.rawValue), 0)
        if number >= 0 { close(number) }
        return number >= 0
    }()

    @Test(arguments: [
        ("3", "99", UInt32(3), UInt32(99)), ("0x10", "0xffffffff", 16, .max), ("4294967295", "0", .max, 0),
    ])
    func addressesAreThoseOfTheKernel(cid: String, port: String, cidNumber: UInt32, portNumber: UInt32) throws {
        let address = try #require(
            try SocketAddress.resolve(
                .vsock(cid: cid, port: port), passive: false, by: .system, until: .never, cancellation: nil
            ).first)
        #expect(address.family == AF_VSOCK && address.bytes.count == 16)
        let name = try #require(address.vsockName)
        #expect(name.cid == String(cidNumber) && name.port == String(portNumber))
    }

    @Test(arguments: [
        ("x", "1", "Failed to parse cid 'x'"), ("1", "x", "Failed to parse port 'x'"),
        ("", "1", "Failed to parse cid ''"),
    ])
    func whatIsNoNumberIsRefused(cid: String, port: String, text: String) {
        #expect(throws: TransportError.badAddress(text)) {
            _ = try Channel.connect(to: .vsock(cid: cid, port: port), cancellation: try Cancellation())
        }
    }

    @Test(.enabled(if: isThere, "the kernel has no vsock"))
    func aPortIsListenedOn() throws {
        // Any context id of this machine, and any port.
        let listener = try Listener(.vsock(cid: "4294967295", port: "4294967295"))
        guard case .vsock(_, let port) = listener.address else {
            Issue.record("\(listener.address)")
            return
        }
        #expect(UInt32(port).map { $0 != .max } == true)
        #expect(throws: TransportError.self) {
            _ = try listener.accept(
                cancellation: try Cancellation(), deadline: SystemClock().now() + .milliseconds(20))
        }
    }

    @Test(.enabled(if: isThere, "the kernel has no vsock"))
    func connectingEndsWithItsDeadline() throws {
        let address = MigrationAddress.vsock(cid: "1", port: "65000")
        #expect {
            _ = try Channel.connect(to: address, cancellation: try Cancellation(), within: .milliseconds(50))
        } throws: {
            "\($0)".hasPrefix("Failed to connect to '1:65000': ")
        }
    }
}
