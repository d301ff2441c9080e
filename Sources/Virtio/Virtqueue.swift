import GuestMemory
import MachineModel
import Synchronization

/// Why a queue does not go on: how a driver broke the rules of a ring, or which pages have not come yet.
enum VirtqueueError: Error, Equatable, CustomStringConvertible {
    case ringOutsideMemory(address: UInt64)
    case availableJump(from: UInt16, to: UInt16, size: UInt16)
    case indexOutOfRange(index: UInt16, limit: Int)
    case chainTooLong(head: UInt16)
    case chainTooLarge(head: UInt16)
    case bufferOutsideMemory(address: UInt64, count: UInt32)
    case readableAfterWritable(head: UInt16)
    case badIndirectTable(address: UInt64, count: UInt32)
    case indirectNotNegotiated(head: UInt16)
    case pagesMissing([PageResidency.Place])

    var description: String {
        switch self {
        case .ringOutsideMemory(let address): "its ring at 0x\(hex(address)) is not in RAM"
        case .availableJump(let from, let to, let size):
            "the available index went from \(from) to \(to) with \(size) descriptors"
        case .indexOutOfRange(let index, let limit): "descriptor \(index) does not exist, there are \(limit)"
        case .chainTooLong(let head): "the chain at descriptor \(head) loops or is too long"
        case .chainTooLarge(let head): "the chain at descriptor \(head) describes too many bytes"
        case .bufferOutsideMemory(let address, let count):
            "a buffer of \(count) bytes at 0x\(hex(address)) is not in RAM"
        case .readableAfterWritable(let head):
            "the chain at descriptor \(head) has a device-readable buffer after a device-writable one"
        case .badIndirectTable(let address, let count):
            "an indirect table of \(count) bytes at 0x\(hex(address)) cannot be one"
        case .indirectNotNegotiated(let head):
            "the chain at descriptor \(head) has an indirect table that may not be there"
        case .pagesMissing(let places): "\(places.count) pages of a request have not come yet"
        }
    }
}

private func hex(_ value: UInt64) -> String { String(value, radix: 16) }

/// One split virtqueue (§2.7): where its parts lie in guest memory, and how far the device has come.
struct Virtqueue: Equatable {
    let maximumSize: UInt16
    var size: UInt16
    var isReady = false
    /// Guest-physical addresses of the descriptor area, the driver area (available ring) and the device area (used ring).
    var descriptors: UInt64 = 0
    var driverArea: UInt64 = 0
    var deviceArea: UInt64 = 0
    /// The next entry of the available ring to take.
    private(set) var nextAvailable: UInt16 = 0
    /// The next entry of the used ring to fill; what the driver sees as `used.idx` is published from it.
    private(set) var nextUsed: UInt16 = 0

    init(maximumSize: UInt16) {
        self.maximumSize = maximumSize
        size = maximumSize
    }

    private enum DescriptorFlag {
        static let next: UInt16 = 1
        static let write: UInt16 = 2
        static let indirect: UInt16 = 4
    }
    private static let descriptorSize = 16
    private static let noInterrupt: UInt16 = 1

    /// Whether size and addresses can be those of a queue.
    var isWellFormed: Bool {
        size > 0 && size <= maximumSize && size.nonzeroBitCount == 1
            && descriptors % 16 == 0 && driverArea % 2 == 0 && deviceArea % 4 == 0
    }

    /// Takes the next chain that the driver made available; nil if there is none. A chain is taken only when every page that
    /// serving it touches is here.
    mutating func pop(
        _ memory: GuestMemory, indirectAllowed: Bool
    ) throws(VirtqueueError) -> DescriptorChain? {
        if memory.isPartial { try requireRings(memory) }
        let available = try load(memory, driverArea, 2, as: UInt16.self)
        // The entry must be read after the index that says it is there.
        atomicMemoryFence(ordering: .acquiring)
        guard available != nextAvailable else { return nil }
        guard available &- nextAvailable <= size else {
            throw .availableJump(from: nextAvailable, to: available, size: size)
        }
        let slot = UInt64(nextAvailable & (size - 1))
        let head = try load(memory, driverArea, 4 + 2 * slot, as: UInt16.self)
        let chain = try readChain(memory, head: head, indirectAllowed: indirectAllowed)
        if memory.isPartial { try requireBuffers(of: chain, memory) }
        nextAvailable &+= 1
        return chain
    }

