@testable import Configuration
import Foundation
import Testing

/// A file with given bytes, gone with its owner.
private final class TextFile {
    let path = FileManager.default.temporaryDirectory.appending(path: "colod-\(UUID().uuidString).yaml").path()

    init(_ bytes: [UInt8]) { _ = FileManager.default.createFile(atPath: path, contents: Data(bytes)) }

    /// What reading the file comes to, with its path cut out of the text; empty if it is valid.
    func problem() -> String {
        do {
            _ = try ColodConfiguration.load(file: path)
            return ""
        } catch {
            return error.description.replacing(path, with: "FILE")
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// Files that were written to do harm, by mistake, or by another program.
@Suite struct HostileConfigurations {
    /// No text of the permitted size takes longer; generous, as tests run on busy machines.
    private static let patience = Duration.seconds(20)

    /// Reads `text` in bounded time, and returns what is wrong with it.
    private func boundedProblem(_ text: String) -> String {
        var found: [String] = []
        let time = ContinuousClock().measure { found = problems(text) }
        #expect(time < Self.patience, "\(text.prefix(60)) took \(time)")
        #expect(found.count == 1, "\(found.prefix(3))")
        return found.first ?? ""
    }

    @Test(arguments: [3, 9, 26])
    func anAliasBombIsRefusedBeforeItGoesOff(levels: Int) {
        var text = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n"
        for level in 1...levels {
            let aliases = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ",")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        #expect(boundedProblem(text) == "t.yaml:2: has the alias '*a0'; write out what it stands for")
    }

    @Test(arguments: [
        "a: &a {b: c}\n<<: *a", "a: &a b\nguest: *a", "&a x: 1\n*a : 2", "? *a\n: b", "a: [*b]", "a: {*b : c}",
        "a: &a [*a]", "a:\n- *a", "a: !!str *a", "- *a", "*a",
    ])
    func anAliasIsRefusedWhereverItStands(text: String) {
        let found = problems(text)
        #expect(found.count == 1)
        let reasons = ["has the alias '*", "expected a mapping", "is no YAML"]
        #expect(reasons.contains { found.first?.contains($0) == true }, "\(found)")
    }

    /// The library compares such keys whole, on every level anew.
    @Test(arguments: ["{? ", "? ", "{?\n", "?\t", "{[", "[{a: "])
    func keysThatAreNoTextAreRefusedInTime(opening: String) {
        let items = String(repeating: "x,", count: ConfigurationLimits.fileSize / 2 - 2000)
        for text in [
            String(repeating: opening, count: 450) + "[\(items)]",
            "[" + String(repeating: String(repeating: opening, count: 200) + "x\n,", count: 200),
            String(repeating: "{", count: 300) + "a" + String(repeating: ": 1}", count: 300) + ": 2",
        ] {
            #expect(boundedProblem(text).hasPrefix("t.yaml"))
        }
        #expect(problems("? guest\n: 1").count == 1)
        #expect(problems("guest: {? a : 1}").contains { $0.hasSuffix("has a key behind '?'; write KEY: VALUE") })
        #expect(problems("{[a]: 1, [a]: 2}") == ["t.yaml:1: a key must be plain text"])
    }

    @Test(arguments: [#""*a b*""#, "'* *a'", "x *a", "a*", "|-\n  *a", "a#*b # *c", "?a", "a?b* c", "'? *a'"])
    func anAsteriskThatIsNoAliasStaysWhatItIs(text: String) throws {
        let tree = try YAMLReader.read("# *** title *a\nkey: \(text)\n", file: "t.yaml")
        let plain = text.split(separator: " #").first.map(String.init) ?? text
        let expected = plain.replacing("|-\n  ", with: "").filter { !"\"'".contains($0) }
        #expect(tree.entries.map(\.value.content) == [.scalar(expected)])
    }

    @Test func aTextThatUsesPrivateCharactersKeepsThem() throws {
        let tree = try YAMLReader.read("key: '* \u{e000} \u{e001}'", file: "t.yaml")
        #expect(tree.entries.map(\.value.content) == [.scalar("* \u{e000} \u{e001}")])
    }

    @Test(arguments: ["[", "{a: ", "- ", "? ", "[{", "a: [", "{? ", "&a [", "!!seq ["])
    func deepNestingIsRefused(opening: String) {
        let limit = ConfigurationLimits.fileSize
        for count in [17, 900, 1100, limit / opening.utf8.count] {
            let text = String(repeating: opening, count: count)
            let problem = boundedProblem(text)
            #expect(problem.hasPrefix("t.yaml"))
            if count > 1000, !opening.contains("?") { #expect(problem == "t.yaml:1: is nested deeper than 16 levels") }
            let closing = opening.hasSuffix("[") ? "]" : opening.contains("{") ? "}" : ""
            if text.utf8.count * 2 < limit {
                #expect(!problems(text + String(repeating: closing, count: count)).isEmpty)
            }
        }
    }

    @Test func deepBlocksAreRefused() {
        let text = (0..<700).map { String(repeating: " ", count: $0) + "a:\n" }.joined()
        #expect(text.utf8.count <= ConfigurationLimits.fileSize)
        #expect(boundedProblem(text).hasPrefix("t.yaml"))
    }

    @Test(arguments: [
        "x", "*", "é", "\u{301}", "x: ", "[],", "{},", "- a\n", "k: v\n", "#\n", "'", "\"\\", "|\n", "%A b\n", "!",
        "&a ",
    ])
    func aHugeTextIsReadOrRefusedInTime(piece: String) {
        let count = (ConfigurationLimits.fileSize - 20) / piece.utf8.count
        let text = String(repeating: piece, count: count)
        for start in ["", "guest: ", "guest: [", "guest: {? ", "guest: \"", "? "] {
            let time = ContinuousClock().measure { #expect(!problems(start + text).isEmpty) }
            #expect(time < Self.patience, "\(start)\(piece.prefix(10)) took \(time)")
        }
    }

    @Test func manyUnknownKeysAreReportedInTimeAndNumber() {
        let text = (0..<60_000).map { "k\($0): 1\n" }.joined()
        var found: [String] = []
        let time = ContinuousClock().measure { found = problems(text) }
        #expect(found.count == ConfigurationLimits.problems)
        #expect(time < Self.patience, "\(time)")
    }

    @Test func aByteOrderMarkAndOtherLineEndsChangeNothing() throws {
        let plain = try ColodConfiguration.parse(yaml: pairText, file: "t.yaml")
        for text in [
            "\u{feff}" + pairText, pairText.replacing("\n", with: "\r\n"),
            "\u{feff}" + pairText.replacing("\n", with: "\r\n"),
            pairText + "\r\n",
        ] {
            let file = TextFile(Array(text.utf8))
            #expect(try ColodConfiguration.load(file: file.path) == plain)
        }
        let found = problems("\u{feff}role: boss\r\nguest: {machine: none, memory: 1}")
        #expect(found.map { $0.prefix(15) } == ["t.yaml:1: role:", "t.yaml:2: guest"])
    }

    @Test func otherEncodingsAreNamed() {
        let wide = Array("guest: {machine: none, memory: 1M}\n".utf16)
        let little = wide.flatMap { [UInt8($0 & 0xff), UInt8($0 >> 8)] }
        let big = wide.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xff)] }
        #expect(TextFile([0xff, 0xfe] + little).problem() == "FILE: is UTF-16 text; expected UTF-8 text")
        #expect(TextFile([0xfe, 0xff] + big).problem() == "FILE: is UTF-16 text; expected UTF-8 text")
        #expect(TextFile([0xff, 0xfe, 0, 0, 0x67, 0, 0, 0]).problem() == "FILE: is UTF-32 text; expected UTF-8 text")
        #expect(TextFile(little).problem() == "FILE:1: has a zero byte; expected UTF-8 text")
        #expect(TextFile(Array("guest: Caf".utf8) + [0xe9]).problem() == "FILE: is not UTF-8 text; expected UTF-8 text")
        #expect(TextFile(Array("a: 1\n\nb: \0".utf8)).problem() == "FILE:3: has a zero byte; expected UTF-8 text")
    }

    @Test func aTabThatIndentsIsNamed() {
        let found = problems("guest:\n\tmachine: none\n")
        #expect(found.count == 1)
        #expect(found.first?.hasPrefix("t.yaml:2: is no YAML: ") == true)
        #expect(found.first?.hasSuffix("the line begins with a tab; YAML indents with spaces") == true, "\(found)")
    }

    @Test func aKeyTwiceIsRefusedInEveryMapping() {
        #expect(problems("a: 1\nb: 2\na: 3\n") == ["t.yaml:1: has more than once: 'a'"])
        #expect(problems("guest: {memory: 1M, \"memory\": 2M}").first?.contains("has more than once: 'memory'") == true)
        #expect(problems("guest: {a*: 1M, a*: 2M}").first?.contains("has more than once: 'a*'") == true)
        let many = (0..<2000).map { "key\($0 % 1000): 1\n" }.joined()
        #expect((problems(many).first?.utf8.count ?? .max) < 1000)
    }

    @Test func whatIsNoFileIsRefusedAtOnce() throws {
        let folder = FileManager.default.temporaryDirectory.path()
        let pipe = folder + "/colod-\(UUID().uuidString)"
        #expect(mkfifo(pipe, 0o600) == 0)
        defer { unlink(pipe) }
        for path in [folder, pipe, "/dev/zero", "/dev/null"] {
            #expect(throws: ConfigurationError(problems: [.init(place: path, key: "", message: "is no regular file")]))
            {
                try ColodConfiguration.load(file: path)
            }
        }
        let large = TextFile(Array(repeating: UInt8(ascii: "#"), count: ConfigurationLimits.fileSize + 1))
        #expect(large.problem() == "FILE: is larger than \(ConfigurationLimits.fileSize) bytes")
        #expect(TextFile([]).problem() == "FILE: is empty; expected a mapping with 'guest'")
    }
}
