import Environment
import ManagedObjects
import PairLab
import QAPI
import SystemCalls
import Testing
import Transport
import VirtualMachine

@testable import Migration

/// Each way in which two sides do not come to terms, in words, and what becomes of both.
@Suite struct TLSRefusalTests {
    let credentials = Result { try MigrationCredentials() }

    func object(_ kind: MigrationCredentials.Kind, _ endpoint: TLSEndpoint, in folder: String? = nil) throws
        -> TLSCredentials
    {
        try credentials.get().object(kind, endpoint, in: folder)
    }

    /// A machine that waits for a migration with TLS.
    func destination(_ objects: ObjectRegistry, authorization: String = "") throws -> TestMachine {
        let destination = try TestMachine(incoming: true, megabytes: 1)
        try destination.use(objects)
        try destination.controller.updateParameters { $0.tlsAuthorization = authorization }
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        return destination
    }

    func destination(_ credentials: TLSCredentials) throws -> TestMachine {
        try destination(ObjectRegistry([("tls0", credentials)]))
    }

    /// Sends a small guest to `destination`.
    func send(
        to destination: TestMachine, with credentials: TLSCredentials?, hostname: String = ""
    ) throws -> TestMachine {
        let source = try TestMachine(megabytes: 1)
        source.fill(seed: 9)
        if let credentials { try source.use(credentials, hostname: hostname) }
        try source.machine.run()
        try source.migrate(to: "tcp:127.0.0.1:\(destination.port)")
        return source
    }

    func expectFailure(_ source: TestMachine, _ text: String) {
        #expect(source.awaits("outgoing failed: \(text)"), "\(source.log.lines)")
        #expect(source.controller.waitUntilIdle(deadline: SystemClock().now() + .seconds(10)))
        #expect(source.controller.queryMigrate().status == .failed)
        #expect(source.machine.runState == .running)
    }

    /// It has told of no migration, and takes the next one that is what it should be.
    func expectStillListening(
        _ destination: TestMachine, _ text: String, for credentials: TLSCredentials
    ) throws {
        #expect(destination.awaits("incoming refused: \(text)"), "\(destination.log.lines)")
        #expect(destination.controller.queryMigrate().status == nil)
        #expect(destination.machine.runState == .inmigrate)
        let source = try send(to: destination, with: credentials)
        #expect(source.awaits("completed"), "\(source.log.lines)")
        #expect(destination.awaits("completed"), "\(destination.log.lines)")
        #expect(firstDifference(destination.ram, source.ram) == nil)
    }

    @Test func aServerOfAnotherAuthorityIsNotTrustedNorIsItsClient() throws {
        let destination = try destination(object(.x509, .server))
        let source = try send(to: destination, with: object(.x509, .client, in: "bad"))
        expectFailure(source, "The certificate hasn't got a known issuer")
        try expectStillListening(
            destination, "Verify failed: No certificate was found.", for: object(.x509, .client))
    }

    @Test func anotherKeyIsRefused() throws {
        let destination = try destination(object(.psk, .server))
        let source = try send(to: destination, with: object(.psk, .client, in: "psk2"))
        expectFailure(source, "TLS handshake failed: The TLS connection was non-properly terminated.")
        try expectStillListening(destination, "TLS handshake failed: ", for: object(.psk, .client))
    }

    @Test func aSourceWithoutTLSIsSentAway() throws {
        let destination = try destination(object(.psk, .server))
        _ = RawPeer.drain(try RawPeer.connect(port: destination.port, sending: Array("QEVM".utf8) + [0, 0, 0, 3, 7]))
        try expectStillListening(
            destination, "TLS handshake failed: An unexpected TLS packet was received.", for: object(.psk, .client))
    }

    @Test func aSourceWithTLSEndsADestinationWithout() throws {
        let destination = try TestMachine(incoming: true, megabytes: 1)
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        let source = try send(to: destination, with: object(.psk, .client))
        expectFailure(source, "TLS handshake failed: The TLS connection was non-properly terminated.")
        #expect(destination.awaits("incoming failed: "))
        #expect(destination.log.outline.prefix(3) == ["setup", "active", "failed"])
    }

    @Test(arguments: [("wrong.example", "Certificate does not match the hostname wrong.example")])
    func theServerMustBeTheHostThatWasAskedFor(hostname: String, text: String) throws {
        let destination = try destination(object(.x509, .server))
        expectFailure(try send(to: destination, with: object(.x509, .client), hostname: hostname), text)
        // TLS was up there, and then came nothing.
        #expect(destination.awaits("failed"))
    }

    @Test func aPathIsNoHost() throws {
        let folder = try TemporaryFolder()
        let destination = try TestMachine(incoming: true, megabytes: 1)
        try destination.use(object(.x509, .server))
        let uri = "unix:\(folder.path("s"))"
        try destination.controller.migrateIncoming(uri: uri)
        let source = try TestMachine(megabytes: 1)
        try source.use(object(.x509, .client))
        try source.machine.run()
        try source.migrate(to: uri)
        expectFailure(source, "No hostname for certificate validation")
    }

    @Test(arguments: [
        ("20200101000000Z", "20210101000000Z", "The certificate has expired"),
        ("20900101000000Z", "20990101000000Z", "The certificate is not yet activated"),
    ])
    func certificatesHaveTheirTime(from: String, to: String, text: String) throws {
        let lab = try credentials.get().lab
        let name = "of\(from)"
        try lab.sign(name, .localServer, from: from, to: to)
        let directory = try lab.directory([
            "ca-cert.pem": "ca.pem", "server-cert.pem": "\(name).pem", "server-key.pem": "\(name).key",
        ])
        let server = try TLSCredentials(
            certificates: TLSSettings(directory: directory, endpoint: .server), sanityCheck: false)
        expectFailure(try send(to: destination(server), with: object(.x509, .client)), text)
    }

    @Test(arguments: [0, 2]) func whoSaysNothingKeepsNoSourceAway(dataChannels: Int) throws {
        let destination = try TestMachine(incoming: true, megabytes: 1)
        try destination.use(object(.psk, .server))
        let source = try TestMachine(megabytes: 1)
        source.fill(seed: 9)
        try source.use(object(.psk, .client))
        try source.machine.run()
        if dataChannels > 0 {
            for machine in [source, destination] { try machine.useDataChannels(dataChannels) }
        }
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        let silent = try (0..<5).map { _ in try RawPeer.connect(port: destination.port, sending: []) }
        let start = SystemClock().now()
        try source.migrate(to: "tcp:127.0.0.1:\(destination.port)")
        #expect(source.awaits("completed"), "\(source.log.lines)")
        #expect(destination.awaits("completed"), "\(destination.log.lines)")
        #expect(SystemClock().now() - start < .milliseconds(Transport.serverHandshakeMilliseconds))
        #expect(firstDifference(destination.ram, source.ram) == nil)
        // They were let go when the source was there.
        for connection in silent { _ = RawPeer.drain(connection) }
    }

    @Test func aChannelOfSeveralThatIsRefusedIsToldOf() throws {
        let destination = try TestMachine(incoming: true, megabytes: 1)
        try destination.use(object(.psk, .server))
        try destination.useDataChannels(2)
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        _ = RawPeer.drain(try RawPeer.connect(port: destination.port, sending: Array("QEVM".utf8) + [0, 0, 0, 3, 7]))
        #expect(
            destination.awaits("incoming refused: TLS handshake failed: An unexpected TLS packet was received."),
            "\(destination.log.lines)")
        destination.controller.cancelChannel()
    }
}
