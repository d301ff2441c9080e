import Environment
import Foundation
import PairLab
import QAPI
import SystemCalls
import Testing
import Transport
import VirtualMachine

@testable import Migration

/// `exec:` and `fd:`.
struct CommandChannelTests {
    private static func path() -> String { NSTemporaryDirectory() + "colod-stream-\(UUID().uuidString)" }

    @Test func aGuestGoesIntoAFileAndComesBack() throws {
        let file = Self.path()
        defer { try? FileManager.default.removeItem(atPath: file) }
        let source = try TestMachine(megabytes: 1)
        source.fill(seed: 31)
        try source.machine.run()
        try source.migrate(to: "exec:cat > '\(file)'")
        #expect(source.awaits("completed"))
        #expect(source.log.outline == ["resume", "setup", "pass", "active", "stop", "pass", "completed"])
        let destination = try TestMachine(incoming: true, megabytes: 1)
        try destination.controller.migrateIncoming(uri: "exec:cat '\(file)'")
        #expect(destination.awaits("completed"))
        #expect(destination.log.lines == ["setup", "active", "resume", "completed"])
        #expect(firstDifference(destination.ram, source.ram) == nil)
        #expect(destination.controller.queryMigrate() == MigrationInfo(status: .completed))
    }

    @Test func aCommandThatEndsEarlyIsAFailureOnceItIsActive() throws {
        let source = try TestMachine()
        source.fill(seed: 32)
        try source.machine.run()
        try source.migrate(to: "exec:exit 3")
        #expect(source.awaits("outgoing failed: Unable to write to command: Broken pipe"))
        #expect(source.machine.runState == .running)
    }

    /// It has taken every byte, and then something goes wrong with them.
    @Test func aCommandThatFailsOnTheLastBytesIsAFailureAndTheGuestRunsOn() throws {
        let source = try TestMachine(megabytes: 1)
        source.fill(seed: 35)
        try source.machine.run()
        let command = "cat > /dev/null; exit 5"
        try source.migrate(to: "exec:\(command)")
        #expect(source.awaits("outgoing failed: The command '\(command)' ended with status 5"))
        #expect(source.controller.waitUntilIdle(deadline: SystemClock().now() + .seconds(10)))
        #expect(source.controller.queryMigrate().errorDesc == "The command '\(command)' ended with status 5")
        #expect(source.machine.runState == .running)
    }

    /// With a return path a destination should answer, and `cat` never does: it only waits for the stream's end.
    @Test func aFileIsNoDestinationAndTheGuestRunsOn() throws {
        let file = Self.path()
        defer { try? FileManager.default.removeItem(atPath: file) }
        let source = try TestMachine(megabytes: 1)
        source.fill(seed: 37)
        try source.controller.setCapabilities([MigrationCapabilityStatus(.returnPath, true)])
        try source.machine.run()
        let start = SystemClock().now()
        try source.migrate(to: "exec:cat > '\(file)'")
        let text = "The command took the stream, and no destination answered"
        #expect(source.awaits("outgoing failed: \(text); with return-path off, a stream may go into a file"))
        #expect(source.controller.waitUntilIdle(deadline: SystemClock().now() + .seconds(10)))
        #expect(SystemClock().now() - start < .seconds(10), "not only at the deadline of the last word")
        #expect(source.machine.runState == .running)
    }

