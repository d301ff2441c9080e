/// Why an object is not made, deleted or found. The texts are those that clients of QEMU know.
public enum ObjectError: Error, Equatable, Sendable, CustomStringConvertible {
    /// It is no name for an object.
    case invalidName
    /// Another object, or a property of the container, has the name.
    case nameInUse(String)
    /// There are as many objects as there may be.
    case tooMany(limit: Int)
    /// Clients make no objects of this type.
    case notCreatable(type: String)
    /// No object that clients made has the name.
    case notFound(String)
    /// Something needs the object.
    case inUse(String)
    /// The path leads nowhere.
    case noSuchPath(String)
    /// The path leads to more than one object.
    case ambiguousPath(String)
    /// An object of this type has no such property.
    case noSuchProperty(String, type: String)
    /// A list has more rules than it may.
    case tooManyRules(Int, limit: Int)
    /// The text of a parameter has too many bytes.
    case textTooLong(parameter: String, limit: Int)
    /// No object has the name that TLS credentials were asked for by.
    case noCredentials(String)
    /// The object of that name is no TLS credentials.
    case notCredentials(String)
    /// The credentials are for the other end of a connection; they were wanted for this one.
    case otherEndpoint(wanted: TLSEndpoint)

    /// What is wrong.
    public var description: String {
        switch self {
        case .invalidName: "Parameter 'id' expects an identifier"
        case .nameInUse(let name): "attempt to add duplicate property '\(name)' to object (type 'container')"
        case .tooMany(let limit): "There are \(limit) objects already"
        case .notCreatable(let type): "invalid object type: \(type)"
        case .notFound(let name): "object '\(name)' not found"
        case .inUse(let name): "object '\(name)' is in use, can not be deleted"
        case .noSuchPath(let path): "Device '\(path)' not found"
        case .ambiguousPath(let path): "Path '\(path)' is ambiguous"
        case .noSuchProperty(let name, let type): "Property '\(type).\(name)' not found"
        case .tooManyRules(let count, let limit): "Parameter 'rules' has \(count) elements, more than \(limit)"
        case .textTooLong(let name, let limit): "Parameter '\(name)' is longer than \(limit) bytes"
        case .noCredentials(let name): "No TLS credentials with id '\(name)'"
        case .notCredentials(let name): "Object with id '\(name)' is not TLS credentials"
        case .otherEndpoint(let wanted): "Expected TLS credentials for a \(wanted.rawValue) endpoint"
        }
    }
}
