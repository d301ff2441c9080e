import ByteCoding
import GuestMemory
import MigrationCore
import MigrationFormat
import QAPI
import Transport
import VirtualMachine

// The header, and the parts of the live sections.
extension SourceRun {
    func sendSetup() throws(MigrationFailure) -> SourceMachine.Event {
        var writer = ByteWriter(capacity: 1024)
        StreamEncoder.writeFileHeader(
            machineType: machine.parts.machineType, uuid: settings[.validateUuid] ? machine.parts.uuid : nil,
            ignoresShared: settings[.xIgnoreShared], to: &writer)
        if settings[.returnPath] || settings[.postcopyRam] {
            MigrationCommand.openReturnPath.write(to: &writer)
            MigrationCommand.ping(1).write(to: &writer)
        }
        if settings[.postcopyRam] || settings[.dirtyBitmaps] {
            let advice = settings[.postcopyRam] ? StreamCommand.PostcopyAdvice(of: machine.layout) : nil
            StreamCommand.postcopyAdvise(advice).write(to: &writer)
        }
        if settings[.xColo] { MigrationCommand.enableCOLO.write(to: &writer) }
        // Sent with the first pages: as clients know it, a migration is active before a peer can refuse it.
        let sent = try onOpenChannel { (channel) throws(TransportError) -> UInt64 in
            try channel.write(writer.bytes)
            for section in sections { try section.setUp(on: channel) }
            return bytesSent(channel)
        }
        // What a snapshot sends is known when it begins.
        if snapshot == nil { try takeChanges() }
        return .setUp(pages: pending, bytes: sent)
    }

    /// Takes the dirty log: a pass. A guest that a disk keeps from standing is waited for, unless the migration is cut
    /// short.
    func harvest() throws(MigrationFailure) -> SourceMachine.Event {
        try takeChanges()
        return .harvested(pages: pending)
    }

    /// The last pass, with the guest stopped for good. What is sent from here on belongs to the last part of each section.
    func harvestLast() throws(MigrationFailure) -> SourceMachine.Event {
        machine.beginLeaving()
        try takeChanges(isLast: true)
        return .harvested(pages: pending)
    }

    /// Pages of all sections that are still to be sent in this pass.
    private var pending: Int { sections.reduce(0) { $0 + $1.pending } }

    private func takeChanges(isLast: Bool = false) throws(MigrationFailure) {
        for section in sections { try section.harvest(isLast: isLast) { !session.control.isCancelled } }
        counters.note(remaining: UInt64(pending * targetPageSize))
    }

    /// Sends the next pages, at most `limit`: those of a section after those of the sections before it.
    func sendPages(_ limit: Int) throws(MigrationFailure) -> SourceMachine.Event {
        let sent = try onOpenChannel { (channel) throws(TransportError) -> UInt64 in
            var room = limit
            for section in sections where room > 0 {
                let before = section.pending
                try section.iterate(budget: room, on: channel)
                room -= before - section.pending
                if section.pending > 0 { break }
            }
            try channel.flush()
            return bytesSent(channel)
        }
        counters.note(remaining: UInt64(pending * targetPageSize))
        return .sent(left: pending, bytes: sent, pages: ram.sender.normalPages + ram.sender.zeroPages)
    }

    /// Shows a destination that this side lives, and this side when the destination has gone.
    func sendEmptyPart() throws(MigrationFailure) -> SourceMachine.Event {
        try onOpenChannel { (channel) throws(TransportError) in
            // A part that was begun ends here, and its pass goes on in another.
            try ram.endPart(on: channel)
            try ram.sendEmptyPart(of: machine, on: channel)
            try channel.flush()
        }
        return .spoke
    }
}
