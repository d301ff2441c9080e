import GuestMemory
import MachineModel
import ManagedObjects
import QMP
import VirtualMachine

/// The guest's memory as an object: it is there from the beginning and cannot be deleted.
final class MachineMemory: ManagedObject {
    private let size: Int

    init(size: Int) { self.size = size }

    var typeName: String { "memory-backend-ram" }
    var isInUse: Bool { true }
    var properties: [ObjectProperty] {
        [
            ObjectProperty("share", false), ObjectProperty("size", "int", JSONValue(size)),
            ObjectProperty("dump", true),
            ObjectProperty("policy", "HostMemPolicy", "default"), ObjectProperty("prealloc", false),
            ObjectProperty("reserve", true), ObjectProperty("host-nodes", "int", []), ObjectProperty("merge", true),
        ]
    }
}

/// What the machine consists of, as objects under /machine: disks and network cards by name under peripheral, vCPUs
/// under unattached.
enum MachineTree {
    static func node(of parts: MachineParts) -> ObjectNode {
        let disks = parts.disks.map { disk in ObjectNode.Child(disk.name, slot("virtio-blk-device")) }
        let cards = parts.networkDevices.indices.map { ObjectNode.Child("net\($0)", slot("virtio-net-device")) }
        let processors = (0..<parts.engine.vCPUCount).map {
            ObjectNode.Child("device[\($0)]", ObjectNode(processorType))
        }
        var properties = [
            ObjectProperty(
                "memory", "MemorySizeConfiguration",
                ["size": JSONValue(parts.memory.blocks.reduce(0) { $0 + $1.size })])
        ]
        if let memory = parts.memory.blocks.first {
            properties.append(
                ObjectProperty("memory-backend", "link<memory-backend>", .string("/objects/\(memory.name)")))
        }
        return ObjectNode(
            "\(parts.machineType)-machine", properties: properties,
            children: [
                .init("peripheral-anon", .container()), .init("peripheral", .container(cards + disks)),
                .init("unattached", .container(processors)),
            ])
    }

    /// Where vCPU `index` stands in the tree.
    static func processorPath(_ index: Int) -> String { "/machine/unattached/device[\(index)]" }

    /// Where the device behind disk `name` stands in the tree.
    static func diskPath(_ name: String) -> String { "/machine/peripheral/\(name)/virtio-backend" }

    private static let processorType = "rv64-riscv-cpu"

    private static func slot(_ type: String) -> ObjectNode {
        ObjectNode("virtio-mmio", children: [.init("virtio-backend", ObjectNode(type))])
    }
}
