// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

public import QMP

/// What a connection belongs to.
public enum YankInstanceType: String, SchemaValue, CaseIterable {
    /// A disk on the network.
    case blockNode = "block-node"
    /// A character device.
    case chardev
    /// The migration.
    case migration
}

/// Which disk.
public struct YankInstanceBlockNode: SchemaObject, Hashable {
    /// Its block node.
    public var nodeName: String

    /// Put together from its members.
    public init(nodeName: String) {
        self.nodeName = nodeName
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        nodeName = try reader.required("node-name")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("node-name", nodeName)
    }
}

/// Which character device.
public struct YankInstanceChardev: SchemaObject, Hashable {
    /// Its label.
    public var id: String

    /// Put together from its members.
    public init(id: String) {
        self.id = id
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        id = try reader.required("id")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("id", id)
    }
}

/// Something whose connections can be broken.
public struct YankInstance: SchemaObject, Hashable {
    /// What depends on `type`.
    public enum Variant: Sendable, Hashable {
        /// A disk on the network.
        case blockNode(YankInstanceBlockNode)
        /// A character device.
        case chardev(YankInstanceChardev)
        /// The migration.
        case migration
    }

    /// What depends on `type`.
    public var variant: Variant

    /// Put together from its members.
    public init(variant: Variant) {
        self.variant = variant
    }

    /// What it is.
    public var type: YankInstanceType {
        switch variant {
        case .blockNode: .blockNode
        case .chardev: .chardev
        case .migration: .migration
        }
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        let tag: YankInstanceType = try reader.required("type")
        switch tag {
        case .blockNode: variant = .blockNode(try .init(reading: &reader))
        case .chardev: variant = .chardev(try .init(reading: &reader))
        case .migration: variant = .migration
        }
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("type", type)
        switch variant {
        case .blockNode(let branch): branch.write(into: &writer)
        case .chardev(let branch): branch.write(into: &writer)
        default: break
        }
    }
}
