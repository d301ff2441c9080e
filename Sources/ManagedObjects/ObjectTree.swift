public import QMP

/// The tree of all objects: what `qom-list` and `qom-get` answer from.
public struct ObjectTree: Sendable {
    /// The longest path in bytes; a longer one leads nowhere.
    public static let maximumPathLength = 4096

    /// A property in the answer of `qom-list`.
    public struct Listing: Sendable, Hashable {
        /// Its name.
        public let name: String
        /// Its type; "child<TYPE>" for an object below.
        public let type: String
    }

    private let registry: ObjectRegistry
    private let machine: @Sendable () -> ObjectNode
    private let characterDevices: @Sendable () -> [ObjectNode.Child]

    /// A tree of `registry`'s objects under /objects, `machine` under /machine and the monitors and consoles under
    /// /chardevs. The closures are called for each question.
    public init(
        registry: ObjectRegistry, machine: @escaping @Sendable () -> ObjectNode,
        characterDevices: @escaping @Sendable () -> [ObjectNode.Child]
    ) {
        self.registry = registry
        self.machine = machine
        self.characterDevices = characterDevices
    }

    /// `qom-list`: what the object at `path` has.
    public func list(path: String) throws(ObjectError) -> [Listing] {
        let node: ObjectNode
        switch resolve(path) {
        case .one(let found): node = found.node
        case .many: throw .ambiguousPath(path)
        case .none: throw .noSuchPath(path)
        }
        return [Listing(name: "type", type: "string")]
            + node.properties.map { Listing(name: $0.name, type: $0.type) }
            + node.children.map { Listing(name: $0.name, type: "child<\($0.node.typeName)>") }
    }

    /// `qom-get`: what `property` of the object at `path` holds; for an object below, its path.
    public func get(path: String, property: String) throws(ObjectError) -> JSONValue {
        guard case .one(let found) = resolve(path) else { throw .noSuchPath(path) }
        if property == "type" { return .string(found.node.typeName) }
        if let own = found.node.properties.first(where: { $0.name == property }) { return own.value }
        if found.node.child(property[...]) != nil {
            return .string("\(found.path == "/" ? "" : found.path)/\(property)")
        }
        throw .noSuchProperty(property, type: found.node.typeName)
    }

    private enum Resolution {
        case none
        case one(LocatedNode)
        case many
    }

    private var root: LocatedNode {
        let objects = registry.objects.map { name, object in
            ObjectNode.Child(name, ObjectNode(object.typeName, properties: object.properties))
        }
        var children = [ObjectNode.Child("objects", .container(objects)), ObjectNode.Child("machine", machine())]
        let devices = characterDevices()
        if !devices.isEmpty { children.append(ObjectNode.Child("chardevs", .container(devices))) }
        return LocatedNode(path: "/", node: .container(children))
    }

    /// A path that begins with a slash leads from the root; any other one may end anywhere, if only in one place.
    private func resolve(_ path: String) -> Resolution {
        guard path.utf8.count <= Self.maximumPathLength else { return .none }
        let components = path.split(separator: "/", omittingEmptySubsequences: false)
        if path.utf8.first == UInt8(ascii: "/") {
            return root.descend(components[...]).map { .one($0) } ?? .none
        }
        var found: LocatedNode?
        var waiting = [root]
        while let next = waiting.popLast() {
            if let match = next.descend(components[...]) {
                if found != nil { return .many }
                found = match
            }
            waiting += next.children
        }
        return found.map { .one($0) } ?? .none
    }
}
