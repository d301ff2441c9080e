import Environment
import GuestMemory
import MachineModel
import PacketPath
import PairLab
import QAPI
import Synchronization
import SystemCalls
import Testing
import Virtio

@testable import VirtualMachine

/// A machine with a network card whose driver is ready, while the rings in RAM are those of a later moment than the
/// card's state: what a secondary has between two checkpoints.
private final class TornMachine {
    let network = RecordingBackend()
    let virtual: VirtualMachine
    let card: VirtioNetwork
    private let kernel: TemporaryFile
    private let box: LineBox
    private static let rings: UInt64 = 0x8040_0000

    init(incoming: Bool) throws {
        kernel = try TemporaryFile(KernelImage.bytes(of: [0x0000_006f]))
        var configuration = RISCVMachineConfiguration(memorySize: 8 << 20, kernel: kernel.path)
        let box = LineBox()
        configuration.log = { box.add($0) }
        configuration.networks = [.init(mac: [0x52, 0x54, 0, 0, 0, 1], backend: network)]
        let machine = try RISCVMachine(configuration)
        virtual = VirtualMachine(parts: machine.parts, incoming: incoming)
        card = try #require(machine.parts.networkDevices.first as? VirtioNetwork)
        self.box = box
        let slot = try #require(machine.parts.savedDevices.lazy.compactMap { $0 as? VirtioTransport }.first)
        Self.prepare(slot)
        #expect(slot.isDriverReady)
    }

    /// What the devices complained of.
    var faults: [String] { box.lines }

    /// What a driver writes until its receive queue is ready.
    private static func prepare(_ slot: VirtioTransport) {
        func store(_ register: UInt64, _ value: UInt64) { slot.store(offset: register, width: 4, value: value) }
        store(0x070, 3)
        store(0x024, 1)
        store(0x020, 1)
        store(0x070, 11)
        store(0x030, 0)
        store(0x038, 256)
        store(0x080, rings)
        store(0x090, rings + 0x1000)
        store(0x0a0, rings + 0x2000)
        store(0x044, 1)
        store(0x070, 15)
    }

    /// The driver has made `count` buffers available.
    func setAvailable(_ count: UInt16) { virtual.memory.store(Self.rings + 0x1002, count) }

    /// A frame arrives on a thread of the back-end, which ends when it has been dealt with.
    func receive() throws -> SystemCalls.Thread {
        let network = network
        return try Thread(name: "network") { network.deliver([UInt8](repeating: 1, count: 64)) }
    }
}

private final class LineBox: Sendable {
    private let state = Mutex<[String]>([])
    var lines: [String] { state.withLock { $0 } }
    func add(_ line: String) { state.withLock { $0.append(line) } }
}

struct ForeignMemoryTests {
    private static let laterIndex: UInt16 = 1000

    @Test func aWaitingFrameDoesNotReachTheRingsOfAMachineThatEnds() throws {
        for isRetired in [false, true] {
            let torn = try TornMachine(incoming: false)
            torn.setAvailable(Self.laterIndex)
            let thread = try torn.receive()
            if isRetired { torn.virtual.retire() }
            torn.virtual.shutDown()
            thread.join()
            #expect(torn.faults.isEmpty, "the rings are those of another checkpoint")
            #expect(torn.card.droppedFrames == 0)
        }
    }

    @Test(arguments: ["waits for its state", "stands by", "receives a checkpoint", "was stopped", "waits again"])
    func framesForAGuestThatIsElsewhereAreLostAtOnce(_ moment: String) throws {
        let torn = try TornMachine(incoming: true)
        let machine = torn.virtual
        torn.setAvailable(Self.laterIndex)
        if moment != "waits for its state" { try machine.runAsStandby() }
        switch moment {
        case "receives a checkpoint": try machine.halt(to: .colo)
        case "was stopped": try machine.stopByCommand()
        case "waits again":
            try machine.halt(to: .paused)
            try machine.setState(.inmigrate)
        default: break
        }
        try torn.receive().join()
        try machine.resetByCommand()
        try torn.receive().join()
        machine.shutDown()
        #expect(torn.faults.isEmpty)
        #expect(torn.card.droppedFrames == 0, "the card has not seen them")
    }

    @Test func aGuestThatIsTakenOverReceivesFromThenOn() throws {
        let torn = try TornMachine(incoming: true)
        try torn.virtual.runAsStandby()
        try torn.receive().join()
        #expect(torn.card.droppedFrames == 0)
        try torn.virtual.halt(to: .paused)
        try torn.virtual.run()
        try torn.receive().join()
        #expect(torn.card.droppedFrames == 1, "it found no buffer, as the driver has given none")
        #expect(torn.faults.isEmpty)
        torn.virtual.shutDown()
    }
}
