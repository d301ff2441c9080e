import Environment
import GuestMemory
import ManagedObjects
import PairLab
import QAPI
import QMP
import SystemCalls
import Testing
import Transport
import VirtualMachine

@testable import Migration

/// Credentials for both sides, and machines that know them as "tls0".
final class MigrationCredentials: Sendable {
    let lab: CertificateLab

    init() throws {
        lab = try CertificateLab()
        try lab.makeMigrationCredentials()
    }

    /// One kind of credentials for both ends.
    enum Kind: String, CaseIterable { case x509, psk, anon }

    private func folder(_ kind: Kind, _ endpoint: TLSEndpoint) -> String {
        "\(lab.path)/\(kind == .psk ? "psk1" : endpoint == .client ? "cli" : "srv")"
    }

    /// Makes an object for `kind`; `folder` is another one than usual.
    func object(
        _ kind: Kind, _ endpoint: TLSEndpoint, in folder: String? = nil, priority: String? = nil, verify: Bool = true
    ) throws -> TLSCredentials {
        let directory = folder.map { "\(lab.path)/\($0)" } ?? self.folder(kind, endpoint)
        var settings = TLSSettings(directory: directory, endpoint: endpoint, verifyPeer: verify, priority: priority)
        switch kind {
        case .x509: return try TLSCredentials(certificates: settings)
        case .psk: return try TLSCredentials(sharedKey: settings)
        case .anon:
            settings.directory = nil
            return try TLSCredentials(anonymous: settings)
        }
    }

    /// The same in QEMU.
    func add(_ kind: Kind, _ endpoint: TLSEndpoint, priority: String? = nil, to qemu: QEMUPeer) throws {
        var arguments: JSONObject = [
            "qom-type": .string("tls-creds-\(kind.rawValue)"), "id": "tls0", "endpoint": .string(endpoint.rawValue),
        ]
        if kind != .anon { arguments["dir"] = .string(folder(kind, endpoint)) }
        if let priority { arguments["priority"] = .string(priority) }
        try qemu.execute("object-add", arguments)
        try qemu.execute("migrate-set-parameters", ["tls-creds": "tls0", "tls-hostname": "localhost"])
    }
}

extension TestMachine {
    /// Uses `objects` by their names, and for migrations the one that is called "tls0".
    func use(_ objects: ObjectRegistry, hostname: String = "") throws {
        controller.setResources(
            MigrationResources(tlsEnd: { request throws(TLSFailure) in try objects.tlsEnd(for: request) }))
        try controller.updateParameters {
            $0.tlsCredentials = "tls0"
            $0.tlsHostname = hostname
        }
    }

    /// Sends or takes pages on data channels.
    func useDataChannels(_ count: Int) throws {
        try controller.setCapabilities([MigrationCapabilityStatus(.multifd, true)])
        try controller.updateParameters { $0.multifdChannels = UInt8(count) }
    }

    /// Uses one object.
    func use(_ credentials: TLSCredentials, hostname: String = "") throws {
        try use(ObjectRegistry([("tls0", credentials)]), hostname: hostname)
    }
}

/// A real QEMU 7.2 with machine `none` at the other end of a channel with TLS.
@Suite(.serialized, .enabled(if: QEMUPeer.isInstalled, "qemu-system-x86_64 is not installed"))
struct TLSInteropTests {
    private static let only12 = "NORMAL:-VERS-ALL:+VERS-TLS1.2"
    private let credentials = Result { try MigrationCredentials() }

    struct Case: Sendable, CustomTestStringConvertible {
        let kind: MigrationCredentials.Kind
        let transport: String
        var priority: String?
        var returnPath = false
        var dataChannels = 0

        var testDescription: String {
            "\(kind) over \(transport), \(priority ?? "any version"), \(dataChannels) data channels"
        }
    }

    private static let cases: [Case] = [
        Case(kind: .x509, transport: "tcp"), Case(kind: .x509, transport: "unix", priority: only12),
        Case(kind: .psk, transport: "unix", returnPath: true), Case(kind: .psk, transport: "tcp", priority: only12),
        Case(kind: .anon, transport: "tcp"), Case(kind: .anon, transport: "unix"),
        Case(kind: .psk, transport: "tcp", dataChannels: 3),
        Case(kind: .x509, transport: "unix", returnPath: true, dataChannels: 2),
    ]

    @Test(arguments: cases) func ramArrivesInQEMUAndComesBackTheSame(_ test: Case) throws {
        let credentials = try self.credentials.get()
        let folder = try TemporaryFolder()
        let source = try TestMachine()
        source.fill(seed: 1)
        try source.machine.run()
        try source.use(
            credentials.object(test.kind, .client, priority: test.priority),
            hostname: test.transport == "unix" ? "localhost" : "")
        let qemu = try QEMUPeer(in: folder, name: "a", megabytes: TestMachine.megabytes)
        try credentials.add(test.kind, .server, to: qemu)
        if test.dataChannels > 0 {
            try qemu.setCapability("multifd")
            try qemu.execute("migrate-set-parameters", ["multifd-channels": JSONValue(test.dataChannels)])
            try source.useDataChannels(test.dataChannels)
        }
        let listenURI = test.transport == "tcp" ? "tcp:127.0.0.1:0" : "unix:\(folder.path("in.sock"))"
        try qemu.migrateIncoming(uri: listenURI)
        if test.returnPath { try source.controller.setCapabilities([.init(.returnPath, true)]) }
        try source.migrate(to: test.transport == "tcp" ? "tcp:127.0.0.1:\(try qemu.port())" : listenURI)
        #expect(source.awaits("completed"), "\(source.log.lines)")
        try qemu.awaitMigration("completed")
        #expect(try firstDifference(qemu.memory(count: source.machine.memory.totalSize), source.ram) == nil)

        let destination = try TestMachine(incoming: true)
        try destination.use(credentials.object(test.kind, .server, priority: test.priority))
        if test.dataChannels > 0 { try destination.useDataChannels(test.dataChannels) }
        let backURI = test.transport == "tcp" ? "tcp:127.0.0.1:0" : "unix:\(folder.path("back.sock"))"
        try destination.controller.migrateIncoming(uri: backURI)
        if test.returnPath { try qemu.setCapability("return-path") }
        try qemu.execute("object-del", ["id": "tls0"])
        try credentials.add(test.kind, .client, to: qemu)
        try qemu.migrate(uri: test.transport == "tcp" ? "tcp:127.0.0.1:\(destination.port)" : backURI)
        #expect(destination.awaits("completed"), "\(destination.log.lines)")
        try qemu.awaitMigration("completed")
        #expect(firstDifference(destination.ram, source.ram) == nil)
        #expect(destination.log.outline == ["setup", "active", "resume", "completed"])
    }
}
