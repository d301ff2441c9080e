// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

public import QMP

/// What an entry of the schema describes.
public enum SchemaMetaType: String, SchemaValue, CaseIterable {
    /// A type that is not made of others.
    case builtin
    /// A choice of words.
    case `enum`
    /// A list.
    case array
    /// An object, with or without variants.
    case object
    /// One of several types, told apart by their JSON type.
    case alternate
    /// A command.
    case command
    /// An event.
    case event
}

/// The types of JSON, with int set apart from number.
public enum JSONType: String, SchemaValue, CaseIterable {
    /// A text.
    case string
    /// A number.
    case number
    /// A number without a fraction.
    case int
    /// True or false.
    case boolean
    /// Null.
    case null
    /// An object.
    case object
    /// A list.
    case array
    /// Any of them.
    case value
}

/// A type that is not made of others.
public struct SchemaInfoBuiltin: SchemaObject, Hashable {
    /// What it is in JSON.
    public var jsonType: JSONType

    /// Put together from its members.
    public init(jsonType: JSONType) {
        self.jsonType = jsonType
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        jsonType = try reader.required("json-type")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("json-type", jsonType)
    }
}

/// A word of a choice.
public struct SchemaInfoEnumMember: SchemaObject, Hashable {
    /// The word.
    public var name: String
    /// Its features; absent if it has none.
    public var features: [String]?

    /// Put together from its members.
    public init(name: String, features: [String]? = nil) {
        self.name = name
        self.features = features
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        name = try reader.required("name")
        features = try reader.optional("features")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("name", name)
        writer.add("features", features)
    }
}

/// A choice of words.
public struct SchemaInfoEnum: SchemaObject, Hashable {
    /// The words (since 6.2).
    public var members: [SchemaInfoEnumMember]
    /// The words without their features.
    public var values: [String]

    /// Put together from its members.
    public init(members: [SchemaInfoEnumMember], values: [String]) {
        self.members = members
        self.values = values
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        members = try reader.required("members")
        values = try reader.required("values")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("members", members)
        writer.add("values", values)
    }
}

/// A list.
public struct SchemaInfoArray: SchemaObject, Hashable {
    /// The type of its elements.
    public var elementType: String

    /// Put together from its members.
    public init(elementType: String) {
        self.elementType = elementType
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        elementType = try reader.required("element-type")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("element-type", elementType)
    }
}

/// A member of an object.
public struct SchemaInfoObjectMember: SchemaObject, Hashable {
    /// Its name.
    public var name: String
    /// Its type.
    public var type: String
    /// Present, as null, if the member may be left out.
    public var `default`: JSONValue?
    /// Its features; absent if it has none (since 5.0).
    public var features: [String]?

    /// Put together from its members.
    public init(name: String, type: String, `default`: JSONValue? = nil, features: [String]? = nil) {
        self.name = name
        self.type = type
        self.`default` = `default`
        self.features = features
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        name = try reader.required("name")
        type = try reader.required("type")
        `default` = try reader.optional("default")
        features = try reader.optional("features")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("name", name)
        writer.add("type", type)
        writer.add("default", `default`)
        writer.add("features", features)
    }
}

/// Which further members an object has for a value of its tag.
public struct SchemaInfoObjectVariant: SchemaObject, Hashable {
    /// The value.
    public var `case`: String
    /// An object type with those members.
    public var type: String

    /// Put together from its members.
    public init(`case`: String, type: String) {
        self.`case` = `case`
        self.type = type
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        `case` = try reader.required("case")
        type = try reader.required("type")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("case", `case`)
        writer.add("type", type)
    }
}

/// An object.
public struct SchemaInfoObject: SchemaObject, Hashable {
    /// The members that it has in any case.
    public var members: [SchemaInfoObjectMember]
    /// The member that decides which variant it is; absent without variants.
    public var tag: String?
    /// The variants, one for each value of the tag.
    public var variants: [SchemaInfoObjectVariant]?

    /// Put together from its members.
    public init(members: [SchemaInfoObjectMember], tag: String? = nil, variants: [SchemaInfoObjectVariant]? = nil) {
        self.members = members
        self.tag = tag
        self.variants = variants
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        members = try reader.required("members")
        tag = try reader.optional("tag")
        variants = try reader.optional("variants")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("members", members)
        writer.add("tag", tag)
        writer.add("variants", variants)
    }
}

