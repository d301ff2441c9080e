import Foundation
import Testing

@Suite struct SourceFiles {
    /// Lines of a file, at most.
    private static let longest = 800

    @Test func theTreeIsWhereTheseTestsLookForIt() { #expect(SourceTree.sources.count > 30) }

    @Test func noFileIsTooLong() {
        for file in SourceTree.files where file.path.hasSuffix(".swift") || file.path.hasSuffix(".h") {
            #expect(file.lines.count <= Self.longest, "\(file) has \(file.lines.count) lines")
        }
    }

    @Test func noCodeTrapsWhereItShouldThrow() {
        let traps = ["try!", ".unsafelyUnwrapped", "as!", "fatalError(\"not", "unowned(unsafe)"]
        for file in SourceTree.sources {
            for (index, line) in file.code.enumerated() {
                for trap in traps where line.contains(trap) { Issue.record("\(file):\(index + 1): \(trap)") }
                if isImplicitlyUnwrapped(line) { Issue.record("\(file):\(index + 1): implicitly unwrapped optional") }
            }
        }
    }

    /// `var name: Type!`, which the formatter's rules let pass.
    private func isImplicitlyUnwrapped(_ line: String) -> Bool {
        guard line.contains("var ") || line.contains("let ") else { return false }
        return line.contains(/:\s*[A-Za-z_][A-Za-z0-9_.<>]*!/)
    }

    @Test func nothingIsLeftForLater() {
        let notes = ["TO" + "DO", "FIX" + "ME", "XX" + "X:", "not " + "implemented yet"]
        for file in SourceTree.files {
            for (index, line) in file.lines.enumerated() {
                for note in notes where line.contains(note) { Issue.record("\(file):\(index + 1): \(note)") }
            }
        }
    }

    @Test func everyModuleBeginsWithItsPurpose() throws {
        let folders = Set(SourceTree.sources.compactMap(\.target)).sorted()
        for module in folders {
            guard let file = SourceTree.file("Sources/\(module)/\(module).swift") else {
                Issue.record("Sources/\(module)/\(module).swift is missing: the file that says what the module is for")
                continue
            }
            let first = file.lines.first { !$0.isEmpty && !$0.contains(/^(?:@[a-z]+ |public )?import\b/) }
            #expect(first?.hasPrefix("//") == true, "\(file) does not begin with a comment")
        }
    }

    @Test func theProjectSpeaksOfItselfAlone() throws {
        // Paths of one person's machine, where they begin a path; in pieces so that this file passes.
        let folders = ["/ro" + "ot/", "/ho" + "me/", "/wo" + "rk/", "/Us" + "ers/"]
        let patterns = try folders.map { try Regex("(^|[^A-Za-z0-9_}$./])\($0)") }
        for file in SourceTree.files {
            for (index, line) in file.lines.enumerated() {
                for (folder, pattern) in zip(folders, patterns) where line.contains(folder) {
                    if line.contains(pattern) { Issue.record("\(file):\(index + 1): \(folder)") }
                }
            }
        }
    }

    @Test func theTopLevelHoldsWhatWasAgreed() throws {
        let agreed: Set<String> = [
            "Package.swift", "Sources", "Tests", "systemd", "config", "docs", "README.md", "Makefile", "LICENSE", ".ci",
            ".swift-format", ".gitignore",
        ]
        let ignored: Set<String> = [".git", "Package.resolved"]
        let present = Set(try FileManager.default.contentsOfDirectory(atPath: SourceTree.root.path()))
        #expect(agreed.subtracting(present).isEmpty, "missing: \(agreed.subtracting(present))")
        let surplus = present.subtracting(agreed).subtracting(ignored).filter { !$0.hasPrefix(".build") }
        #expect(surplus.isEmpty, "not agreed: \(surplus)")
    }

    @Test(.enabled(if: Tool.find("swift") != nil, "no swift on PATH"))
    func theFormatterHasNothingToSay() throws {
        let swift = try #require(Tool.find("swift"))
        let lint = try Tool.run(
            swift,
            [
                "format", "lint", "--strict", "-p", "--configuration", ".swift-format", "-r", "Package.swift",
                "Sources", "Tests",
            ],
            in: SourceTree.root)
        #expect(lint.status == 0, "\(lint.output.suffix(4000))")
    }
}

@Suite struct Errors {
    /// What an error prints ends up in the log, in the status or before an operator: a sentence, not a Swift value.
    @Test func everyErrorSaysItselfInWords() throws {
        let declaration = /(?:enum|struct|class) ([A-Za-z0-9]+)[^:{]*:\s*([^{]+)\{/
        let code = SourceTree.sources.filter { $0.path.hasPrefix("Sources/") }.flatMap(\.code)
        var errors = 0
        for line in code where !line.contains("private") {
            guard let match = line.firstMatch(of: declaration) else { continue }
            let kinds = match.2.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
            guard kinds.contains("Error") else { continue }
            errors += 1
            let speaks =
                kinds.contains("CustomStringConvertible")
                || code.contains { $0.contains("extension \(match.1): CustomStringConvertible") }
            #expect(speaks, "\(match.1) has no description")
        }
        #expect(errors > 20, "the declarations were not understood")
    }
}
