import EngineRISCV
import MachineModel
import PCI
import PlatformDevices
import Virtio

/// Where the devices of the riscv64 machine are.
enum RISCVBoard {
    static let power: UInt64 = 0x10_0000
    static let rtc: UInt64 = 0x10_1000
    static let rtcSource = 9
    static let aclint: UInt64 = 0x200_0000
    static let plic: UInt64 = 0xc00_0000
    static let uart: UInt64 = 0x1000_0000
    static let uartSource = 10
    /// The first virtio slot; the others follow, a page each.
    static let virtio: UInt64 = 0x1000_1000
    /// Interrupt sources of the virtio slots, in their order; as many slots there can be.
    static let virtioSources = [1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 14, 15, 16, 17, 18]

    /// The PCI host, which is there only for failover pairs: configuration space, I/O ports, memory.
    static let pciECAM: UInt64 = 0x3000_0000
    static let pciPorts: UInt64 = 0x300_0000
    static let pciMemory: UInt64 = 0x4000_0000
    /// Interrupt sources of the root ports, in their order.
    static let pciSources = [19, 20, 21, 22]

    static func virtioBase(slot: Int) -> UInt64 { virtio + UInt64(slot) * VirtioTransport.size }
}

/// The device tree of a riscv64 machine, by the bindings that Linux and OpenSBI know.
struct RISCVDeviceTree {
    var hartCount: Int
    var memory: Range<UInt64>
    var bootArguments: String
    var initrd: Range<UInt64>?
    var randomSeed: [UInt8]
    var virtioSlotCount: Int
    var rootPorts: [RootPort] = []

    private enum Handle {
        static let plic: UInt32 = 1
        static let power: UInt32 = 2
        static func hart(_ index: Int) -> UInt32 { UInt32(16 + index) }
    }
    private enum LocalInterrupt {
        static let machineSoftware: UInt32 = 3
        static let machineTimer: UInt32 = 7
        static let supervisorExternal: UInt32 = 9
        static let machineExternal: UInt32 = 11
    }
    private static let uartClock: UInt32 = 3_686_400

    /// The flattened tree.
    func blob() -> [UInt8] {
        var root = DeviceTreeNode("")
        root.set("#address-cells", cells: 2)
        root.set("#size-cells", cells: 2)
        root.set("compatible", "riscv-virtio")
        root.set("model", "colod-riscv64")
        root.add(chosen)
        root.add(memoryNode)
        root.add(harts)
        root.add(soc)
        root.add(powerAction("poweroff", PowerController.powerOffValue))
        root.add(powerAction("reboot", PowerController.resetValue))
        return DeviceTree.flatten(root)
    }

    private static func unit(_ name: String, _ address: UInt64) -> DeviceTreeNode {
        DeviceTreeNode("\(name)@\(String(address, radix: 16))")
    }

    private var chosen: DeviceTreeNode {
        var node = DeviceTreeNode("chosen")
        node.set("bootargs", bootArguments)
        node.set("stdout-path", "/soc/serial@\(String(RISCVBoard.uart, radix: 16))")
        node.set("rng-seed", bytes: randomSeed)
        if let initrd {
            node.set("linux,initrd-start", wide: initrd.lowerBound)
            node.set("linux,initrd-end", wide: initrd.upperBound)
        }
        return node
    }

    private var memoryNode: DeviceTreeNode {
        var node = Self.unit("memory", memory.lowerBound)
        node.set("device_type", "memory")
        node.set("reg", wide: memory.lowerBound, UInt64(memory.count))
        return node
    }

    private var harts: DeviceTreeNode {
        var cpus = DeviceTreeNode("cpus")
        cpus.set("#address-cells", cells: 1)
        cpus.set("#size-cells", cells: 0)
        cpus.set("timebase-frequency", cells: UInt32(GuestClock.frequency))
        for index in 0..<hartCount { cpus.add(hart(index)) }
        return cpus
    }

    private func hart(_ index: Int) -> DeviceTreeNode {
        var cpu = Self.unit("cpu", UInt64(index))
        cpu.set("device_type", "cpu")
        cpu.set("reg", cells: UInt32(index))
        cpu.set("status", "okay")
        cpu.set("compatible", "riscv")
        cpu.set("riscv,isa", EngineRISCV.isaString)
        cpu.set("riscv,isa-base", "rv64i")
        cpu.set("riscv,isa-extensions", bytes: EngineRISCV.isaExtensions.flatMap { Array($0.utf8) + [0] })
        cpu.set("mmu-type", "riscv,sv39")
        var controller = DeviceTreeNode("interrupt-controller")
        controller.set("#interrupt-cells", cells: 1)
        controller.setFlag("interrupt-controller")
        controller.set("compatible", "riscv,cpu-intc")
        controller.set("phandle", cells: Handle.hart(index))
        cpu.add(controller)
        return cpu
    }

    private var soc: DeviceTreeNode {
        var node = DeviceTreeNode("soc")
        node.set("#address-cells", cells: 2)
        node.set("#size-cells", cells: 2)
        node.set("compatible", "simple-bus")
        node.setFlag("ranges")
        node.add(power)
        node.add(aclint)
        node.add(plic)
        node.add(uart)
        node.add(rtc)
        for slot in 0..<virtioSlotCount { node.add(virtio(slot)) }
        if !rootPorts.isEmpty { node.add(pci) }
        return node
    }

