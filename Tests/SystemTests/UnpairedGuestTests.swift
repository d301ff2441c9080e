import Environment
import Glibc
import PairLab
import QMP
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

        @Test("the host ports of a guest that arrives open when it runs", needsPair())
        func arrival() throws {
            let folder = try TemporaryFolder(prefix: "colod-arrival")
            let host = try LabHost(sharingMachineNetworkAs: "arrival")
            let port = try #require(try freeLoopbackPorts(1).first)
            func start(_ name: String, _ arguments: [String]) throws -> (ManagedProcess, QMPClient) {
                let socket = folder.path("\(name).qmp")
                try folder.write(
                    """
                    guest:
                      name: lone
                      machine: riscv64
                      memory: 64M
                      kernel: \(Guest.folder)/Image
                      network: [{backend: user, forward: ["tcp:127.0.0.1:\(port)-10.0.2.15:6379"]}]
                    management: {qmp: "unix:\(socket)"}
                    """, to: "\(name).yaml")
                let process = try host.start(
                    [ProtectedPair.builtProgram("colod"), "--config", folder.path("\(name).yaml")] + arguments,
                    log: folder.path("\(name).log"))
                return (process, try QMPClient(path: socket, within: .seconds(20)))
            }
            let (source, monitor) = try start("source", ["-S"])
            defer { source.killAndWait() }
            // The source has the port until it ends.
            let (destination, there) = try start("destination", ["--incoming", "unix:\(folder.path("stream"))"])
            defer { destination.killAndWait() }
            try monitor.execute(
                "migrate-set-capabilities", ["capabilities": [["capability": "events", "state": true]]])
            try monitor.execute("migrate", ["uri": .string("unix:\(folder.path("stream"))")])
            _ = try monitor.waitForEvent("MIGRATION", within: .seconds(20)) { $0["data"]?["status"] == "completed" }
            try monitor.execute("quit")
            #expect(source.waitForExit(within: .seconds(10)) == .exited(0))
            #expect(throws: (any Error).self) {
                try RedisClient("127.0.0.1", port: port, from: host, within: .milliseconds(200))
            }
            try there.execute("cont")
            _ = try there.waitForEvent("RESUME", within: .seconds(10)) { _ in true }
            try eventually(within: .seconds(10)) {
                (try? RedisClient("127.0.0.1", port: port, from: host, within: .milliseconds(200))) != nil
            }
        }
    }
}

/// Waits until `holds`; for what gives no event. Throws if it does not by then.
private func eventually(within limit: Nanoseconds, _ holds: () -> Bool) throws {
    let end = SystemClock().now() + limit
    while !holds() {
        guard SystemClock().now() < end else {
            throw LabError("it did not come to that within \(limit.inMilliseconds) ms")
        }
        pause(.milliseconds(20))
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
