import MigrationFormat
import QMP
import StreamAnalysis

/// A stream as one JSON object, a line for each thing found:
/// `{"file", "size", "items": [...], "totals": {...}, "unfinished": {...}|null, "damage": {...}|null}`.
struct StreamJSON: StreamPrinter {
    let path: String
    let size: UInt64
    let shape: StreamShape
    private var isFirst = true

    init(path: String, size: UInt64, shape: StreamShape) {
        self.path = path
        self.size = size
        self.shape = shape
    }

    var opening: [String] {
        ["{\"file\": \(JSONValue.string(path).text()), \"size\": \(size), \"items\": ["]
    }

    mutating func lines(_ item: StreamItem) -> [String] {
        guard shape.shows(item) else { return [] }
        let text = json(item).text()
        defer { isFirst = false }
        return [(isFirst ? "" : ",") + text]
    }

    mutating func closing(_ totals: StreamTotals, unfinished: StreamItem?, _ damage: StreamDamage?) -> [String] {
        var object: JSONObject = [
            "bytes": JSONValue(totals.bytes), "sections": JSONValue(totals.sections),
            "devices": JSONValue(totals.devices), "device-bytes": JSONValue(totals.deviceBytes),
            "commands": JSONValue(totals.commands),
        ]
        for kind in PageKind.allCases { object["pages-\(kind.rawValue)"] = JSONValue(totals.pages(kind)) }
        object["pages"] = .array(totals.pages.map(json))
        let broken: JSONValue =
            damage.map {
                [
                    "problem": .string($0.problem), "section": $0.section.map { .string($0) } ?? .null,
                    "offset": JSONValue($0.offset), "truncated": .boolean($0.isTruncation),
                ]
            } ?? .null
        return [
            "], \"totals\": \(JSONValue.object(object).text()),",
            "\"unfinished\": \(unfinished.map { json($0).text() } ?? "null"), \"damage\": \(broken.text())}",
        ]
    }

    // MARK: Items

    private func json(_ item: StreamItem) -> JSONValue {
        var object: JSONObject = ["type": .string(item.content.kind)]
        object["offset"] = JSONValue(item.offset)
        object["size"] = JSONValue(item.size)
        switch item.content {
        case .header(let header):
            object["machine-type"] = header.machineType.map { .string($0) } ?? .null
            object["page-size"] = JSONValue(header.pageSize)
            object["capabilities"] = .array(header.capabilities.map { .string($0) })
            object["uuid"] = header.uuid.map { .string(uuidText($0)) } ?? .null
        case .section(let section): add(section, to: &object)
        case .command(let command): add(command, to: &object)
        case .description(let description, let problem):
            object["page-size"] = description?.pageSize.map { JSONValue($0) } ?? .null
            object["devices"] = .array((description?.devices ?? []).map(json))
            object["problem"] = problem.map { .string($0) } ?? .null
        case .message(let message):
            object["message"] = .string(message.name)
            if case .vmstateSize(let size) = message { object["value"] = JSONValue(size) }
        case .endOfPackage, .endOfSections, .trailer: break
        }
        return .object(object)
    }

    private func add(_ section: Section, to object: inout JSONObject) {
        let header = section.header
        object["part"] = .string(section.type.label.lowercased())
        object["id"] = JSONValue(header.id)
        object["name"] = .string(header.name)
        object["instance"] = JSONValue(header.instance)
        object["version"] = JSONValue(header.version)
        object["data-offset"] = JSONValue(section.dataOffset)
        object["data-size"] = JSONValue(section.dataSize)
        switch section.data {
        case .ram(let content):
            object["blocks"] = .array(content.blocks.map(json))
            object["pages"] = .array(content.pages.map(json))
        case .disks(let content):
            object["disks"] = .array(
                content.disks.map {
                    [
                        "name": .string($0.name), "data-chunks": JSONValue($0.dataChunks),
                        "zero-chunks": JSONValue($0.zeroChunks),
                    ]
                })
            object["progress"] = content.progress.map { JSONValue($0) } ?? .null
        case .bitmaps(let bitmaps): object["bitmaps"] = .array(bitmaps.map(json))
        case .device(let device):
            object["sized-by"] = .string(device.sizedBy.rawValue)
            object["note"] = device.note.map { .string($0) } ?? .null
            if shape.fields { object["state"] = device.state.map(json) ?? .null }
        }
    }

