import MigrationFormat
import StreamAnalysis

/// A stream for people: where each thing begins, how large it is, and what is in it.
struct StreamText: StreamPrinter {
    let path: String
    let total: UInt64
    let shape: StreamShape
    /// Parts of live sections that follow one another: those of a section are told at once.
    private var parts: [(first: StreamItem, section: Section, size: UInt64, count: Int)] = []

    init(path: String, size: UInt64, shape: StreamShape) {
        self.path = path
        total = size
        self.shape = shape
    }

    private static let indent = String(repeating: " ", count: 26)

    var opening: [String] {
        ["\(path), \(total) bytes", "", "      offset        size  what"]
    }

    mutating func lines(_ item: StreamItem) -> [String] {
        guard shape.shows(item) else { return [] }
        if case .section(let section) = item.content, section.type == .sectionPart {
            join(item, section)
            return []
        }
        return takeParts() + text(item)
    }

    mutating func closing(_ totals: StreamTotals, unfinished: StreamItem?, _ damage: StreamDamage?) -> [String] {
        var lines = takeParts()
        if let unfinished, shape.shows(unfinished) { lines += text(unfinished, isUnfinished: true) }
        lines.append("")
        lines.append("Read      \(totals.bytes) of \(total) bytes")
        lines.append(
            "Sections  \(totals.sections), \(totals.devices) of them devices with \(totals.deviceBytes) bytes of state")
        if totals.commands > 0 { lines.append("Commands  \(totals.commands)") }
        for (index, text) in Self.lines(of: totals.pages).enumerated() {
            lines.append((index == 0 ? "Pages     " : "          ") + text)
        }
        if let damage { lines += ["", "DAMAGED: \(shown(damage.description))."] }
        return lines
    }

    // MARK: Parts

    private mutating func join(_ item: StreamItem, _ section: Section) {
        guard let index = parts.firstIndex(where: { $0.section.header.id == section.header.id }) else {
            return parts.append((item, section, item.size, 1))
        }
        parts[index].section.data.add(section.data)
        parts[index].section.dataSize += section.dataSize
        parts[index].size += item.size
        parts[index].count += 1
    }

    private mutating func takeParts() -> [String] {
        defer { parts = [] }
        return parts.flatMap { part in
            var item = part.first
            item.size = part.size
            item.content = .section(part.section)
            return text(item, count: part.count)
        }
    }

    // MARK: Items

    private func text(_ item: StreamItem, count: Int = 1, isUnfinished: Bool = false) -> [String] {
        func line(_ text: String) -> String { right("\(item.offset)", 12) + right("\(item.size)", 12) + "  " + text }
        func block(_ first: String, _ rest: [String]) -> [String] {
            [line(first)] + rest.map { Self.indent + "  " + $0 }
        }
        switch item.content {
        case .header(let header): return block("header", Self.lines(of: header))
        case .section(let section):
            let title =
                (count > 1 ? "\(count) x " : "") + Self.title(of: section) + (isUnfinished ? ", broken off" : "")
            return block(title, lines(of: section.data))
        case .command(let command): return [line("command \(command.name)\(Self.arguments(of: command))")]
        case .endOfPackage: return [line("end of the package")]
        case .endOfSections: return [line("end of the sections")]
        case .description(let description?, _):
            let pages = description.pageSize.map { ", pages of \($0) bytes" } ?? ""
            return [line("description of \(description.devices.count) devices\(pages)")]
        case .description(nil, let problem): return [line("description: \(shown(problem ?? "cannot be read"))")]
        case .message(let message):
            if case .vmstateSize(let size) = message { return [line("message \(message.name) \(size)")] }
            return [line("message \(message.name)")]
        case .trailer: return [line("bytes behind the end of the stream")]
        }
    }

    private static func lines(of header: StreamHeader) -> [String] {
        var lines = [header.machineType.map { "machine \(shown($0))" } ?? "without a configuration"]
        lines.append("pages of \(header.pageSize) bytes")
        if !header.capabilities.isEmpty {
            lines.append("capabilities " + header.capabilities.map(shown).joined(separator: ", "))
        }
        if let uuid = header.uuid { lines.append("UUID " + uuidText(uuid)) }
        return lines
    }

