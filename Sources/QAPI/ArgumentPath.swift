import QMP

/// Where a value stands in a command's arguments, for error texts.
public struct ArgumentPath: Sendable {
    /// The whole path of the object or list around it; empty at the top.
    private let container: String
    private let name: String
    /// In a list, the place in it.
    private let index: Int?
    /// Whether members that the schema does not have are passed over.
    let toleratesUnknownMembers: Bool

    private init(container: String, name: String, index: Int?, toleratesUnknownMembers: Bool) {
        self.container = container
        self.name = name
        self.index = index
        self.toleratesUnknownMembers = toleratesUnknownMembers
    }

    /// The arguments as a whole.
    public static let root = ArgumentPath(container: "", name: "", index: nil, toleratesUnknownMembers: false)
    /// A reply as a whole, whose sender may know more members.
    public static let reply = ArgumentPath(container: "", name: "", index: nil, toleratesUnknownMembers: true)

    /// From the top: "capabilities[0].state".
    public var text: String {
        if let index { return "\(container)[\(index)]" }
        return container.isEmpty ? name : "\(container).\(name)"
    }

    /// The name within its object. An element of a list has none there; errors then say "null".
    public var leaf: String { index == nil ? name : "null" }

    /// A member of the object whose path reads `container`.
    func member(_ name: String, in container: String) -> ArgumentPath {
        ArgumentPath(container: container, name: name, index: nil, toleratesUnknownMembers: toleratesUnknownMembers)
    }

    /// An element of the list whose path reads `container`.
    func element(_ index: Int, in container: String) -> ArgumentPath {
        ArgumentPath(container: container, name: "", index: index, toleratesUnknownMembers: toleratesUnknownMembers)
    }
}

extension CommandError {
    /// The value at `path` is not of the type that the schema says.
    static func invalidType(_ path: ArgumentPath, _ expected: String) -> CommandError {
        .generic("Invalid parameter type for '\(path.text)', expected: \(expected)")
    }
}
