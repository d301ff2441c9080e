// ManagedObjects: objects that clients create by name, and the tree in which they are found.
//
// - `ObjectRegistry` holds what `object-add` made: TLS credentials (`TLSCredentials`) and authorisation lists
//   (`AuthorizationList`). It reserves the name first, loads outside its lock, and gives the name back when loading
//   fails, so no half-made object is ever seen.
// - Credentials are read, checked and handed to GnuTLS when the object is made: a missing file, a wrong key or a
//   certificate that does not suit its role is found then, not at the first connection. Who uses them keeps the object
//   alive, even after `object-del`. No key is ever readable through a property, a message or a log.
// - `ObjectTree` answers `qom-list` and `qom-get`: the client's objects under /objects, and what the machine consists
//   of, as constant `ObjectNode`s that the composition root supplies.
//
// What goes wrong is an `ObjectError` or a `CredentialsError`; each describes itself in the words of QEMU.
//
// Everything a client sends is bounded: the number of objects, the length of a name, of a path and of a file.
public import QMP
import Synchronization

/// Something with a type and properties that stands in the object tree.
public protocol ManagedObject: AnyObject, Sendable {
    /// The type's name ("tls-creds-x509").
    var typeName: String { get }
    /// What it has besides `type`, in the order in which it is listed.
    var properties: [ObjectProperty] { get }
    /// Whether something needs it, so that it cannot be deleted.
    var isInUse: Bool { get }
}

extension ManagedObject {
    /// Nothing needs it by its name.
    public var isInUse: Bool { false }
}

/// A property as clients see it.
public struct ObjectProperty: Sendable, Hashable {
    /// Its name.
    public let name: String
    /// Its type ("string", "bool", the name of an enumeration).
    public let type: String
    /// What it holds now.
    public let value: JSONValue

    /// A property.
    public init(_ name: String, _ type: String, _ value: JSONValue) {
        self.name = name
        self.type = type
        self.value = value
    }

    /// A text.
    public init(_ name: String, _ text: String) { self.init(name, "string", .string(text)) }
    /// A truth value.
    public init(_ name: String, _ value: Bool) { self.init(name, "bool", .boolean(value)) }
}

/// The objects that clients made, by name.
public final class ObjectRegistry: Sendable {
    /// How many objects there can be.
    public static let maximumCount = 1024
    /// The longest name in bytes.
    public static let maximumNameLength = 1023

    private enum Entry {
        case reserved
        case object(any ManagedObject)
    }

    private let entries: Mutex<[(name: String, entry: Entry)]>

    /// A registry that holds `present` from the beginning (the machine's own memory).
    public init(_ present: [(name: String, object: any ManagedObject)] = []) {
        entries = Mutex(present.map { ($0.name, .object($0.object)) })
    }

    /// Makes the object `name`. Throws `ObjectError` if the name is none or taken, and what `make` throws.
    public func add(_ name: String, _ make: () throws -> any ManagedObject) throws {
        guard name.isIdentifier, name.utf8.count <= Self.maximumNameLength else { throw ObjectError.invalidName }
        try reserve(name)
        do {
            let object = try make()
            entries.withLock { entries in
                guard let index = entries.firstIndex(where: { $0.name == name }) else { return }
                entries[index].entry = .object(object)
            }
        } catch {
            entries.withLock { $0.removeAll { $0.name == name } }
            throw error
        }
    }

    /// Forgets the object `name`; who uses it keeps it.
    public func remove(_ name: String) throws(ObjectError) {
        try entries.withLock { entries throws(ObjectError) in
            guard let index = entries.firstIndex(where: { $0.name == name }),
                case .object(let object) = entries[index].entry
            else { throw .notFound(name) }
            guard !object.isInUse else { throw .inUse(name) }
            entries.remove(at: index)
        }
    }

    /// The object `name`.
    public func object(_ name: String) -> (any ManagedObject)? {
        entries.withLock { entries in
            guard case .object(let object)? = entries.first(where: { $0.name == name })?.entry else { return nil }
            return object
        }
    }

    /// All objects, in the order in which they were made.
    public var objects: [(name: String, object: any ManagedObject)] {
        entries.withLock { entries in
            entries.compactMap { name, entry in
                guard case .object(let object) = entry else { return nil }
                return (name, object)
            }
        }
    }

    /// The TLS credentials `name`, if they are for `endpoint`. Throws what a migration then fails with.
    public func tlsCredentials(_ name: String, for endpoint: TLSEndpoint) throws(ObjectError) -> TLSCredentials {
        guard let object = object(name) else { throw .noCredentials(name) }
        guard let credentials = object as? TLSCredentials else { throw .notCredentials(name) }
        guard credentials.endpoint == endpoint else { throw .otherEndpoint(wanted: endpoint) }
        return credentials
    }

    /// The authorisation list `name`; nil if there is no object of that name, or it is no such list.
    public func authorizationList(_ name: String) -> AuthorizationList? { object(name) as? AuthorizationList }

    private func reserve(_ name: String) throws(ObjectError) {
        try entries.withLock { entries throws(ObjectError) in
            // "type" is a property of every object, the container of these too.
            guard name != "type", !entries.contains(where: { $0.name == name }) else {
                throw .nameInUse(name)
            }
            guard entries.count < Self.maximumCount else { throw .tooMany(limit: Self.maximumCount) }
            entries.append((name, .reserved))
        }
    }
}
