import ByteCoding
import MigrationFormat
import Testing

@testable import MachineModel

/// A device with one field of each kind.
private final class Sampler: SavedDevice, @unchecked Sendable {
    // SAFETY: each test uses its own on one thread.
    struct Entry: Equatable {
        var id: UInt16
        var isDone: Bool
    }
    struct State: Equatable {
        var signed: Int32 = -2
        var due: UInt64?
        var data: [UInt8] = [1, 2, 3]
        var bits: [UInt64] = [5, 1]
        var numbers: [UInt16] = [7, 8]
        var fixed: InlineArray<2, Int8> = [1, -1]
        var inner = Entry(id: 9, isDone: true)
        var entries = [Entry(id: 1, isDone: false), Entry(id: 2, isDone: true)]
        var queue = [Entry(id: 0x0a0b, isDone: true)]
        var extra: UInt8?

        static func == (one: State, other: State) -> Bool {
            one.signed == other.signed && one.due == other.due && one.data == other.data && one.bits == other.bits
                && one.numbers == other.numbers && one.fixed[0] == other.fixed[0] && one.fixed[1] == other.fixed[1]
                && one.inner == other.inner && one.entries == other.entries && one.queue == other.queue
                && one.extra == other.extra
        }
    }

    let identity = DeviceIdentity(name: "sampler", version: 2)
    var state = State()

    func declare<Visitor: StateVisitor>(to fields: inout Visitor) throws(Visitor.Failure) -> State {
        var saved = state
        try fields.number("signed", &saved.signed)
        try fields.timer("due", &saved.due)
        try fields.unused(2)
        try fields.countedBytes("data", &saved.data, limit: 4, "sampler.data")
        try fields.bitmap("bits", &saved.bits, bits: 65)
        let count = try fields.count("num", saved.numbers.count)
        try fields.room(for: 2 * Int(count))
        try fields.array("numbers", &saved.numbers, count: Int(count))
        try fields.array("fixed", &saved.fixed)
        try fields.structure("inner", of: "sampler/entry") { (fields) throws(Visitor.Failure) in
            try Self.declare(&saved.inner, to: &fields)
        }
        try fields.structures("entries", of: "sampler/entry", count: 2) { (fields, index) throws(Visitor.Failure) in
            var entry = saved.entries[index]
            try Self.declare(&entry, to: &fields)
            if Visitor.isLoading { saved.entries[index] = entry }
        }
        var queue: [Entry] = []
        _ = try fields.list("queue", of: "sampler/entry", count: saved.queue.count, limit: 3) {
            (fields, index) throws(Visitor.Failure) in
            var entry = Visitor.isLoading ? Entry(id: 0, isDone: false) : saved.queue[index]
            try Self.declare(&entry, to: &fields)
            queue.append(entry)
        }
        saved.queue = queue
        var extra = saved.extra ?? 0
        let isThere = try fields.subsection("sampler/extra", isPresent: saved.extra != nil) {
            (fields) throws(Visitor.Failure) in try fields.number("extra", &extra)
        }
        saved.extra = isThere ? extra : nil
        try fields.check(saved.signed < 0, "sampler.signed", "\(saved.signed)")
        return saved
    }

    private static func declare<Visitor: StateVisitor>(
        _ entry: inout Entry, to fields: inout Visitor
    ) throws(Visitor.Failure) {
        try fields.number("id", &entry.id)
        try fields.flag("done", &entry.isDone)
    }

    func restore(_ saved: State) { state = saved }

    var bytes: [UInt8] {
        var writer = ByteWriter()
        saveState(to: &writer)
        return writer.bytes
    }
}

@Suite struct DeclaredStateTests {
    private func changed() -> Sampler {
        let sampler = Sampler()
        sampler.state.signed = -300
        sampler.state.due = 77
        sampler.state.data = []
        sampler.state.numbers = [1, 2, 3]
        sampler.state.fixed = [-5, 5]
        sampler.state.queue = []
        sampler.state.extra = 6
        sampler.state.entries[1].id = 0xffff
        return sampler
    }

    @Test func theBytesAreThoseOfVMState() {
        let fixed: [UInt8] = [0xff, 0xff, 0xff, 0xfe] + [UInt8](repeating: 0xff, count: 8) + [0, 0]
        let lists: [UInt8] =
            [0, 0, 0, 3, 1, 2, 3] + [0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 1] + [0, 0, 0, 2, 0, 7, 0, 8]
            + [1, 0xff]
        let states: [UInt8] = [0, 9, 1] + [0, 1, 0, 0, 2, 1] + [1, 0x0a, 0x0b, 1, 0]
        #expect(Sampler().bytes == fixed + lists + states)
        let extra: [UInt8] = [5, 13] + Array("sampler/extra".utf8) + [0, 0, 0, 1, 6]
        #expect(changed().bytes.suffix(extra.count).elementsEqual(extra))
    }

    @Test func aStateThatWasLoadedIsTheOneThatWasSaved() throws {
        for source in [Sampler(), changed()] {
            let target = source.state == Sampler().state ? changed() : Sampler()
            var reader = ByteReader(source.bytes)
            let apply = try target.prepareLoad(version: 2, from: &reader)
            #expect(reader.isAtEnd)
            #expect(target.state != source.state)
            apply()
            #expect(target.state == source.state)
        }
    }

