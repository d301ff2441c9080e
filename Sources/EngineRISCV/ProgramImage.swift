/// Why a file is no program that can be loaded.
public enum ProgramImageError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file is no little-endian ELF64 executable for RISC-V; the text names the field.
    case notRecognized(String)
    /// A header, segment or symbol lies outside of the file.
    case outOfBounds(String)
    /// A segment lies outside of RAM.
    case outsideMemory(address: UInt64, size: UInt64)

    /// What is wrong, in words.
    public var description: String {
        switch self {
        case .notRecognized(let what): "not a RISC-V ELF64 executable: \(what)"
        case .outOfBounds(let what): "\(what) lies outside of the file"
        case .outsideMemory(let address, let size):
            "a segment of \(size) bytes at 0x\(String(address, radix: 16)) lies outside of memory"
        }
    }
}

/// A bare-metal program in an ELF64 file (System V ABI, chapter 4 and 5), read with every offset checked.
public struct ProgramImage: Sendable {
    /// A piece of the file that belongs in memory; what `size` has beyond `bytes` is zero.
    public struct Segment: Sendable {
        /// Physical address of the first byte.
        public let address: UInt64
        /// The content from the file.
        public let bytes: [UInt8]
        /// Length in memory.
        public let size: UInt64
    }

    /// Address of the first instruction.
    public let entry: UInt64
    /// What is loaded.
    public let segments: [Segment]
    private let symbols: [(name: String, value: UInt64)]

    private enum Limit {
        static let segments = 64
        static let sections = 4096
        static let symbols = 1 << 20
        static let nameLength = 256
    }

    /// Reads the file `elf`.
    public init(elf: [UInt8]) throws(ProgramImageError) {
        let file = File(bytes: elf)
        guard elf.count >= 64, elf[0..<4].elementsEqual([0x7f, 0x45, 0x4c, 0x46]) else {
            throw .notRecognized("magic")
        }
        guard elf[4] == 2, elf[5] == 1 else { throw .notRecognized("class or byte order") }
        guard try file.read(18, 2, "e_machine") == 243 else { throw .notRecognized("machine") }
        entry = try file.read(24, 8, "e_entry")
        segments = try Self.segments(file)
        symbols = try Self.symbols(file)
    }

    /// A program of instruction words that begins at `address`, without symbols.
    public init(words: [UInt32], address: UInt64) {
        var bytes: [UInt8] = []
        for word in words {
            for shift: UInt32 in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
        }
        entry = address
        segments = [Segment(address: address, bytes: bytes, size: UInt64(bytes.count))]
        symbols = []
    }

    /// The value of the symbol `name`.
    public func symbol(_ name: String) -> UInt64? { symbols.first { $0.name == name }?.value }

    private static func segments(_ file: File) throws(ProgramImageError) -> [Segment] {
        let table = try file.read(32, 8, "e_phoff")
        let entrySize = try file.read(54, 2, "e_phentsize")
        let count = try file.read(56, 2, "e_phnum")
        guard entrySize >= 56, count <= Limit.segments else { throw .notRecognized("program headers") }
        var segments: [Segment] = []
        for index in 0..<count {
            let header = try file.offset(table, index * entrySize, "program header \(index)")
            guard try file.read(header, 4, "p_type") == 1 else { continue }
            let offset = try file.read(header + 8, 8, "p_offset")
            let address = try file.read(header + 24, 8, "p_paddr")
            let inFile = try file.read(header + 32, 8, "p_filesz")
            let size = try file.read(header + 40, 8, "p_memsz")
            guard inFile <= size else { throw .notRecognized("segment \(index) is larger in the file than in memory") }
            segments.append(
                Segment(address: address, bytes: try file.slice(offset, inFile, "segment \(index)"), size: size))
        }
        return segments
    }

    private static func symbols(_ file: File) throws(ProgramImageError) -> [(name: String, value: UInt64)] {
        let table = try file.read(40, 8, "e_shoff")
        let entrySize = try file.read(58, 2, "e_shentsize")
        let count = try file.read(60, 2, "e_shnum")
        if count == 0 { return [] }
        guard entrySize >= 64, count <= Limit.sections else { throw .notRecognized("section headers") }
        for index in 0..<count {
            let header = try file.offset(table, index * entrySize, "section header \(index)")
            guard try file.read(header + 4, 4, "sh_type") == 2 else { continue }
            let link = try file.read(header + 40, 4, "sh_link")
            guard link < count else { throw .outOfBounds("string table of section \(index)") }
            let names = try file.offset(table, link * entrySize, "section header \(link)")
            return try entries(file, table: header, names: names)
        }
        return []
    }

    private static func entries(
        _ file: File, table: Int, names: Int
    ) throws(ProgramImageError) -> [(name: String, value: UInt64)] {
        let start = try file.read(table + 24, 8, "symbol table")
        let size = try file.read(table + 32, 8, "symbol table")
        let content = try file.slice(
            try file.read(names + 24, 8, "string table"), try file.read(names + 32, 8, "string table"), "string table")
        guard size / 24 <= Limit.symbols else { throw .notRecognized("symbol table") }
        var symbols: [(name: String, value: UInt64)] = []
        for index in 0..<size / 24 {
            let place = try file.offset(start, index * 24, "symbol \(index)")
            let name = try file.read(place, 4, "symbol \(index)")
            guard name < UInt64(content.count) else { throw .outOfBounds("name of symbol \(index)") }
            let text = content[Int(name)...].prefix(Limit.nameLength).prefix { $0 != 0 }
            symbols.append((String(decoding: text, as: UTF8.self), try file.read(place + 8, 8, "symbol \(index)")))
        }
        return symbols
    }
}

/// Bounded little-endian reads of a file's bytes.
private struct File {
    let bytes: [UInt8]

    /// `base + displacement` as an index.
    func offset(_ base: UInt64, _ displacement: UInt64, _ what: String) throws(ProgramImageError) -> Int {
        let (sum, overflow) = base.addingReportingOverflow(displacement)
        guard !overflow, sum <= UInt64(bytes.count) else { throw .outOfBounds(what) }
        return Int(sum)
    }

    func read(_ offset: Int, _ width: Int, _ what: String) throws(ProgramImageError) -> UInt64 {
        guard offset >= 0, offset <= bytes.count - width else { throw .outOfBounds(what) }
        var value: UInt64 = 0
        for index in (offset..<offset + width).reversed() { value = value << 8 | UInt64(bytes[index]) }
        return value
    }

    func slice(_ offset: UInt64, _ count: UInt64, _ what: String) throws(ProgramImageError) -> [UInt8] {
        guard count <= UInt64(bytes.count), offset <= UInt64(bytes.count) - count else { throw .outOfBounds(what) }
        return Array(bytes[Int(offset)..<Int(offset + count)])
    }
}
