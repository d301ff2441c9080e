import Environment
import MigrationFormat
import PairLab
import QMP
import StreamAnalysis
import Testing

extension ConformanceTests {
    /// Streams that real machines wrote, read with `StreamAnalysis` and `coloctl stream`.
    @Suite("Recorded streams of colod and of a real QEMU", needsQEMU())
    struct RecordedStreamTests {
        enum Machine: String, CaseIterable {
            case qemuNone, qemuPC, qemuMicroVM, colodNone, colodRISCV

            func record() throws -> RecordedStream {
                switch self {
                case .qemuNone: try .qemu("none")
                case .qemuPC: try .qemu("pc")
                case .qemuMicroVM: try .qemu("microvm")
                case .colodNone: try .colod(riscv64: false)
                case .colodRISCV: try .colod(riscv64: true)
                }
            }
        }

        @Test("every byte and every device of a whole stream is told", arguments: Machine.allCases)
        func whole(machine: Machine) throws {
            let stream = try machine.record()
            let reading = StreamReading(stream.bytes)
            #expect(reading.damage == nil)
            #expect(reading.items.reduce(0) { $0 + $1.size } == UInt64(stream.bytes.count))
            for (name, content) in reading.devices {
                #expect(content.sizedBy == .description && content.note == nil, "\(name): \(content.note ?? "")")
                #expect(content.state != nil, "\(name)")
            }
            #expect(reading.devices.last?.name == "globalstate")
            let state = reading.devices.last?.content.state?.fields.last
            if case .bytes(let text)? = state?.value {
                #expect(String(decoding: text, as: UTF8.self).contains("prelaunch"), "\(machine)")
            }
            let pages = reading.totals.pages.reduce(0) { $0 + $1.pages }
            guard case .ram(let list)? = reading.sections.first?.section.data else {
                Issue.record("the first section is not RAM")
                return
            }
            // Without the description the footers tell the same sizes.
            let end = reading.items.last { $0.content == .endOfSections }
            let bare = StreamReading(Array(stream.bytes.prefix(Int((end?.offset ?? 0) + 1))))
            #expect(bare.damage == nil)
            #expect(bare.sections.map(\.section.dataSize) == reading.sections.map(\.section.dataSize))
            // In the first pass every page is sent.
            #expect(pages >= list.blocks.reduce(0) { $0 + $1.length } / 4096)
        }

        @Test(
            "a snapshot of a guest that runs has the same sections from either, and each page once",
            arguments: [Program.qemu, .colod])
        func snapshot(program: Program) throws {
            var options = StartOptions()
            options.megabytes = 16
            options.machine = "none"
            let stream = try RecordedStream(program, options, capabilities: ["background-snapshot"])
            let reading = StreamReading(stream.bytes)
            #expect(reading.damage == nil)
            var words: [String] = []
            for item in reading.items {
                let word =
                    switch item.content {
                    case .header: "header"
                    case .section(let section): "\(section.type) \(section.header.name)"
                    case .endOfSections: "end"
                    case .description: "description"
                    default: "\(item.content)"
                    }
                // QEMU begins another part now and then.
                if word != words.last { words.append(word) }
            }
            #expect(
                words == [
                    "header", "sectionStart ram", "sectionPart ram", "sectionFull timer", "sectionFull globalstate",
                    "end",
                    "description",
                ])
            #expect(reading.totals.pages.reduce(0) { $0 + $1.pages } == 16 << 8)
            #expect(reading.totals.pages.allSatisfy { $0.kind == .raw || $0.kind == .zero })
            let state = reading.devices.last?.content.state?.fields.last
            guard case .bytes(let text)? = state?.value else { throw LabError("globalstate: \(words)") }
            #expect(String(decoding: text, as: UTF8.self).hasPrefix("running"))
        }

        @Test("the devices of a PC are told with their values")
        func valuesOfAPC() throws {
            let reading = StreamReading(try RecordedStream.qemu("pc").bytes)
            #expect(reading.devices.count >= 25)
            let processor = try #require(reading.devices.first { $0.name == "cpu" }?.content.state)
            // Where an x86 processor begins.
            #expect(processor.fields.first { $0.name == "env.eip" }?.value == .unsigned(0xfff0))
            let bridge = try #require(reading.devices.first { $0.name == "0000:00:00.0/I440FX" }?.content.state)
            guard case .structure(let device)? = bridge.fields.first?.value,
                case .bytes(let configuration)? = device.fields.first(where: { $0.type == "pci config" })?.value
            else {
                Issue.record("no PCI configuration")
                return
            }
            // Vendor and device of the 82441FX.
            #expect(Array(configuration.prefix(4)) == [0x86, 0x80, 0x37, 0x12])
            let timer = try #require(reading.devices.first { $0.name == "fw_cfg" }?.content.state)
            #expect(timer.subsections.map(\.name) == ["fw_cfg/dma", "fw_cfg/acpi_mr"])
        }

