/// Reads the return path of a postcopy on the source, from a window of bytes: what is asked for lies in blocks of the layout,
/// and what is told was asked for. After an error it must not be used any more.
public struct ReturnPathDecoder: Sendable {
    /// What the destination says.
    public enum Element: Hashable, Sendable {
        /// Nothing more can be read until the window holds that many bytes.
        case needBytes(Int)
        /// The last message: 0 if the stream was loaded, else the destination failed.
        case shut(UInt32)
        /// The answer to PING.
        case pong(UInt32)
        /// The guest waits for these pages, whole host pages of the block.
        case requestPages(block: Int, pages: Range<Int>)
        /// Which pages of the block have arrived.
        case receivedBitmap(block: Int, ReceivedBitmap)
        /// The postcopy goes on.
        case resumeAcknowledged
    }

    private let layout: [BlockLayout]
    /// The block of the last request; it lives as long as the channel.
    private var lastBlock: Int?
    /// Blocks whose bitmap was asked for and has not come.
    private var bitmapsDue: Set<Int> = []
    /// The block whose bitmap comes next.
    private var bitmapBlock: Int?
    private var isResuming: Bool

    /// A decoder at the start of a channel. `resuming`: one that goes on where another one broke, so that a bitmap of each
    /// block comes, and RESUME_ACK.
    public init(layout: [BlockLayout], resuming: Bool = false) {
        self.layout = layout
        isResuming = resuming
        if resuming { bitmapsDue = Set(layout.indices) }
    }

    /// Reads the next message.
    public mutating func next(_ window: inout ByteWindow) throws(StreamError) -> Element {
        if let block = bitmapBlock { return try readBitmap(&window, block) }
        let record: ReturnPathRecord
        let end: Int
        switch try ReturnPathRecord.read(window, at: 0) {
        case .needBytes(let count): return .needBytes(count)
        case .complete(let value, let next): (record, end) = (value, next)
        }
        let element: Element?
        switch record {
        case .shut(let value): element = .shut(value)
        case .pong(let value): element = .pong(value)
        case .requestPages(let start, let length, let name):
            element = try request(start, UInt64(length), name, window)
        case .receivedBitmap(let name):
            let block = try block(named: name, window)
            guard bitmapsDue.remove(block) != nil else {
                throw window.error("RP: Received a bitmap of block '\(name)' that was not asked for", at: 0)
            }
            bitmapBlock = block
            element = nil
        case .resumeAcknowledged(let value):
            guard isResuming, bitmapsDue.isEmpty, value == 1 else {
                throw window.error("RP: illegal resume_ack value \(value), or at a wrong time", at: 0)
            }
            isResuming = false
            element = .resumeAcknowledged
        }
        window.skip(end)
        if let element { return element }
        return try next(&window)
    }

    private mutating func readBitmap(_ window: inout ByteWindow, _ block: Int) throws(StreamError) -> Element {
        switch try ReceivedBitmap.take(from: &window, pages: layout[block].pageCount) {
        case .needBytes(let count): return .needBytes(count)
        case .complete(let bitmap, _):
            bitmapBlock = nil
            return .receivedBitmap(block: block, bitmap)
        }
    }

    private mutating func request(
        _ start: UInt64, _ length: UInt64, _ name: String?, _ window: ByteWindow
    ) throws(StreamError) -> Element {
        let pageSize = UInt64(MigrationFormat.pageSize)
        guard start % pageSize == 0, length % pageSize == 0, length > 0 else {
            throw window.error("RP: Misaligned page request, start: \(hex(start)) len: \(length)", at: 0)
        }
        if let name { lastBlock = try block(named: name, window) }
        guard let block = lastBlock else {
            throw window.error("RP: a page request without a block, and none was named before", at: 0)
        }
        let size = layout[block].size
        guard start < size, length <= size - start else {
            throw window.error(
                "RP: request overrun start=\(hex(start)) len=\(hex(length)) blocklen=\(hex(size))", at: 0)
        }
        let pages = Int(start / pageSize)..<Int((start + length) / pageSize)
        return .requestPages(block: block, pages: layout[block].wholeHostPages(pages))
    }

    private func block(named name: String, _ window: ByteWindow) throws(StreamError) -> Int {
        guard let block = layout.firstIndex(where: { $0.name == name }) else {
            throw window.error("RP: no block '\(name)'", at: 0)
        }
        return block
    }
}
