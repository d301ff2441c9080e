/// What the JSON text behind a stream says of its device sections (wire format §2.5): names, types and sizes of the
/// fields, in the order of their bytes. With it the state of a device that nobody here knows can be taken apart.
public struct StreamDescription: Equatable, Sendable {
    /// The size of a page in the stream, in bytes; nil if the text does not say.
    public var pageSize: UInt64?
    /// The devices, in stream order.
    public var devices: [Device]

    /// A device section.
    public struct Device: Equatable, Sendable {
        /// The section's name.
        public var name: String
        /// The section's instance.
        public var instance: UInt32
        /// What its data consists of.
        public var state: State

        /// The section `name` of instance `instance`.
        public init(name: String, instance: UInt32, state: State) {
            self.name = name
            self.instance = instance
            self.state = state
        }
    }

    /// A state: fields, then optional parts that have names of their own.
    public struct State: Equatable, Sendable {
        /// The name of this kind of state; empty if it has none.
        public var name = ""
        /// Its version; nil if the text does not say.
        public var version: UInt32?
        /// What it consists of.
        public var fields: [Field] = []
        /// The optional parts that are there.
        public var subsections: [State] = []

        /// A state of `fields`.
        public init(name: String = "", version: UInt32? = nil, fields: [Field] = []) {
            self.name = name
            self.version = version
            self.fields = fields
        }
    }

    /// One field, or some equal ones that follow one another.
    public struct Field: Equatable, Sendable {
        /// The field's name.
        public var name: String
        /// "uint32", "buffer", "struct" and so on.
        public var type: String
        /// Bytes on the wire, of one element of an array.
        public var size: UInt64
        /// How many elements there are, each described by this one entry; nil for a field that is no such array.
        public var arrayLength: UInt64?
        /// The place in an array whose elements are described one by one.
        public var index: UInt64?
        /// What a struct, or each element of a list, consists of.
        public var states: [State] = []

        /// A field of `size` bytes.
        public init(name: String, type: String, size: UInt64) {
            self.name = name
            self.type = type
            self.size = size
        }
    }

    /// The description of the device of that name and instance.
    public func device(name: String, instance: UInt32) -> Device? {
        devices.first { $0.name == name && $0.instance == instance }
    }
}

extension StreamDescription.State {
    /// How many bytes it takes; nil if the numbers make no sense.
    public var size: UInt64? {
        var total: UInt64 = 0
        func add(_ count: UInt64?) -> Bool {
            guard let count else { return false }
            let (sum, overflow) = total.addingReportingOverflow(count)
            total = sum
            return !overflow
        }
        for field in fields {
            let (bytes, overflow) = field.size.multipliedReportingOverflow(by: field.arrayLength ?? 1)
            guard !overflow, add(bytes) else { return nil }
        }
        for subsection in subsections {
            guard add(6 + UInt64(subsection.name.utf8.count)), add(subsection.size) else { return nil }
        }
        return total
    }
}

extension StreamDescription {
    /// The most bytes of a text that is taken apart.
    public static let textLimit = 16 << 20

    /// Reads a text.
    public init(_ text: [UInt8]) throws(StreamError) {
        let root = try DescriptionText.parse(text)
        guard case .object = root, case .array(let entries)? = root["devices"] else {
            throw StreamError("The description lists no devices", section: "description", offset: 0)
        }
        pageSize = root["page_size"]?.number
        devices = []
        for entry in entries {
            guard case .string(let name)? = entry["name"] else {
                throw StreamError("The description has a device without a name", section: "description", offset: 0)
            }
            guard let instance = UInt32(exactly: entry["instance_id"]?.number ?? 0) else {
                throw StreamError(
                    "The description of '\(name)' has no valid instance", section: "description", offset: 0)
            }
            devices.append(
                Device(name: name, instance: instance, state: try Self.states(of: entry, name: name).first ?? State()))
        }
    }

    /// The states that an object holds: one, or in a list one for each element, all under the same keys.
    private static func states(of entry: DescriptionText, name: String) throws(StreamError) -> [State] {
        guard case .object(let members) = entry else { return [] }
        var states: [State] = []
        for (key, value) in members {
            switch (key, value) {
            case ("vmsd_name", .string(let text)): states.append(State(name: text))
            case ("version", .number(let number)):
                if states.isEmpty { states.append(State()) }
                states[states.count - 1].version = UInt32(exactly: number)
            case ("fields", .array(let entries)):
                if states.isEmpty { states.append(State()) }
                for entry in entries { states[states.count - 1].fields.append(try field(entry, of: name)) }
            case ("subsections", .array(let entries)) where !states.isEmpty:
                for entry in entries {
                    states[states.count - 1].subsections += try Self.states(of: entry, name: name)
                }
            default: break
            }
        }
        return states
    }

    private static func field(_ entry: DescriptionText, of device: String) throws(StreamError) -> Field {
        guard case .string(let name)? = entry["name"], case .string(let type)? = entry["type"],
            let size = entry["size"]?.number
        else {
            throw StreamError(
                "The description of '\(device)' has a field without name, type or size", section: "description",
                offset: 0)
        }
        let nested = entry["struct"].map { $0 } ?? entry
        var field = Field(name: name, type: type, size: size)
        field.arrayLength = entry["array_len"]?.number
        field.index = entry["index"]?.number
        field.states = try states(of: nested, name: device)
        return field
    }
}
