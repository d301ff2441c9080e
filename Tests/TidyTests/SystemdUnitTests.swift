import Foundation
import Testing

@Suite(.enabled(if: Tool.find("systemd-analyze") != nil, "systemd-analyze is not installed"))
struct SystemdUnit {
    /// The exposure up to which systemd-analyze says OK.
    private static let highestExposure = "49"

    /// Runs systemd-analyze on a copy of the unit whose program exists on every host.
    private func analyze(_ arguments: [String]) throws -> (status: Int32, output: String) {
        let tool = try #require(Tool.find("systemd-analyze"))
        let folder = FileManager.default.temporaryDirectory.appending(path: "colod-unit-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let unit = try #require(SourceTree.file("systemd/colod@.service")).lines.joined(separator: "\n")
        let copy = folder.appending(path: "colod@.service")
        try Self.withKnownPrograms(unit).write(to: copy, atomically: true, encoding: .utf8)
        return try Tool.run(tool, arguments + [copy.path()], in: folder)
    }

    /// The unit's text with programs that every host has.
    private static func withKnownPrograms(_ unit: String) -> String {
        ["colod", "coloctl"].reduce(unit) { $0.replacing("/usr/bin/\($1) ", with: "/bin/true ") }
    }

    @Test func theSocketUnitIsValid() throws {
        let tool = try #require(Tool.find("systemd-analyze"))
        let folder = FileManager.default.temporaryDirectory.appending(path: "colod-unit-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for name in ["colod@.service", "colod@.socket"] {
            let unit = try #require(SourceTree.file("systemd/\(name)")).lines.joined(separator: "\n")
            try Self.withKnownPrograms(unit).write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
        }
        let socket = folder.appending(path: "colod@.socket").path()
        let result = try Tool.run(tool, ["verify", "--man=no", socket], in: folder)
        #expect(result.status == 0, "\(result.output)")
        #expect(!result.output.contains("colod@"), "\(result.output)")
    }

    @Test func theUnitIsValid() throws {
        let result = try analyze(["verify", "--man=no"])
        #expect(result.status == 0, "\(result.output)")
        #expect(!result.output.contains("colod@"), "\(result.output)")
    }

    @Test func theHardeningIsRatedOK() throws {
        let result = try analyze(["security", "--offline=true", "--threshold=\(Self.highestExposure)", "--no-pager"])
        #expect(result.status == 0, "\(result.output)")
        #expect(result.output.contains(" OK "), "\(result.output)")
    }

    /// What postcopy and snapshots need of the kernel is in a group that the unit allows and in none that it takes away.
    @Test func userfaultfdPassesTheFilter() throws {
        let tool = try #require(Tool.find("systemd-analyze"))
        func calls(_ group: String) throws -> [Substring] {
            let result = try Tool.run(tool, ["syscall-filter", "--no-pager", group], in: SourceTree.root)
            #expect(result.status == 0, "\(result.output)")
            return result.output.split(separator: "\n").map { $0.drop { $0 == " " } }
        }
        let lines = try #require(SourceTree.file("systemd/colod@.service")).lines
        let filters = lines.compactMap { $0.firstMatch(of: /^SystemCallFilter=(~?)(@[a-z-]+)$/) }
        #expect(filters.count == 2)
        for filter in filters {
            let holds = try calls(String(filter.2)).contains("userfaultfd")
            #expect(holds == filter.1.isEmpty, "\(filter.2)")
        }
    }

    @Test(.enabled(if: Tool.find("systemd-sysusers") != nil, "systemd-sysusers is not installed"))
    func theUserIsMade() throws {
        let tool = try #require(Tool.find("systemd-sysusers"))
        let snippet = SourceTree.root.appending(path: "systemd/colod.sysusers").path()
        let result = try Tool.run(tool, ["--dry-run", snippet], in: SourceTree.root)
        #expect(result.status == 0, "\(result.output)")
        #expect(!result.output.contains("ignoring"), "\(result.output)")
    }

    @Test func theUnitKeepsItsPromises() throws {
        let lines = try #require(SourceTree.file("systemd/colod@.service")).lines
        for promise in [
            "Type=notify", "ExecStart=/usr/bin/colod --config /etc/colod/%i.yaml", "Restart=on-failure",
            "RestartPreventExitStatus=78", "User=colod", "CapabilityBoundingSet=CAP_NET_ADMIN",
            "DeviceAllow=/dev/net/tun rw", "DeviceAllow=/dev/userfaultfd rw", "SystemCallFilter=@system-service",
        ] {
            #expect(lines.contains(promise), "\(promise) is missing")
        }
        #expect(lines.contains { $0.hasPrefix("WatchdogSec=") })
    }
}
