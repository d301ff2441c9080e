import QAPI
import QMP

// Objects that clients make, and the tree of all objects.
extension ManagementTarget {
    func qomList(path: String) async throws(CommandError) -> [ObjectPropertyInfo] {
        throw .generic("This is not available")
    }

    func qomGet(path: String, property: String) async throws(CommandError) -> JSONValue {
        throw .generic("This is not available")
    }

    func qomListTypes(implements: String?, abstract: Bool?) async throws(CommandError) -> [ObjectTypeInfo] {
        throw .generic("This is not available")
    }

    func objectAdd(_ arguments: ObjectOptions) async throws(CommandError) {
        throw .generic("This is not available")
    }

    func objectDel(id: String) async throws(CommandError) {
        throw .generic("This is not available")
    }
}
