import Environment

/// Writes arguments as JSON text, from the types of the schema: well-formed ones at the edges of what is allowed, or
/// with one fault somewhere inside.
struct ArgumentGenerator {
    private let model: SchemaModel
    /// Where the choices come from.
    var random: SeededGenerator
    /// After how many more values the fault comes; nil for none.
    private var valuesUntilFault: Int?
    /// Whether the last arguments are certainly wrong.
    private(set) var isFaulty = false

    private static let deepest = 5

    init(_ model: SchemaModel, seed: UInt64) {
        self.model = model
        random = SeededGenerator(seed: seed)
    }

    /// Arguments of the type `type`, an object. With a fault if `faulty`, certainly.
    mutating func arguments(_ type: String, faulty: Bool) -> String {
        isFaulty = false
        valuesUntilFault = faulty ? Int.random(in: 0...8, using: &random) : nil
        let text = value(type, depth: 0)
        valuesUntilFault = nil
        guard faulty, !isFaulty else { return text }
        isFaulty = true
        return text == "{}" ? #"{"unknown": 1}"# : "\(text.dropLast()), \"unknown\": 1}"
    }

    private mutating func chance(_ one: Int, in many: Int) -> Bool { Int.random(in: 0..<many, using: &random) < one }

    /// One of the texts.
    mutating func pick(_ texts: [String]) -> String { texts.randomElement(using: &random) ?? "" }

    private mutating func isFaultDue() -> Bool {
        guard let left = valuesUntilFault else { return false }
        valuesUntilFault = left > 0 ? left - 1 : nil
        return left == 0
    }

    private mutating func value(_ type: String, depth: Int) -> String {
        switch model.shapes[type] {
        case .builtin(let name): builtin(name)
        case .enumeration(let values): enumeration(values)
        case .array(let element): array(of: element, depth: depth)
        case .object(let members, let variants): object(members, variants, depth: depth)
        case .alternate(let types): value(pick(types), depth: depth)
        case nil: "null"
        }
    }

    private mutating func builtin(_ name: String) -> String {
        let isFaultDue = isFaultDue()
        if isFaultDue, name != "any" {
            isFaulty = true
            return pick(Literals.wrong(for: name))
        }
        return switch name {
        case "int": pick(Literals.integers)
        case "number": pick(Literals.numbers)
        case "str": pick(Literals.strings)
        case "bool": pick(["true", "false"])
        case "null": "null"
        default: pick(Literals.anything)
        }
    }

    private mutating func enumeration(_ values: [String]) -> String {
        guard isFaultDue() else { return "\"\(pick(values))\"" }
        isFaulty = true
        return pick(Literals.wrong(for: "str") + ["\"\"", "\"nope\"", "\"\(pick(values).uppercased())\u{20}\""])
    }

    private mutating func array(of element: String, depth: Int) -> String {
        if isFaultDue() {
            isFaulty = true
            return pick(Literals.wrong(for: "array"))
        }
        let count = depth >= Self.deepest ? 0 : Int.random(in: 0...3, using: &random)
        let elements = (0..<count).map { _ in value(element, depth: depth + 1) }
        return "[\(elements.joined(separator: ", "))]"
    }

    private mutating func object(_ members: [SchemaModel.Member], _ variants: SchemaModel.Variants?, depth: Int)
        -> String
    {
        var unknownIsDue = false
        var skipsMandatory = false
        if isFaultDue() {
            isFaulty = true
            switch Int.random(in: 0..<3, using: &random) {
            case 0 where depth > 0: return pick(Literals.wrong(for: "object"))
            case 1 where members.contains { !$0.isOptional }: skipsMandatory = true
            default: unknownIsDue = true
            }
        }
        let chosen = variants.flatMap { $0.cases.randomElement(using: &random) }
        var all = members
        if let chosen, case .object(let more, _) = model.shapes[chosen.type] { all += more }
        // A long list of optional members (the parameters) is better tried a few at a time.
        let optionalShare = max(4, all.count / 3)
        var texts: [String] = []
        for member in all {
            if member.isOptional, depth >= Self.deepest || !chance(1, in: optionalShare) { continue }
            if skipsMandatory, !member.isOptional {
                skipsMandatory = false
                continue
            }
            let isTag = member.name == variants?.tag && chosen != nil
            let text = isTag ? "\"\(chosen?.value ?? "")\"" : value(member.type, depth: depth + 1)
            texts.append("\"\(member.name)\": \(text)")
        }
        if unknownIsDue { texts.append("\"\(pick(["unknown", "", "a-b_c", "URI"]))\": \(pick(Literals.anything))") }
        if chance(1, in: 4) { texts.shuffle(using: &random) }
        return "{\(texts.joined(separator: ", "))}"
    }
}

/// JSON texts that are at the edge of something.
enum Literals {
    static let integers = [
        "0", "1", "2", "3", "5", "8", "9", "10", "-1", "20", "60", "61", "99", "100", "101", "127", "128", "255", "256",
        "300", "1000", "1001", "4095", "4096", "4097", "8192", "10000", "10001", "16384", "16385", "65535", "65536",
        "100000", "100001", "2000000", "2000001", "2147483647", "2147483648", "4294967295", "4294967296",
        "-2147483649", "9223372036854775807", "9223372036854775808", "18446744073709551615", "18446744073709551616",
        "-9223372036854775808", "-9223372036854775809", "-0",
    ]
    static let numbers = integers + ["0.5", "1.0", "1e2", "-1.25", "1e308"]
    static let strings = [
        #""""#, #""a""#, #""x-1""#, #""1a""#, #""none""#, #""a b""#, #""é""#, #""\u00e9\ud83d\ude00""#, #"'single'"#,
        #""a\"b\\\/\b\f\n\r\t""#, #""/nope""#, "\"" + String(repeating: "n", count: 255) + "\"",
        "\"" + String(repeating: "n", count: 256) + "\"", "\"" + String(repeating: "m", count: 1024) + "\"",
    ]
    static let anything =
        ["null", "true", "false", "[]", "{}", #"[1, [2, {"a": "b"}]]"#, #"{"a": {"b": null}}"#] + strings + numbers

    /// Values that are certainly not of the type.
    static func wrong(for type: String) -> [String] {
        var result = ["null", "true", "-1", "0", "1", "1.5", "1.0", #""1""#, #""""#, #""true""#, "[]", "{}", "[null]"]
        let right: Set<String> =
            switch type {
            case "int": ["-1", "0", "1"]
            case "number": ["-1", "0", "1", "1.5", "1.0"]
            case "str": [#""1""#, #""""#, #""true""#]
            case "bool": ["true"]
            case "null": ["null"]
            case "array": ["[]", "[null]"]
            case "object": ["{}"]
            default: []
            }
        result.removeAll { right.contains($0) }
        return result
    }
}
