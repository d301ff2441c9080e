import Environment
import Foundation
import Glibc
import SystemCalls

/// A real QEMU as the other end of a stream: machine `none`, driven over QMP.
final class QEMUPeer {
    static let path = "/usr/bin/qemu-system-x86_64"
    static var isInstalled: Bool { access(path, X_OK) == 0 }

    struct Failure: Error, CustomStringConvertible { let description: String }

    private let process: ChildProcess
    private let socket: Int32
    private var received = Data()
    private(set) var events: [[String: Any]] = []

    init(directory: String, name: String, megabytes: Int, arguments: [String] = []) throws {
        let qmp = "\(directory)/\(name).qmp"
        process = try ChildProcess(
            path: Self.path,
            arguments: [
                "-M", "none", "-m", "\(megabytes)", "-display", "none", "-nodefaults", "-accel", "tcg", "-qmp",
                "unix:\(qmp),server=on,wait=off",
            ] + arguments, environment: [])
        socket = try Self.connect(qmp)
        _ = try receive { $0["QMP"] != nil }
        try execute("qmp_capabilities")
        try execute(
            "migrate-set-capabilities", ["capabilities": [["capability": "events", "state": true]]])
    }

    deinit {
        // A deadline in the past ends it at once.
        _ = try? process.wait(until: .zero)
        close(socket)
    }

    private static func connect(_ path: String) throws -> Int32 {
        let end = Date().addingTimeInterval(10)
        while Date() < end {
            let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
            let result = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            if result == 0 {
                var limit = timeval(tv_sec: 10, tv_usec: 0)
                setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
                return descriptor
            }
            close(descriptor)
            usleep(10_000)
        }
        throw Failure(description: "QEMU did not open \(path)")
    }

    @discardableResult
    func execute(_ command: String, _ arguments: [String: Any] = [:]) throws -> Any {
        let data = try JSONSerialization.data(withJSONObject: ["execute": command, "arguments": arguments])
        _ = data.withUnsafeBytes { write(socket, $0.baseAddress, $0.count) }
        let reply = try receive { $0["return"] != nil || $0["error"] != nil }
        if let error = reply["error"] as? [String: Any] { throw Failure(description: "\(error["desc"] ?? "")") }
        return reply["return"] ?? [:]
    }

    func setCapability(_ name: String) throws {
        try execute("migrate-set-capabilities", ["capabilities": [["capability": name, "state": true]]])
    }

    /// Waits until the event stream has brought `status` as a MIGRATION event.
    func awaitMigration(_ status: String) throws {
        try awaitEvent("MIGRATION \(status)") {
            $0["event"] as? String == "MIGRATION" && ($0["data"] as? [String: Any])?["status"] as? String == status
        }
    }

    func awaitEvent(_ name: String) throws { try awaitEvent(name) { $0["event"] as? String == name } }

    private func awaitEvent(_ what: String, _ wanted: ([String: Any]) -> Bool) throws {
        if let index = events.firstIndex(where: wanted) {
            events.removeSubrange(...index)
            return
        }
        while true {
            let line = try receiveLine()
            guard line["event"] != nil else { continue }
            if wanted(line) {
                events.removeAll()
                return
            }
            if (line["data"] as? [String: Any])?["status"] as? String == "failed" {
                throw Failure(description: "QEMU: migration failed while waiting for \(what)")
            }
        }
    }

    private func receive(_ wanted: ([String: Any]) -> Bool) throws -> [String: Any] {
        while true {
            let line = try receiveLine()
            if wanted(line) { return line }
            if line["event"] != nil { events.append(line) }
        }
    }

    private func receiveLine() throws -> [String: Any] {
        while true {
            if let end = received.firstIndex(of: 10) {
                let line = received[received.startIndex..<end]
                received.removeSubrange(received.startIndex...end)
                return try JSONSerialization.jsonObject(with: line) as? [String: Any] ?? [:]
            }
            var buffer = [UInt8](repeating: 0, count: 65536)
            let count = read(socket, &buffer, buffer.count)
            guard count > 0 else { throw Failure(description: "QEMU closed its monitor, or is silent") }
            received.append(contentsOf: buffer[..<count])
        }
    }

    /// The guest's physical memory.
    func memory(directory: String, count: Int) throws -> [UInt8] {
        let path = "\(directory)/memory.\(process.processID)"
        try execute("pmemsave", ["val": 0, "size": count, "filename": path])
        return [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    }
}

/// A directory that goes away with the value.
final class ScratchDirectory {
    let path: String

    init() throws {
        path = "/tmp/colod-test-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