    @Test func aCommandThatFailsAfterItsLastByteHasBroughtNoGuest() throws {
        let file = Self.path()
        defer { try? FileManager.default.removeItem(atPath: file) }
        let source = try TestMachine(megabytes: 1)
        source.fill(seed: 36)
        try source.migrate(to: "exec:cat > '\(file)'")
        #expect(source.awaits("completed"))
        let destination = try TestMachine(incoming: true, megabytes: 1)
        let command = "cat '\(file)'; exit 6"
        try destination.controller.migrateIncoming(uri: "exec:\(command)")
        #expect(
            destination.awaits(
                "incoming failed: load of migration failed: The command '\(command)' ended with status 6"))
        #expect(destination.machine.runState == .inmigrate)
    }

    @Test(arguments: ["exec:echo stream; cat", "fd:pipe"])
    func aTLSRefusalOnWhatCannotBeHeardAgainLetsAnotherTryBeMade(uri: String) throws {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        let first = ends[0]
        let writing = Descriptor(owning: ends[1])
        defer { if uri.hasPrefix("exec") { close(first) } }
        try #require(write(writing.number, "stream", 6) == 6)
        let destination = try TestMachine(incoming: true, megabytes: 1)
        destination.controller.setResources(
            MigrationResources(takeDescriptor: { _ in Descriptor(owning: first) }))
        try destination.controller.updateParameters { $0.tlsCredentials = "nosuch" }
        try destination.controller.migrateIncoming(uri: uri)
        #expect(destination.awaits("incoming refused: No TLS credentials with id 'nosuch'"))
        #expect(destination.controller.waitUntilIdle(deadline: SystemClock().now() + .seconds(10)))
        try destination.controller.updateParameters { $0.tlsCredentials = "" }
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        #expect(destination.port != 0)
        destination.controller.cancelChannel()
    }

    @Test func aCommandOfTheDestinationMayTakeItsTimeWithTheLastWord() throws {
        let (there, back) = (Self.path(), Self.path())
        defer { for path in [there, back, back + ".kept"] { try? FileManager.default.removeItem(atPath: path) } }
        for path in [there, back] { try #require(mkfifo(path, 0o600) == 0) }
        let source = try TestMachine(megabytes: 1)
        let destination = try TestMachine(incoming: true, megabytes: 1)
        source.fill(seed: 38)
        try source.machine.run()
        try source.controller.setCapabilities([MigrationCapabilityStatus(.returnPath, true)])
        // Nothing gets back before all of it was said.
        let late = "(cat <&3 >'\(back).kept'; cat '\(back).kept' >'\(back)')"
        try destination.controller.migrateIncoming(uri: "exec:exec 3<&0; \(late) & exec cat '\(there)'")
        try source.migrate(to: "exec:exec 3<&0; cat '\(back)' & cat <&3 >'\(there)'; exec 3<&-; wait")
        #expect(source.awaits("completed"), "\(source.log.lines)")
        #expect(destination.awaits("completed"), "\(destination.log.lines)")
        #expect(firstDifference(destination.ram, source.ram) == nil)
    }

    @Test func aSourceThatSaysNothingMayBeReplaced() throws {
        let destination = try TestMachine(incoming: true, megabytes: 1)
        try destination.controller.migrateIncoming(uri: "exec:exit 3")
        #expect(destination.awaits("incoming refused: "))
        #expect(destination.controller.waitUntilIdle(deadline: SystemClock().now() + .seconds(10)))
        #expect(destination.controller.queryMigrate() == MigrationInfo())
        try destination.controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
        destination.controller.cancelChannel()
    }

    @Test func acommandThatTakesNothingCanBeCancelled() throws {
        let source = try TestMachine()
        source.fill(seed: 33)
        try source.machine.run()
        try source.migrate(to: "exec:sleep 60")
        #expect(source.awaits("active"))
        source.controller.migrateCancel()
        #expect(source.awaits("cancelled"))
        #expect(source.machine.runState == .running)
    }

    @Test func aPassedSocketCarriesAMigration() throws {
        var ends: [Int32] = [-1, -1]
        try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
        let (left, right) = (ends[0], ends[1])
        let source = try TestMachine(megabytes: 1)
        let destination = try TestMachine(incoming: true, megabytes: 1)
        source.fill(seed: 34)
        source.controller.setResources(
            MigrationResources(takeDescriptor: { $0 == "left" ? Descriptor(owning: left) : nil }))
        destination.controller.setResources(
            MigrationResources(takeDescriptor: { $0 == "right" ? Descriptor(owning: right) : nil }))
        for machine in [source, destination] {
            try machine.controller.setCapabilities([MigrationCapabilityStatus(.returnPath, true)])
        }
        #expect(throws: MigrationRefusal.listener(.unknownDescriptor(name: "nosuch"))) {
            try destination.controller.migrateIncoming(uri: "fd:nosuch")
        }
        #expect(throws: MigrationRefusal.destination(.unknownDescriptor(name: "nosuch"))) {
            _ = try source.controller.migrate(uri: "fd:nosuch")
        }
        try destination.controller.migrateIncoming(uri: "fd:right")
        try source.migrate(to: "fd:left")
        #expect(source.awaits("completed"))
        #expect(destination.awaits("completed"))
        #expect(firstDifference(destination.ram, source.ram) == nil)
    }

    @Test func aCancellationDuringAStartThatFailsComesToItsEnd() throws {
        let source = try TestMachine(megabytes: 1)
        source.controller.setResources(
            MigrationResources(takeDescriptor: { [controller = source.controller] _ in
                controller.migrateCancel()
                return nil
            }))
        #expect(throws: MigrationRefusal.destination(.unknownDescriptor(name: "nosuch"))) {
            _ = try source.controller.migrate(uri: "fd:nosuch")
        }
        #expect(source.log.lines == ["setup", "cancelling", "cancelled"])
    }

    @Test func whoAsksWhileAnotherBeginsToListenComesTooLate() throws {
        let destination = try TestMachine(incoming: true, megabytes: 1)
        destination.controller.setResources(
            MigrationResources(takeDescriptor: { [controller = destination.controller] _ in
                #expect(throws: MigrationRefusal.incomingAlreadyStarted) {
                    try controller.migrateIncoming(uri: "tcp:127.0.0.1:0")
                }
                return nil
            }))
        for _ in 1...2 {
            #expect(throws: MigrationRefusal.listener(.unknownDescriptor(name: "nosuch"))) {
                try destination.controller.migrateIncoming(uri: "fd:nosuch")
            }
        }
        destination.controller.cancelChannel()
    }

    @Test func aPipeHasNoReturnPath() throws {
        var ends: [Int32] = [-1, -1]
        try #require(pipe(&ends) == 0)
        let writing = ends[1]
        defer { close(ends[0]) }
        let source = try TestMachine(megabytes: 1)
        source.controller.setResources(
            MigrationResources(takeDescriptor: { _ in Descriptor(owning: writing) }))
        try source.controller.setCapabilities([MigrationCapabilityStatus(.returnPath, true)])
        try source.migrate(to: "fd:pipe")
        #expect(source.awaits("outgoing failed: Capability 'return-path' needs a channel that can be read"))
    }
}
