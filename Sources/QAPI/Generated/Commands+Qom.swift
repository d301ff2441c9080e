// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost.

public import QMP

/// Commands: qom.
public protocol QomCommands: Sendable {
    /// `qom-list`: List the properties of an object, other objects in it among them.
    ///
    /// - Parameters:
    ///   - path: where it is: a whole path such as "/objects/tls0", or the end of one if that names one object only
    /// - Returns: its properties
    func qomList(path: String) async throws(CommandError) -> [ObjectPropertyInfo]

    /// `qom-get`: Read a property of an object.
    ///
    /// - Parameters:
    ///   - path: where the object is, as for qom-list
    ///   - property: the property's name
    /// - Returns: its value; for another object, where that is
    func qomGet(path: String, property: String) async throws(CommandError) -> JSONValue

    /// `qom-list-types`: List the types of objects that this program has.
    ///
    /// - Parameters:
    ///   - implements: only those that refine this type
    ///   - abstract: true to list abstract types as well; default false
    /// - Returns: the types
    func qomListTypes(implements: String?, abstract: Bool?) async throws(CommandError) -> [ObjectTypeInfo]

    /// `object-add`: Make an object. It is found at "/objects/" and its identifier.
    func objectAdd(_ arguments: ObjectOptions) async throws(CommandError)

    /// `object-del`: Remove an object.
    ///
    /// - Parameters:
    ///   - id: its identifier
    func objectDel(id: String) async throws(CommandError)
}
