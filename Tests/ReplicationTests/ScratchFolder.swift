import Foundation
import SystemCalls

/// A folder that goes away with the value.
final class ScratchFolder: Sendable {
    let root: String

    init() throws {
        root = "/tmp/colod-replication-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    func path(_ name: String) -> String { "\(root)/\(name)" }

    func text(_ name: String) throws -> String { try String(contentsOfFile: path(name), encoding: .utf8) }
}
