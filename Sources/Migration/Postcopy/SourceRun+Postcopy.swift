import ByteCoding
import Environment
import GuestMemory
import MigrationCore
import MigrationFormat
import QAPI
import Synchronization
import SystemCalls
import Transport
import VirtualMachine

/// What a source has from the switchover of a postcopy on.
struct PostcopySource {
    var sender: PostcopySender
    var listener: RequestListener
}

// Postcopy: the guest runs at the destination before its RAM is there (wire.md §8 to §10).
extension SourceRun {
    /// What the destination is asked for behind the package: a colod answers once its guest runs, a QEMU a little before.
    static let pingBehindPackage: UInt32 = 4
    /// The same where nothing else shows that this side lives.
    static let pingWhilePaced: UInt32 = 5

    /// The guest stands, and its last pages are known: has the destination drop what it has of them, and run the guest.
    func switchToPostcopy() throws(MigrationFailure) -> SourceMachine.Event {
        guard let moving else { throw .cancelled }
        let unsent = moving.unsentPages
        machine.memory.completeHostPages(unsent)
        let package = try onStream { () throws(StreamError) in try devicePackage() }
        let left = try onOpenChannel { (channel) throws(TransportError) -> Int in
            try endOtherSections(on: channel)
            var writer = ByteWriter(capacity: 64 << 10)
            for (block, pages) in zip(machine.layout, unsent) {
                StreamEncoder.writeDiscards(pages.runs, of: block, to: &writer)
            }
            StreamCommand.ping(2).write(to: &writer)
            try channel.write(writer.bytes)
            try channel.flush()
            let before = channel.bytesSent
            let (sender, listener) = try openPostcopy(unsent, on: channel)
            // The destination looks at it once it is wholly there.
            defer { endMayHaveLeft = channel.bytesSent >= before + UInt64(package.count) }
            counters.noteSwitch(at: before + UInt64(package.count))
            try channel.write(package)
            var last = ByteWriter(capacity: 16)
            StreamCommand.ping(Self.pingBehindPackage).write(to: &last)
            try channel.write(last.bytes)
            try channel.flush()
            bytesBeforePostcopy = bytesSent(channel)
            let left = sender.left
            // Not before, or two threads would write.
            listener.serve(with: sender)
            return left
        }
        return .postcopySwitched(left: left)
    }

    /// The devices, between the command to watch for missing pages and that to run.
    private func devicePackage() throws(StreamError) -> [UInt8] {
        var devices = ByteWriter(capacity: 64 << 10)
        machine.pauseBriefly { machine.saveDeviceSections(to: &devices) }
        var writer = ByteWriter(capacity: devices.count + 64)
        try StreamEncoder.writePackage(devices: devices.bytes, to: &writer)
        return writer.bytes
    }

    /// The sections that cannot go on in postcopy end; that of RAM stays.
    private func endOtherSections(on channel: Channel) throws(TransportError) {
        try moving?.endPart(on: channel)
        for section in sections where section !== ram { try section.iterate(budget: .max, on: channel) }
    }

    /// Begins to listen to the destination, which gets nothing yet.
    private func openPostcopy(
        _ unsent: [PageSet], on channel: Channel
    ) throws(TransportError) -> (PostcopySender, RequestListener) {
        let sender = makePostcopySender(unsent, on: channel)
        let listener = try listen(on: channel, isResuming: false)
        postcopy = PostcopySource(sender: sender, listener: listener)
        return (sender, listener)
    }

    private func makePostcopySender(_ unsent: [PageSet], on channel: Channel) -> PostcopySender {
        let (counters, countMultifdBytes) = (counters, countMultifdBytes)
        let normalBefore = ram.sender.normalPages + counters.normalPagesBefore
        let zeroBefore = ram.sender.zeroPages + counters.zeroPagesBefore
        return PostcopySender(
            of: machine, unsent: unsent, on: .init(main: channel, urgent: session.control.channels[.preempt]),
            releasesRAM: settings[.releaseRam]
        ) { sender in
            counters.note(
                main: sender.bytesSent, multifd: countMultifdBytes(), normalPages: normalBefore + sender.normalPages,
                zeroPages: zeroBefore + sender.zeroPages)
            counters.note(requests: sender.requestCount)
            counters.note(remaining: UInt64(sender.left) * UInt64(MigrationFormat.pageSize))
        }
    }

    private func listen(on channel: Channel, isResuming: Bool) throws(TransportError) -> RequestListener {
        do throws(SystemError) {
            return try RequestListener(on: channel, layout: machine.layout, isResuming: isResuming) {
                [controller, session] notice in
                switch notice {
                case .runs: controller.post(.peerRuns, of: session)
                case .cannotSend: session.control.cut()
                case .gaveUp(let word): controller.post(.peerGaveUp(word), of: session)
                case .failed(let failure):
                    controller.post(.channelBroke(failure.description), of: session)
                    // Whoever sends, or waits to, does not go on. Other channels are made once this thread has ended.
                    session.control.cut()
                }
            }
        } catch {
            throw .failed(action: "Unable to listen to the destination", reason: error.reason)
        }
    }

    /// Sends the next pages of the background.
    func sendInPostcopy(_ limit: Int, _ postcopy: PostcopySource) throws(MigrationFailure) -> SourceMachine.Event {
        let sender = postcopy.sender
        try onOpenChannel { (_) throws(TransportError) in try sender.sendBackground(limit) }
        return .sent(
            left: sender.left, bytes: bytesBeforePostcopy + sender.backgroundBytes, pages: normalPages + zeroPages)
    }

