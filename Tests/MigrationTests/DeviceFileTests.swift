import Foundation
import MachineModel
import QAPI
import SystemCalls
import Testing
import VirtualMachine

@testable import Migration

struct DeviceFileTests {
    private static func withFile(_ body: (String) throws -> Void) rethrows {
        let path = NSTemporaryDirectory() + "colod-devices-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    private static func refusal(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch { return "\(error)" }
    }

    @Test func theFileIsThatOfAQEMUMachineNone() throws {
        try Self.withFile { path in
            let machine = try TestMachine(megabytes: 1)
            try machine.machine.run()
            try machine.controller.saveDevices(to: path)
            #expect(machine.log.lines == ["resume", "stop", "resume"])
            #expect(machine.machine.runState == .running)
            let bytes = [UInt8](try #require(FileManager.default.contents(atPath: path)))
            #expect(bytes.count == 8 + 19 + 24 + 5 + 25 + 104 + 5 + 1)
            #expect(bytes.starts(with: [0x51, 0x45, 0x56, 0x4d, 0, 0, 0, 3, 4, 0, 0, 0, 0, 5]))
            #expect(bytes.last == 0)
        }
    }

    @Test func whatWasSavedIsThereAgainAfterLoading() throws {
        try Self.withFile { path in
            let machine = try TestMachine(megabytes: 1)
            machine.machine.parts.clock.set(nanoseconds: 5_000_000)
            try machine.controller.saveDevices(to: path)
            #expect(machine.log.lines.isEmpty, "a guest that does not run is not stopped")
            machine.machine.parts.clock.set(nanoseconds: 9_000_000)
            try machine.controller.loadDevices(from: path)
            #expect(machine.machine.parts.clock.nanoseconds == 5_000_000)
            #expect(machine.machine.runState == .prelaunch)
            try machine.machine.continueByCommand()
        }
    }

    @Test func refusalsComeInTheirOrder() throws {
        let machine = try TestMachine(megabytes: 1)
        try machine.machine.run()
        #expect(throws: DeviceFileError.machineRuns) { try machine.controller.loadDevices(from: "/nonexistent/x") }
        try machine.machine.stopByCommand()
        let missing = Self.refusal { try machine.controller.loadDevices(from: "/nonexistent/x") }
        #expect(missing == "Unable to open /nonexistent/x: No such file or directory")
        #expect(Self.refusal { try machine.controller.saveDevices(to: "/nonexistent/x") } == missing)
        let waiting = try TestMachine(incoming: true, megabytes: 1)
        #expect(throws: DeviceFileError.migration(.waitsForIncoming)) {
            try waiting.controller.loadDevices(from: "/etc/hostname")
        }
    }

    @Test func noFileThatIsDamagedChangesAnything() throws {
        try Self.withFile { path in
            let machine = try TestMachine(megabytes: 1)
            machine.machine.parts.clock.set(nanoseconds: 5_000_000)
            try machine.controller.saveDevices(to: path)
            let good = [UInt8](try #require(FileManager.default.contents(atPath: path)))
            machine.machine.parts.clock.set(nanoseconds: 7_000_000)
            var damaged = stride(from: 0, to: good.count, by: 5).map { Array(good.prefix($0)) }
            damaged.append(good + [0])
            damaged.append(Array("host\n".utf8))
            for index in [0, 7, 8, 12, 14, 23, 51, 55] {
                var bytes = good
                bytes[index] ^= 0x40
                damaged.append(bytes)
            }
            for bytes in damaged {
                try Data(bytes).write(to: URL(fileURLWithPath: path))
                #expect {
                    try machine.controller.loadDevices(from: path)
                } throws: {
                    "\($0)".contains("Unable to load device state from \(path): ")
                }
                #expect(machine.machine.parts.clock.nanoseconds == 7_000_000)
            }
            try Data(good).write(to: URL(fileURLWithPath: path))
            try machine.controller.loadDevices(from: path)
        }
    }

    @Test func aDiskThatIsFullIsAnErrorAndTheGuestRunsOn() throws {
        let machine = try TestMachine(megabytes: 1)
        try machine.machine.run()
        #expect(
            Self.refusal { try machine.controller.saveDevices(to: "/dev/full") }
                == "Unable to write to /dev/full: No space left on device")
        #expect(machine.machine.runState == .running)
    }

    @Test(arguments: ["/tmp", "/dev/zero"])
    func whatIsNoFileIsNotRead(path: String) throws {
        let machine = try TestMachine(megabytes: 1)
        #expect(throws: DeviceFileError.noRegularFile(path: path)) {
            try machine.controller.loadDevices(from: path)
        }
    }
}
