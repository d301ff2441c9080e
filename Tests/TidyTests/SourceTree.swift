import Foundation

/// The tree that these tests belong to, read from the disk.
struct SourceTree {
    /// A text file of the tree.
    struct File: Sendable, CustomStringConvertible {
        /// Path from the root ("Sources/QMP/QMP.swift").
        let path: String
        let lines: [String]

        var description: String { path }

        /// The module or test target that the file belongs to; nil outside of Sources and Tests.
        var target: String? {
            let parts = path.split(separator: "/")
            return parts.count > 2 && ["Sources", "Tests"].contains(parts[0]) ? String(parts[1]) : nil
        }

        /// The lines without comments and with the content of string literals removed; numbers stay as they are.
        var code: [String] { lines.map(stripped) }
    }

    static let root = URL(filePath: #filePath).deletingLastPathComponent().resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent()

    /// All text files of the folders that belong to the project.
    static let files: [File] =
        ["Sources", "Tests", "systemd", "config", "docs"].flatMap(files(under:))
        + ["Package.swift", "README.md", "Makefile"].compactMap(file)

    /// All Swift files below Sources.
    static let sources = files.filter { $0.path.hasPrefix("Sources/") && $0.path.hasSuffix(".swift") }

    /// One file; nil if it is missing or no text.
    static func file(_ path: String) -> File? {
        guard let text = try? String(contentsOf: root.appending(path: path), encoding: .utf8) else { return nil }
        return File(path: path, lines: text.components(separatedBy: "\n"))
    }

    private static func files(under folder: String) -> [File] {
        let enumerator = FileManager.default.enumerator(atPath: root.appending(path: folder).path())
        let paths = (enumerator?.compactMap { $0 as? String } ?? []).sorted()
        return paths.compactMap { file("\(folder)/\($0)") }
    }
}

/// `line` without its comment and without what stands between quotes. Good enough for lines that swift-format made.
private func stripped(_ line: String) -> String {
    var result = ""
    var isText = false
    var previous: Character = " "
    for letter in line {
        if letter == "\"", previous != "\\" {
            isText.toggle()
            result.append(letter)
        } else if !isText {
            if letter == "/", previous == "/" { return String(result.dropLast()) }
            result.append(letter)
        }
        previous = letter
    }
    return result
}

/// The targets of Package.swift and what each depends on.
struct PackageTargets {
    /// Names in the order of the file.
    let names: [String]
    /// Targets of ours that a target depends on.
    let dependencies: [String: Set<String>]

    /// Reads the calls `module(…)`, `program(…)`, `tests(…)` and `.systemLibrary(name: …)` of the manifest.
    init(manifest: String) {
        var names: [String] = []
        var literals: [String: Set<String>] = [:]
        let openings = ["module(", "program(", "tests(", ".systemLibrary("]
        let code = manifest.components(separatedBy: "\n").map { line in
            line.range(of: "//").map { !line[..<$0.lowerBound].contains("\"") ? String(line[..<$0.lowerBound]) : line }
                ?? line
        }.joined(separator: "\n")
        for opening in openings {
            var rest = code[...]
            while let start = rest.range(of: "        \(opening)") {
                let call = Self.balanced(rest[start.upperBound...])
                let texts = Self.literals(call)
                if let name = texts.first {
                    names.append(name)
                    literals[name] = Set(texts.dropFirst())
                }
                rest = rest[call.endIndex...]
            }
        }
        self.names = names
        dependencies = literals.mapValues { $0.intersection(names) }
    }

    private static func balanced(_ text: Substring) -> Substring {
        var depth = 1
        for index in text.indices {
            if text[index] == "(" { depth += 1 }
            if text[index] == ")" { depth -= 1 }
            if depth == 0 { return text[..<index] }
        }
        return text
    }

    private static func literals(_ text: Substring) -> [String] {
        let parts = text.split(separator: "\"", omittingEmptySubsequences: false)
        return stride(from: 1, to: parts.count, by: 2).map { String(parts[$0]) }
    }

    /// Everything that a target depends on, directly or not.
    func closure(of name: String) -> Set<String> {
        var found: Set<String> = []
        var open = [name]
        while let next = open.popLast() {
            for dependency in dependencies[next] ?? [] where found.insert(dependency).inserted {
                open.append(dependency)
            }
        }
        return found
    }
}
