import Glibc
import PairLab
import SystemCalls
import Testing

extension SystemTests {
    /// A guest that was never meant to have a second host.
    @Suite("a guest without a pair", needsColod())
    struct UnpairedGuestTests {
        @Test("neither the log nor the service manager is told of another host")
        func texts() throws {
            let folder = try TemporaryFolder()
            let manager = try ServiceManagerSocket(folder.path("notify"))
            let colod = try LabHost(sharingMachineNetworkAs: "unpaired").start(
                [
                    ProtectedPair.builtProgram("colod"), "--machine", "none", "--memory", "16M", "--qmp",
                    "unix:\(folder.path("qmp"))",
                ], log: folder.path("log"), environment: ["NOTIFY_SOCKET": folder.path("notify")])
            defer { colod.killAndWait() }
            let ready = try manager.message(with: "READY=1")
            #expect(ready.contains("STATUS=no pair, guest running"), "\(ready)")
            try QMPClient(path: folder.path("qmp")).execute("quit")
            #expect(colod.waitForExit(within: .seconds(10)) == .exited(0))
            for word in ["peer", "host", "protect", "secondary"] {
                #expect(!(colod.output + ready).lowercased().contains(word), "\(colod.output)\(ready)")
            }
        }
    }
}

/// What systemd would listen on: sd_notify(3).
private final class ServiceManagerSocket {
    private let socket: Descriptor

    init(_ path: String) throws {
        socket = Descriptor(owning: Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0))
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        // SAFETY: the copy is bounded by the size of the array, which stays terminated as it was zero before.
        withUnsafeMutableBytes(of: &address.sun_path) { $0.dropLast().copyBytes(from: Array(path.utf8).prefix(107)) }
        // SAFETY: every socket address starts with the generic one; the length is the real one.
        let isBound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket.number, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        try #require(isBound)
    }

    /// The first message that has the line `wanted`.
    func message(with wanted: String) throws -> String {
        while true {
            var entry = pollfd(fd: socket.number, events: Int16(POLLIN), revents: 0)
            try #require(poll(&entry, 1, 20_000) == 1, "the service manager was not told \(wanted)")
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = read(socket.number, &buffer, buffer.count)
            let text = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
            if text.split(separator: "\n").contains(Substring(wanted)) { return text }
        }
    }
}
