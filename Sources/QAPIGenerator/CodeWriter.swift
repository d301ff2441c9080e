/// Puts Swift code together line by line, the way `swift format` lays it out.
struct CodeWriter {
    /// The longest line.
    static let lineLength = 120

    private(set) var lines: [String] = []
    private var level = 0

    /// The lines as text.
    var text: String { lines.joined(separator: "\n") + "\n" }

    mutating func line(_ line: String = "") {
        lines.append(line.isEmpty ? "" : String(repeating: "    ", count: level) + line)
    }

    /// `head {`, what `body` writes one level deeper, `}`.
    mutating func block(_ head: String, _ body: (inout CodeWriter) -> Void) {
        line(head + " {")
        level += 1
        body(&self)
        level -= 1
        line("}")
    }

    /// `prefix(items)suffix` on one line if it fits, else with each item on a line of its own.
    mutating func list(_ prefix: String, _ items: [String], _ suffix: String) {
        let short = "\(prefix)(\(items.joined(separator: ", ")))\(suffix)"
        guard level * 4 + short.count > Self.lineLength else { return line(short) }
        line(prefix + "(")
        level += 1
        for (index, item) in items.enumerated() { line(item + (index == items.count - 1 ? "" : ",")) }
        level -= 1
        line(")" + suffix)
    }

    /// `head [items]`, each item on a line of its own if there are several.
    mutating func array(_ head: String, _ items: [String]) {
        guard items.count > 1 else { return line("\(head) [\(items.joined())]") }
        line(head + " [")
        for item in items { line("    \(item),") }
        line("]")
    }

    /// A documentation comment of these paragraphs.
    mutating func documentation(_ paragraphs: [String]) {
        for (index, paragraph) in paragraphs.enumerated() {
            if index > 0 { line("///") }
            comment(index == 0 ? Self.sentence(paragraph) : paragraph)
        }
    }

    /// With a capital letter at the start and a full stop at the end.
    static func sentence(_ text: String) -> String {
        guard let last = text.last else { return text }
        return text.prefix(1).uppercased() + text.dropFirst() + (".:!?".contains(last) ? "" : ".")
    }

    /// A paragraph of a documentation comment, wrapped; all lines begin with `margin`, further ones also with
    /// `indentation`.
    mutating func comment(_ paragraph: String, indentation: String = "", margin: String = "") {
        let width = Self.lineLength - level * 4 - "/// ".count - margin.count
        for line in wrap(Self.marked(paragraph), width: width, indentation: indentation) {
            self.line("/// " + margin + line)
        }
    }

    /// "@name" as code.
    static func marked(_ text: String) -> String {
        text.split(separator: " ").map { word in
            guard word.hasPrefix("@"), word.count > 1 else { return String(word) }
            let name = word.dropFirst().prefix { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }
            return "`\(name)`" + word.dropFirst(1 + name.count)
        }.joined(separator: " ")
    }
}

/// `text` in lines of at most `width` characters; all but the first begin with `indentation`.
func wrap(_ text: String, width: Int, indentation: String = "") -> [String] {
    var lines: [String] = []
    var current = ""
    for word in text.split(separator: " ") {
        if current.isEmpty {
            current = String(word)
        } else if current.count + 1 + word.count <= width {
            current += " " + word
        } else {
            lines.append(current)
            current = indentation + word
        }
    }
    if !current.isEmpty { lines.append(current) }
    return lines
}

extension QAPIGenerator {
    /// A file of Swift code below the longest length allowed; what is more goes into further files, cut between
    /// declarations. `imports` are whole lines.
    static func codeFiles(named name: String, imports: [String], declarations: [[String]]) -> [File] {
        let longest = 700
        var chunks: [[String]] = []
        for declaration in declarations {
            if let last = chunks.last, last.count + declaration.count + 1 <= longest {
                chunks[chunks.count - 1] += [""] + declaration
            } else {
                chunks.append(declaration)
            }
        }
        return chunks.enumerated().map { number, lines in
            let head = [heading, ""] + imports.sorted() + (imports.isEmpty ? [] : [""])
            return File(
                path: codeFolder + name + (number == 0 ? "" : "+Part\(number + 1)") + ".swift",
                text: (head + lines).joined(separator: "\n") + "\n")
        }
    }
}
