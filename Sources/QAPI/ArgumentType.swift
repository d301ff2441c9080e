/// What a member of a command's arguments must be.
public indirect enum ArgumentType: Sendable, Hashable {
    /// Text.
    case string
    /// true or false.
    case boolean
    /// A whole number with a sign.
    case integer
    /// A whole number of 64 bits without a sign; a negative one wraps around.
    case unsigned64
    /// A whole number from 0 to 2^32 - 1.
    case unsigned32
    /// A whole number from 0 to 255.
    case unsigned8
    /// One of these words.
    case enumeration([String])
    /// Text or null.
    case stringOrNull
    /// A list.
    case array(of: ArgumentType)
    /// Named members.
    case object([ArgumentMember])
}

/// A member of a command's arguments.
public struct ArgumentMember: Sendable, Hashable {
    /// Its name.
    public var name: String
    /// What it must be.
    public var type: ArgumentType
    /// Whether it may be left out.
    public var isOptional: Bool

    /// A member that must be there.
    public static func required(_ name: String, _ type: ArgumentType) -> ArgumentMember {
        ArgumentMember(name: name, type: type, isOptional: false)
    }

    /// A member that may be left out.
    public static func optional(_ name: String, _ type: ArgumentType) -> ArgumentMember {
        ArgumentMember(name: name, type: type, isOptional: true)
    }
}

/// A command: its name and what it takes.
public struct CommandSchema: Sendable, Hashable {
    /// The name on the wire.
    public var name: String
    /// Its arguments, in the order in which they are checked.
    public var arguments: [ArgumentMember]
    /// Whether it may overtake commands that wait.
    public var allowsOutOfBand: Bool

    /// A command that takes `arguments`.
    public init(_ name: String, _ arguments: [ArgumentMember] = [], allowsOutOfBand: Bool = false) {
        self.name = name
        self.arguments = arguments
        self.allowsOutOfBand = allowsOutOfBand
    }
}