    /// Gives the last `count` popped chains back, as if they had not been taken.
    mutating func rewind(_ count: Int) { nextAvailable &-= UInt16(count) }

    /// Fills the next entry of the used ring; the driver sees it after `publish`.
    mutating func push(_ memory: GuestMemory, head: UInt16, written: UInt32) throws(VirtqueueError) {
        let slot = UInt64(nextUsed & (size - 1))
        try store(memory, deviceArea, 4 + 8 * slot, UInt32(head))
        try store(memory, deviceArea, 8 + 8 * slot, written)
        nextUsed &+= 1
    }

    /// Lets the driver see all pushed entries; returns whether it wants an interrupt for them.
    func publish(_ memory: GuestMemory) throws(VirtqueueError) -> Bool {
        atomicMemoryFence(ordering: .releasing)
        try store(memory, deviceArea, 2, nextUsed)
        // The driver enables interrupts and then looks at the index once more; this is the other half of that.
        atomicMemoryFence(ordering: .sequentiallyConsistent)
        return try load(memory, driverArea, 0, as: UInt16.self) & Self.noInterrupt == 0
    }

    private func load<T: FixedWidthInteger>(
        _ memory: GuestMemory, _ area: UInt64, _ offset: UInt64, as type: T.Type
    ) throws(VirtqueueError) -> T {
        let (address, overflow) = area.addingReportingOverflow(offset)
        guard !overflow, let value = memory.load(address, as: type) else { throw .ringOutsideMemory(address: area) }
        return value
    }

    private func store(
        _ memory: GuestMemory, _ area: UInt64, _ offset: UInt64, _ value: some FixedWidthInteger
    ) throws(VirtqueueError) {
        let (address, overflow) = area.addingReportingOverflow(offset)
        guard !overflow, memory.store(address, value) else { throw .ringOutsideMemory(address: area) }
    }
}

extension Virtqueue {
    private struct Descriptor {
        var address: UInt64
        var count: UInt32
        var flags: UInt16
        var next: UInt16
    }

    /// Where the descriptors of a chain come from: the queue's own table, or an indirect one.
    private struct Table {
        var address: UInt64
        var length: Int
        var isIndirect: Bool
    }

    /// One descriptor, copied: the driver may change it in guest memory at any moment.
    private func readDescriptor(
        _ memory: GuestMemory, _ table: Table, _ index: UInt16
    ) throws(VirtqueueError) -> Descriptor {
        guard Int(index) < table.length else { throw .indexOutOfRange(index: index, limit: table.length) }
        let (address, overflow) = table.address.addingReportingOverflow(UInt64(index) * UInt64(Self.descriptorSize))
        guard !overflow,
            let low = memory.load(address, as: UInt64.self), let high = memory.load(address &+ 8, as: UInt64.self)
        else { throw .ringOutsideMemory(address: table.address) }
        return Descriptor(
            address: low, count: UInt32(truncatingIfNeeded: high), flags: UInt16(truncatingIfNeeded: high >> 32),
            next: UInt16(truncatingIfNeeded: high >> 48))
    }

