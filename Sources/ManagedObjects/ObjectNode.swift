/// A place in the object tree: a type, properties, and the objects below it.
public struct ObjectNode: Sendable {
    /// One object below another.
    public struct Child: Sendable {
        /// Its name there.
        public let name: String
        /// The object.
        public let node: ObjectNode

        /// The object `node` under `name`.
        public init(_ name: String, _ node: ObjectNode) {
            self.name = name
            self.node = node
        }
    }

    /// The type's name.
    public let typeName: String
    /// What it has besides `type`.
    public let properties: [ObjectProperty]
    /// What is below it.
    public let children: [Child]

    /// A place in the tree.
    public init(_ typeName: String, properties: [ObjectProperty] = [], children: [Child] = []) {
        self.typeName = typeName
        self.properties = properties
        self.children = children
    }

    /// An object that only holds others.
    public static func container(_ children: [Child] = []) -> ObjectNode { ObjectNode("container", children: children) }

    func child(_ name: Substring) -> Child? { children.first { $0.name == name } }
}

/// A node and where it stands.
struct LocatedNode {
    let path: String
    let node: ObjectNode

    var children: [LocatedNode] {
        let prefix = path == "/" ? "" : path
        return node.children.map { LocatedNode(path: "\(prefix)/\($0.name)", node: $0.node) }
    }

    /// The node that `components` lead to from here; empty ones (from "//") lead nowhere else.
    func descend(_ components: ArraySlice<Substring>) -> LocatedNode? {
        var here = self
        for name in components where !name.isEmpty {
            guard let child = here.node.child(name) else { return nil }
            here = LocatedNode(path: "\(here.path == "/" ? "" : here.path)/\(child.name)", node: child.node)
        }
        return here
    }
}
