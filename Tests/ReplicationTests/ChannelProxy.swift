import Environment
import SystemCalls

@testable import Transport

/// Stands between the two ends of a replication channel and does to it what a network can do.
final class ChannelProxy: Sendable {
    /// What becomes of the bytes of one direction, counted from the moment in which the fault was armed.
    enum Fault: Sendable, Equatable {
        /// They arrive.
        case none
        /// The connection ends, in both directions, after so many bytes.
        case cut(after: Int)
        /// The byte of that number arrives with some of its bits inverted.
        case garble(at: Int)
        /// So many bytes arrive, then nothing more, and not even the end of the connection.
        case stall(after: Int)
    }

    enum Direction: Sendable { case toSecondary, toPrimary }

    private struct Lane {
        var fault = Fault.none
        var count = 0
    }

    private struct State {
        var wanted: [UInt8] = []
        var found = 0
        var toSecondary = Lane()
        var toPrimary = Lane()
        var ended = false
    }

    private let listener: Listener
    private let cancellation: Cancellation
    private let state = ThreadGate(State())

    /// Where the primary connects to.
    var uri: String { listener.address.description }

    /// Listens on `address` and connects to `target` once somebody comes.
    init(listen address: MigrationAddress, target: MigrationAddress) throws {
        listener = try Listener(address)
        cancellation = try Cancellation()
        let (listener, cancellation, state) = (listener, cancellation, state)
        _ = try Thread(name: "proxy") {
            guard let (primary, secondary) = Self.join(listener, target, cancellation) else { return }
            _ = try? Thread(name: "proxy-back") { Self.pump(.toPrimary, from: secondary, to: primary, state) }
            Self.pump(.toSecondary, from: primary, to: secondary, state)
        }
    }

    /// The first connection for which there is somebody at the other end; nil once there is no more to wait for.
    private static func join(
        _ listener: Listener, _ target: MigrationAddress, _ cancellation: Cancellation
    ) -> (primary: Channel, secondary: Channel)? {
        while let primary = try? listener.accept(cancellation: cancellation) {
            if let secondary = try? Channel.connect(to: target, cancellation: cancellation) {
                return (primary, secondary)
            }
            primary.shutDown()
        }
        return nil
    }

    deinit {
        cancellation.cancel()
        state.withLock { $0.ended = true }
    }

    /// From now on `fault` happens to `direction`.
    func arm(_ fault: Fault, _ direction: Direction) {
        state.withLock { state in
            if direction == .toSecondary { state.toSecondary = Lane(fault: fault) }
            if direction == .toPrimary { state.toPrimary = Lane(fault: fault) }
        }
    }

    /// How many bytes came in `direction` since a fault was armed for it.
    func count(_ direction: Direction) -> Int {
        state.withLock(notify: false) { direction == .toSecondary ? $0.toSecondary.count : $0.toPrimary.count }
    }

    /// From now on the proxy reads along for `bytes`.
    func look(for bytes: [UInt8]) { state.withLock { ($0.wanted, $0.found) = (bytes, 0) } }

    /// How often it has seen them, as long as they did not lie across the end of what it read at once.
    var found: Int { state.withLock(notify: false) { $0.found } }

    private static func pump(_ direction: Direction, from: Channel, to: Channel, _ state: ThreadGate<State>) {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = buffer.withUnsafeMutableBytes { (try? from.read(into: $0, deadline: .never)) ?? 0 }
            let lane = state.withLock { state in
                state.found += occurrences(of: state.wanted, in: buffer[..<max(0, count)])
                return direction == .toSecondary ? take(count, &state.toSecondary) : take(count, &state.toPrimary)
            }
            var passed = count
            switch lane.fault {
            case .none: break
            case .cut(let limit), .stall(let limit): passed = min(count, max(0, limit - lane.count))
            case .garble(let place):
                if (lane.count..<lane.count + count).contains(place) { buffer[place - lane.count] ^= 0x55 }
            }
            let isWhole = passed > 0 && (try? to.write(Array(buffer[..<passed]))) != nil && (try? to.flush()) != nil
            if case .stall = lane.fault, passed < count || count == 0 {
                // Both channels stay open as long as the test lasts.
                _ = state.wait { $0.ended ? true : nil }
            }
            if isWhole, passed == count, lane.fault != .cut(after: lane.count + count) { continue }
            from.shutDown()
            to.shutDown()
            return
        }
    }

    private static func occurrences(of wanted: [UInt8], in bytes: ArraySlice<UInt8>) -> Int {
        guard let first = wanted.first, bytes.count >= wanted.count else { return 0 }
        return bytes[...(bytes.endIndex - wanted.count)].indices.count { index in
            bytes[index] == first && bytes[index..<index + wanted.count].elementsEqual(wanted)
        }
    }

    private static func take(_ count: Int, _ lane: inout Lane) -> Lane {
        defer { lane.count += count }
        return lane
    }
}