    private static func title(of section: Section) -> String {
        let header = section.header
        var title = "\(section.type.label) \(shown(header.name)), id \(header.id)"
        switch section.type {
        case .sectionStart, .sectionFull:
            if header.instance != 0 { title += ", instance \(header.instance)" }
            title += ", version \(header.version)"
        default: break
        }
        return title + ", \(section.dataSize) bytes"
    }

    private func lines(of data: Section.Data) -> [String] {
        switch data {
        case .ram(let content):
            return content.blocks.map(Self.text) + Self.lines(of: content.pages)
        case .disks(let content):
            let disks = content.disks.map {
                "\(shown($0.name)): \($0.dataChunks) MiB of data, \($0.zeroChunks) MiB of zeroes"
            }
            return disks + (content.progress.map { ["\($0) % of the first pass"] } ?? [])
        case .bitmaps(let bitmaps): return bitmaps.map(Self.text)
        case .device(let device):
            var lines = device.note.map { ["note: \(shown($0))"] } ?? []
            if device.sizedBy == .footer { lines.append("without a description that fits: not taken apart") }
            if let state = device.state, shape.fields { lines += StreamFieldText(full: shape.full).lines(of: state) }
            return lines
        }
    }

    private static func text(_ block: RAMBlockEntry) -> String {
        var text = "block \(shown(block.name)): \(block.length) bytes (\(size(block.length)))"
        if let pages = block.pageSize { text += ", host pages of \(pages) bytes" }
        if let address = block.guestAddress { text += ", at guest address \(hexadecimal(address))" }
        return text
    }

    /// A line a block: "ram: 3 raw, 5 zero, 12367 bytes".
    private static func lines(of pages: [PageCount]) -> [String] {
        var blocks: [(name: String, kinds: [String], bytes: UInt64)] = []
        for entry in pages {
            let kind = "\(entry.pages) \(entry.kind.rawValue)"
            if let index = blocks.firstIndex(where: { $0.name == entry.block }) {
                blocks[index].kinds.append(kind)
                blocks[index].bytes += entry.bytes
            } else {
                blocks.append((entry.block, [kind], entry.bytes))
            }
        }
        return blocks.map { "\(shown($0.name)): \($0.kinds.joined(separator: ", ")), \($0.bytes) bytes" }
    }

    private static func text(_ bitmap: BitmapContent) -> String {
        var text = "\(shown(bitmap.node))/\(shown(bitmap.bitmap)):"
        if let granularity = bitmap.granularity { text += " granularity \(granularity)," }
        if bitmap.isEnabled == true { text += " enabled," }
        if bitmap.isPersistent == true { text += " persistent," }
        text += " \(bitmap.chunks) chunks, \(bitmap.bitsSet) bits set"
        return text + (bitmap.isComplete ? ", complete" : "")
    }

    private static func arguments(of command: StreamCommand) -> String {
        switch command {
        case .ping(let value): " \(value)"
        case .postcopyAdvise(let advice?):
            ": host page sizes \(hexadecimal(advice.pageSizes)), pages of \(advice.targetPageSize) bytes"
        case .postcopyAdvise(nil): ": dirty bitmaps only"
        case .postcopyDiscard(let block, let ranges):
            ": \(shown(block)), \(ranges.count) ranges, \(ranges.reduce(UInt64(0)) { $0 &+ $1.length }) bytes"
        case .packaged(let count): ": \(count) bytes follow"
        case .receiveBitmap(let block): ": \(shown(block))"
        case .openReturnPath, .postcopyListen, .postcopyRun, .enableCOLO, .postcopyResume: ""
        }
    }
}

extension RecordType {
    /// The part of a section, as the wire format names it.
    var label: String {
        switch self {
        case .sectionStart: "START"
        case .sectionPart: "PART"
        case .sectionEnd: "END"
        default: "FULL"
        }
    }
}

/// A name from a stream, without what a terminal would take for an order.
func shown(_ text: String) -> String {
    String(text.unicodeScalars.map { $0.properties.generalCategory == .control ? "?" : Character($0) })
}

func hexadecimal(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }

private func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
}
