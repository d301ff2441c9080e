import CLinux
public import Environment
import Glibc
import Synchronization

/// Turns hosts and ports into socket addresses: getaddrinfo(3).
///
/// A name server may take half a minute to say nothing, and getaddrinfo cannot be interrupted. So a name is looked up on
/// a thread of its own. The caller stops waiting at a deadline, or when they are not wanted any more,
/// and the thread is left to itself. While `limit` threads are under way, further names are refused. Addresses written in
/// digits are read on the calling thread and ask nobody.
public final class NameLookup: Sendable {
    /// What is looked up.
    public struct Question: Sendable, Hashable {
        /// A name or an address in digits. Empty stands for any address of this host if the question is `passive`, and
        /// for nothing otherwise.
        public var host: String
        /// A number or the name of a service.
        public var port: String
        /// Whether the addresses are to be listened on.
        public var isPassive: Bool

        /// A question with every part given.
        public init(host: String, port: String, isPassive: Bool) {
            self.host = host
            self.port = port
            self.isPassive = isPassive
        }
    }

    /// A socket address as bind(2) and connect(2) take it.
    public struct Address: Sendable, Hashable {
        /// AF_INET or AF_INET6.
        public let family: Int32
        /// The whole structure of that family.
        public let bytes: [UInt8]

        /// An address with every part given.
        public init(family: Int32, bytes: [UInt8]) {
            self.family = family
            self.bytes = bytes
        }
    }

    /// Why there are no addresses.
    public enum Failure: Error, Hashable, Sendable, CustomStringConvertible {
        /// The resolver said no; the text is that of gai_strerror(3).
        case refused(String)
        /// The deadline passed; how long was waited, in milliseconds.
        case noAnswer(milliseconds: UInt64)
        /// So many lookups are under way that another one is not begun.
        case tooMany(Int)
        /// The addresses are not wanted any more.
        case withdrawn

        /// One line for people.
        public var description: String {
            switch self {
            case .refused(let text): text
            case .noAnswer(let milliseconds): "no answer within \(milliseconds) ms"
            case .tooMany(let limit): "\(limit) earlier lookups are still without an answer"
            case .withdrawn: "cancelled"
            }
        }
    }

    /// What a lookup comes to.
    public typealias Answer = Result<[Address], Failure>

    /// That of this process.
    public static let system = NameLookup(limit: 8)

    private let limit: Int
    private let ask: @Sendable (Question) -> Answer
    private let underWay = Mutex(0)

    /// At most `limit` lookups at a time, each by `ask` on a thread of its own.
    public init(limit: Int, ask: @escaping @Sendable (Question) -> Answer) {
        self.limit = limit
        self.ask = ask
    }

    /// At most `limit` lookups at a time, by the resolver of this host.
    public convenience init(limit: Int) { self.init(limit: limit) { Self.ask($0) } }

    /// How many lookups have not ended, those that nobody waits for any more included.
    public var pendingCount: Int { underWay.withLock { $0 } }

    /// The addresses that `question` stands for. Waits until `deadline`, or until `withdrawn` is raised.
    public func addresses(
        _ question: Question, until deadline: Nanoseconds, orUntil withdrawn: EventSignal? = nil
    ) throws(Failure) -> [Address] {
        if let found = Self.inDigits(question) { return found }
        let reply: Reply
        do { reply = try Reply() } catch { throw .refused(error.description) }
        try begin(question) { reply.give($0) }
        return try reply.wait(until: deadline, orUntil: withdrawn)
    }

    /// Looks `question` up on a thread of its own, which calls `end` once, however long it takes.
    public func begin(_ question: Question, end: @escaping @Sendable (Answer) -> Void) throws(Failure) {
        try underWay.withLock { (count: inout Int) throws(Failure) in
            guard count < limit else { throw .tooMany(limit) }
            count += 1
        }
        do {
            _ = try Thread(name: "name-lookup") { [self] in
                let answer = ask(question)
                underWay.withLock { $0 -= 1 }
                end(answer)
            }
        } catch {
            underWay.withLock { $0 -= 1 }
            throw .refused(error.description)
        }
    }

    /// The address, if host and port are written in digits, so that nobody has to be asked.
    public static func inDigits(_ question: Question) -> [Address]? {
        try? ask(question, flags: AI_NUMERICHOST | AI_NUMERICSERV).get()
    }

    private static func ask(_ question: Question, flags: Int32 = 0) -> Answer {
        var hints = unsafe addrinfo()
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        unsafe hints.ai_flags = flags | (question.isPassive ? AI_PASSIVE : 0)
        var list: UnsafeMutablePointer<addrinfo>?
        let host = question.host.isEmpty && question.isPassive ? nil : question.host
        let code = unsafe getaddrinfo(host, question.port, &hints, &list)
        guard code == 0 else { return unsafe .failure(.refused(String(cString: gai_strerror(code)))) }
        defer { unsafe freeaddrinfo(list) }
        var found: [Address] = []
        var entry = unsafe list
        while let info = unsafe entry?.pointee {
            if let raw = unsafe info.ai_addr {
                // SAFETY: getaddrinfo says that `ai_addrlen` bytes are valid at `ai_addr` until freeaddrinfo.
                let bytes = unsafe UnsafeRawBufferPointer(start: raw, count: Int(info.ai_addrlen))
                unsafe found.append(Address(family: info.ai_family, bytes: Array(bytes)))
            }
            unsafe entry = unsafe info.ai_next
        }
        return .success(found)
    }

    /// The place where a lookup leaves what it found.
    private final class Reply: Sendable {
        private let answer = Mutex<Answer?>(nil)
        private let signal: EventSignal

        init() throws(SystemError) { signal = try EventSignal() }

        func give(_ found: Answer) {
            answer.withLock { $0 = found }
            signal.raise()
        }

        func wait(until deadline: Nanoseconds, orUntil withdrawn: EventSignal?) throws(Failure) -> [Address] {
            let clock = SystemClock()
            let start = clock.now()
            while true {
                if let found = answer.withLock({ $0 }) { return try found.get() }
                let now = clock.now()
                guard now < deadline else {
                    throw .noAnswer(milliseconds: UInt64((now - start).inMilliseconds.rounded()))
                }
                let left = deadline == .never ? -1 : Int32(clamping: ((deadline - now).count + 999_999) / 1_000_000)
                var entries = [
                    pollfd(fd: signal.descriptor, events: Int16(POLLIN), revents: 0),
                    pollfd(fd: withdrawn?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
                ]
                guard Poll.wait(for: &entries, milliseconds: left) > 0 else { continue }
                if entries[0].revents == 0, entries[1].revents != 0 { throw .withdrawn }
            }
        }
    }
}
