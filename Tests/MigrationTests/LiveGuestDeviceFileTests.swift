import Foundation
import GuestMemory
import SystemCalls
import Testing
import VirtualMachine

@testable import Migration

/// `xen-save-devices-state` and `xen-load-devices-state` with a guest that has something to lose.
struct LiveGuestDeviceFileTests {
    private static let ramBase: UInt64 = 0x8000_0000

    @Test func aGuestGoesOnFromWhereItsDevicesWereSaved() throws {
        let path = NSTemporaryDirectory() + "colod-devices-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let guest = try WritingGuest()
        let memory = guest.machine.memory
        try guest.machine.run()
        try guest.awaitCount(above: 1000)
        try guest.machine.stopByCommand()
        let saved = try guest.checkedCount()
        let ram = try #require(memory.read(Self.ramBase, count: memory.totalSize))
        try guest.controller.saveDevices(to: path)

        try guest.machine.continueByCommand()
        try guest.awaitCount(above: saved + 10_000)
        #expect(throws: (any Error).self) { try guest.controller.loadDevices(from: path) }
        try guest.machine.stopByCommand()
        #expect(try guest.checkedCount() > saved + 10_000)

        let good = try #require(FileManager.default.contents(atPath: path))
        try good.prefix(good.count / 2).write(to: URL(fileURLWithPath: path))
        #expect(throws: (any Error).self) { try guest.controller.loadDevices(from: path) }
        let undisturbed = try guest.checkedCount()
        try guest.machine.continueByCommand()
        try guest.awaitCount(above: undisturbed + 1000)
        try guest.machine.stopByCommand()

        try good.write(to: URL(fileURLWithPath: path))
        #expect(memory.write(Self.ramBase, bytes: ram))
        try guest.controller.loadDevices(from: path)
        #expect(try guest.checkedCount() == saved)
        try guest.machine.continueByCommand()
        // Every page is looked at: registers of another moment than RAM's would have written to the wrong ones.
        try guest.awaitCount(above: saved + 1000)
    }
}
