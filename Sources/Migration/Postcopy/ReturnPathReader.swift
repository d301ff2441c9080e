import Environment
import MigrationFormat
import Transport

/// Reads what the destination of a postcopy says, which may come at any time or for long not at all.
final class ReturnPathReader {
    private let channel: Channel
    private var decoder: ReturnPathDecoder
    private var window = ByteWindow(capacity: 4 << 10)

    init(channel: Channel, decoder: ReturnPathDecoder) {
        self.channel = channel
        self.decoder = decoder
    }

    /// The next message, and never `needBytes`. One that has begun comes at once; the beginning is waited for without a
    /// deadline.
    func next() throws(MigrationFailure) -> ReturnPathDecoder.Element {
        while true {
            let element = try onStream { () throws(StreamError) in try decoder.next(&window) }
            guard case .needBytes(let count) = element else { return element }
            guard try window.fill(to: count, from: channel, deadline: window.available == 0 ? .never : nil) else {
                throw .channel(.closedByPeer)
            }
        }
    }
}