/// One of the types that an alternate can have.
public struct SchemaInfoAlternateMember: SchemaObject, Hashable {
    /// The type.
    public var type: String

    /// Put together from its members.
    public init(type: String) {
        self.type = type
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        type = try reader.required("type")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("type", type)
    }
}

/// One of several types.
public struct SchemaInfoAlternate: SchemaObject, Hashable {
    /// The types.
    public var members: [SchemaInfoAlternateMember]

    /// Put together from its members.
    public init(members: [SchemaInfoAlternateMember]) {
        self.members = members
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        members = try reader.required("members")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("members", members)
    }
}

/// A command.
public struct SchemaInfoCommand: SchemaObject, Hashable {
    /// An object type with its arguments.
    public var argType: String
    /// The type of what it returns.
    public var retType: String
    /// True if it can be given by exec-oob; absent means false (since 2.12).
    public var allowOob: Bool?

    /// Put together from its members.
    public init(argType: String, retType: String, allowOob: Bool? = nil) {
        self.argType = argType
        self.retType = retType
        self.allowOob = allowOob
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        argType = try reader.required("arg-type")
        retType = try reader.required("ret-type")
        allowOob = try reader.optional("allow-oob")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("arg-type", argType)
        writer.add("ret-type", retType)
        writer.add("allow-oob", allowOob)
    }
}

/// An event.
public struct SchemaInfoEvent: SchemaObject, Hashable {
    /// An object type with its data.
    public var argType: String

    /// Put together from its members.
    public init(argType: String) {
        self.argType = argType
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        argType = try reader.required("arg-type")
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("arg-type", argType)
    }
}

/// An entry of the schema.
public struct SchemaInfo: SchemaObject, Hashable {
    /// What depends on `meta-type`.
    public enum Variant: Sendable, Hashable {
        /// A type that is not made of others.
        case builtin(SchemaInfoBuiltin)
        /// A choice of words.
        case `enum`(SchemaInfoEnum)
        /// A list.
        case array(SchemaInfoArray)
        /// An object, with or without variants.
        case object(SchemaInfoObject)
        /// One of several types, told apart by their JSON type.
        case alternate(SchemaInfoAlternate)
        /// A command.
        case command(SchemaInfoCommand)
        /// An event.
        case event(SchemaInfoEvent)
    }

    /// The name of the command or event; types have numbers instead of their names, which mean nothing and may change.
    public var name: String
    /// Its features; absent if it has none (since 4.1).
    public var features: [String]?
    /// What depends on `meta-type`.
    public var variant: Variant

    /// Put together from its members.
    public init(name: String, features: [String]? = nil, variant: Variant) {
        self.name = name
        self.features = features
        self.variant = variant
    }

    /// What it describes.
    public var metaType: SchemaMetaType {
        switch variant {
        case .builtin: .builtin
        case .`enum`: .`enum`
        case .array: .array
        case .object: .object
        case .alternate: .alternate
        case .command: .command
        case .event: .event
        }
    }

    /// As read from a request, member by member.
    public init(reading reader: inout ArgumentReader) throws(CommandError) {
        name = try reader.required("name")
        let tag: SchemaMetaType = try reader.required("meta-type")
        features = try reader.optional("features")
        switch tag {
        case .builtin: variant = .builtin(try .init(reading: &reader))
        case .`enum`: variant = .`enum`(try .init(reading: &reader))
        case .array: variant = .array(try .init(reading: &reader))
        case .object: variant = .object(try .init(reading: &reader))
        case .alternate: variant = .alternate(try .init(reading: &reader))
        case .command: variant = .command(try .init(reading: &reader))
        case .event: variant = .event(try .init(reading: &reader))
        }
    }

    /// As sent, member by member.
    public func write(into writer: inout ObjectWriter) {
        writer.add("name", name)
        writer.add("meta-type", metaType)
        writer.add("features", features)
        switch variant {
        case .builtin(let branch): branch.write(into: &writer)
        case .`enum`(let branch): branch.write(into: &writer)
        case .array(let branch): branch.write(into: &writer)
        case .object(let branch): branch.write(into: &writer)
        case .alternate(let branch): branch.write(into: &writer)
        case .command(let branch): branch.write(into: &writer)
        case .event(let branch): branch.write(into: &writer)
        }
    }
}
