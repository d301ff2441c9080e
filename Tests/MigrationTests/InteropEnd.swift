import Environment
import Foundation
import GuestMemory
import ManagedObjects
import PairLab
import QAPI
import QMP
import SystemCalls
import Transport
import VirtualMachine

@testable import Migration

/// What is the same of both ends of a migration in the matrix.
struct InteropScene {
    static let megabytes = 8
    static let uuid = "6f7a1c3e-52d4-4b0e-9a58-0c1d2e3f4a5b"

    let cell: InteropCell
    let folder: TemporaryFolder
    let credentials: MigrationCredentials
    let isSource: Bool
    let lent: LentDescriptor?

    var feature: InteropFeature { cell.feature }
    var capabilities: [MigrationCapability] { feature.capabilities(ofSource: isSource) }
    var endpoint: TLSEndpoint { isSource ? .client : .server }

    /// The file that holds the RAM of this end, if it is one: a QEMU finds what it starts with there.
    var memoryFile: String? {
        if feature == .ignoreShared { return folder.path("ram") }
        // What is written to it meanwhile is noticed of memory that is the process's own.
        if feature == .backgroundSnapshot { return nil }
        return isSource && !cell.direction.startsAtColod ? folder.path("ram") : nil
    }
}

/// One end of a migration in the matrix.
protocol InteropEnd: PostcopyEnd {
    /// The TCP port that it listens on.
    func port() throws -> String
    func listen(at uri: String) throws
    func migrate(to uri: String) throws
    /// Waits until the migration has that status.
    func awaitStatus(_ status: String) throws
    func goOn() throws
    func ram() throws -> [UInt8]
    /// "running", "postmigrate".
    func runState() throws -> String
    /// What was told since the migration was set up.
    var told: [String] { get }
}

extension InteropEnd {
    /// What was told, of the passes the first and the last one.
    var outline: [String] { EventLog.outline(of: told) }
}

/// A colod.
final class ColodEnd: InteropEnd {
    let machine: TestMachine
    /// How often each status was awaited.
    private var awaited: [String: Int] = [:]

    init(_ scene: InteropScene) throws {
        var blocks: GuestMemory?
        if let file = scene.memoryFile {
            let backing = MemoryBacking.file(path: file, isShared: true)
            blocks = GuestMemory(blocks: [
                try RAMBlock(name: "ram", guestAddress: 0, size: InteropScene.megabytes << 20, backing: backing)
            ])
        }
        let uuid = scene.feature == .validateUUID ? UUID(uuidString: InteropScene.uuid) : nil
        machine = try TestMachine(
            incoming: !scene.isSource, megabytes: InteropScene.megabytes, memory: blocks,
            uuid: uuid.map { withUnsafeBytes(of: $0.uuid) { [UInt8]($0) } })
        let lent = scene.lent
        if let kind = scene.feature.credentials {
            let registry = ObjectRegistry([("tls0", try scene.credentials.object(kind, scene.endpoint))])
            try machine.use(registry, hostname: scene.isSource ? "localhost" : "")
            machine.controller.setResources(
                MigrationResources(
                    takeDescriptor: { _ in lent?.take() },
                    tlsEnd: { request throws(TLSFailure) in try registry.tlsEnd(for: request) }))
        } else {
            machine.controller.setResources(MigrationResources(takeDescriptor: { _ in lent?.take() }))
        }
        try machine.controller.setCapabilities(scene.capabilities.map { .init($0, true) })
        if let data = scene.feature.dataChannels {
            try machine.controller.updateParameters { values in
                values.multifdChannels = UInt8(data.count)
                values.multifdCompression = data.method
            }
        }
    }

    func port() throws -> String { "\(machine.port)" }
    func listen(at uri: String) throws { try machine.controller.migrateIncoming(uri: uri) }
    func migrate(to uri: String) throws { try machine.migrate(to: uri) }
    func goOn() throws { try machine.controller.migrateContinue(state: .preSwitchover)() }
    func ram() throws -> [UInt8] { machine.ram }
    func runState() throws -> String { "\(machine.machine.runState)" }
    var told: [String] { Array(machine.log.lines.drop { $0 != "setup" }).filter { !$0.contains(": ") } }

    func awaitStatus(_ status: String) throws {
        awaited[status, default: 0] += 1
        guard machine.awaits(status, atLeast: awaited[status] ?? 1) else {
            throw LabError("colod: no \(status), but \(machine.log.lines)")
        }
    }
}

/// A QEMU 7.2.
final class QEMUEnd: InteropEnd {
    let peer: QEMUPeer
    /// What was told before: its first content came by another migration.
    private var toldBefore = 0

    init(_ scene: InteropScene) throws {
        peer = try QEMUPeer(
            in: scene.folder, name: "q", megabytes: InteropScene.megabytes, memoryFile: scene.memoryFile,
            isIncoming: !scene.isSource || scene.memoryFile == nil,
            uuid: scene.feature == .validateUUID ? InteropScene.uuid : nil)
        if scene.isSource, scene.memoryFile == nil { try fill(try readBytes(scene.folder.path("ram"))) }
        toldBefore = peer.history.count
        for capability in scene.capabilities { try peer.setCapability(capability.rawValue) }
        if let kind = scene.feature.credentials { try scene.credentials.add(kind, scene.endpoint, to: peer) }
        if let data = scene.feature.dataChannels {
            try peer.setParameters([
                "multifd-channels": JSONValue(data.count), "multifd-compression": .string(data.method.rawValue),
            ])
        }
        if let descriptor = scene.lent?.take() { try peer.pass(descriptor.number, as: "stream") }
    }

    /// Gives it `content` by a migration.
    private func fill(_ content: [UInt8]) throws {
        let filler = try TestMachine(megabytes: InteropScene.megabytes)
        filler.machine.memory.write(0, bytes: content)
        try filler.machine.run()
        try peer.migrateIncoming(uri: "tcp:127.0.0.1:0")
        try filler.migrate(to: "tcp:127.0.0.1:\(try peer.port())")
        try peer.awaitMigration("completed")
    }

    func port() throws -> String { try peer.port() }
    func listen(at uri: String) throws { try peer.migrateIncoming(uri: uri) }
    func migrate(to uri: String) throws { try peer.migrate(uri: uri) }
    func goOn() throws { try peer.execute("migrate-continue", ["state": "pre-switchover"]) }
    func ram() throws -> [UInt8] { try peer.memory(count: InteropScene.megabytes << 20) }
    func runState() throws -> String { try peer.execute("query-status")["status"]?.string ?? "?" }
    func awaitStatus(_ status: String) throws { try peer.awaitMigration(status) }

    var told: [String] {
        let names = ["MIGRATION ": "", "MIGRATION_PASS ": "pass ", "STOP": "stop", "RESUME": "resume"]
        let words = peer.history.dropFirst(toldBefore).compactMap { event in
            names.first { event.hasPrefix($0.key) }.map { $0.value + event.dropFirst($0.key.count) }
        }
        return Array(words.drop { $0 != "setup" })
    }
}
