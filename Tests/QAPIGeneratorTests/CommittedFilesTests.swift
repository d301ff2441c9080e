import Foundation
import Testing

@testable import QAPIGenerator

/// The tree that this test was compiled from.
@Suite struct CommittedFilesTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private func text(_ path: String) throws -> String {
        String(decoding: try Data(contentsOf: Self.root.appending(path: path)), as: UTF8.self)
    }

    private func names(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: Self.root.appending(path: folder).path)
    }

    @Test func areWhatTheSchemaGives() throws {
        var sources: [String: String] = [:]
        for name in try names(in: "Sources/QAPI/Schema") { sources[name] = try text("Sources/QAPI/Schema/\(name)") }
        let files = try QAPIGenerator.files(from: sources)
        #expect(files.count > 20)
        for file in files {
            #expect(try text(file.path) == file.text, "\(file.path) differs: run make generate")
            #expect(
                file.text.split(separator: "\n", omittingEmptySubsequences: false).count <= 800
                    || file.path.hasSuffix(".md"))
        }
        let generated = Set(files.map(\.path))
        for name in try names(in: "Sources/QAPI/Generated") {
            #expect(generated.contains("Sources/QAPI/Generated/\(name)"), "\(name) comes from no schema")
        }
        #expect(try QAPIGenerator.files(from: sources) == files)
    }
}
