import CLinux
import Environment
import Glibc
import SystemCalls

/// A TLS session over another wire, from its handshake on. What it moves is counted before it is enciphered.
@safe final class TLSWire: WireEnd, @unchecked Sendable {
    // SAFETY: `ending` belongs to the reading thread; `record` and `unsent` to the writing one; the session takes care of
    // itself. The lists describe memory that the caller lends until the call returns.
    let name = "TLS channel"
    private let session: TLSSession
    private let recordSize: Int
    /// Small pieces are gathered here, so that records are full.
    private let record: UnsafeMutableRawPointer
    /// The size of a record that left only in part.
    private var unsent = 0
    /// How reading ended.
    private var ending: Wire.Outcome?

    /// How many records one call sends at most: the channel looks at its deadline between calls.
    private static let recordsPerCall = 64

    /// Over a session whose handshake is done.
    init(_ session: TLSSession) {
        self.session = session
        recordSize = max(1, min(session.recordSize, Transport.tlsRecordSize))
        unsafe record = .allocate(byteCount: recordSize, alignment: 16)
    }

    deinit { unsafe record.deallocate() }

    /// The wire below.
    var carrier: Wire { session.wire }

    /// Version and cipher.
    var agreement: String { session.agreement }

    func action(_ direction: Wire.Direction) -> String {
        direction == .reading ? "Cannot read from TLS channel" : "Cannot write to TLS channel"
    }

    var canReceive: Bool { true }

    // MARK: Reading

    func read(_ places: UnsafeMutablePointer<iovec>, _ count: Int) -> Wire.Outcome {
        if let ending { return ending }
        var moved = 0
        for index in 0..<count {
            guard let base = unsafe places[index].iov_base else { continue }
            let size = unsafe places[index].iov_len
            var filled = 0
            while filled < size {
                let outcome = unsafe session.receive(base + filled, size - filled)
                guard case .moved(let more) = outcome, more > 0 else {
                    if case .blocked = outcome {} else { ending = outcome }
                    return moved > 0 ? .moved(moved) : outcome
                }
                filled += more
                moved += more
            }
        }
        return .moved(moved)
    }

    var holdsBytes: Bool { session.holdsBytes || carrier.holdsBytes }

    func wait(for direction: Wire.Direction, until deadline: Nanoseconds, orUntil other: Int32) -> PollResult {
        if direction == .reading, session.holdsBytes { return .ready }
        return carrier.wait(for: direction, until: deadline, orUntil: other)
    }

    // MARK: Writing

    /// A record that is blocked stays with GnuTLS and counts once it has left; the caller offers its bytes until then.
    func write(_ pieces: UnsafeMutablePointer<iovec>, _ count: Int) -> Wire.Outcome {
        if unsent > 0 {
            let outcome = session.sendRest()
            if case .moved = outcome { unsent = 0 }
            return outcome
        }
        var moved = 0
        var place = Place()
        for _ in 0..<Self.recordsPerCall {
            let (bytes, size) = unsafe nextRecord(pieces, count, &place)
            guard let bytes = unsafe bytes else { break }
            let outcome = unsafe session.send(bytes, size)
            guard case .moved(let sent) = outcome else {
                if case .blocked = outcome { unsent = size }
                return moved > 0 ? .moved(moved) : outcome
            }
            moved += sent
            // Less than offered: the caller comes again with what is left.
            if sent < size { break }
        }
        return .moved(moved)
    }

    /// How far the pieces are taken.
    private struct Place {
        var piece = 0
        var offset = 0
    }

    /// The bytes of the next record: where they lie if they lie together, else gathered. Nil if there are none left.
    private func nextRecord(
        _ pieces: UnsafeMutablePointer<iovec>, _ count: Int, _ place: inout Place
    ) -> (UnsafeRawPointer?, Int) {
        var gathered = 0
        while place.piece < count, gathered < recordSize {
            let piece = unsafe pieces[place.piece]
            guard let base = unsafe piece.iov_base, unsafe piece.iov_len > place.offset else {
                place = Place(piece: place.piece + 1)
                continue
            }
            let left = unsafe piece.iov_len - place.offset
            let size = min(left, recordSize - gathered)
            let from = unsafe base + place.offset
            let isLast = size == left && place.piece + 1 == count
            if size == left { place = Place(piece: place.piece + 1) } else { place.offset += size }
            if gathered == 0, size == recordSize || isLast { return (UnsafeRawPointer(from), size) }
            unsafe (record + gathered).copyMemory(from: from, byteCount: size)
            gathered += size
        }
        return unsafe (gathered > 0 ? UnsafeRawPointer(record) : nil, gathered)
    }

    // MARK: Ending

    func interrupt() { carrier.interrupt() }

    func closeWriting() {
        sayEnd()
        carrier.closeWriting()
    }

    /// Tells the peer, in TLS, that nothing more comes. One that does not even take that much is not waited for.
    func sayEnd() {
        let deadline = SystemClock().now() + .milliseconds(Transport.tlsEndMilliseconds)
        while unsent == 0, !session.sayEnd() {
            guard case .ready = carrier.wait(for: .writing, until: deadline), SystemClock().now() < deadline else {
                return
            }
        }
    }
}
