public import Environment
public import GuestMemory
public import MigrationFormat
public import Transport
public import VirtualMachine

/// How a COLO run ended on this side.
public enum COLOOutcome: Sendable, Equatable {
    /// A failover was asked for or decided: `MigrationController.finishCOLO` was called, this side serves or has
    /// given its guest up.
    case left
    /// The peer or the channel failed; the status stays `colo` until `finishCOLO` is called. The text says why.
    case peerLost(String)
}

/// Who runs COLO once the initial synchronisation is complete. Called on the migration's own thread, which it may keep
/// as long as COLO lasts; `MigrationController.cancelChannel` and `Channel.shutDown` end its waits.
public protocol COLOHandler: AnyObject, Sendable {
    /// The source's guest stands in finish-migrate, and only the last part of the initial state is still to be sent.
    /// After it the destination may hold a complete checkpoint, so output has to be held from here on. Returns whether
    /// to go on; otherwise the migration fails and the guest runs on. May wait.
    func maySwitchOver() -> Bool

    /// The migration failed or was cancelled after `maySwitchOver` and before `runPrimary`: the destination has no
    /// complete state, and the guest runs on here. Must not wait.
    func switchoverFailed()

    /// The status is about to become `colo`, with its event; `runPrimary` or `runSecondary` follows. Clients that see the
    /// event may use COLO's commands. Must not wait.
    func willRunCOLO(asPrimary: Bool)

    /// Whether only COLO may come in: a member of a pair must not run what somebody else migrates to it.
    var acceptsOnlyCOLO: Bool { get }

    /// A connection of a source was accepted on this side. Called for every incoming migration, before it is known
    /// whether it asks for COLO.
    func incomingAccepted()

    /// The source's side. The whole state has been sent; the guest stands in finish-migrate, and what is written from
    /// now on is in the session's tracker.
    /// The handler waits for checkpoint-ready, lets the guest run and takes checkpoints. Whatever happens, the guest
    /// must not be left standing: if it still stands in finish-migrate on return, it is resumed.
    func runPrimary(_ session: COLOPrimarySession) -> COLOOutcome

    /// The destination's side. The initial state is loaded, the machine is in inmigrate. The handler says
    /// checkpoint-ready and receives checkpoints until this side takes over or is given up.
    func runSecondary(_ session: COLOSecondarySession) -> COLOOutcome
}

extension COLOHandler {
    /// Nothing to take back.
    public func switchoverFailed() {}

    /// Nothing to prepare.
    public func willRunCOLO(asPrimary: Bool) {}
}

extension COLOHandler {
    /// Plain migrations may come in, too.
    public var acceptsOnlyCOLO: Bool { false }
}

/// A COLO primary's end of the channel. Sending belongs to one thread at a time and `messages.receive` to one, which may
/// be another; `shutDown` may be called from any.
public final class COLOPrimarySession: @unchecked Sendable {
    // SAFETY: `sender` and the channel's write queue are touched by the sending thread alone, what `messages` reads by
    // the receiving one; all else is constant or thread-safe by itself.
    /// The machine that is protected.
    public let machine: VirtualMachine
    /// The channel; its reverse direction brings the secondary's messages.
    public let channel: Channel
    /// What was written since the last part of RAM was taken: what the secondary lacks. It has recorded through the whole
    /// migration, so that the first checkpoint misses nothing.
    public let tracker: DirtyTracker
    /// Whether the guest ran before it was halted for the switchover.
    public let guestRan: Bool
    /// What the two sides say to each other.
    public let messages: COLOMessageChannel
    private var sender: RAMSender
    private let countPass: @Sendable () -> Void

    init(
        machine: VirtualMachine, channel: Channel, sender: RAMSender, tracker: DirtyTracker, guestRan: Bool,
        countPass: @escaping @Sendable () -> Void
    ) {
        self.tracker = tracker
        self.guestRan = guestRan
        self.machine = machine
        self.channel = channel
        self.sender = sender
        self.countPass = countPass
        messages = COLOMessageChannel(
            reader: StreamReader(channel: channel, decoder: StreamDecoder(expectations: machine.streamExpectations())))
    }

    /// Ends all waits on the channel, from any thread.
    public func shutDown() { channel.shutDown() }

