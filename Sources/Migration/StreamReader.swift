import Environment
import MigrationFormat
import SystemCalls
import Transport

/// What turns the bytes of a channel into elements: those of a whole stream, or of pages alone.
protocol ElementDecoder {
    mutating func next(_ window: inout ByteWindow) throws(StreamError) -> StreamElement
    /// Whether the peer may close the channel here.
    var mayEndHere: Bool { get }
}

extension StreamDecoder: ElementDecoder {}
extension PostcopyChannelDecoder: ElementDecoder {}

/// Reads a stream.
typealias StreamReader = ElementReader<StreamDecoder>

/// Reads a channel through a window: stream elements, page payloads straight to their place, messages and blobs.
final class ElementReader<Decoder: ElementDecoder> {
    let channel: Channel
    var window = ByteWindow(capacity: 128 << 10)
    var decoder: Decoder
    /// Where pages may be put before they are announced; without it, every page is announced first.
    var vacancies: PageArrivals?
    let run = PageRun()
    /// How much of the page that `next` has returned is in its place already.
    var inPlace = 0
    /// Whether the element before was a page, all of which was taken.
    var isAfterPage = false
    /// Bytes of pages that went from the channel to their place with nothing in between.
    private(set) var directBytes: UInt64 = 0
    /// Bytes of pages that were copied from the window.
    var copiedBytes: UInt64 = 0

    init(channel: Channel, decoder: Decoder) {
        self.channel = channel
        self.decoder = decoder
    }

    /// The next element of the stream, and never `needBytes`. Nil when the peer closed at a point where it may.
    func next(deadline: Nanoseconds? = nil) throws(MigrationFailure) -> StreamElement? {
        if let page = try expectedPage(deadline: deadline) { return page }
        while true {
            let element = try onStream { () throws(StreamError) in try decoder.next(&window) }
            guard case .needBytes(let count) = element else {
                if case .page(let location) = element { run.begin(location) } else { run.end() }
                isAfterPage = false
                inPlace = 0
                return element
            }
            guard try fill(to: count, deadline: deadline) else {
                if decoder.mayEndHere, window.available == 0 { return nil }
                throw .channel(.closedByPeer)
            }
        }
    }

