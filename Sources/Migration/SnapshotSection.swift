import Environment
import GuestMemory
import MigrationFormat
import QAPI
import SystemCalls
import Transport
import VirtualMachine

/// The section "ram" of a guest as it is at one instant: each page once, those first that the guest wants to write.
final class SnapshotSection: RAMCarrier {
    private let machine: VirtualMachine
    private let ignoresShared: Bool
    private let room: Int
    private var snapshot: MemorySnapshot?
    private var isPartOpen = false
    var sender: RAMSender

    /// `room`: bytes of copies that may wait until the guest does.
    init(of machine: VirtualMachine, _ settings: MigrationSettings, room: Int) {
        self.machine = machine
        self.room = room
        ignoresShared = settings[.xIgnoreShared]
        sender = RAMSender(layout: machine.layout)
    }

    /// This is the instant: `body` reads what else belongs to it. A guest that a disk keeps from standing is waited for as
    /// long as `isWanted` says so.
    func begin<Result>(isWanted: () -> Bool, _ body: () -> Result) throws(MigrationFailure) -> Result {
        let snapshot = try onSystem { () throws(SystemError) in
            try machine.prepareSnapshot(leavingOutShared: ignoresShared, room: room)
        }
        let patience = Nanoseconds.milliseconds(MigrationLimits.pauseMilliseconds)
        while true {
            let failure: SnapshotFailure
            do throws(SnapshotFailure) {
                let result = try machine.begin(snapshot, within: patience, body)
                self.snapshot = snapshot
                return result
            } catch { failure = error }
            switch failure {
            case .memory(let error): throw .system(error)
            case .machine(let error):
                guard case .timeout = error.obstacle else { throw .machine(error) }
                guard isWanted() else { throw .cancelled }
            }
        }
    }

    /// The guest writes what it likes from now on.
    func end() {
        if let snapshot { machine.endSnapshot(snapshot) }
        snapshot = nil
    }

    var pending: Int { snapshot?.remaining ?? 0 }

    func setUp(on channel: Channel) throws(TransportError) {
        try setUp(machine, ignoresShared: ignoresShared, on: channel)
    }

    /// All there is belongs to one instant.
    func harvest(isLast: Bool, isWanted: () -> Bool) {}

    func iterate(budget: Int, on channel: Channel) throws(TransportError) {
        guard let snapshot else { return }
        let id = machine.ramSectionID
        if !isPartOpen { try sender.open(.sectionPart, id: id, on: channel) }
        isPartOpen = true
        let copies = snapshot.take(atMost: budget)
        for copy in copies {
            let location = PageLocation(block: copy.block, page: copy.page)
            // SAFETY: the copy stays as it is until it is given back, after it has left.
            try unsafe sender.send(location, at: snapshot.bytes(of: copy), on: channel)
        }
        try channel.flush()
        snapshot.giveBack(copies)
        if snapshot.remaining == 0 { try endPart(on: channel) }
    }

    func endPart(on channel: Channel) throws(TransportError) {
        guard isPartOpen else { return }
        try sender.close(id: machine.ramSectionID, on: channel)
        isPartOpen = false
    }
}
