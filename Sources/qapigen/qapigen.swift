// Reads a schema in QAPI notation and writes the Swift code, the introspection data and the reference page from it.
import ArgumentParser
import Foundation
import QAPIGenerator

/// Writes what is generated from the schema.
@main
struct GenerateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "qapigen", abstract: "Write the Swift code and the reference page of the management schema.")

    @Option(help: "The root of the package.")
    var root = "."

    @Flag(help: "Write nothing; fail if a file is not what would be written.")
    var check = false

    func run() throws {
        let root = URL(fileURLWithPath: root, isDirectory: true)
        let files: [QAPIGenerator.File]
        do {
            files = try QAPIGenerator.files(from: sources(in: root.appending(path: "Sources/QAPI/Schema")))
        } catch let error as SchemaError {
            throw ValidationError(error.description)
        }
        let wanted = Dictionary(uniqueKeysWithValues: files.map { ($0.path, $0.text) })
        let folder = root.appending(path: "Sources/QAPI/Generated")
        let present = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        let leftovers = present.map { "Sources/QAPI/Generated/\($0)" }.filter { wanted[$0] == nil }
        let changed = files.filter { (try? text(at: root.appending(path: $0.path))) != $0.text }
        if check {
            for path in changed.map(\.path) + leftovers { print("\(path): differs; run make generate") }
            if !changed.isEmpty || !leftovers.isEmpty { throw ExitCode(1) }
            return
        }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for path in leftovers { try FileManager.default.removeItem(at: root.appending(path: path)) }
        for file in changed {
            try Data(file.text.utf8).write(to: root.appending(path: file.path), options: .atomic)
            print(file.path)
        }
    }

    private func sources(in folder: URL) throws -> [String: String] {
        var sources: [String: String] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            guard name.hasSuffix(".json") || name.hasSuffix(".md") else { continue }
            sources[name] = try text(at: folder.appending(path: name))
        }
        return sources
    }

    private func text(at url: URL) throws -> String { String(decoding: try Data(contentsOf: url), as: UTF8.self) }
}
