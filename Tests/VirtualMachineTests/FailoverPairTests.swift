import GuestMemory
import MachineModel
import PacketPath
import PairLab
import Testing

@testable import VirtualMachine

/// What a failover pair adds to a riscv64 machine, and that nothing is there without one.
struct FailoverPairTests {
    private static func machine(primaries: [Bool]) throws -> VirtualMachine {
        let kernel = try TemporaryFile(KernelImage.bytes(of: RISCVProgram.counting))
        var configuration = RISCVMachineConfiguration(memorySize: 8 << 20, kernel: kernel.path)
        configuration.networks = primaries.enumerated().map { index, hasPrimary in
            .init(
                mac: [2, 0, 0, 0, 0, UInt8(index)], backend: RecordingBackend(),
                primary: hasPrimary ? RecordingBackend() : nil)
        }
        return VirtualMachine(parts: try RISCVMachine(configuration).parts)
    }

    /// The device tree is in guest memory, wherever that is.
    private static func ramContains(_ text: String, _ machine: VirtualMachine) -> Bool {
        let ram = machine.memory.blocks[0]
        let bytes = machine.memory.read(ram.guestAddress, count: ram.size) ?? []
        return String(decoding: bytes, as: UTF8.self).contains(text)
    }

    @Test func withoutPairsThereIsNoPCI() throws {
        let machine = try Self.machine(primaries: [false, false])
        defer { machine.shutDown() }
        #expect(machine.parts.failoverPairs.isEmpty)
        #expect(!machine.sectionNames.contains { $0.hasPrefix("pcie") })
        #expect(Self.ramContains("virtio_mmio@", machine))
        #expect(!Self.ramContains("pci@", machine))
    }

    @Test func eachPairHasARootPortAndACardThatStaysOutAtFirst() throws {
        let machine = try Self.machine(primaries: [true, false, true])
        defer { machine.shutDown() }
        #expect(machine.parts.failoverPairs.map(\.id) == ["net0-primary", "net2-primary"])
        #expect(machine.parts.failoverPairs.allSatisfy { !$0.isPlugged })
        #expect(machine.parts.networkDevices.count == 3)
        #expect(machine.sectionNames.filter { $0.hasPrefix("pcie") } == ["pcie-root-port 0", "pcie-root-port 1"])
        #expect(Self.ramContains("pci@30000000", machine))
        #expect(Self.ramContains("pci-host-ecam-generic", machine))
    }

    /// The state of a slot may bring its card in, so it has to be there when that of the standby card comes.
    @Test func theRootPortsComeBeforeTheSlotsInAStream() throws {
        let machine = try Self.machine(primaries: [true])
        defer { machine.shutDown() }
        let names = machine.parts.savedDevices.map(\.identity.name)
        let port = try #require(names.firstIndex(of: "pcie-root-port"))
        let slot = try #require(names.firstIndex(of: "virtio-net"))
        #expect(port < slot)
    }
}
