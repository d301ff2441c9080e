import Environment
import Glibc
import PairLab
import QMP
import SystemCalls

/// What the machine itself can do with as many bytes: move them through a socket, and give them out fresh.
struct Ground {
    private var raw: [(way: MigrationTransport, rate: Spread)] = []
    private var framed: [(way: MigrationTransport, rate: Spread)] = []
    private var mapped: [(way: MigrationTransport, rate: Spread)] = []
    private let firstTouch: Spread
    private static let chunk = 1 << 20

    init(megabytes: Int, folder: RAMFolder, rounds: Int) throws {
        let from = try RAMFile(in: folder.path, name: "raw-source", megabytes: megabytes)
        let to = try RAMFile(in: folder.path, name: "raw-destination", megabytes: megabytes)
        from.fill(.random)
        to.fill(.random)
        let gib = Double(megabytes) / 1024
        for way in MigrationTransport.allCases {
            let rates = try (0..<rounds).map { _ in gib / (try Self.copy(from, to, over: way)) }
            raw.append((way, Spread(rates)))
            let copy = FramedCopy(from: from, to: to)
            framed.append((way, Spread(try (0..<rounds).map { _ in gib / (try copy.seconds(over: way)) })))
            mapped.append(
                (way, Spread(try (0..<rounds).map { _ in gib / (try copy.seconds(over: way, mappedAnew: true)) })))
        }
        firstTouch = Spread(try (0..<rounds).map { _ in gib / (try Self.touch(megabytes)) })
    }

    /// Adds the figures to the benchmark's result; those without `unix` in their name are over TCP. `framed` is a copy
    /// with a header before each page, as the stream has it, and `framed_mapped` the same through mappings that are as
    /// new as those of a process that was just started.
    func add(to members: inout JSONObject) {
        for (way, rate) in raw {
            members[way == .tcp ? "raw_gib_per_s" : "raw_unix_gib_per_s"] = .double(rounded(rate.median))
        }
        for (name, rates) in [("framed", framed), ("framed_mapped", mapped)] {
            for (way, rate) in rates {
                let transport = way == .tcp ? "" : "unix_"
                members["raw_\(transport)\(name)_gib_per_s"] = .double(rounded(rate.median))
            }
        }
        members["first_touch_gib_per_s"] = .double(rounded(firstTouch.median))
    }

    private func rounded(_ value: Double) -> Double { (value * 1000).rounded() / 1000 }

    var lines: [String] {
        raw.map { "raw \($0.way.rawValue) copy: \(decimal($0.rate.median, 2)) GiB/s" }
            + framed.map { "raw \($0.way.rawValue) copy, framed: \(decimal($0.rate.median, 2)) GiB/s" }
            + mapped.map { "raw \($0.way.rawValue) copy, framed, mapped anew: \(decimal($0.rate.median, 2)) GiB/s" } + [
                "first touch: \(decimal(firstTouch.median, 2)) GiB/s"
            ]
    }

    /// Seconds to send all of `from` and to receive it into `to`.
    private static func copy(_ from: RAMFile, _ to: RAMFile, over way: MigrationTransport) throws -> Double {
        let ends = try Ends(way)
        let clock = SystemClock()
        let start = clock.now()
        let number = ends.writing.number
        let source = unsafe Sendable(from.bytes)
        let sender = try Thread(name: "raw") {
            // SAFETY: the file outlives the thread, which is joined below.
            var done = 0
            while unsafe done < source.bytes.count {
                let count = unsafe write(
                    number, source.bytes.baseAddress.map { unsafe $0 + done },
                    unsafe min(chunk, source.bytes.count - done))
                guard count > 0 else { return }
                done += count
            }
        }
        defer { sender.join() }
        var done = 0
        while unsafe done < to.bytes.count {
            let count = unsafe read(
                ends.reading.number, to.bytes.baseAddress.map { unsafe $0 + done },
                unsafe min(chunk, to.bytes.count - done))
            guard count > 0 else { throw LabError("the raw copy broke off after \(done) bytes") }
            done += count
        }
        return (clock.now() - start).inMilliseconds / 1000
    }

    @safe private struct Sendable: @unchecked Swift.Sendable {
        // SAFETY: only read from, by one thread.
        let bytes: UnsafeMutableRawBufferPointer
        init(_ bytes: UnsafeMutableRawBufferPointer) { unsafe self.bytes = unsafe bytes }
    }

    /// Two ends of a connection over loopback, or of a pair of unix sockets.
    struct Ends: ~Copyable {
        let writing: Descriptor
        let reading: Descriptor

        init(_ way: MigrationTransport) throws {
            if way == .unix {
                var pair: [Int32] = [-1, -1]
                guard unsafe socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0 else {
                    throw SystemError(code: errno, call: "socketpair")
                }
                writing = Descriptor(owning: pair[0])
                reading = Descriptor(owning: pair[1])
                return
            }
            let listener = Descriptor(owning: socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
            let dialling = Descriptor(owning: socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0))
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let (from, to) = (listener.number, dialling.number)
            // SAFETY: a sockaddr_in is a sockaddr of family AF_INET; the calls do not keep the pointer.
            let isConnected = unsafe withUnsafeMutablePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                    unsafe bind(from, raw, length) == 0 && listen(from, 1) == 0 && getsockname(from, raw, &length) == 0
                        && connect(to, raw, length) == 0
                }
            }
            let accepted = isConnected ? accept(from, nil, nil) : -1
            guard accepted >= 0 else { throw SystemError(code: errno, call: "connect") }
            writing = dialling
            reading = Descriptor(owning: accepted)
        }
    }

    /// Seconds to touch fresh memory.
    private static func touch(_ megabytes: Int) throws -> Double {
        let count = megabytes << 20
        guard let base = unsafe mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            unsafe base != MAP_FAILED
        else { throw SystemError(code: errno, call: "mmap") }
        defer { unsafe munmap(base, count) }
        let clock = SystemClock()
        let start = clock.now()
        // SAFETY: one byte in each page of the mapping.
        for page in stride(from: 0, to: count, by: 4096) {
            unsafe base.storeBytes(of: 1, toByteOffset: page, as: UInt8.self)
        }
        return (clock.now() - start).inMilliseconds / 1000
    }
}
