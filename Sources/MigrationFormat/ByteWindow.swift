/// The bytes that were received and not yet read, with the count of everything that went through.
///
/// A driver fills it from a channel (`fill`, `append`); a decoder takes from its front. Page payloads go to their place
/// directly: the driver drains what the window already holds (`drain`) and reads the rest past it (`countDirect`).
public struct ByteWindow: Sendable {
    private var storage: [UInt8]
    private var head = 0
    private var tail = 0
    /// How many bytes of the stream were read from the front so far.
    public private(set) var offset: UInt64 = 0

    /// An empty window with room for `capacity` bytes at first; it grows when a value needs more.
    public init(capacity: Int = 64 << 10) { storage = [UInt8](repeating: 0, count: max(16, capacity)) }

    /// A window that holds `bytes`.
    public init(_ bytes: [UInt8]) {
        self.init(capacity: bytes.count)
        storage.replaceSubrange(0..<bytes.count, with: bytes)
        tail = bytes.count
    }

    /// How many bytes can be read.
    public var available: Int { tail - head }

    /// Makes room for at least `minimum` more bytes and lets `body` write into the free space; it returns how many
    /// bytes it wrote there.
    public mutating func fill<Failure: Error>(
        minimum: Int = 1, _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
    ) throws(Failure) {
        // SAFETY: the closure fills the free part of the buffer and returns how much; more is refused.
        makeRoom(minimum)
        var result = Swift.Result<Int, Failure>.success(0)
        unsafe storage.withUnsafeMutableBytes { raw in
            let free = unsafe UnsafeMutableRawBufferPointer(rebasing: raw[tail...])
            do throws(Failure) { result = unsafe .success(try body(free)) } catch { result = .failure(error) }
        }
        let count = try result.get()
        precondition(count >= 0 && count <= storage.count - tail)
        tail += count
    }

    /// Appends bytes.
    public mutating func append(_ bytes: some Collection<UInt8>) {
        makeRoom(bytes.count)
        storage.replaceSubrange(tail..<tail + bytes.count, with: bytes)
        tail += bytes.count
    }

    /// Appends a copy of `bytes`, which somebody else owns.
    public mutating func append(copying bytes: UnsafeRawBufferPointer) {
        guard unsafe !bytes.isEmpty else { return }
        makeRoom(bytes.count)
        unsafe storage.withUnsafeMutableBytes { raw in
            // SAFETY: there is room for all of them behind `tail`.
            unsafe UnsafeMutableRawBufferPointer(rebasing: raw[tail...]).copyMemory(from: bytes)
        }
        tail += bytes.count
    }

    /// Copies the first bytes to `target`, without taking them; returns how many there were.
    public func copyFront(to target: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(available, target.count)
        unsafe storage.withUnsafeBytes { raw in
            // SAFETY: both ranges have `count` bytes.
            unsafe target.copyMemory(from: UnsafeRawBufferPointer(rebasing: raw[head..<head + count]))
        }
        return count
    }

    /// Lends the first `count` bytes, which must be there, and drops them afterwards.
    public mutating func take<Failure: Error>(
        _ count: Int, _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        precondition(count <= available)
        let start = head
        skip(count)
        // SAFETY: the bytes were there before they were skipped, and stay in the storage until it is filled again.
        var result = Swift.Result<Void, Failure>.success(())
        unsafe storage.withUnsafeBytes { raw in
            let front = unsafe UnsafeRawBufferPointer(rebasing: raw[start..<start + count])
            do throws(Failure) { try unsafe body(front) } catch { result = .failure(error) }
        }
        try result.get()
    }

    /// Drops the bytes that it holds, which were looked at with `copyFront`.
    public mutating func drop(_ count: Int) { skip(count) }

    /// Moves up to `target.count` bytes from the front to `target`; returns how many there were.
    public mutating func drain(into target: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(available, target.count)
        unsafe storage.withUnsafeBytes { raw in
            // SAFETY: both ranges have `count` bytes: the window's from `head`, the target's from its start.
            if count > 0, let from = raw.baseAddress, let to = target.baseAddress {
                unsafe to.copyMemory(from: from + head, byteCount: count)
            }
        }
        skip(count)
        return count
    }

    /// Counts bytes of the stream that were read from the channel past the window, before those that it holds now.
    public mutating func countDirect(_ count: Int) { offset += UInt64(count) }

    private mutating func makeRoom(_ count: Int) {
        if head == tail {
            head = 0
            tail = 0
        }
        if storage.count - tail >= count { return }
        unsafe storage.withUnsafeMutableBytes { raw in
            // SAFETY: moves the unread bytes to the front of the same buffer; copyMemory allows the overlap.
            if let base = raw.baseAddress, head > 0 {
                unsafe base.copyMemory(from: base + head, byteCount: tail - head)
            }
        }
        tail -= head
        head = 0
        if storage.count - tail < count {
            storage.append(contentsOf: repeatElement(0, count: max(count - (storage.count - tail), storage.count)))
        }
    }
}

extension ByteWindow {
    /// The byte at `index` from the front.
    func byte(_ index: Int) -> UInt8 {
        precondition(index < available)
        return storage[head + index]
    }

    /// The big-endian integer at `index` from the front.
    func integer<T: FixedWidthInteger>(_ index: Int, as type: T.Type = T.self) -> T {
        // SAFETY: the index is checked against what is available.
        precondition(index + T.bitWidth / 8 <= available)
        return unsafe storage.withUnsafeBytes {
            unsafe T(bigEndian: $0.loadUnaligned(fromByteOffset: head + index, as: T.self))
        }
    }

