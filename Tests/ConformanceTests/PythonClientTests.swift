import Foundation
import PairLab
import Testing

/// The Python package with which people drive QEMU, in a virtual environment in the cache folder, outside the
/// repository and kept from run to run.
enum PythonClient {
    private static let version = "0.0.6"
    private static let installLimit: Duration = .seconds(300)

    /// The folder with its programs. Throws if it is not there and cannot be installed.
    static let programs: Result<String, any Error> = Result {
        let environment = "\(cache)/qemu.qmp-\(version)"
        // Written last: an installation that was interrupted is done again.
        let stamp = "\(environment)/complete"
        if FileManager.default.fileExists(atPath: stamp) { return "\(environment)/bin" }
        try FileManager.default.createDirectory(atPath: cache, withIntermediateDirectories: true)
        try run(["python3", "-m", "venv", "--clear", environment])
        try run(["\(environment)/bin/pip", "install", "--no-deps", "--retries", "3", "qemu.qmp==\(version)"])
        try run(["touch", stamp])
        return "\(environment)/bin"
    }

    private static var cache: String {
        let variables = ProcessInfo.processInfo.environment
        if let cache = variables["COLOD_CACHE"], !cache.isEmpty { return cache }
        if let cache = variables["XDG_CACHE_HOME"], !cache.isEmpty { return "\(cache)/colod" }
        return "\(variables["HOME"] ?? "/root")/.cache/colod"
    }

    private static func run(_ command: [String]) throws {
        let (end, output) = try output(of: command, within: installLimit)
        guard end == .exited(0) else {
            throw LabError(
                "the Python package qemu.qmp cannot be installed: '\(command.joined(separator: " "))' ended with "
                    + "\(end.map { "\($0)" } ?? "nothing in time"): \(output.suffix(2000))")
        }
    }

    /// Runs a program to its end.
    static func output(of command: [String], home: String? = nil, within limit: Duration = .seconds(90)) throws -> (
        ProcessEnd?, String
    ) {
        let folder = try TemporaryFolder(prefix: "colod-python")
        let process = try LabHost(sharingMachineNetworkAs: "python").start(
            command, log: folder.path("log"), environment: ["HOME": home ?? folder.root])
        let end = process.waitForExit(within: limit)
        return (end, process.output)
    }
}

extension ConformanceTests {
    /// The real client, as people use it.
    @Suite("Python client", needsColod())
    struct PythonClientTests {
        @Test("qemu.qmp connects, negotiates, runs commands in band and out of band, and receives events")
        func library() throws {
            let server = try Server(.colod)
            // The package does not wait for somebody to listen.
            _ = try server.connect()
            let python = try "\(PythonClient.programs.get())/python3"
            let (end, output) = try PythonClient.output(
                of: [python, DataFolder.path("qmp_client_check.py"), server.monitorPath])
            #expect(end == .exited(0), "\(output)")
            #expect(output.contains("ok: the first goes on without the second"))
        }

        @Test("qmp-shell runs what is typed, and shows events")
        func shell() throws {
            let server = try Server(.colod)
            // The package does not wait for somebody to listen.
            _ = try server.connect()
            let shell = try "\(PythonClient.programs.get())/qmp-shell"
            let typed = [
                "query-status", "migrate-set-parameters downtime-limit=123", "query-migrate-parameters", "stop", "",
                "nope", "query-status",
            ]
            let lines = typed.map { "\($0)\\n" }.joined()
            let (end, output) = try PythonClient.output(
                of: ["sh", "-c", "printf '\(lines)' | '\(shell)' -p '\(server.monitorPath)'"])
            #expect(end == .exited(0), "\(output)")
            for part in [
                "Connected to QEMU 7.2.", "\"status\": \"running\"", "\"downtime-limit\": 123", "'event': 'STOP'",
                "The command nope has not been found", "\"status\": \"paused\"",
            ] {
                #expect(output.contains(part), "\(output)")
            }
        }
    }
}