    @Test func aStateThatEndsTooSoonIsRefusedAtEveryByte() throws {
        let source = changed()
        let whole = source.bytes
        // The subsection may be missing.
        let optional = whole.count - 20
        for count in 0..<whole.count where count != optional {
            let target = Sampler()
            var reader = ByteReader(Array(whole.prefix(count)))
            #expect(throws: DeviceStateError.self) { try target.prepareLoad(version: 2, from: &reader) }
            #expect(target.state == Sampler.State())
        }
    }

    @Test func hostileLengthsAreRefusedBeforeAnythingIsMadeOfThem() {
        let whole = Sampler().bytes
        func error(_ change: (inout [UInt8]) -> Void) -> DeviceStateError? {
            var bytes = whole
            change(&bytes)
            var reader = ByteReader(bytes)
            do throws(DeviceStateError) {
                _ = try Sampler().prepareLoad(version: 2, from: &reader)
                return nil
            } catch { return error }
        }
        #expect(error { $0[14] = 0xff } == .malformed(.tooLong(what: "sampler.data", length: 0xff00_0003, limit: 4)))
        #expect(
            error { $0[37] = 0xff }
                == .malformed(.truncated(offset: 41, needed: 2 * 0xff00_0002, available: whole.count - 41)))
        let entry: [UInt8] = [1, 0, 0, 0]
        #expect(
            error { $0 = $0.dropLast() + entry + entry + entry }
                == .malformed(.tooLong(what: "queue", length: 4, limit: 3)))
        #expect(error { $0[0] = 0 } == .invalid(field: "sampler.signed", value: "16777214"))
        #expect(
            error { $0 += [5, 13] + Array("sampler/extra".utf8) + [0, 0, 0, 2, 6] }
                == .invalid(field: "sampler/extra version", value: "2"))
        #expect(error { $0 += [5, 13] + Array("sampler/other".utf8) + [0, 0, 0, 1, 6] } == nil)
    }

    @Test func theDescriptionHasTheShapesOfQEMU() {
        let header = SectionHeader(id: 4, name: "sampler", instance: 1, version: 2)
        let entry =
            #"{"vmsd_name": "sampler/entry", "version": 1, "fields": [{"name": "id", "type": "uint16", "#
            + #""size": 2}, {"name": "done", "type": "bool", "size": 1}]}"#
        let start =
            #"{"page_size": 4096, "devices": [{"name": "sampler", "instance_id": 1, "#
            + #""vmsd_name": "sampler", "version": 2, "fields": [{"name": "signed", "type": "int32", "size": 4}, "#
            + #"{"name": "due", "type": "timer", "size": 8}, {"name": "unused", "type": "#
            + #""unused_buffer", "size": 2}, {"name": "data_len", "type": "uint32", "size": 4}, {"name": "data", "type": "buffer", "size": 0}, "#
            + #"{"name": "bits", "type": "bitmap", "size": 16}, {"name": "num", "type": "uint32", "size": 4}, "#
            + #"{"name": "numbers", "array_len": 3, "type": "uint16", "size": 2}, "#
            + #"{"name": "fixed", "array_len": 2, "type": "int8", "size": 1}, "#
            + #"{"name": "inner", "type": "struct", "struct": \#(entry), "size": 3}, "#
            + #"{"name": "entries", "array_len": 2, "type": "struct", "struct": \#(entry), "size": 3}, "#
        let end =
            #"{"name": "queue", "type": "qtailq", "size": 1}], "subsections": [{"vmsd_name": "#
            + #""sampler/extra", "version": 1, "fields": [{"name": "extra", "type": "uint8", "size": 1}]}]}]}"#
        let sampler = changed()
        let described = DescribedSection(header: header, state: sampler.describedState)
        #expect(VMDescription.json(devices: [described]) == start + end)
        #expect(described.state.size == sampler.bytes.count)
        #expect(Sampler().describedState.size == Sampler().bytes.count)
    }

    @Test func elementsOfDifferentShapesAreDescribedOneByOne() {
        var state = DescribedState(name: "s", version: 1)
        state.fields = [
            .init(name: "a\"\\\n", value: .array([.buffer([1]), .buffer([1, 2])])),
            .init(name: "none", value: .array([])),
        ]
        let section = DescribedSection(header: SectionHeader(id: 0, name: "s", instance: 0, version: 1), state: state)
        #expect(
            VMDescription.json(devices: [section])
                == #"{"page_size": 4096, "devices": [{"name": "s", "instance_id": 0, "vmsd_name": "s", "version": 1, "#
                + #""fields": [{"name": "a\"\\\u000a", "index": 0, "type": "buffer", "size": 1}, "#
                + #"{"name": "a\"\\\u000a", "index": 1, "type": "buffer", "size": 2}]}]}"#)
    }

    @Test func thePrintedFormIsALineAValue() {
        let sampler = Sampler()
        sampler.state.extra = 6
        sampler.state.data = Array("ab".utf8)
        #expect(
            sampler.describedState.lines == [
                "signed = -2", "due = not armed", "data_len = 2", "data = \"ab\"", "bits = 0x5 0x1", "num = 2",
                "numbers[0] = 7", "numbers[1] = 8", "fixed[0] = 1", "fixed[1] = -1", "inner.id = 9",
                "inner.done = true", "entries[0].id = 1", "entries[0].done = false", "entries[1].id = 2",
                "entries[1].done = true", "queue[0].id = 2571", "queue[0].done = true", "extra = 6",
            ])
    }
}