    /// Moves the payload of the page that `next` has returned to `target`, its place.
    func takePage(into target: UnsafeMutableRawPointer, deadline: Nanoseconds? = nil) throws(MigrationFailure) {
        // SAFETY: the caller lends a whole page at `target` for the length of this call.
        let place = unsafe UnsafeMutableRawBufferPointer(start: target, count: MigrationFormat.pageSize)
        var done = inPlace
        if done == 0 {
            done = unsafe window.drain(into: place)
            copiedBytes += UInt64(done)
        }
        while done < place.count {
            let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: place[done...])
            let count =
                unsafe canReadAhead
                ? try readAhead(rest, deadline: deadline) : try read(rest, deadline: deadline)
            guard count > 0 else { throw .channel(.closedByPeer) }
            done += min(count, rest.count)
        }
        isAfterPage = true
    }

    /// Applies the difference of `length` bytes that `next` has announced to the page at `page`, which holds what it is a
    /// difference from.
    func takeDelta(
        _ length: Int, of location: PageLocation, into page: UnsafeMutableRawPointer, deadline: Nanoseconds? = nil
    ) throws(MigrationFailure) {
        let start = window.offset
        try unsafe takeStored(length, deadline: deadline) { (delta) throws(MigrationFailure) in
            // SAFETY: the caller lends a whole page at `page` for the length of this call.
            let target = unsafe UnsafeMutableRawBufferPointer(start: page, count: MigrationFormat.pageSize)
            do throws(XBZRLEDelta.Failure) { try unsafe XBZRLEDelta.apply(delta, to: target) } catch {
                throw .peer(
                    "section 'ram' at offset \(start): \(error) (page \(location.page) of block \(location.block))")
            }
        }
    }

    /// Takes what the window holds of differences of pages of the same block, which has `count` pages; `location` was the last
    /// one.
    func takeHeldDeltas(behind location: PageLocation, into arrivals: PageArrivals, count: Int) {
        let base = PageLocation(block: location.block, page: 0)
        // SAFETY: the block has `count` pages from its first one on.
        while let pages = unsafe window.takeRepeatedDeltas(to: arrivals.place(of: base), count: count) {
            arrivals.noteWritten(pages, ofBlock: location.block)
        }
    }

    /// Lends the `count` bytes that come next, and takes them.
    func takeStored(
        _ count: Int, deadline: Nanoseconds? = nil,
        _ body: (UnsafeRawBufferPointer) throws(MigrationFailure) -> Void
    ) throws(MigrationFailure) {
        guard try fill(to: count, deadline: deadline) else { throw .channel(.closedByPeer) }
        // SAFETY: the window lends its bytes for the length of the closure.
        try unsafe window.take(count, body)
    }

    /// Fills `rest`; what is read beyond it goes to the window with the same call. Returns the count of all.
    private func read(_ rest: UnsafeMutableRawBufferPointer, deadline: Nanoseconds?) throws(MigrationFailure) -> Int {
        // SAFETY: `rest` is what the caller still expects of its own buffer.
        var count = 0
        try onChannel { () throws(TransportError) in
            try unsafe window.fill { (free) throws(TransportError) in
                count = try unsafe channel.read(into: rest, then: free, deadline: deadline)
                return max(0, count - rest.count)
            }
        }
        countDirect(min(count, rest.count))
        return count
    }

    /// Counts bytes of a page that went to their place, past the window.
    func countDirect(_ count: Int) {
        window.countDirect(count)
        directBytes += UInt64(count)
    }

    /// The next message of the peer.
    func message(deadline: Nanoseconds) throws(MigrationFailure) -> COLOMessage {
        while true {
            if let message = try onStream({ () throws(StreamError) in try COLOMessage.take(from: &window) }) {
                return message
            }
            guard try fill(to: window.available + 1, deadline: deadline) else { throw .channel(.closedByPeer) }
        }
    }

    /// The next message of the return path.
    func returnPathMessage(deadline: Nanoseconds) throws(MigrationFailure) -> ReturnPathMessage {
        while true {
            if let message = try onStream({ () throws(StreamError) in try ReturnPathMessage.take(from: &window) }) {
                return message
            }
            guard try fill(to: window.available + 1, deadline: deadline) else { throw .channel(.closedByPeer) }
        }
    }

    /// `count` raw bytes. Memory is taken as the bytes arrive, not before.
    func bytes(_ count: Int, deadline: Nanoseconds) throws(MigrationFailure) -> [UInt8] {
        var result: [UInt8] = []
        while result.count < count {
            let step = min(count - result.count, 1 << 20)
            var failure: MigrationFailure?
            let piece = unsafe [UInt8](unsafeUninitializedCapacity: step) { buffer, filled in
                do throws(MigrationFailure) {
                    // SAFETY: all `step` bytes are initialized before they count as filled.
                    let raw = UnsafeMutableRawBufferPointer(buffer)
                    let held = unsafe window.drain(into: raw)
                    let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: raw[held...])
                    if unsafe !rest.isEmpty {
                        try onChannel { () throws(TransportError) in
                            try unsafe channel.readAll(into: rest, deadline: deadline)
                        }
                        window.countDirect(rest.count)
                    }
                    filled = step
                } catch {
                    // Nothing of a torn piece is used.
                    failure = error
                    filled = 0
                }
            }
            if let failure { throw failure }
            result.append(contentsOf: piece)
        }
        return result
    }

    /// Reads until the window holds `count` bytes; false if the peer closed before.
    private func fill(to count: Int, deadline: Nanoseconds?) throws(MigrationFailure) -> Bool {
        try window.fill(to: count, from: channel, deadline: deadline)
    }
}

extension ByteWindow {
    /// Reads from `channel` until the window holds `count` bytes; false if the peer closed before.
    mutating func fill(
        to count: Int, from channel: Channel, deadline: Nanoseconds?
    ) throws(MigrationFailure) -> Bool {
        // SAFETY: the window gives its free part, and gets the count that was filled.
        while available < count {
            var received = 0
            let missing = count - available
            do throws(TransportError) {
                try unsafe fill(minimum: missing) { (free) throws(TransportError) in
                    received = try unsafe channel.read(into: free, deadline: deadline)
                    return received
                }
            } catch {
                throw error == .cancelled ? .cancelled : .channel(error)
            }
            if received == 0 { return false }
        }
        return true
    }
}
