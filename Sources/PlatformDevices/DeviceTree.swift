import ByteCoding

/// A node of a device tree: its properties and children in the order they are written.
public struct DeviceTreeNode: Sendable {
    /// The node's name with its unit address ("uart@10000000"); empty for the root.
    public let name: String
    private(set) var properties: [(name: String, value: [UInt8])] = []
    private(set) var children: [DeviceTreeNode] = []

    /// A node without properties or children.
    public init(_ name: String) { self.name = name }

    /// Adds a property without a value.
    public mutating func setFlag(_ name: String) { properties.append((name, [])) }

    /// Adds a property of raw bytes.
    public mutating func set(_ name: String, bytes: [UInt8]) { properties.append((name, bytes)) }

    /// Adds a property of one or more strings.
    public mutating func set(_ name: String, _ texts: String...) {
        properties.append((name, texts.flatMap { Array($0.utf8) + [0] }))
    }

    /// Adds a property of 32-bit cells.
    public mutating func set(_ name: String, cells: UInt32...) { set(name, cells: cells) }

    /// Adds a property of 32-bit cells.
    public mutating func set(_ name: String, cells: [UInt32]) {
        var writer = ByteWriter()
        for cell in cells { writer.write(cell) }
        properties.append((name, writer.bytes))
    }

    /// Adds a property of 64-bit values, two cells each (addresses and lengths).
    public mutating func set(_ name: String, wide values: UInt64...) {
        var writer = ByteWriter()
        for value in values { writer.write(value) }
        properties.append((name, writer.bytes))
    }

    /// Adds a child after the others.
    public mutating func add(_ child: DeviceTreeNode) { children.append(child) }
}

/// The flattened form of a device tree (Devicetree specification 0.4, chapter 5).
public enum DeviceTree {
    private static let magic: UInt32 = 0xd00d_feed
    private static let version: UInt32 = 17
    private static let oldestCompatibleVersion: UInt32 = 16
    private static let headerSize = 40

    private enum Token {
        static let beginNode: UInt32 = 1
        static let endNode: UInt32 = 2
        static let property: UInt32 = 3
        static let end: UInt32 = 9
    }

    /// The blob of the tree under `root`, for a machine that boots with hart `bootHart`.
    public static func flatten(_ root: DeviceTreeNode, bootHart: UInt32 = 0) -> [UInt8] {
        var structure = ByteWriter()
        var strings = StringTable()
        write(root, to: &structure, &strings)
        structure.write(Token.end)

        let reservations = headerSize
        let structureOffset = reservations + 16
        let stringsOffset = structureOffset + structure.count
        let total = (stringsOffset + strings.bytes.count + 7) / 8 * 8

        var blob = ByteWriter(capacity: total)
        for field in [
            magic, UInt32(total), UInt32(structureOffset), UInt32(stringsOffset), UInt32(reservations), version,
            oldestCompatibleVersion, bootHart, UInt32(strings.bytes.count), UInt32(structure.count),
        ] { blob.write(field) }
        blob.writeZeroes(16)
        blob.write(structure.bytes)
        blob.write(strings.bytes)
        blob.writeZeroes(total - blob.count)
        return blob.bytes
    }

    private struct StringTable {
        var bytes: [UInt8] = []
        private var offsets: [String: UInt32] = [:]

        mutating func offset(of name: String) -> UInt32 {
            if let known = offsets[name] { return known }
            let offset = UInt32(bytes.count)
            offsets[name] = offset
            bytes.append(contentsOf: name.utf8)
            bytes.append(0)
            return offset
        }
    }

    private static func write(_ node: DeviceTreeNode, to writer: inout ByteWriter, _ strings: inout StringTable) {
        writer.write(Token.beginNode)
        writer.write(Array(node.name.utf8) + [0])
        align(&writer)
        for property in node.properties {
            writer.write(Token.property)
            writer.write(UInt32(property.value.count))
            writer.write(strings.offset(of: property.name))
            writer.write(property.value)
            align(&writer)
        }
        for child in node.children { write(child, to: &writer, &strings) }
        writer.write(Token.endNode)
    }

    private static func align(_ writer: inout ByteWriter) { writer.writeZeroes((4 - writer.count % 4) % 4) }
}
