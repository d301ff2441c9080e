import MigrationFormat
import StreamAnalysis

/// A stream for people: where each thing begins, how large it is, and what is in it.
struct StreamText: StreamPrinter {
    let path: String
    let total: UInt64
    let shape: StreamShape
    /// Parts of a live section that follow one another and are told at once.
    private var parts: (first: StreamItem, count: Int, end: UInt64, pages: [PageCount])?

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
        if case .section(let section) = item.content, section.type == .sectionPart,
            case .ram(let content) = section.data
        {
            if parts != nil, join(item, section, content) { return [] }
            let before = takeParts()
            parts = (item, 1, item.offset + item.size, content.pages)
            return before
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
        for (index, entry) in totals.pages.enumerated() {
            lines.append((index == 0 ? "Pages     " : "          ") + Self.text(entry))
        }
        if let damage { lines += ["", "DAMAGED: \(damage.description)."] }
        return lines
    }

    // MARK: Parts

    private mutating func join(_ item: StreamItem, _ section: Section, _ content: RAMContent) -> Bool {
        guard var parts, case .section(let first) = parts.first.content, first.header.id == section.header.id,
            parts.end == item.offset
        else { return false }
        parts.count += 1
        parts.end = item.offset + item.size
        for entry in content.pages { parts.pages.add(entry) }
        self.parts = parts
        return true
    }

    private mutating func takeParts() -> [String] {
        guard let told = parts, case .section(var section) = told.first.content, case .ram(var content) = section.data
        else { return [] }
        parts = nil
        content.pages = told.pages
        section.data = .ram(content)
        section.dataSize += told.end - told.first.offset - told.first.size
        var item = told.first
        item.size = told.end - item.offset
        item.content = .section(section)
        return text(item, count: told.count)
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
                Self.title(of: section) + (count > 1 ? " x \(count)" : "") + (isUnfinished ? ", broken off" : "")
            return block(title, lines(of: section.data))
        case .command(let command): return [line("command \(command.name)\(Self.arguments(of: command))")]
        case .endOfPackage: return [line("end of the package")]
        case .endOfSections: return [line("end of the sections")]
        case .description(let description?, _):
            let pages = description.pageSize.map { ", pages of \($0) bytes" } ?? ""
            return [line("description of \(description.devices.count) devices\(pages)")]
        case .description(nil, let problem): return [line("description: \(problem ?? "cannot be read")")]
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
            return content.blocks.map(Self.text) + content.pages.map(Self.text)
        case .disks(let content):
            let disks = content.disks.map {
                "\(shown($0.name)): \($0.dataChunks) MiB of data, \($0.zeroChunks) MiB of zeroes"
            }
            return disks + (content.progress.map { ["\($0) % of the first pass"] } ?? [])
        case .bitmaps(let bitmaps): return bitmaps.map(Self.text)
        case .device(let device):
            var lines = device.note.map { ["note: \($0)"] } ?? []
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

    private static func text(_ entry: PageCount) -> String {
        "\(shown(entry.block)): \(entry.pages) \(entry.kind.rawValue), \(entry.bytes) bytes"
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

extension [PageCount] {
    fileprivate mutating func add(_ entry: PageCount) {
        if let index = firstIndex(where: { $0.kind == entry.kind && $0.block == entry.block }) {
            self[index].pages += entry.pages
            self[index].bytes += entry.bytes
        } else {
            append(entry)
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
