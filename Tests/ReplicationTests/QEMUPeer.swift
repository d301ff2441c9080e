import Environment
import Foundation
import Glibc

import SystemCalls

/// A real QEMU 7.2 with machine `none` at the other end of a channel, driven over QMP.
final class QEMUPeer {
    static let path = "/usr/bin/qemu-system-x86_64"
    static var isInstalled: Bool { access(path, X_OK) == 0 }

    struct Failure: Error, CustomStringConvertible { let description: String }

    private let process: ChildProcess
    private let monitor: Int32
    private let folder: ScratchFolder
    private var received: [UInt8] = []
    /// Everything it has told, in order: a name, and the status or reason.
    private(set) var events: [String] = []

    init(folder: ScratchFolder, name: String, megabytes: Int, incoming: Bool) throws {
        self.folder = folder
        let qmp = folder.path("\(name).qmp")
        process = try ChildProcess(
            path: Self.path,
            arguments: [
                "-M", "none", "-m", "\(megabytes)", "-display", "none", "-nodefaults", "-accel", "tcg", "-qmp",
                "unix:\(qmp),server=on,wait=off",
            ] + (incoming ? ["-incoming", "defer"] : []), environment: [])
        monitor = try Self.connect(qmp)
        _ = try line { $0["QMP"] != nil }
        try execute("qmp_capabilities")
        try setCapability("events")
    }

    deinit {
        // A deadline in the past ends it at once.
        _ = try? process.wait(until: .zero)
        close(monitor)
    }

    private static func connect(_ path: String) throws -> Int32 {
        let end = SystemClock().now() + ColoMachine.patience
        while SystemClock().now() < end {
            let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
            let result = withUnsafePointer(to: &address) {
                // SAFETY: a sockaddr_un is passed with its own size.
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            if result == 0 {
                var limit = timeval(tv_sec: 20, tv_usec: 0)
                setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
                return descriptor
            }
            close(descriptor)
            // The program has to start first, and tells nobody when it listens.
            usleep(5000)
        }
        throw Failure(description: "QEMU did not open \(path)")
    }

    @discardableResult
    func execute(_ command: String, _ arguments: [String: Any] = [:]) throws -> Any {
        let data = try JSONSerialization.data(withJSONObject: ["execute": command, "arguments": arguments])
        let sent = data.withUnsafeBytes { write(monitor, $0.baseAddress, $0.count) }
        guard sent == data.count else { throw Failure(description: "QEMU takes no command") }
        let reply = try line { $0["return"] != nil || $0["error"] != nil }
        if let error = reply["error"] as? [String: Any] { throw Failure(description: "\(error["desc"] ?? "")") }
        return reply["return"] ?? [:]
    }

    func setCapability(_ name: String) throws {
        try execute("migrate-set-capabilities", ["capabilities": [["capability": name, "state": true]]])
    }

    /// Reads events until one begins with `text`.
    func awaits(_ text: String) throws {
        while !events.contains(where: { $0.hasPrefix(text) }) {
            _ = try line { $0["event"] != nil }
        }
    }

    /// A member of the answer to a query.
    func status(_ command: String, _ member: String) throws -> String? {
        (try execute(command) as? [String: Any])?[member] as? String
    }

    /// The port that it listens on.
    func port() throws -> String {
        let info = try execute("query-migrate") as? [String: Any]
        let addresses = info?["socket-address"] as? [[String: Any]]
        return addresses?.first?["port"] as? String ?? ""
    }

    /// The guest's physical memory.
    func memory(count: Int) throws -> [UInt8] {
        let path = folder.path("memory.\(process.processID)")
        try execute("pmemsave", ["val": 0, "size": count, "filename": path])
        return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    /// The next line that is `wanted`; events are noted on the way.
    private func line(_ wanted: ([String: Any]) -> Bool) throws -> [String: Any] {
        while true {
            while let end = received.firstIndex(of: UInt8(ascii: "\n")) {
                let data = Data(received[..<end])
                received.removeSubrange(...end)
                let object = try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
                note(object)
                if wanted(object) { return object }
            }
            var buffer = [UInt8](repeating: 0, count: 65536)
            let count = read(monitor, &buffer, buffer.count)
            guard count > 0 else { throw Failure(description: "QEMU closed its monitor, or is silent; \(events)") }
            received += buffer[..<count]
        }
    }

    private func note(_ object: [String: Any]) {
        guard let name = object["event"] as? String else { return }
        let data = object["data"] as? [String: Any] ?? [:]
        let details = ["status", "mode", "reason"].compactMap { data[$0] as? String }
        events.append(([name] + details).joined(separator: " "))
    }
}