    /// A copy of `count` bytes from `index` on.
    func bytes(_ index: Int, count: Int) -> [UInt8] {
        precondition(index + count <= available)
        return Array(storage[head + index..<head + index + count])
    }

    /// The text of `count` bytes from `index` on; bytes that are no UTF-8 become replacement characters, so they
    /// match no name.
    func text(_ index: Int, count: Int) -> String { String(decoding: bytes(index, count: count), as: UTF8.self) }

    /// Drops `count` bytes from the front, which must be there.
    public mutating func skip(_ count: Int) {
        precondition(count <= available)
        head += count
        offset += UInt64(count)
    }
}

extension ByteWindow {
    /// Copies the payloads of the records that bring, one after the other, the pages `pages` of the block of the record
    /// before, as far as they stand at the front wholly, to `place` and behind it, and drops them; returns how many.
    public mutating func takeRepeatedPages(_ pages: Range<Int>, to place: UnsafeMutableRawPointer) -> Int {
        let size = RepeatedPageHeader.size + MigrationFormat.pageSize
        let limit = min(pages.count, available / size)
        let start = head
        let count = unsafe storage.withUnsafeBytes { raw in
            // SAFETY: `limit` records lie between `head` and `tail`, and the caller lends as many pages at `place`.
            var count = 0
            guard let base = raw.baseAddress else { return 0 }
            while count < limit {
                let record = unsafe base + start + count * size
                guard
                    unsafe record.loadUnaligned(as: UInt64.self)
                        == RepeatedPageHeader.word(page: pages.lowerBound + count)
                else { break }
                unsafe (place + count * MigrationFormat.pageSize).copyMemory(
                    from: record + RepeatedPageHeader.size, byteCount: MigrationFormat.pageSize)
                count += 1
            }
            return count
        }
        skip(count * size)
        return count
    }

    /// Takes the records that say of pages of the block of the record before that they are zero, as far as they stand at
    /// the front and their pages lie below `end`. `body` gets them as runs of pages that follow each other, in the order of
    /// the records.
    public mutating func takeZeroPages(below end: Int, _ body: (Range<Int>) -> Void) {
        let start = head
        var place = start
        unsafe storage.withUnsafeBytes { raw in
            var pages = 0..<0
            while place + RepeatedZeroPage.size <= tail {
                // SAFETY: a whole record lies between `head` and `tail`.
                let word = unsafe raw.loadUnaligned(fromByteOffset: place, as: UInt64.self)
                guard let page = RepeatedZeroPage.page(word: word), page < end, unsafe raw[place + 8] == 0 else {
                    break
                }
                place += RepeatedZeroPage.size
                if page == pages.upperBound, !pages.isEmpty {
                    pages = pages.lowerBound..<page + 1
                    continue
                }
                if !pages.isEmpty { body(pages) }
                pages = page..<page + 1
            }
            if !pages.isEmpty { body(pages) }
        }
        skip(place - start)
    }
}

/// What a reader needs that looks at bytes before it knows what they are.
extension ByteWindow {
    /// The byte at the front; nil of an empty window.
    public var first: UInt8? { available > 0 ? byte(0) : nil }

    /// A copy of the first `count` bytes, which must be there.
    public func copy(_ count: Int) -> [UInt8] { bytes(0, count: count) }

    /// Where `pattern` first stands, not before `index`; nil if it does not.
    public func find(_ pattern: [UInt8], from index: Int) -> Int? {
        guard let lead = pattern.first, index >= 0 else { return nil }
        var place = index
        while place + pattern.count <= available {
            if byte(place) == lead, bytes(place, count: pattern.count) == pattern { return place }
            place += 1
        }
        return nil
    }

    /// Applies the records that bring, one after the other, pages of the block of the record before as their difference, as
    /// far as they stand at the front wholly, and drops them. `place` is where the block begins, which has `count` pages.
    /// Returns the pages, which follow each other; nil if the next record is not like that, or is malformed.
    public mutating func takeRepeatedDeltas(to place: UnsafeMutableRawPointer, count: Int) -> Range<Int>? {
        let first = head
        var pages: Range<Int>?
        let end = unsafe storage.withUnsafeBytes { raw in
            // SAFETY: a record is read only as far as `tail`; its page is below `count`.
            var start = first
            while tail - start >= RepeatedDelta.headerSize {
                let word = unsafe UInt64(bigEndian: raw.loadUnaligned(fromByteOffset: start, as: UInt64.self))
                let length = unsafe Int(
                    UInt16(bigEndian: raw.loadUnaligned(fromByteOffset: start + 9, as: UInt16.self)))
                let offset = word & ~RAMFlags.mask
                guard word & RAMFlags.mask == RepeatedDelta.flags,
                    unsafe raw[start + 8] == RAMRecord.xbzrleEncoding, length <= MigrationFormat.pageSize,
                    length <= tail - start - RepeatedDelta.headerSize,
                    offset < UInt64(count) * UInt64(MigrationFormat.pageSize)
                else { break }
                let page = Int(offset) / MigrationFormat.pageSize
                guard page == pages?.upperBound ?? page else { break }
                let bytes = start + RepeatedDelta.headerSize
                let target = unsafe UnsafeMutableRawBufferPointer(
                    start: place + page * MigrationFormat.pageSize, count: MigrationFormat.pageSize)
                do throws(XBZRLEDelta.Failure) {
                    try unsafe XBZRLEDelta.apply(.init(rebasing: raw[bytes..<bytes + length]), to: target)
                } catch { break }
                pages = (pages?.lowerBound ?? page)..<page + 1
                start = bytes + length
            }
            return start
        }
        skip(end - first)
        return pages
    }
}
