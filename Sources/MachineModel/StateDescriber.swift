public import MigrationFormat

/// Tells what the fields of a state are and what they hold. For descriptions and people only: it makes objects.
public struct StateDescriber: StateVisitor {
    private struct Level {
        let name: String
        let scope: StateScope
        var state: DescribedState
    }

    /// Whether the values are replaced by others.
    public static var isLoading: Bool { false }
    /// The version of the state.
    public let version: UInt32
    private var outer: [Level] = []
    /// What was visited of the innermost level.
    private(set) var state: DescribedState

    /// A describer of a state of the kind `name`.
    init(name: String, version: UInt32) {
        self.version = version
        state = DescribedState(name: name, version: version)
    }

    private mutating func add(_ name: String, _ value: DescribedState.Value) {
        state.fields.append(DescribedState.Field(name: name, value: value))
    }

    /// Notes a number.
    public mutating func scalar(_ name: String, _ type: ScalarType, _ bits: inout UInt64) {
        add(name, .scalar(type, type.size == 8 ? bits : bits & (1 << UInt64(8 * type.size) - 1)))
    }

    /// Notes bytes.
    public mutating func bytes(_ name: String, _ bytes: inout [UInt8], count: Int) { add(name, .buffer(bytes)) }

    /// Notes a gap; further ones are numbered.
    public mutating func unused(_ count: Int) {
        let gaps = state.fields.count { if case .unused = $0.value { true } else { false } }
        add(gaps == 0 ? "unused" : "unused[\(gaps)]", .unused(count: count))
    }

    /// Notes bits.
    public mutating func bitmap(_ name: String, _ words: inout [UInt64], bits: Int) { add(name, .bitmap(words)) }

    /// What follows is noted inside a field.
    public mutating func open(_ name: String, _ scope: StateScope) {
        outer.append(Level(name: name, scope: scope, state: state))
        switch scope {
        case .array, .list: state = DescribedState(name: "", version: 0)
        case .structure(let kind, let version): state = DescribedState(name: kind, version: version)
        case .subsection(let version): state = DescribedState(name: name, version: version)
        }
    }

    /// Notes the field.
    public mutating func close() {
        guard let level = outer.popLast() else { return }
        let inner = state
        state = level.state
        switch level.scope {
        case .array: add(level.name, .array(inner.fields.map(\.value)))
        case .list:
            let elements = inner.fields.compactMap { if case .structure(let state) = $0.value { state } else { nil } }
            add(level.name, .list(elements))
        case .structure: add(level.name, .structure(inner))
        case .subsection: state.subsections.append(inner)
        }
    }

    /// There is one element more for as long as the list has one.
    public mutating func hasNext(_ isThere: Bool) -> Bool { isThere }
    /// A subsection that is not there is not described.
    public mutating func hasSubsection(_ name: String, version: UInt32, _ isThere: Bool) -> Bool { isThere }

    /// A device's own state is as it must be.
    public mutating func check(_ holds: @autoclosure () -> Bool, _ field: String, _ value: @autoclosure () -> String) {}
    /// A device's own lengths are as they must be.
    public mutating func bound(_ length: UInt32, to limit: Int, _ what: String) {}
    /// There is always room.
    public mutating func room(for count: Int) {}
}