        @Test("what capabilities add is told")
        func capabilities() throws {
            let stream = try RecordedStream.qemu("none", capabilities: ["validate-uuid", "x-ignore-shared"])
            let reading = StreamReading(stream.bytes)
            #expect(reading.damage == nil)
            guard case .header(let header)? = reading.items.first?.content,
                case .ram(let list)? = reading.sections.first?.section.data
            else {
                Issue.record("no header")
                return
            }
            #expect(header.capabilities == ["x-ignore-shared"] && header.uuid?.first == 0 && header.uuid?[1] == 0x11)
            #expect(list.blocks.allSatisfy { $0.guestAddress != nil })
        }

        @Test("compressed pages are told")
        func compressedPages() throws {
            let reading = StreamReading(try RecordedStream.qemu("pc", capabilities: ["compress"]).bytes)
            #expect(reading.damage == nil && reading.totals.pages(.compressed) > 0)
        }

        @Test("blocks of a disk are told")
        func disks() throws {
            let folder = try TemporaryFolder()
            // One MiB of something, and three of nothing.
            let data = [UInt8](repeating: 7, count: 1 << 20) + [UInt8](repeating: 0, count: 3 << 20)
            try folder.write(data, to: "disk")
            let stream = try RecordedStream.qemu(
                "pc", capabilities: ["block", "zero-blocks"],
                arguments: [
                    "-drive", "if=none,id=drv0,format=raw,file=\(folder.path("disk"))", "-device",
                    "virtio-blk-pci,drive=drv0",
                ])
            let reading = StreamReading(stream.bytes)
            #expect(reading.damage == nil)
            var content: Section.Data = .disks(DiskContent())
            for (_, section) in reading.sections where section.header.name == "block" { content.add(section.data) }
            let expected = DiskContent.Disk(name: "drv0", dataChunks: 1, zeroChunks: 3)
            #expect(content == .disks(DiskContent(disks: [expected], progress: 100)))
        }

        @Test("a stream that is cut off or damaged is told to be", arguments: Machine.allCases)
        func damaged(machine: Machine) throws {
            let stream = try machine.record()
            let whole = StreamReading(stream.bytes)
            let description = whole.items.last?.offset ?? 0
            var random = SeededGenerator(seed: 0x57)
            for _ in 0..<40 {
                let count = Int(random.next() % UInt64(stream.bytes.count))
                guard UInt64(count) != description else { continue }
                let damage = try #require(StreamReading(Array(stream.bytes.prefix(count))).damage)
                #expect(damage.isTruncation && damage.offset <= UInt64(count), "\(count): \(damage)")
            }
            for _ in 0..<40 {
                var bytes = stream.bytes
                bytes[Int(random.next() % UInt64(bytes.count))] ^= 1 << UInt8(random.next() % 8)
                let reading = StreamReading(bytes)
                if let damage = reading.damage { #expect(damage.offset <= UInt64(bytes.count)) }
            }
            // A footer that is none names its section.
            for (item, section) in whole.sections {
                var bytes = stream.bytes
                bytes[Int(item.offset + item.size) - 5] ^= 0x01
                #expect(StreamReading(bytes).damage?.section == section.header.name)
            }
        }

        @Test("coloctl prints it for people and programs", arguments: Machine.allCases)
        func printed(machine: Machine) throws {
            let stream = try machine.record()
            let (end, text) = try stream.coloctl([])
            #expect(end == .exited(0), "\(text.suffix(400))")
            for words in ["START ram, id 2, version 4", "FULL globalstate", "end of the sections", "description of "] {
                #expect(text.contains(words), "\(machine) lacks \(words)")
            }
            #expect(text.contains("Read      \(stream.bytes.count) of \(stream.bytes.count) bytes"))
            let (endOfJSON, output) = try stream.coloctl(["--json"])
            #expect(endOfJSON == .exited(0))
            let json = try JSONStreamParser.parse(output)
            #expect(json["damage"] == .null && json["totals"]?["bytes"]?.integer == Int64(stream.bytes.count))
            let names = (json["items"]?.array ?? []).compactMap { $0["name"]?.string }
            #expect(names.first == "ram" && names.last == "globalstate")
            #expect(try stream.coloctl(["--summary"]).output.count <= text.count)
            #expect(try stream.coloctl(["--description"]).output.hasPrefix(#"{"page_size": 4096"#))
        }

        @Test("coloctl tells what broke, where and why, after what was readable")
        func printedDamage() throws {
            let stream = try RecordedStream.qemu("pc")
            let whole = StreamReading(stream.bytes)
            let part = try #require(whole.sections.first { $0.section.type == .sectionPart })
            let cut = Int(part.item.offset) + 100_000
            let path = try stream.written(Array(stream.bytes.prefix(cut)))
            let (end, text) = try stream.coloctl([], on: path)
            #expect(end == .exited(1))
            #expect(text.contains("PART ram, id 2, "))
            #expect(text.contains(", broken off"))
            #expect(text.contains("DAMAGED: The stream ends here: "))
            #expect(text.contains("in section 'ram'."))
            let (endOfJSON, output) = try stream.coloctl(["--json"], on: path)
            #expect(endOfJSON == .exited(1))
            let damage = try JSONStreamParser.parse(output)["damage"]
            #expect(damage?["section"] == "ram" && damage?["truncated"] == true)
            let (noFile, complaint) = try stream.coloctl([], on: "/nonexistent")
            #expect(noFile == .exited(1) && complaint.contains("cannot read /nonexistent: No such file or directory"))
        }
    }
}