    private func add(_ command: StreamCommand, to object: inout JSONObject) {
        object["command"] = .string(command.name)
        switch command {
        case .ping(let value): object["value"] = JSONValue(value)
        case .postcopyAdvise(let advice?):
            object["page-sizes"] = JSONValue(advice.pageSizes)
            object["target-page-size"] = JSONValue(advice.targetPageSize)
        case .postcopyDiscard(let block, let ranges):
            object["block"] = .string(block)
            object["ranges"] = .array(ranges.map { ["start": JSONValue($0.start), "length": JSONValue($0.length)] })
        case .packaged(let count): object["length"] = JSONValue(count)
        case .receiveBitmap(let block): object["block"] = .string(block)
        default: break
        }
    }

    // MARK: Parts of items

    private func json(_ block: RAMBlockEntry) -> JSONValue {
        var object: JSONObject = ["name": .string(block.name), "length": JSONValue(block.length)]
        object["host-page-size"] = block.pageSize.map { JSONValue($0) }
        object["guest-address"] = block.guestAddress.map { JSONValue($0) }
        return .object(object)
    }

    private func json(_ entry: PageCount) -> JSONValue {
        [
            "block": .string(entry.block), "kind": .string(entry.kind.rawValue), "pages": JSONValue(entry.pages),
            "bytes": JSONValue(entry.bytes),
        ]
    }

    private func json(_ bitmap: BitmapContent) -> JSONValue {
        var object: JSONObject = ["node": .string(bitmap.node), "bitmap": .string(bitmap.bitmap)]
        object["granularity"] = bitmap.granularity.map { JSONValue($0) }
        object["enabled"] = bitmap.isEnabled.map { .boolean($0) }
        object["persistent"] = bitmap.isPersistent.map { .boolean($0) }
        object["chunks"] = JSONValue(bitmap.chunks)
        object["bytes"] = JSONValue(bitmap.bytes)
        object["bits-set"] = JSONValue(bitmap.bitsSet)
        object["complete"] = .boolean(bitmap.isComplete)
        return .object(object)
    }

    private func json(_ device: StreamDescription.Device) -> JSONValue {
        [
            "name": .string(device.name), "instance": JSONValue(device.instance),
            "version": device.state.version.map { JSONValue($0) } ?? .null,
            "size": device.state.size.map { JSONValue($0) } ?? .null,
        ]
    }

    private func json(_ state: DeviceStateValue) -> JSONValue {
        var object: JSONObject = ["name": .string(state.name)]
        object["version"] = state.version.map { JSONValue($0) } ?? .null
        object["fields"] = .array(state.fields.map(json))
        object["subsections"] = .array(state.subsections.map(json))
        return .object(object)
    }

    private func json(_ field: DeviceStateValue.Field) -> JSONValue {
        var object: JSONObject = ["name": .string(field.name), "type": .string(field.type)]
        object["index"] = field.index.map { JSONValue($0) }
        object["offset"] = JSONValue(field.offset)
        object["size"] = JSONValue(field.size)
        object["value"] = json(field.value)
        return .object(object)
    }

    private func json(_ value: DeviceStateValue.Value) -> JSONValue {
        switch value {
        case .unsigned(let number): JSONValue(number)
        case .signed(let number): JSONValue(number)
        case .boolean(let value): .boolean(value)
        case .timer(let expiry): expiry.map { JSONValue($0) } ?? .null
        case .bytes(let bytes): .string(hexadecimal(bytes))
        case .structure(let state): json(state)
        case .elements(let elements): .array(elements.map(json))
        }
    }
}

extension StreamItem.Content {
    /// The value of the key "type".
    var kind: String {
        switch self {
        case .header: "header"
        case .section: "section"
        case .command: "command"
        case .endOfPackage: "end-of-package"
        case .endOfSections: "end-of-sections"
        case .description: "description"
        case .message: "message"
        case .trailer: "trailer"
        }
    }
}
