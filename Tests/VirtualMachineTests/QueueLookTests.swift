import Environment
import Glibc
import GuestMemory
import MachineModel
import MigrationFormat
import Synchronization
import SystemCalls
import Testing
import Virtio

@testable import VirtualMachine

/// The guest's side of the random source of a riscv64 machine: one request for eight bytes.
private struct RandomDriver {
    static let rings: UInt64 = 0x8040_0000
    private static let buffer = rings + 0x3000
    private static let count: UInt32 = 8

    let memory: GuestMemory
    private let transport: VirtioTransport

    init(_ machine: VirtualMachine) throws {
        memory = machine.memory
        transport = try #require(machine.savedDevice(name: "virtio-rng", instance: 0) as? VirtioTransport)
    }

    /// Makes the request available, in memory that is here.
    static func writeRings(_ memory: GuestMemory) {
        memory.store(rings, buffer)
        memory.store(rings + 8, count)
        memory.store(rings + 12, UInt16(2))
        memory.store(rings + 0x1002, UInt16(1))
    }

    /// Brings the device up. With the machine at rest.
    func start() {
        for (register, value) in [(0x70, 1), (0x70, 3), (0x24, 1), (0x20, 1), (0x70, 11), (0x38, 8)] {
            store(UInt64(register), UInt32(value))
        }
        for (register, area) in [(0x80, 0), (0x90, 0x1000), (0xa0, 0x2000)] {
            store(UInt64(register), UInt32(Self.rings) + UInt32(area))
        }
        store(0x44, 1)
        store(0x70, 15)
    }

    /// As a vCPU does, with the machine lock held.
    func notify() { store(0x50, 0) }

    private func store(_ register: UInt64, _ value: UInt32) {
        transport.store(offset: register, width: 4, value: UInt64(value))
    }

    /// How many requests were served.
    var served: UInt16? { memory.load(Self.rings + 0x2002) }
}

/// A device that counts how often it looks at its queues.
private final class LookingDevice: SavedDevice, QueuedDevice {
    private let value = Mutex(0)
    var looks: Int { value.withLock { $0 } }
    var identity: DeviceIdentity { DeviceIdentity(name: "looking") }

    func lookAtQueues() { value.withLock { $0 += 1 } }
    func declare<Visitor: StateVisitor>(to fields: inout Visitor) throws(Visitor.Failure) {}
    func restore(_ saved: Void) {}
}

extension VirtualMachine {
    /// Waits until devices have done what was due when the guest began to run; false if that does not happen.
    fileprivate func settle() throws -> Bool {
        let done = ThreadGate(false)
        try parts.deferredRequests.perform([{ done.withLock { $0 = true } }])
        return done.wait(until: SystemClock().now() + .seconds(20)) { $0 ? true : nil } == true
    }

    fileprivate func savedState() throws -> PreparedDeviceState {
        try prepareLoad(blob: pauseBriefly { saveDeviceBlob() }, expected: sectionKeys)
    }
}

/// What a device was notified of is not part of its state: where a guest goes on, its queues are looked at once.
@Suite struct QueueLookTests {
    // MARK: A request that waited for its pages

    /// A guest that stands, with all of its memory, and a request of which its device was notified while pages were missing.
    private static func stoppedGuest() throws -> PartialBoard {
        let board = try PartialBoard(RISCVProgram.counting) { RandomDriver.writeRings($0.memory) }
        let driver = try RandomDriver(board.machine)
        board.machine.parts.lock.withLockWhileFrozen { driver.start() }
        try board.machine.run()
        try #require(board.machine.parts.lock.withLock { driver.notify() } != nil)
        try board.machine.stopByCommand()
        board.placeAll()
        board.machine.endResidency()
        #expect(driver.served == 0)
        return board
    }

