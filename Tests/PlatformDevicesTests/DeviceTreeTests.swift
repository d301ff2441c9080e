import ByteCoding
import Testing

@testable import PlatformDevices

/// Reads a blob back, checking what the specification demands of its structure.
private struct Flattened {
    var lines: [String] = []
    private let blob: [UInt8]
    private let strings: Int

    init(_ blob: [UInt8]) throws {
        self.blob = blob
        var header = ByteReader(blob)
        let fields = try (0..<10).map { _ in try header.read(UInt32.self) }
        #expect(fields[0] == 0xd00d_feed)
        #expect(Int(fields[1]) == blob.count)
        #expect(fields[2] % 4 == 0 && fields[4] % 8 == 0)
        #expect((fields[5], fields[6]) == (17, 16))
        #expect(Int(fields[3] + fields[8]) <= blob.count)
        strings = Int(fields[3])
        var reader = ByteReader(blob, from: Int(fields[2]))
        try readNode(&reader, path: "")
        #expect(try reader.read(UInt32.self) == 9)
        #expect(reader.offset == Int(fields[2] + fields[9]))
    }

    private func text(at offset: Int) -> String {
        String(decoding: blob[offset...].prefix { $0 != 0 }, as: UTF8.self)
    }

    private mutating func readNode(_ reader: inout ByteReader, path: String) throws {
        #expect(try reader.read(UInt32.self) == 1)
        let name = text(at: reader.offset)
        try reader.skip(name.utf8.count + 1)
        try reader.skip((4 - reader.offset % 4) % 4)
        let here = path + name + "/"
        lines.append(here)
        while true {
            var probe = reader
            switch try probe.read(UInt32.self) {
            case 3:
                let count = Int(try probe.read(UInt32.self))
                let property = text(at: strings + Int(try probe.read(UInt32.self)))
                let value = try probe.readBytes(count)
                try probe.skip((4 - probe.offset % 4) % 4)
                lines.append("\(here)\(property)=\(value.map { String($0, radix: 16) }.joined(separator: " "))")
                reader = probe
            case 1: try readNode(&reader, path: here)
            default:
                reader = probe
                return
            }
        }
    }
}

@Suite struct DeviceTreeTests {
    @Test func aTreeReadsBackAsItWasBuilt() throws {
        var root = DeviceTreeNode("")
        root.set("compatible", "a", "bc")
        root.set("#address-cells", cells: 2)
        var child = DeviceTreeNode("uart@10000000")
        child.set("reg", wide: 0x1000_0000, 0x100)
        child.setFlag("on")
        child.set("compatible", "d")
        child.add(DeviceTreeNode("leaf"))
        root.add(child)
        root.set("odd", bytes: [1, 2, 3])
        let tree = try Flattened(DeviceTree.flatten(root))
        #expect(
            tree.lines == [
                "/", "/compatible=61 0 62 63 0", "/#address-cells=0 0 0 2", "/odd=1 2 3", "/uart@10000000/",
                "/uart@10000000/reg=0 0 0 0 10 0 0 0 0 0 0 0 0 0 1 0", "/uart@10000000/on=",
                "/uart@10000000/compatible=64 0", "/uart@10000000/leaf/",
            ])
    }

    @Test func aPropertyNameIsStoredOnce() {
        var root = DeviceTreeNode("")
        for index in 0..<5 {
            var child = DeviceTreeNode("n\(index)")
            child.set("interrupts-extended", cells: 1)
            root.add(child)
        }
        let blob = DeviceTree.flatten(root)
        let name = Array("interrupts-extended".utf8)
        let places = blob.indices.filter { blob[$0...].starts(with: name) }
        #expect(places.count == 1)
    }
}
