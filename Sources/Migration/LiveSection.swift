import ByteCoding
import MigrationFormat
import Transport

/// What is sent in parts while the guest runs, in a section of its own: RAM, and disks. Belongs to the thread that sends.
protocol LiveSection: AnyObject {
    /// Queues the START section.
    func setUp(on channel: Channel) throws(TransportError)

    /// A pass begins: takes what has changed since the one before; the first time, all there is. `isLast`: the guest stands
    /// for good, and the section ends with this pass. `isWanted` is asked now and then while the guest is waited for.
    func harvest(isLast: Bool, isWanted: () -> Bool) throws(MigrationFailure)

    /// How many pages of the pass are still to be sent.
    var pending: Int { get }

    /// Sends the next pages, at most `budget`, and ends the part with the last of the pass, if the section has one.
    func iterate(budget: Int, on channel: Channel) throws(TransportError)
}

/// The section "block" of a source that has no disk to send: a client that asks for one gets a section that is empty.
final class EmptyDiskSection: LiveSection {
    private let id: UInt32
    private var endIsDue = false

    init(id: UInt32) { self.id = id }

    let pending = 0

    func setUp(on channel: Channel) throws(TransportError) { try write(.sectionStart, on: channel) }

    func harvest(isLast: Bool, isWanted: () -> Bool) { endIsDue = isLast }

    func iterate(budget: Int, on channel: Channel) throws(TransportError) {
        guard endIsDue else { return }
        endIsDue = false
        try write(.sectionEnd, on: channel)
    }

    private func write(_ type: RecordType, on channel: Channel) throws(TransportError) {
        var writer = ByteWriter(capacity: 64)
        StreamEncoder.writeEmptyDiskSection(type, id: id, to: &writer)
        try channel.write(writer.bytes)
    }
}

/// The section "dirty-bitmap" of a source whose disks have no bitmaps: it is announced, and nothing follows.
final class EmptyBitmapSection: LiveSection {
    private let id: UInt32

    init(id: UInt32) { self.id = id }

    let pending = 0

    func setUp(on channel: Channel) throws(TransportError) {
        var writer = ByteWriter(capacity: 64)
        StreamEncoder.writeEmptyBitmapSection(id: id, to: &writer)
        try channel.write(writer.bytes)
    }

    func harvest(isLast: Bool, isWanted: () -> Bool) {}

    func iterate(budget: Int, on channel: Channel) {}
}