    /// Its memory and its devices.
    private static func stoppedState() throws -> (ram: [UInt8], blob: [UInt8]) {
        let board = try stoppedGuest()
        let machine = board.machine
        let ram = try #require(machine.memory.read(RISCVBootImages.ramBase, count: machine.memory.totalSize))
        return (ram, machine.pauseBriefly { machine.saveDeviceBlob() })
    }

    @Test func isServedWhereTheGuestGoesOn() throws {
        let (ram, blob) = try Self.stoppedState()
        let board = try PartialBoard(RISCVProgram.counting)
        let destination = board.machine
        destination.endResidency()
        let driver = try RandomDriver(destination)
        destination.load(try destination.prepareLoad(blob: blob, expected: destination.sectionKeys)) {
            destination.memory.write(RISCVBootImages.ramBase, bytes: ram)
        }
        #expect(driver.served == 0, "nothing happens while the guest stands")
        try destination.run()
        #expect(try destination.settle())
        #expect(driver.served == 1)
    }

    @Test func isServedWhereTheGuestGoesOnBeforeItsMemory() throws {
        let (ram, blob) = try Self.stoppedState()
        let board = try PartialBoard(RISCVProgram.counting) {
            $0.memory.write(RISCVBootImages.ramBase, bytes: ram)
        }
        let destination = board.machine
        destination.load(try destination.prepareLoad(blob: blob, expected: destination.sectionKeys))
        let server = try board.serve()
        try destination.run()
        let driver = try RandomDriver(destination)
        let deadline = SystemClock().now() + .seconds(20)
        while driver.served != 1, SystemClock().now() < deadline { try #require(try destination.settle()) }
        #expect(driver.served == 1)
        board.endService()
        server.join()
        destination.endResidency()
    }

    @Test func isServedByDevicesWhoseStateWasReplaced() throws {
        let board = try Self.stoppedGuest()
        let machine = board.machine
        #expect(machine.replaceDevices(try machine.savedState()))
        let driver = try RandomDriver(machine)
        #expect(driver.served == 0)
        try machine.continueByCommand()
        #expect(try machine.settle())
        #expect(driver.served == 1)
    }

    // MARK: When devices look

    private static func machine(_ device: LookingDevice, incoming: Bool = false) throws -> VirtualMachine {
        var parts = try NoneMachine.parts(memorySize: 1 << 20)
        parts.savedDevices.append(device)
        return VirtualMachine(parts: parts, incoming: incoming)
    }

    @Test func aSideThatHoldsCheckpointsLooksOnceItTakesOver() throws {
        let device = LookingDevice()
        let machine = try Self.machine(device, incoming: true)
        defer { machine.shutDown() }
        for _ in 0..<20 { machine.load(try machine.savedState()) }
        try machine.runAsStandby()
        for _ in 0..<20 { machine.load(try machine.savedState()) }
        #expect(device.looks == 0)
        try machine.run()
        #expect(try machine.settle())
        #expect(device.looks == 1)
    }

    @Test func aGuestThatOnlyPausesIsNotLookedAt() throws {
        let device = LookingDevice()
        let machine = try Self.machine(device)
        defer { machine.shutDown() }
        try machine.run()
        for _ in 0..<5 {
            machine.pauseBriefly {}
            _ = try machine.captureDevices()
            try machine.stopByCommand()
            try machine.continueByCommand()
            try machine.resetByCommand()
        }
        #expect(try machine.settle())
        #expect(device.looks == 0)
    }

    @Test func aGuestThatIsStoppedAtOnceLooksWhenItGoesOn() throws {
        let device = LookingDevice()
        let machine = try Self.machine(device)
        defer { machine.shutDown() }
        machine.load(try machine.savedState())
        for _ in 0..<20 {
            try machine.run()
            try machine.stopByCommand()
        }
        // However far that has come, one more is due.
        let before = device.looks
        try machine.parts.deferredRequests.perform([{ device.lookAtQueues() }])
        usleep(50_000)
        #expect(device.looks == before, "a guest that stands does nothing")
        try machine.run()
        #expect(try machine.settle())
        #expect(device.looks == 2)
    }
}
