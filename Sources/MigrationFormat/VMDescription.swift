import ByteCoding

/// The JSON text behind a stream that describes its device sections. Receivers skip it; tools read it.
public enum VMDescription {
    /// Writes the record: type, length and text. Each device is described as one buffer of its size.
    public static func write(devices: [(header: SectionHeader, size: Int)], to writer: inout ByteWriter) {
        let text = json(devices: devices)
        writer.write(RecordType.description.rawValue)
        writer.write(UInt32(text.utf8.count))
        writer.write(text.utf8)
    }

    /// The text alone.
    public static func json(devices: [(header: SectionHeader, size: Int)]) -> String {
        let entries = devices.map { header, size in
            """
            {"name": \(quoted(header.name)), "instance_id": \(header.instance), "version": \(header.version), \
            "size": \(size), "fields": [{"name": "data", "size": \(size), "type": "buffer"}]}
            """
        }
        return #"{"page_size": \#(MigrationFormat.pageSize), "devices": [\#(entries.joined(separator: ", "))]}"#
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
