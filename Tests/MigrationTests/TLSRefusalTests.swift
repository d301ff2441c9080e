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
    private let credentials = Result { try MigrationCredentials() }

    private func object(_ kind: MigrationCredentials.Kind, _ endpoint: TLSEndpoint, in folder: String? = nil) throws
        -> TLSCredentials
    {
        try credentials.get().object(kind, endpoint, in: folder)
    }

    /// A machine that waits for a migration with TLS.
    private func destination(_ objects: ObjectRegistry, authorization: String = "") throws -> TestMachine {
        let destination = try TestMachine(incoming: true, megabytes: 1)
        try destination.use(objects)
        try destination.controller.updateParameters { $0.tlsAuthorization = authorization }
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        return destination
    }

    private func destination(_ credentials: TLSCredentials) throws -> TestMachine {
        try destination(ObjectRegistry([("tls0", credentials)]))
    }

    /// Sends a small guest to `destination`.
    private func send(
        to destination: TestMachine, with credentials: TLSCredentials?, hostname: String = ""
    ) throws -> TestMachine {
        let source = try TestMachine(megabytes: 1)
        source.fill(seed: 9)
        if let credentials { try source.use(credentials, hostname: hostname) }
        try source.machine.run()
        try source.migrate(to: "tcp:127.0.0.1:\(destination.port)")
        return source
    }

    private func expectFailure(_ source: TestMachine, _ text: String) {
        #expect(source.awaits("outgoing failed: \(text)"), "\(source.log.lines)")
        #expect(source.controller.waitUntilIdle(deadline: SystemClock().now() + .seconds(10)))
        #expect(source.controller.queryMigrate().status == .failed)
        #expect(source.machine.runState == .running)
    }

    /// It has told of no migration, and takes the next one that is what it should be.
    private func expectStillListening(
        _ destination: TestMachine, _ text: String, for credentials: TLSCredentials
    ) throws {
        #expect(destination.awaits("incoming refused: \(text)"), "\(destination.log.lines)")
        #expect(destination.controller.queryMigrate().status == nil)
        #expect(destination.machine.runState == .inmigrate)
        let source = try send(to: destination, with: credentials)
        #expect(source.awaits("completed"), "\(source.log.lines)")
        #expect(destination.awaits("completed"), "\(destination.log.lines)")
        #expect(destination.ram == source.ram)
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

    @Test func aListDecidesOnClientsAndIsLookedUpForEachOfThem() throws {
        let objects = ObjectRegistry([("tls0", try object(.x509, .server))])
        let destination = try destination(objects, authorization: "who")
        _ = try send(to: destination, with: object(.x509, .client))
        #expect(destination.awaits("incoming refused: Cannot find QAuthZ object ID who"), "\(destination.log.lines)")
        try objects.add("who") { try AuthorizationList(identity: "CN=somebody") }
        _ = try send(to: destination, with: object(.x509, .client))
        #expect(
            destination.awaits("incoming refused: TLS x509 authz check for CN=client is denied"),
            "\(destination.log.lines)")
        try objects.remove("who")
        try objects.add("who") { try AuthorizationList(identity: "CN=client") }
        #expect(try send(to: destination, with: object(.x509, .client)).awaits("completed"))
        #expect(destination.awaits("completed"))
    }

    @Test func aListNeedsAnIdentity() throws {
        let objects = ObjectRegistry([
            ("tls0", try TLSCredentials(anonymous: TLSSettings(endpoint: .server))),
            ("who", try AuthorizationList(identity: "anybody")),
        ])
        let destination = try destination(objects, authorization: "who")
        _ = try send(to: destination, with: TLSCredentials(anonymous: TLSSettings(endpoint: .client)))
        #expect(destination.awaits("incoming refused: 'tls-authz' needs credentials by which a client proves"))
    }

    @Test func theNameOfAKeyIsAnIdentity() throws {
        let objects = ObjectRegistry([
            ("tls0", try object(.psk, .server)), ("who", try AuthorizationList(identity: "qemu")),
        ])
        let destination = try destination(objects, authorization: "who")
        #expect(try send(to: destination, with: object(.psk, .client)).awaits("completed"))
        #expect(destination.awaits("completed"))
    }

    @Test func objectsThatAreMadeAnewCountForTheNextConnection() throws {
        let objects = ObjectRegistry([("tls0", try object(.psk, .server, in: "psk2"))])
        let destination = try destination(objects)
        _ = try send(to: destination, with: object(.psk, .client))
        #expect(destination.awaits("incoming refused: TLS handshake failed"))
        try objects.remove("tls0")
        let client = try object(.psk, .client)
        _ = try send(to: destination, with: client)
        #expect(destination.awaits("incoming refused: No TLS credentials with id 'tls0'"))
        try objects.add("tls0") { client }
        _ = try send(to: destination, with: client)
        #expect(destination.awaits("incoming refused: Expected TLS credentials for a server endpoint"))
        try objects.remove("tls0")
        let server = try object(.psk, .server)
        try objects.add("tls0") { server }
        #expect(try send(to: destination, with: client).awaits("completed"))
        #expect(destination.awaits("completed"))
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
        #expect(destination.ram == source.ram)
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

    @Test func aClientWhoseCertificateWasTakenBackIsRefused() throws {
        let lab = try credentials.get().lab
        try lab.revoke("client")
        let directory = try lab.directory([
            "ca-cert.pem": "ca.pem", "ca-crl.pem": "crl.pem", "server-cert.pem": "server.pem",
            "server-key.pem": "server.key",
        ])
        let server = try TLSCredentials(certificates: TLSSettings(directory: directory, endpoint: .server))
        let destination = try destination(server)
        _ = try send(to: destination, with: object(.x509, .client))
        #expect(
            destination.awaits("incoming refused: The certificate has been revoked"), "\(destination.log.lines)")
        destination.controller.cancelChannel()
    }

    @Test(arguments: [0, 2]) func tlsThatIsAskedForWhileListeningCounts(dataChannels: Int) throws {
        let destination = try TestMachine(incoming: true, megabytes: 1)
        if dataChannels > 0 { try destination.useDataChannels(dataChannels) }
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        try destination.use(object(.psk, .server))
        _ = RawPeer.drain(try RawPeer.connect(port: destination.port, sending: Array("QEVM".utf8) + [0, 0, 0, 3, 7]))
        #expect(
            destination.awaits("incoming refused: TLS handshake failed: An unexpected TLS packet was received."),
            "\(destination.log.lines)")
        destination.controller.cancelChannel()
    }
}
