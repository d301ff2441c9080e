import Certificates
import Glibc
import ManagedObjects
import PairLab
import QMP
import Testing
import VirtualMachine

@testable import Migration

/// What `coloctl tls` makes serves both ends of a migration, of which one is a real QEMU 7.2.
@Suite(.serialized, .enabled(if: QEMUPeer.isInstalled, "qemu-system-x86_64 is not installed"))
struct MadeCredentialsTests {
    @Test(arguments: ["x509", "psk"]) func theyCarryRAMToQEMUAndBack(_ kind: String) throws {
        let folder = try TemporaryFolder()
        let directory = folder.path("tls")
        let now = Int(time(nil))
        let authority = try CertificateAuthority(subject: try SubjectName("test"), days: 2, now: now)
        let files =
            kind == "psk"
            ? [try SharedKey.file(name: "qemu")]
            : try authority.files(for: [try HostIdentity("127.0.0.1")], days: 1, now: now)
        try CredentialContent.write(files, to: directory, replacing: false)
        func credentials(_ endpoint: TLSEndpoint) throws -> TLSCredentials {
            let settings = TLSSettings(directory: directory, endpoint: endpoint)
            return kind == "psk"
                ? try TLSCredentials(sharedKey: settings) : try TLSCredentials(certificates: settings)
        }
        func add(_ endpoint: String, to qemu: QEMUPeer) throws {
            try qemu.execute(
                "object-add",
                [
                    "qom-type": .string("tls-creds-\(kind)"), "id": "tls0", "endpoint": .string(endpoint),
                    "dir": .string(directory),
                ])
            try qemu.setParameters(["tls-creds": "tls0"])
        }
        let source = try TestMachine()
        source.fill(seed: 7)
        try source.machine.run()
        try source.use(try credentials(.client))
        let qemu = try QEMUPeer(in: folder, name: "a", megabytes: TestMachine.megabytes)
        try add("server", to: qemu)
        try qemu.migrateIncoming(uri: "tcp:127.0.0.1:0")
        try source.migrate(to: "tcp:127.0.0.1:\(try qemu.port())")
        #expect(source.awaits("completed"), "\(source.log.lines)")
        try qemu.awaitMigration("completed")

        let destination = try TestMachine(incoming: true)
        try destination.use(try credentials(.server))
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        try qemu.execute("object-del", ["id": "tls0"])
        try add("client", to: qemu)
        try qemu.migrate(uri: "tcp:127.0.0.1:\(destination.port)")
        #expect(destination.awaits("completed"), "\(destination.log.lines)")
        #expect(firstDifference(destination.ram, source.ram) == nil)
    }
}
