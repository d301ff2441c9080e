/// A type, command or event.
struct Definition: Sendable {
    /// What is defined.
    enum Kind: Sendable {
        case enumeration([EnumerationWord])
        case structure(base: String?, members: [Member])
        case union(Union)
        case alternate([Member])
        case command(Command)
        case event(Arguments)
    }

    var name: String
    var kind: Kind
    var features: [String]
    var documentation: Documentation
    var place: SchemaPlace

    /// Whether it is a type and not a command or event.
    var isType: Bool {
        switch kind {
        case .command, .event: false
        default: true
        }
    }
}

/// What a value is.
indirect enum TypeReference: Sendable, Hashable {
    /// A built-in type or a defined one.
    case named(String)
    /// A list.
    case list(of: TypeReference)

    /// The types that need no definition.
    static let builtIn: Set<String> = [
        "str", "int", "number", "bool", "null", "any", "size", "int8", "int16", "int32", "int64", "uint8", "uint16",
        "uint32", "uint64",
    ]

    /// The name, or that of the element.
    var root: String {
        switch self {
        case .named(let name): name
        case .list(let element): element.root
        }
    }
}

/// A member of a struct, of arguments or of an event, or a branch of an alternate.
struct Member: Sendable {
    var name: String
    var type: TypeReference
    var isOptional = false
    var features: [String] = []
    var text: Documentation.Text = []
    var place: SchemaPlace
}

/// A word of an enumeration.
struct EnumerationWord: Sendable {
    var name: String
    var features: [String] = []
    var text: Documentation.Text = []
    var place: SchemaPlace
}

/// Where the common members of a union come from.
enum Base: Sendable {
    case named(String)
    case inline([Member])
}

/// A struct whose further members depend on a tag.
struct Union: Sendable {
    /// What follows a value of the tag.
    struct Branch: Sendable {
        var word: String
        var type: String
        var place: SchemaPlace
    }

    var base: Base
    var discriminator: String
    var branches: [Branch]
}

/// What a command takes or an event carries.
enum Arguments: Sendable {
    case none
    case inline([Member])
    /// The members of a type; boxed: handed over as one value.
    case named(String, boxed: Bool)
}

/// A command.
struct Command: Sendable {
    var arguments: Arguments
    var result: TypeReference?
    var allowsOutOfBand = false
    /// Whether the server answers it without asking anybody.
    var isBuiltIn = false
}