    /// Says something that is answered, so that each side knows that the other one lives.
    func sendPing() throws(MigrationFailure) -> SourceMachine.Event {
        guard let postcopy else { throw .cancelled }
        let now = clock.now()
        if let since = postcopy.listener.unansweredSince {
            guard now < since + controller.outgoingLimits.withLock({ $0.answer }) else {
                throw .peer("The destination has answered nothing for \((now - since).count / 1_000_000_000) s")
            }
        }
        postcopy.listener.noteAsked(at: now)
        try onOpenChannel { (channel) throws(TransportError) in
            try postcopy.sender.ping(Self.pingWhilePaced) { () throws(TransportError) in
                try ram.sender.settle(on: channel)
            }
        }
        return .spoke
    }

    /// All pages have left.
    func endPostcopy() throws(MigrationFailure) -> SourceMachine.Event {
        guard let postcopy else { throw .cancelled }
        try onOpenChannel { (channel) throws(TransportError) in
            try postcopy.sender.end { () throws(TransportError) in try ram.sender.settle(on: channel) }
        }
        return .postcopyEnded
    }

    /// The last word comes to whoever listens.
    func awaitPeer(of postcopy: PostcopySource, until deadline: Nanoseconds) throws(MigrationFailure)
        -> SourceMachine.Event
    {
        switch postcopy.listener.waitForEnd(until: deadline) {
        case .shut(let word): return .peerSaid(word)
        case .failed: return .peerLeft
        case nil: throw .peer("The destination did not say in time that it has the guest")
        }
    }

    /// An action has failed. What the destination said before its channel broke is heard before the pause is told: where the
    /// guest is may stand there.
    func hearOut(behind failure: MigrationFailure) {
        guard let listener = postcopy?.listener, endMayHaveLeft else { return }
        // The first reason is that of all others.
        controller.post(.channelBroke(failure.description), of: session)
        session.control.cut()
        _ = listener.hearOut(until: clock.now() + SourceMachine.Configuration().lastWordsTimeout)
    }

    /// The same before the guest is taken back.
    func hearLastWords(until deadline: Nanoseconds) -> SourceMachine.Event {
        postcopy?.listener.hearOut(until: deadline) ?? true ? .lastWordsHeard : .interrupted()
    }

    // MARK: Recovery

    /// Makes the channels anew, to where the operator says that the destination listens now.
    func reconnect() throws(MigrationFailure) -> SourceMachine.Event {
        guard let destination = session.takeRecovery() else { throw .cancelled }
        endChannels()
        self.destination = destination
        return try connectChannels() == .connected ? .reconnected : .interrupted()
    }

    /// Lets the channels go that broke. What they carried still counts.
    private func endChannels() {
        postcopy?.listener.join()
        counters.noteLost(bytes: (channel?.bytesSent ?? 0) + (session.control.channels[.preempt]?.bytesSent ?? 0))
        for role in [ChannelRole.main, .preempt] {
            if let lost = session.control.channels[role] { session.control.channels.remove(lost) }
        }
        channel = nil
        // Pages have been on the main channel since the switchover.
        if endMultifd() {
            counters.notePostcopyPages(normal: ram.sender.normalPages, zero: ram.sender.zeroPages)
            ram.sender = RAMSender(layout: machine.layout)
        }
    }

    /// Finds out which pages have arrived; all others are sent, again or for the first time.
    func recover(until deadline: Nanoseconds) throws(MigrationFailure) -> SourceMachine.Event {
        guard let before = postcopy?.sender else { throw .cancelled }
        let (listener, arrived) = try onRecovery { (channel) throws(MigrationFailure) in
            let listener = try onChannel { () throws(TransportError) in try listen(on: channel, isResuming: true) }
            // It ends before there is another channel, however this goes.
            postcopy?.listener = listener
            var writer = ByteWriter(capacity: 1024)
            for block in machine.layout { StreamCommand.receiveBitmap(block: block.name).write(to: &writer) }
            try send(writer.bytes, on: channel)
            return (listener, try listener.waitForArrived(until: deadline))
        }
        for (block, set) in before.unsent.enumerated() {
            set.insertAll()
            guard let arrived = arrived[block] else { continue }
            for page in 0..<set.pageCount where arrived[page] { set.remove(page) }
        }
        machine.memory.completeHostPages(before.unsent)
        let sender = try onRecovery { (channel) throws(MigrationFailure) in
            counters.notePostcopyPages(normal: before.normalPages, zero: before.zeroPages)
            counters.noteRequestsBefore(before.requestCount)
            let sender = makePostcopySender(before.unsent, on: channel)
            postcopy?.sender = sender
            bytesBeforePostcopy += before.backgroundBytes
            var writer = ByteWriter(capacity: 16)
            StreamCommand.postcopyResume.write(to: &writer)
            try send(writer.bytes, on: channel)
            listener.serve(with: sender)
            return sender
        }
        try listener.waitForAcknowledgement(until: deadline)
        sender.count()
        return .recovered(left: sender.left)
    }

    private func onRecovery<Value>(
        _ body: (Channel) throws(MigrationFailure) -> Value
    ) throws(MigrationFailure) -> Value {
        guard let channel, !session.control.isCancelled else { throw .cancelled }
        return try body(channel)
    }

    private func send(_ bytes: [UInt8], on channel: Channel) throws(MigrationFailure) {
        do throws(MigrationFailure) {
            try onChannel { () throws(TransportError) in
                try channel.write(bytes)
                try channel.flush()
            }
        } catch {
            // Who listens has cut the channel, and knows why.
            throw postcopy?.listener.failure ?? error
        }
    }
}
