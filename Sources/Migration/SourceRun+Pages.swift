import ByteCoding
import Environment
import GuestMemory
import MachineModel
import MigrationCore
import MigrationFormat
import QAPI
import Transport
import VirtualMachine

// The header, and the pages of the rounds.
extension SourceRun {
    func sendSetup() throws(MigrationFailure) -> SourceMachine.Event {
        var writer = ByteWriter(capacity: 1024)
        let uuid = settings[.validateUuid] ? machine.parts.uuid : nil
        let ignoresShared = settings[.xIgnoreShared]
        StreamEncoder.writeFileHeader(
            machineType: machine.parts.machineType, uuid: uuid, ignoresShared: ignoresShared, to: &writer)
        if settings[.returnPath] {
            MigrationCommand.openReturnPath.write(to: &writer)
            MigrationCommand.ping(1).write(to: &writer)
        }
        if settings[.xColo] { MigrationCommand.enableCOLO.write(to: &writer) }
        if settings[.block] {
            StreamEncoder.writeEmptyDiskSection(.sectionStart, id: machine.diskSectionID, to: &writer)
        }
        StreamEncoder.writeRAMStart(
            id: machine.ramSectionID, layout: machine.layout,
            guestAddresses: ignoresShared ? machine.memory.blocks.map(\.guestAddress) : nil, to: &writer)
        // Sent with the first pages: as clients know it, a migration is active before a peer can refuse it.
        let sent = try onOpenChannel { (channel) throws(TransportError) -> UInt64 in
            try sender.settle(on: channel)
            try channel.write(writer.bytes)
            return bytesSent(channel)
        }
        unsent.insertAll()
        try takeDirtyLog()
        return .setUp(pages: unsent.count, bytes: sent)
    }

    /// Takes the dirty log: a pass. A guest that a disk keeps from standing is waited for, unless the migration is cut
    /// short.
    func harvest() throws(MigrationFailure) -> SourceMachine.Event {
        try takeDirtyLog()
        return .harvested(pages: unsent.count)
    }

    /// The last pass, with the guest stopped for good. What is sent from here on belongs to the last section.
    func harvestLast() throws(MigrationFailure) -> SourceMachine.Event {
        machine.beginLeaving()
        try takeDirtyLog(isLast: true)
        if settings[.block] {
            var writer = ByteWriter(capacity: 64)
            StreamEncoder.writeEmptyDiskSection(.sectionEnd, id: machine.diskSectionID, to: &writer)
            try onOpenChannel { (channel) throws(TransportError) in try channel.write(writer.bytes) }
        }
        pageSection = .sectionEnd
        return .harvested(pages: unsent.count)
    }

    private func takeDirtyLog(isLast: Bool = false) throws(MigrationFailure) {
        let patience = Nanoseconds.milliseconds(MigrationLimits.pauseMilliseconds)
        while (try? machine.harvest(unsent.tracker, into: unsent.sets, within: patience, {})) == nil {
            if session.control.isCancelled { throw .cancelled }
        }
        unsent.beginRound()
        sender.beginPass(isLast: isLast && !settings[.xColo])
        counters.note(remaining: UInt64(unsent.count * targetPageSize))
    }

    /// Sends the next pages, at most `limit`, and ends the section with the last of the round.
    func sendPages(_ limit: Int) throws(MigrationFailure) -> SourceMachine.Event {
        let id = machine.ramSectionID
        let sent = try onOpenChannel { (channel) throws(TransportError) -> UInt64 in
            if !isSectionOpen { try sender.open(pageSection, id: id, on: channel) }
            isSectionOpen = true
            var room = limit
            while room > 0, let (index, run) = unsent.takeRun(limit: room) {
                // SAFETY: the pages of the set lie inside the block, which the machine keeps. A vCPU may write there
                // while the kernel reads; then the page is marked again and goes out once more.
                try unsafe sender.send(run, ofBlock: index, at: machine.memory.blocks[index].base, on: channel)
                room -= run.count
            }
            if unsent.count == 0 {
                try sender.close(id: id, on: channel)
                isSectionOpen = false
            }
            try channel.flush()
            return bytesSent(channel)
        }
        counters.note(remaining: UInt64(unsent.count * targetPageSize))
        return .sent(left: unsent.count, bytes: sent, pages: sender.normalPages + sender.zeroPages)
    }

    /// Shows a destination that this side lives, and this side when the destination has gone.
    func sendEmptyPart() throws(MigrationFailure) -> SourceMachine.Event {
        let id = machine.ramSectionID
        try onOpenChannel { (channel) throws(TransportError) in
            try sender.open(.sectionPart, id: id, on: channel)
            try sender.close(id: id, on: channel)
            try channel.flush()
        }
        return .spoke
    }
}
