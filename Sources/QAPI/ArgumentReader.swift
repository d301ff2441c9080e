public import QMP

/// Takes the members of an object apart in the order of the schema: what is missing or of the wrong type is reported
/// first, then what the schema does not have. Linear in the size of the object, however many members a client sends.
public struct ArgumentReader: Sendable {
    private let members: [JSONObject.Member]
    private let path: ArgumentPath
    /// The path's text, computed when first needed.
    private var container: String?
    /// Where the next member is found if the client keeps to the order of the schema.
    private var cursor = 0
    private var taken: MemberSet
    /// The places of the members by name, once a search through all would take long.
    private var places: [String: Int]?

    private static let smallObject = 16

    /// The arguments of a command.
    public init(_ arguments: JSONObject) { self.init(arguments, at: .root) }

    /// The object `json` at `path`; throws if it is none.
    public init(_ json: JSONValue, at path: ArgumentPath) throws(CommandError) {
        guard case .object(let object) = json else { throw .invalidType(path, "object") }
        self.init(object, at: path)
    }

    private init(_ object: JSONObject, at path: ArgumentPath) {
        members = object.members
        self.path = path
        taken = MemberSet(count: members.count)
    }

    /// The member `name`, which must be there.
    public mutating func required<Value: SchemaValue>(_ name: String) throws(CommandError) -> Value {
        guard let place = place(of: name) else {
            throw .generic("Parameter '\(memberPath(name).text)' is missing")
        }
        return try Value(members[place].value, at: memberPath(name))
    }

    /// The member `name`, or nil.
    public mutating func optional<Value: SchemaValue>(_ name: String) throws(CommandError) -> Value? {
        guard let place = place(of: name) else { return nil }
        return try Value(members[place].value, at: memberPath(name))
    }

    /// Throws if there are members that were never asked for.
    public mutating func finish() throws(CommandError) {
        guard taken.total < members.count, !path.toleratesUnknownMembers else { return }
        let known = taken.inOrder.map { members[$0].key }
        guard let unknown = UnknownMemberOrder.first(of: members, without: known) else { return }
        throw .generic("Parameter '\(memberPath(unknown).text)' is unexpected")
    }

    private mutating func memberPath(_ name: String) -> ArgumentPath {
        if let container { return path.member(name, in: container) }
        let text = path.text
        container = text
        return path.member(name, in: text)
    }

    private mutating func place(of name: String) -> Int? {
        guard let place = search(name) else { return nil }
        cursor = place + 1
        taken.insert(place)
        return place
    }

    private mutating func search(_ name: String) -> Int? {
        if cursor < members.count, members[cursor].key == name { return cursor }
        if members.count <= Self.smallObject { return members.firstIndex { $0.key == name } }
        if places == nil {
            places = Dictionary(
                zip(members.lazy.map(\.key), members.indices), uniquingKeysWith: { first, _ in first })
        }
        return places?[name]
    }
}

/// Which members of an object were taken.
private struct MemberSet: Sendable {
    private(set) var total = 0
    private var small: UInt64 = 0
    private var large: [Bool]
    /// The places as they were taken. Of a small object they are not kept: there the order decides nothing.
    private var order: [Int] = []
    private let count: Int

    private static let smallObject = 7

    init(count: Int) {
        self.count = count
        large = count > UInt64.bitWidth ? [Bool](repeating: false, count: count) : []
    }

    var inOrder: [Int] { count > Self.smallObject ? order : (0..<count).filter(contains) }

    private func contains(_ place: Int) -> Bool { large.isEmpty ? small & (1 << UInt64(place)) != 0 : large[place] }

    mutating func insert(_ place: Int) {
        if contains(place) { return }
        total += 1
        if count > Self.smallObject { order.append(place) }
        if large.isEmpty { small |= 1 << UInt64(place) } else { large[place] = true }
    }
}
