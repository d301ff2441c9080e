import ByteCoding
import Environment
import GuestMemory
import MigrationFormat
import QAPI
import SystemCalls
import Transport
import VirtualMachine

/// The section "ram", whatever decides which pages are sent when.
protocol RAMCarrier: LiveSection {
    /// How pages travel; the checkpoints that follow a migration (COLO) go on with it.
    var sender: RAMSender { get set }

    /// Ends the part that was begun, if one was.
    func endPart(on channel: Channel) throws(TransportError)
}

extension RAMCarrier {
    /// Queues the START section of the RAM of `machine`.
    func setUp(
        _ machine: VirtualMachine, ignoresShared: Bool, inPostcopy: Bool = false, on channel: Channel
    ) throws(TransportError) {
        var writer = ByteWriter(capacity: 1024)
        StreamEncoder.writeRAMStart(
            id: machine.ramSectionID, layout: machine.layout,
            guestAddresses: ignoresShared ? machine.memory.blocks.map(\.guestAddress) : nil, inPostcopy: inPostcopy,
            to: &writer)
        try sender.settle(on: channel)
        try channel.write(writer.bytes)
    }

    /// Sends a part with nothing in it.
    func sendEmptyPart(of machine: VirtualMachine, on channel: Channel) throws(TransportError) {
        try sender.open(.sectionPart, id: machine.ramSectionID, on: channel)
        try sender.close(id: machine.ramSectionID, on: channel)
    }
}

/// The section "ram" of a guest that moves: what of RAM the destination lacks.
final class RAMSection: RAMCarrier {
    private let machine: VirtualMachine
    private let ignoresShared: Bool
    private let goesOnInCheckpoints: Bool
    private let mayPostcopy: Bool
    private var unsent: UnsentPages
    private var hasBegun = false
    /// What the pages are sent in: parts, and at last the end.
    private var part = RecordType.sectionPart
    /// A part was begun and not ended.
    private var isPartOpen = false
    var sender: RAMSender

    init(of machine: VirtualMachine, _ settings: MigrationSettings) throws(SystemError) {
        self.machine = machine
        ignoresShared = settings[.xIgnoreShared]
        goesOnInCheckpoints = settings[.xColo]
        mayPostcopy = settings[.postcopyRam]
        sender = RAMSender(layout: machine.layout)
        unsent = try UnsentPages(of: machine.memory, leavingOutShared: ignoresShared)
    }

    /// Records what is written; see `UnsentPages.tracker`.
    var tracker: DirtyTracker { unsent.tracker }

    var pending: Int { unsent.count }

    /// What the destination lacks; for a postcopy, which sends it in its own way.
    var unsentPages: [PageSet] { unsent.sets }

    func setUp(on channel: Channel) throws(TransportError) {
        try setUp(machine, ignoresShared: ignoresShared, inPostcopy: mayPostcopy, on: channel)
    }

    func harvest(isLast: Bool, isWanted: () -> Bool) throws(MigrationFailure) {
        if !hasBegun { unsent.insertAll() }
        hasBegun = true
        let patience = Nanoseconds.milliseconds(MigrationLimits.pauseMilliseconds)
        while (try? machine.harvest(unsent.tracker, into: unsent.sets, within: patience, {})) == nil {
            guard isWanted() else { throw .cancelled }
        }
        unsent.beginRound()
        sender.beginPass(isLast: isLast && !goesOnInCheckpoints)
        if isLast { part = .sectionEnd }
    }

    func iterate(budget: Int, on channel: Channel) throws(TransportError) {
        let id = machine.ramSectionID
        if !isPartOpen { try sender.open(part, id: id, on: channel) }
        isPartOpen = true
        var room = budget
        while room > 0, let (index, run) = unsent.takeRun(limit: room) {
            // SAFETY: the pages of the set lie inside the block, which the machine keeps. A vCPU may write there
            // while the kernel reads; then the page is marked again and goes out once more.
            try unsafe sender.send(run, ofBlock: index, at: machine.memory.blocks[index].base, on: channel)
            room -= run.count
        }
        if unsent.count == 0 { try endPart(on: channel) }
    }

    func endPart(on channel: Channel) throws(TransportError) {
        guard isPartOpen else { return }
        try sender.close(id: machine.ramSectionID, on: channel)
        isPartOpen = false
    }
}
