/// A stored value out of line, so that a type can hold one of its own kind.
@propertyWrapper
public struct Indirect<Value: Sendable & Hashable>: Sendable, Hashable {
    private indirect enum Storage: Sendable, Hashable { case value(Value) }

    private var storage: Storage

    /// Holds `wrappedValue`.
    public init(wrappedValue: Value) { storage = .value(wrappedValue) }

    /// The value.
    public var wrappedValue: Value {
        get {
            switch storage {
            case .value(let value): value
            }
        }
        set { storage = .value(newValue) }
    }
}
