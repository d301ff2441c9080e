import Testing

/// Code that the compiler cannot check is marked `unsafe` (strict memory safety), and each declaration that has some
/// says in a SAFETY line why it is sound. A type marked `@safe` is a fence: one line at the type speaks for its members.
@Suite struct SafetyTests {
    @Test func everyUnsafeDeclarationSaysWhyItIsSound() {
        var sites = 0
        for file in SourceTree.sources {
            let places = UnsafeSites(file)
            sites += places.count
            for line in places.unexplained { Issue.record("\(file):\(line + 1): unsafe code without a SAFETY line") }
        }
        #expect(sites > 100, "the rule looks for what is not there")
    }

    @Test func everyUncheckedConformanceSaysWhyItIsSound() {
        for file in SourceTree.sources {
            for (index, line) in file.code.enumerated() where line.contains("@unchecked Sendable") {
                let near = file.lines[max(0, index - 12)..<min(file.lines.count, index + 3)]
                if near.contains(where: { $0.contains("SAFETY:") }) { continue }
                Issue.record("\(file):\(index + 1): @unchecked Sendable without its reason")
            }
        }
    }

    @Test func theRuleSeesWhatIsMissing() {
        let bare = ["struct A {", "    func f() {", "        unsafe g()", "    }", "}"]
        #expect(UnsafeSites(.init(path: "bare", lines: bare)).unexplained == [1])
        let said = ["struct A {", "    func f() {", "        // SAFETY: so.", "        unsafe g()", "    }", "}"]
        #expect(UnsafeSites(.init(path: "said", lines: said)).unexplained.isEmpty)
        let elsewhere = ["struct A {", "    // SAFETY: so.", "    let b = 1", "", "    func f() { unsafe g() }", "}"]
        #expect(UnsafeSites(.init(path: "elsewhere", lines: elsewhere)).unexplained == [4])
        let fence = ["/// SAFETY: so.", "@safe struct A {", "    func f() { unsafe g() }", "}"]
        #expect(UnsafeSites(.init(path: "fence", lines: fence)).unexplained.isEmpty)
        let type = ["/// SAFETY: so.", "struct A {", "    func f() { unsafe g() }", "}"]
        #expect(UnsafeSites(.init(path: "type", lines: type)).unexplained == [2])
    }
}

/// The declarations of a file that hold unsafe code, found by indentation, which the formatter keeps exact.
private struct UnsafeSites {
    private(set) var count = 0
    /// Line numbers, from 0, of the declarations that do not say why.
    private(set) var unexplained: [Int] = []
    private let lines: [String]

    init(_ file: SourceTree.File) {
        lines = file.lines
        var seen: Set<Int> = []
        for (index, code) in file.code.enumerated() where code.contains(/\bunsafe\b/) {
            let (declaration, type) = enclosing(index)
            guard seen.insert(declaration).inserted else { continue }
            count += 1
            if says(from: commentStart(declaration), to: end(of: declaration)) { continue }
            if let type, lines[type].contains("@safe"), says(from: commentStart(type), to: commentEnd(type)) {
                continue
            }
            unexplained.append(declaration)
        }
    }

    /// The member, or declaration of the file, around line `index`, and the type that it is a member of.
    private func enclosing(_ index: Int) -> (declaration: Int, type: Int?) {
        var (declaration, limit) = (index, indent(index))
        for line in stride(from: index - 1, through: 0, by: -1) where limit > 0 {
            let text = lines[line].trimmingPrefix { $0 == " " }
            guard !text.isEmpty, indent(line) < limit, !text.hasPrefix("//") else { continue }
            if text.hasPrefix(")") || text.hasPrefix("}") {
                // The last line of a header that began further up, at the same indentation.
                if text.hasSuffix("{") { limit = indent(line) + 1 }
                continue
            }
            if isType(text) { return (declaration, line) }
            (declaration, limit) = (line, indent(line))
        }
        return (declaration, nil)
    }

    private func isType(_ text: Substring) -> Bool {
        let words = text.prefix { $0 != "{" && $0 != ":" }.split(separator: " ").filter { !$0.hasPrefix("@") }
        let modifiers: Set<Substring> = ["public", "private", "fileprivate", "package", "final", "indirect"]
        let kinds: Set<Substring> = ["class", "struct", "enum", "extension", "actor", "protocol"]
        return words.first { !modifiers.contains($0) }.map(kinds.contains) ?? false
    }

    private func indent(_ line: Int) -> Int { lines[line].prefix { $0 == " " }.count }

    private func commentStart(_ line: Int) -> Int {
        var start = line
        while start > 0, lines[start - 1].contains(/^ *(\/\/|@)/) { start -= 1 }
        return start
    }

    private func commentEnd(_ line: Int) -> Int {
        var end = line
        while end + 1 < lines.count, lines[end + 1].contains(/^ *\/\//) { end += 1 }
        return end
    }

    /// The line of the closing brace of a declaration.
    private func end(of line: Int) -> Int {
        let depth = indent(line)
        for other in lines.indices.dropFirst(line + 1) where !lines[other].isEmpty {
            let text = lines[other].trimmingPrefix { $0 == " " }
            if indent(other) > depth { continue }
            if indent(other) < depth || !(text.hasPrefix(")") || text.hasPrefix("}") || text.hasPrefix("]")) {
                return other - 1
            }
        }
        return lines.count - 1
    }

    private func says(from first: Int, to last: Int) -> Bool {
        lines[first...last].contains { $0.contains("SAFETY:") }
    }
}
