import Environment
import Glibc
import Synchronization
import SystemCalls

/// A tap interface in its place: made, a port of its bridge, and up.
final class TapPort: Sendable {
    private let interface: TapInterface
    private let bridge: String?
    /// The number of the bridge that the interface was last made a port of; one that was made anew has another.
    private let joined = Mutex<Int32>(0)

    init(name: String, bridge: String?) throws(NetworkError) {
        interface = try TapInterface(name: name)
        self.bridge = bridge
    }

    /// Whether the bridge that the interface is to join does not exist.
    var lacksBridge: Bool {
        guard let bridge else { return false }
        return !Paths.isUsable("/sys/class/net/\(bridge)")
    }

    /// Opens or makes the interface and puts it in its place.
    func open() throws(NetworkError) -> Descriptor {
        let device = try interface.open()
        try join()
        try interface.bringUp()
        return device
    }

    /// Why the interface, which is there, leads nowhere; nil if it is in its place. Of a bridge that was made anew it
    /// becomes a port again.
    func obstacle() -> NetworkError? {
        do throws(NetworkError) {
            if let bridge, try TapInterface(name: bridge).index() != joined.withLock({ $0 }) { try join() }
            try interface.checkUp()
            if let bridge { try TapInterface(name: bridge).checkUp() }
            return nil
        } catch { return error }
    }

    private func join() throws(NetworkError) {
        guard let bridge else { return }
        try interface.join(bridge: bridge)
        let number = try TapInterface(name: bridge).index()
        joined.withLock { $0 = number }
    }
}

/// Says now and then, however often it is asked, that something is due.
struct RepeatedCheck {
    private let interval: Nanoseconds
    private var next: Nanoseconds

    init(milliseconds: Int32) {
        interval = .milliseconds(UInt64(milliseconds))
        next = SystemClock().now() + interval
    }

    var isDue: Bool {
        mutating get {
            let now = SystemClock().now()
            guard now >= next else { return false }
            next = now + interval
            return true
        }
    }
}