    private func readChain(
        _ memory: GuestMemory, head: UInt16, indirectAllowed: Bool
    ) throws(VirtqueueError) -> DescriptorChain {
        var chain = DescriptorChain(head: head)
        var table = Table(address: descriptors, length: Int(size), isIndirect: false)
        var index = head
        var seen = 0
        while true {
            let descriptor = try readDescriptor(memory, table, index)
            seen += 1
            guard seen <= VirtioLimit.chainLength, table.isIndirect || seen <= Int(size) else {
                throw .chainTooLong(head: head)
            }
            if descriptor.flags & DescriptorFlag.indirect != 0 {
                guard indirectAllowed, !table.isIndirect, descriptor.flags & DescriptorFlag.next == 0 else {
                    throw .indirectNotNegotiated(head: head)
                }
                table = try indirectTable(descriptor)
                if memory.isPartial {
                    try require(memory.missingPages(of: table.address, count: Int(descriptor.count)))
                }
                index = 0
                continue
            }
            try append(descriptor, to: &chain, memory)
            guard descriptor.flags & DescriptorFlag.next != 0 else { return chain }
            index = descriptor.next
        }
    }

    private func indirectTable(_ descriptor: Descriptor) throws(VirtqueueError) -> Table {
        let count = Int(descriptor.count)
        guard count > 0, count % Self.descriptorSize == 0,
            count / Self.descriptorSize <= VirtioLimit.chainLength
        else { throw .badIndirectTable(address: descriptor.address, count: descriptor.count) }
        return Table(address: descriptor.address, length: count / Self.descriptorSize, isIndirect: true)
    }

    private func append(
        _ descriptor: Descriptor, to chain: inout DescriptorChain, _ memory: GuestMemory
    ) throws(VirtqueueError) {
        let count = Int(descriptor.count)
        guard memory.locate(descriptor.address, count: count) != nil else {
            throw .bufferOutsideMemory(address: descriptor.address, count: descriptor.count)
        }
        let segment = DescriptorChain.Segment(address: descriptor.address, count: count)
        if descriptor.flags & DescriptorFlag.write != 0 {
            chain.writable.append(segment)
            chain.writableCount += count
        } else {
            guard chain.writable.isEmpty else { throw .readableAfterWritable(head: chain.head) }
            chain.readable.append(segment)
            chain.readableCount += count
        }
        guard chain.readableCount + chain.writableCount <= VirtioLimit.chainBytes else {
            throw .chainTooLarge(head: chain.head)
        }
    }
}

// Memory that is not all here yet.
extension Virtqueue {
    private func require(_ missing: [PageResidency.Place]) throws(VirtqueueError) {
        if !missing.isEmpty { throw .pagesMissing(missing) }
    }

    /// All parts of the rings, so that a request that was taken can also be given back.
    private func requireRings(_ memory: GuestMemory) throws(VirtqueueError) {
        let size = Int(size)
        try require(
            memory.missingPages(of: descriptors, count: Self.descriptorSize * size)
                + memory.missingPages(of: driverArea, count: 4 + 2 * size)
                + memory.missingPages(of: deviceArea, count: 4 + 8 * size))
    }

    /// All buffers at once: their pages come in one round trip.
    private func requireBuffers(of chain: DescriptorChain, _ memory: GuestMemory) throws(VirtqueueError) {
        var missing: [PageResidency.Place] = []
        for segment in chain.readable { missing += memory.missingPages(of: segment.address, count: segment.count) }
        for segment in chain.writable { missing += memory.missingPages(of: segment.address, count: segment.count) }
        try require(missing)
    }
}

extension Virtqueue {
    /// The queue after a visit; its maximum size is not part of the state.
    func declared<Visitor: StateVisitor>(to fields: inout Visitor) throws(Visitor.Failure) -> Virtqueue {
        var queue = self
        try fields.number("size", &queue.size)
        try fields.flag("ready", &queue.isReady)
        try fields.number("desc", &queue.descriptors)
        try fields.number("driver", &queue.driverArea)
        try fields.number("device", &queue.deviceArea)
        try fields.number("next_avail", &queue.nextAvailable)
        try fields.number("next_used", &queue.nextUsed)
        try fields.check(queue.size <= maximumSize, "virtqueue.size", "\(queue.size)")
        try fields.check(!queue.isReady || queue.isWellFormed, "virtqueue.ready", "\(queue.size)")
        return queue
    }
}
