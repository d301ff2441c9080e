public import ByteCoding

/// A device section that was written, as it is described behind the stream.
public struct DescribedSection: Equatable, Sendable {
    /// Name, instance, version and id.
    public let header: SectionHeader
    /// What stands in it.
    public let state: DescribedState

    /// The section of `header`.
    public init(header: SectionHeader, state: DescribedState) {
        self.header = header
        self.state = state
    }
}

/// The JSON text behind a stream that describes its device sections (VMDESC, wire format §2.5). Receivers skip it; tools
/// take with it the sections apart whose devices they do not know.
public enum VMDescription {
    /// Writes the record: type, length and text.
    public static func write(devices: [DescribedSection], to writer: inout ByteWriter) {
        let text = json(devices: devices)
        writer.write(RecordType.description.rawValue)
        writer.write(UInt32(text.utf8.count))
        writer.write(text.utf8)
    }

    /// The text alone.
    public static func json(devices: [DescribedSection]) -> String {
        var text = "{\"page_size\": \(MigrationFormat.pageSize), \"devices\": ["
        for (index, device) in devices.enumerated() {
            text += index == 0 ? "{" : ", {"
            text += "\"name\": \(quoted(device.header.name)), \"instance_id\": \(device.header.instance), "
            append(device.state, to: &text)
            text += "}"
        }
        return text + "]}"
    }

    /// The members of the object that describes `state`.
    private static func append(_ state: DescribedState, to text: inout String) {
        text += "\"vmsd_name\": \(quoted(state.name)), \"version\": \(state.version), \"fields\": ["
        var isFirst = true
        for field in state.fields { append(field, to: &text, isFirst: &isFirst) }
        text += "]"
        guard !state.subsections.isEmpty else { return }
        text += ", \"subsections\": ["
        for (index, subsection) in state.subsections.enumerated() {
            text += index == 0 ? "{" : ", {"
            append(subsection, to: &text)
            text += "}"
        }
        text += "]"
    }

    /// An array is described by its first element if that describes all of them, else element by element; one without
    /// elements has no bytes and is not described.
    private static func append(_ field: DescribedState.Field, to text: inout String, isFirst: inout Bool) {
        guard case .array(let elements) = field.value else {
            return append(field.name, "", field.value, to: &text, isFirst: &isFirst)
        }
        guard let first = elements.first else { return }
        if elements.count == 1 {
            append(field.name, "", first, to: &text, isFirst: &isFirst)
        } else if elements.allSatisfy({ $0.isShaped(like: first) }) {
            append(field.name, "\"array_len\": \(elements.count), ", first, to: &text, isFirst: &isFirst)
        } else {
            for (index, element) in elements.enumerated() {
                append(field.name, "\"index\": \(index), ", element, to: &text, isFirst: &isFirst)
            }
        }
    }

    private static func append(
        _ name: String, _ place: String, _ value: DescribedState.Value, to text: inout String, isFirst: inout Bool
    ) {
        text += isFirst ? "{" : ", {"
        isFirst = false
        text += "\"name\": \(quoted(name)), \(place)\"type\": \"\(value.typeName)\", "
        switch value {
        case .structure(let state):
            text += "\"struct\": {"
            append(state, to: &text)
            text += "}, "
        // QEMU repeats the members for each element, under the same keys.
        case .list(let elements):
            for element in elements {
                append(element, to: &text)
                text += ", "
            }
        default: break
        }
        text += "\"size\": \(value.size)}"
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.value < 0x20:
                let digits = hex(scalar.value)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

extension DescribedState.Value {
    /// VMDESC's word for the type; that of an array is its elements'.
    fileprivate var typeName: String {
        switch self {
        case .scalar(let type, _): type.rawValue
        case .buffer, .array: "buffer"
        case .unused: "unused_buffer"
        case .bitmap: "bitmap"
        case .structure: "struct"
        case .list: "qtailq"
        }
    }
}