    /// Counts a harvest of the dirty log: MIGRATION_PASS.
    public func passHarvested() { countPass() }

    /// Begins the live part of a checkpoint, after vmstate-send.
    public func beginLiveState() throws(MigrationFailure) {
        try onChannel { () throws(TransportError) in
            sender.beginPass()
            try sender.open(.sectionEnd, id: machine.ramSectionID, on: channel)
        }
    }

    /// Queues a page of the checkpoint. The bytes at `copy` must stay valid and unchanged until `sendDeviceBlob` returns.
    public func sendPage(_ location: PageLocation, at copy: UnsafeRawPointer) throws(MigrationFailure) {
        // SAFETY: the caller keeps a whole page unchanged at `copy` until `sendDeviceBlob` returns.
        try onChannel { () throws(TransportError) in try unsafe sender.send(location, at: copy, on: channel) }
    }

    /// Ends the live part. What is not too much waits for the device state: the other end then wakes once for all of it.
    public func endLiveState() throws(MigrationFailure) {
        try onChannel { () throws(TransportError) in
            try sender.close(id: machine.ramSectionID, on: channel)
            try channel.write([RecordType.endOfFile.rawValue])
        }
    }

    /// Sends vmstate-size and a device blob (`VirtualMachine.saveDeviceBlob`), and all that was queued before.
    public func sendDeviceBlob(_ blob: [UInt8]) throws(MigrationFailure) {
        try onChannel { () throws(TransportError) in
            try channel.write(COLOMessage.vmstateSize(UInt64(blob.count)).bytes)
            try channel.write(blob)
            try channel.flush()
        }
    }
}

/// A COLO secondary's end of the channel. All methods belong to one thread at a time, but for `shutDown`.
public final class COLOSecondarySession: @unchecked Sendable {
    // SAFETY: used by one thread at a time, as said above; `shutDown` is thread-safe by itself.
    /// The machine that holds the checkpoints; its RAM is that of the initial state.
    public let machine: VirtualMachine
    /// The channel; its reverse direction takes this side's messages.
    public let channel: Channel
    /// The device sections of the initial state; each checkpoint must have all of them.
    public let sections: Set<SectionKey>
    /// What the two sides say to each other.
    public let messages: COLOMessageChannel
    private let reader: StreamReader

    init(machine: VirtualMachine, reader: StreamReader) {
        self.machine = machine
        self.reader = reader
        channel = reader.channel
        messages = COLOMessageChannel(reader: reader)
        sections = reader.decoder.devicesSeen
    }

    /// Ends all waits on the channel, from any thread.
    public func shutDown() { channel.shutDown() }

    /// Reads and validates the live part of a checkpoint, pages into `staging`. On an error the checkpoint is to be
    /// thrown away and the channel with it; RAM was not touched.
    public func receiveLiveState(
        into staging: any PageSink, until deadline: Nanoseconds
    ) throws(MigrationFailure) {
        reader.decoder.beginCheckpoint()
        while let element = try reader.next(deadline: deadline) {
            switch element {
            case .page(let location):
                try unsafe reader.takePage(into: try staging.pagePointer(location), deadline: deadline)
            case .deltaPage(let location, let length):
                try unsafe reader.takeDelta(
                    length, of: location, into: try staging.currentPagePointer(location), deadline: deadline)
            case .filledPage(let location, let byte):
                // SAFETY: the staging area has a whole page at that place.
                try unsafe staging.pagePointer(location).initializeMemory(
                    as: UInt8.self, repeating: byte, count: MigrationFormat.pageSize)
            case .endOfSections: return
            default: break
            }
        }
        throw .channel(.closedByPeer)
    }

    /// Reads a device blob of the size that vmstate-size told, and validates it. Nothing changes until it is applied.
    public func receiveDeviceState(
        size: UInt64, until deadline: Nanoseconds
    ) throws(MigrationFailure) -> PreparedDeviceState {
        guard size <= MigrationFormat.deviceBlobLimit else {
            throw .peer("The device state of \(size) bytes exceeds the limit of \(MigrationFormat.deviceBlobLimit)")
        }
        let blob = try reader.bytes(Int(size), deadline: deadline)
        return try onStream { () throws(StreamError) in try machine.prepareLoad(blob: blob, expected: sections) }
    }
}
