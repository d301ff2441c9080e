import Environment
import ManagedObjects
import PairLab
import QAPI
import SystemCalls
import Testing
import Transport
import VirtualMachine

@testable import Migration

/// Whom a destination lets in, and that it looks at the objects for each who comes.
extension TLSRefusalTests {
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
