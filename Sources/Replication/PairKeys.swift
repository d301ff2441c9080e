public import ReplicationCore
import Synchronization

/// The pair's shared keys: the first makes every code, the codes of all are accepted. A second one is there while keys are
/// exchanged without an outage: each side first learns to accept the new key, then begins to use it, then forgets the
/// old one.
///
/// A key is shown to people, and told to the peer, as its *mark*: 24 bits of a code that is made of it.
public final class PairKeys: MessageAuthenticator {
    /// Why keys are not exchanged: it would cut this side off from its peer.
    public enum Refusal: Error, Sendable, Equatable, CustomStringConvertible {
        /// The peer makes its codes with a key that would no longer be accepted here.
        case peerUses(UInt32)
        /// The peer does not accept the key that this side would use.
        case peerDoesNotAccept(UInt32)

        /// One sentence with what to do.
        public var description: String {
            switch self {
            case .peerUses(let mark):
                "the peer still uses the key \(PairKeys.text(mark)), which this file no longer has: make it the second "
                    + "line here until the peer uses the new one"
            case .peerDoesNotAccept(let mark):
                "the peer does not accept the key \(PairKeys.text(mark)) yet: make it the second line of the file "
                    + "there and reload there first"
            }
        }
    }

    private struct State {
        var keys: [SharedKeyAuthenticator]
        /// The mark of the key by which the peer's last message was authentic.
        var peerMark: UInt32?
    }

    private let state: Mutex<State>

    /// These keys, of which the first is used; there must be one at least.
    public init(_ keys: [[UInt8]]) {
        precondition(!keys.isEmpty)
        state = Mutex(State(keys: keys.map(SharedKeyAuthenticator.init)))
    }

    // MARK: Codes

    /// The code by the key that is used.
    public func code(for bytes: [UInt8]) -> [UInt8] { current.code(for: bytes) }

    /// Whether the code was made with any of the keys.
    public func accepts(_ code: [UInt8], for bytes: [UInt8]) -> Bool {
        guard let key = accepted.first(where: { $0.accepts(code, for: bytes) }) else { return false }
        state.withLock { $0.peerMark = key.mark }
        return true
    }

    /// The key that codes are made with.
    var current: SharedKeyAuthenticator { state.withLock { $0.keys[0] } }
    /// All keys.
    var accepted: [SharedKeyAuthenticator] { state.withLock { $0.keys } }

    // MARK: Marks

    /// The marks of the keys, that of the used one first.
    public var marks: [UInt32] { accepted.map(\.mark) }
    /// The mark of the key that is only accepted.
    public var secondKeyMark: UInt32 { marks.dropFirst().first ?? 0 }
    /// The mark of the key that the peer used last; nil if it was never heard.
    public var peerMark: UInt32? { state.withLock { $0.peerMark } }

    /// A mark as it is shown: six hexadecimal digits.
    public static func text(_ mark: UInt32) -> String {
        let digits = String(mark, radix: 16)
        return String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    }

    // MARK: Exchange

    /// Takes these keys from now on. `peer` is what the peer said last, nil while it is not heard: then nothing can be
    /// cut off. Throws, and changes nothing, if the two sides would no longer understand each other.
    public func exchange(for keys: [[UInt8]], peer: PairReport?) throws(Refusal) {
        precondition(!keys.isEmpty)
        let next = keys.map(SharedKeyAuthenticator.init)
        let refusal = state.withLock { state -> Refusal? in
            if peer != nil, let used = state.peerMark {
                if !next.contains(where: { $0.mark == used }) { return .peerUses(used) }
                let mark = next[0].mark
                if mark != used, mark != peer?.secondKeyMark { return .peerDoesNotAccept(mark) }
            }
            state.keys = next
            return nil
        }
        if let refusal { throw refusal }
    }
}
