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

/// Where one side is a real QEMU 7.2, what goes wrong goes wrong as between two of ours, and the next attempt succeeds.
@Suite(.serialized, .enabled(if: QEMUPeer.isInstalled, "qemu-system-x86_64 is not installed"))
struct TLSInteropRefusalTests {
    private let credentials = Result { try MigrationCredentials() }

    private func awaitIdle(_ machine: TestMachine) {
        #expect(machine.controller.waitUntilIdle(deadline: SystemClock().now() + .seconds(10)))
    }

    @Test func aKeyThatQEMUDoesNotHave() throws {
        let credentials = try self.credentials.get()
        let folder = try TemporaryFolder()
        let source = try TestMachine()
        source.fill(seed: 2)
        try source.machine.run()
        try source.use(credentials.object(.psk, .client, in: "psk2"))
        let qemu = try QEMUPeer(in: folder, name: "q", megabytes: TestMachine.megabytes)
        try credentials.add(.psk, .server, to: qemu)
        try qemu.migrateIncoming(uri: "tcp:127.0.0.1:0")
        let uri = "tcp:127.0.0.1:\(try qemu.port())"
        try source.migrate(to: uri)
        #expect(
            source.awaits("outgoing failed: TLS handshake failed: The TLS connection was non-properly terminated."),
            "\(source.log.lines)")
        awaitIdle(source)
        #expect(source.machine.runState == .running)
        try source.use(credentials.object(.psk, .client))
        try source.migrate(to: uri)
        #expect(source.awaits("completed"), "\(source.log.lines)")
        try qemu.awaitMigration("completed")
        #expect(try firstDifference(qemu.memory(count: source.machine.memory.totalSize), source.ram) == nil)
    }

    @Test func aQEMUThatDoesNotKnowOfTLS() throws {
        let credentials = try self.credentials.get()
        let destination = try TestMachine(incoming: true)
        try destination.use(credentials.object(.x509, .server))
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        let folder = try TemporaryFolder()
        let filler = try TestMachine()
        filler.fill(seed: 4)
        let qemu = try QEMUPeer(in: folder, name: "q", megabytes: TestMachine.megabytes)
        try qemu.migrateIncoming(uri: "tcp:127.0.0.1:0")
        try filler.machine.run()
        try filler.migrate(to: "tcp:127.0.0.1:\(try qemu.port())")
        try qemu.awaitMigration("completed")

        let uri = "tcp:127.0.0.1:\(destination.port)"
        try qemu.migrate(uri: uri)
        try qemu.awaitMigration("failed")
        #expect(
            destination.awaits("incoming refused: TLS handshake failed: An unexpected TLS packet was received."),
            "\(destination.log.lines)")
        try credentials.add(.x509, .client, to: qemu)
        try qemu.migrate(uri: uri)
        #expect(destination.awaits("completed"), "\(destination.log.lines)")
        #expect(firstDifference(destination.ram, filler.ram) == nil)
    }

    /// The pipes of a command carry TLS as a socket does.
    @Test func throughACommand() throws {
        let credentials = try self.credentials.get()
        let folder = try TemporaryFolder()
        let source = try TestMachine()
        source.fill(seed: 3)
        try source.machine.run()
        try source.use(credentials.object(.x509, .client), hostname: "localhost")
        let qemu = try QEMUPeer(in: folder, name: "q", megabytes: TestMachine.megabytes)
        try credentials.add(.x509, .server, to: qemu)
        try qemu.migrateIncoming(uri: "tcp:127.0.0.1:0")
        let relay = "exec 3<>/dev/tcp/127.0.0.1/\(try qemu.port()); cat <&3 & exec cat >&3"
        try source.migrate(to: "exec:exec bash -c '\(relay)'")
        #expect(source.awaits("completed"), "\(source.log.lines)")
        try qemu.awaitMigration("completed")
        #expect(try firstDifference(qemu.memory(count: source.machine.memory.totalSize), source.ram) == nil)
    }
}