    private var pci: DeviceTreeNode {
        var node = Self.unit("pci", RISCVBoard.pciECAM)
        node.set("compatible", "pci-host-ecam-generic")
        node.set("device_type", "pci")
        node.set("#address-cells", cells: 3)
        node.set("#size-cells", cells: 2)
        node.set("#interrupt-cells", cells: 1)
        node.set("bus-range", cells: 0, UInt32(PCI.busCount - 1))
        node.set("reg", wide: RISCVBoard.pciECAM, PCI.ecamSize)
        node.setFlag("dma-coherent")
        // Kind and PCI address, address, length: the ports begin at 0, and memory is where it is for the CPU.
        node.set(
            "ranges",
            cells: Self.range(PCISpace.ports, 0, RISCVBoard.pciPorts, PCI.portsSize)
                + Self.range(PCISpace.memory, RISCVBoard.pciMemory, RISCVBoard.pciMemory, PCI.memorySize))
        // By device and pin; what is behind a root port has pin 1 and comes out at pin 1 of the port.
        node.set("interrupt-map-mask", cells: 0xf800, 0, 0, 7)
        node.set(
            "interrupt-map",
            cells: zip(rootPorts, RISCVBoard.pciSources).flatMap { port, source in
                [UInt32(port.device) << 11, 0, 0, 1, Handle.plic, UInt32(source)]
            })
        return node
    }

    private enum PCISpace {
        static let ports: UInt32 = 0x100_0000
        static let memory: UInt32 = 0x200_0000
    }

    private static func range(_ space: UInt32, _ there: UInt64, _ here: UInt64, _ length: UInt64) -> [UInt32] {
        [space] + [there, here, length].flatMap { [UInt32($0 >> 32), UInt32(truncatingIfNeeded: $0)] }
    }

    private func wires(_ interrupts: UInt32...) -> [UInt32] {
        (0..<hartCount).flatMap { index in interrupts.flatMap { [Handle.hart(index), $0] } }
    }

    private var aclint: DeviceTreeNode {
        var node = Self.unit("clint", RISCVBoard.aclint)
        node.set("compatible", "sifive,clint0", "riscv,clint0")
        node.set("reg", wide: RISCVBoard.aclint, ACLINT.size)
        node.set(
            "interrupts-extended", cells: wires(LocalInterrupt.machineSoftware, LocalInterrupt.machineTimer))
        return node
    }

    private var plic: DeviceTreeNode {
        var node = Self.unit("plic", RISCVBoard.plic)
        node.set("compatible", "sifive,plic-1.0.0", "riscv,plic0")
        node.set("reg", wide: RISCVBoard.plic, PLIC.size)
        node.set("#interrupt-cells", cells: 1)
        node.set("#address-cells", cells: 0)
        node.setFlag("interrupt-controller")
        node.set("riscv,ndev", cells: UInt32(PLIC.sourceCount))
        node.set(
            "interrupts-extended", cells: wires(LocalInterrupt.machineExternal, LocalInterrupt.supervisorExternal))
        node.set("phandle", cells: Handle.plic)
        return node
    }

    private var uart: DeviceTreeNode {
        var node = Self.unit("serial", RISCVBoard.uart)
        node.set("compatible", "ns16550a")
        node.set("reg", wide: RISCVBoard.uart, UART16550.size)
        node.set("clock-frequency", cells: Self.uartClock)
        node.set("interrupt-parent", cells: Handle.plic)
        node.set("interrupts", cells: UInt32(RISCVBoard.uartSource))
        return node
    }

    private var rtc: DeviceTreeNode {
        var node = Self.unit("rtc", RISCVBoard.rtc)
        node.set("compatible", "google,goldfish-rtc")
        node.set("reg", wide: RISCVBoard.rtc, GoldfishRTC.size)
        node.set("interrupt-parent", cells: Handle.plic)
        node.set("interrupts", cells: UInt32(RISCVBoard.rtcSource))
        return node
    }

    private func virtio(_ slot: Int) -> DeviceTreeNode {
        let base = RISCVBoard.virtioBase(slot: slot)
        var node = Self.unit("virtio_mmio", base)
        node.set("compatible", "virtio,mmio")
        node.set("reg", wide: base, VirtioTransport.size)
        node.set("interrupt-parent", cells: Handle.plic)
        node.set("interrupts", cells: UInt32(RISCVBoard.virtioSources[slot]))
        return node
    }

    private var power: DeviceTreeNode {
        var node = Self.unit("test", RISCVBoard.power)
        node.set("compatible", "sifive,test1", "sifive,test0", "syscon")
        node.set("reg", wide: RISCVBoard.power, PowerController.size)
        node.set("phandle", cells: Handle.power)
        return node
    }

    private func powerAction(_ name: String, _ value: UInt32) -> DeviceTreeNode {
        var node = DeviceTreeNode(name)
        node.set("compatible", "syscon-\(name)")
        node.set("regmap", cells: Handle.power)
        node.set("offset", cells: 0)
        node.set("value", cells: value)
        return node
    }
}
