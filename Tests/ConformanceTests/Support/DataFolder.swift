import Foundation
import PairLab
import QMP

/// The recorded data beside the tests.
enum DataFolder {
    /// The path of a file.
    static func path(_ name: String) throws -> String {
        guard let root = Bundle.module.resourcePath else { throw LabError("the test bundle has no resources") }
        return "\(root)/Data/\(name)"
    }

    /// The JSON text in a file.
    static func json(_ name: String) throws -> JSONValue { try JSONStreamParser.parse(readText(path(name))) }

    /// The JSON values of a file that has one a line.
    static func jsonLines(_ name: String) throws -> [JSONValue] {
        try readText(path(name)).split(separator: "\n").map { try JSONStreamParser.parse(String($0)) }
    }
}
