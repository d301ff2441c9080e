import ByteCoding
import Foundation
import MachineModel
import MigrationFormat
import PacketPath
import PairLab
import SystemCalls
import Testing

@testable import VirtualMachine

/// Takes a section apart by its VMDESC alone, as a tool does that knows no device.
private struct SectionParser {
    var reader: ByteReader

    /// A line "name type value" for each field of `state`, in the order of the bytes; checks that every struct has the
    /// size that it is said to have.
    mutating func lines(of state: [String: Any], _ prefix: String = "") throws -> [String] {
        var lines: [String] = []
        for field in try #require(state["fields"] as? [[String: Any]]) {
            let name = try #require(field["name"] as? String)
            for index in 0..<(field["array_len"] as? Int ?? 1) {
                lines += try self.lines(ofField: field, "\(prefix)\(name)#\(index)")
            }
        }
        return lines
    }

    private mutating func lines(ofField field: [String: Any], _ name: String) throws -> [String] {
        let size = try #require(field["size"] as? Int)
        let type = try #require(field["type"] as? String)
        guard type == "struct" else {
            let bytes = try reader.readBytes(size)
            if let scalar = ScalarType(rawValue: type) { #expect(scalar.size == size, "\(name)") }
            return type == "unused_buffer" ? [] : ["\(name) \(type) \(bytes)"]
        }
        let start = reader.offset
        let lines = try self.lines(of: try #require(field["struct"] as? [String: Any]), name + ".")
        #expect(reader.offset - start == size, "\(name)")
        return lines
    }
}

extension DescribedState {
    /// The same lines from the values that the device declares.
    fileprivate func expectedLines(_ prefix: String = "") -> [String] {
        fields.flatMap { field -> [String] in
            if case .array(let elements) = field.value {
                return elements.enumerated().flatMap { Self.lines($1, "\(prefix)\(field.name)#\($0)") }
            }
            return Self.lines(field.value, "\(prefix)\(field.name)#0")
        }
    }

    private static func lines(_ value: Value, _ name: String) -> [String] {
        switch value {
        case .scalar(let type, let bits):
            let bytes = (0..<type.size).reversed().map { UInt8(truncatingIfNeeded: bits >> UInt64(8 * $0)) }
            return ["\(name) \(type.rawValue) \(bytes)"]
        case .buffer(let bytes): return ["\(name) buffer \(bytes)"]
        case .unused: return []
        case .structure(let state): return state.expectedLines(name + ".")
        case .bitmap, .array, .list: return ["\(name) is not known to this test"]
        }
    }
}

@Suite struct DeviceDescriptionTests {
    private final class Board {
        let machine: RISCVMachine
        let virtual: VirtualMachine
        private let files: [TemporaryFile]

        init(_ program: [UInt32], printed: PrintedText = PrintedText()) throws {
            let kernel = try TemporaryFile(KernelImage.bytes(of: program))
            let disk = try TemporaryFile([UInt8](repeating: 0, count: 4096))
            var configuration = RISCVMachineConfiguration(memorySize: 16 << 20, kernel: kernel.path)
            configuration.vCPUCount = 2
            configuration.console = { printed.append($0) }
            configuration.disks = [.init(path: disk.path, isReadOnly: true)]
            configuration.networks = [.init(mac: [2, 0, 0, 0, 0, 7], backend: RecordingBackend())]
            machine = try RISCVMachine(configuration)
            virtual = VirtualMachine(parts: machine.parts)
            files = [kernel, disk]
        }

        deinit { virtual.shutDown() }
    }

    private func check(_ machine: VirtualMachine) throws {
        let described = machine.pauseBriefly { machine.describeDeviceSections() }
        let json = VMDescription.json(devices: described)
        let root = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
        let devices = try #require(root?["devices"] as? [[String: Any]])
        #expect(devices.count == machine.sectionKeys.count)
        for (section, entry) in zip(described, devices) {
            let (name, instance) = (section.header.name, section.header.instance)
            #expect(entry["name"] as? String == name)
            #expect(entry["vmsd_name"] as? String == name)
            #expect(entry["instance_id"] as? UInt32 == instance)
            #expect(entry["version"] as? UInt32 == section.header.version)
            let device = try #require(machine.savedDevice(name: name, instance: instance))
            var writer = ByteWriter()
            machine.pauseBriefly { device.saveState(to: &writer) }
            #expect(section.state.size == writer.count, "\(name)")
            var parser = SectionParser(reader: ByteReader(writer.bytes))
            #expect(try parser.lines(of: entry) == section.state.expectedLines(), "\(name)")
            #expect(parser.reader.isAtEnd, "\(name)")
            let names = section.state.fields.map(\.name)
            #expect(Set(names).count == names.count, "\(name)")
        }
    }

    @Test func theSectionsOfTheMachineNoneAreDescribedAsQEMUDescribesThem() throws {
        let machine = VirtualMachine(parts: try NoneMachine.parts(memorySize: 1 << 20))
        // What QEMU 7.2's `-M none` sends.
        let text =
            #"{"page_size": 4096, "devices": [{"name": "timer", "instance_id": 0, "vmsd_name": "timer", "version": 2, "#
            + #""fields": [{"name": "cpu_ticks_offset", "type": "int64", "size": 8}, {"name": "unused", "type": "#
            + #""unused_buffer", "size": 8}, {"name": "cpu_clock_offset", "type": "int64", "size": 8}]}, {"name": "#
            + #""globalstate", "instance_id": 0, "vmsd_name": "globalstate", "version": 1, "fields": [{"name": "size", "#
            + #""type": "uint32", "size": 4}, {"name": "runstate", "type": "buffer", "size": 100}]}]}"#
        #expect(VMDescription.json(devices: machine.describeDeviceSections()) == text)
        try check(machine)
    }

    @Test func aSectionTakenApartByItsDescriptionHoldsWhatTheDeviceDeclares() throws {
        let printed = PrintedText()
        let board = try Board(RISCVProgram.counting, printed: printed)
        try check(board.virtual)
        try board.virtual.run()
        _ = try #require(printed.wait(for: 20))
        board.machine.typeAtConsole(Array("typed".utf8))
        try board.virtual.stopByCommand()
        try check(board.virtual)
    }

    /// The blob as it was before devices declared their fields: other bytes would be another format.
    @Test func theBytesOfTheRISCVMachineAreThoseOfItsFirstFormat() throws {
        let blob = try Board(RISCVProgram.counting).virtual.captureDevices()
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in blob { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        #expect(blob.count == 2948)
        #expect(hash == 0xb198_0df5_a455_bc66, "FNV-1a of the device blob")
    }

    @Test func peopleGetALineForEachValue() throws {
        let board = try Board(RISCVProgram.counting)
        var lines: [String] = []
        for section in board.virtual.describeDeviceSections() {
            lines += section.state.lines.map { "\(section.header.name) \(section.header.instance): \($0)" }
        }
        for line in [
            "riscv-hart 0: pc = 0x80200000", "riscv-hart 1: hsm_state = 1", "riscv-aclint 0: num_harts = 2",
            "riscv-aclint 0: harts[1].timecmp = 0xffffffffffffffff", "riscv-plic 0: priority[62] = 0",
            "serial 0: received = empty", "goldfish_rtc 0: alarm_set = false",
            "virtio-net 0: mac = 02 00 00 00 00 07", "virtio-blk 1: disk_size = 0x1000",
            "virtio-console 3: queues[1].size = 64", #"globalstate 0: runstate = "prelaunch""#,
        ] { #expect(lines.contains(line), "\(line)") }
    }
}
