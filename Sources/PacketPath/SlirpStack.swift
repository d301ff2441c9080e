import CSlirp
import Environment
import Glibc
import SystemCalls

/// One libslirp instance: a TCP/IP stack in this process that ends the guest's connections in ordinary sockets.
///
/// Belongs to one thread from init to deinit; libslirp calls back on that thread only. IPv4 only, so none of the
/// library's timer objects (which serve IPv6 router advertisements) is ever asked for; the TCP timers come as the
/// timeout of `fill`.
@safe final class SlirpStack {
    /// The library keeps a list of its instances and does not lock it.
    private static let instances = ThreadGate<Void>(())

    private var slirp: OpaquePointer?
    private let callbacks: UnsafeMutablePointer<SlirpCb>
    private let deliver: ([UInt8]) -> Void
    private var watched: [pollfd] = []

    /// A stack that hands frames for the guest to `deliver`; nil if the library could not make one.
    init?(deliver: @escaping ([UInt8]) -> Void) {
        self.deliver = deliver
        // The library keeps the pointer, so the table lives as long as the instance.
        unsafe callbacks = .allocate(capacity: 1)
        unsafe callbacks.initialize(to: Self.callbackTable())
        var config = unsafe SlirpConfig()
        unsafe config.version = 4
        unsafe config.in_enabled = true
        unsafe config.vnetwork = in_addr(s_addr: UserNetwork.network.bigEndian)
        unsafe config.vnetmask = in_addr(s_addr: UserNetwork.mask.bigEndian)
        unsafe config.vhost = in_addr(s_addr: UserNetwork.gateway.bigEndian)
        unsafe config.vnameserver = in_addr(s_addr: UserNetwork.nameServer.bigEndian)
        unsafe config.vdhcp_start = in_addr(s_addr: UserNetwork.firstGuest.bigEndian)
        // SAFETY: unretained, because the owner ends the instance in deinit, before `self` goes.
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe slirp = unsafe Self.instances.withLock { _ in unsafe slirp_new(&config, callbacks, context) }
        guard unsafe slirp != nil else { return nil }
    }

    deinit {
        // SAFETY: no call is in progress, and nobody else has the instance.
        if let slirp = unsafe slirp { Self.instances.withLock { _ in unsafe slirp_cleanup(slirp) } }
        unsafe callbacks.deinitialize(count: 1)
        unsafe callbacks.deallocate()
    }

    /// The guest sends a frame. Returns whether the next turn must not wait: packets for an address that is not
    /// resolved yet stay queued in the library, and only a turn sends them after the guest's answer has come.
    func input(_ frame: [UInt8]) -> Bool {
        // SAFETY: the instance lives as long as the stack, whose thread alone calls it; arguments are used until the
        // call returns.
        guard let slirp = unsafe slirp, frame.count <= largestFrame else { return false }
        unsafe slirp_input(slirp, frame, Int32(frame.count))
        return frame.count >= 14 && frame[12] == 0x08 && frame[13] == 0x06
    }

    /// Begins to listen for `forward`; returns the error number, 0 for success.
    func open(_ forward: PortForward) -> Int32 {
        // SAFETY: the instance lives as long as the stack, whose thread alone calls it; arguments are used until the
        // call returns.
        guard let slirp = unsafe slirp else { return EINVAL }
        let result = unsafe slirp_add_hostfwd(
            slirp, forward.transport == .udp ? 1 : 0, in_addr(s_addr: forward.hostAddress.bigEndian),
            Int32(forward.hostPort), in_addr(s_addr: forward.guestAddress.bigEndian), Int32(forward.guestPort))
        return result == 0 ? 0 : (errno == 0 ? EIO : errno)
    }

    /// Waits until a socket of the stack, a timer or `wake` has something to do, `limit` at most, and does it.
    func turn(wake: EventSignal, limit: Nanoseconds) {
        guard let slirp = unsafe slirp else { return }
        // SAFETY: the callbacks run before the calls return, on this thread, while `self` is alive.
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        let limitMilliseconds = limit == .never ? UInt64(UInt32.max) : limit.count / 1_000_000
        var timeout = UInt32(clamping: limitMilliseconds)
        watched.removeAll(keepingCapacity: true)
        watched.append(pollfd(fd: wake.descriptor, events: Int16(POLLIN), revents: 0))
        unsafe slirp_pollfds_fill(slirp, &timeout, { unsafe SlirpStack.from($2)?.watch($0, $1) ?? -1 }, unsafe context)
        let ready = Poll.wait(for: &watched, milliseconds: timeout >= UInt32(Int32.max) ? -1 : Int32(timeout))
        let failed = ready < 0
        if failed { for index in watched.indices { watched[index].revents = 0 } }
        if watched[0].revents != 0 { wake.lower() }
        unsafe slirp_pollfds_poll(
            slirp, failed ? 1 : 0, { unsafe SlirpStack.from($1)?.events(at: $0) ?? 0 }, unsafe context)
    }

    private func watch(_ descriptor: Int32, _ events: Int32) -> Int32 {
        watched.append(pollfd(fd: descriptor, events: Int16(Self.translate(events, Self.toPoll)), revents: 0))
        return Int32(watched.count - 1)
    }

    private func events(at index: Int32) -> Int32 {
        guard watched.indices.contains(Int(index)) else { return 0 }
        return Self.translate(Int32(watched[Int(index)].revents), Self.fromPoll)
    }

    private static let toPoll: [(Int32, Int32)] = [
        (Int32(SLIRP_POLL_IN), Int32(POLLIN)), (Int32(SLIRP_POLL_OUT), Int32(POLLOUT)),
        (Int32(SLIRP_POLL_PRI), Int32(POLLPRI)), (Int32(SLIRP_POLL_ERR), Int32(POLLERR)),
        (Int32(SLIRP_POLL_HUP), Int32(POLLHUP)),
    ]

    private static let fromPoll = toPoll.map { ($1, $0) }

    private static func translate(_ bits: Int32, _ table: [(Int32, Int32)]) -> Int32 {
        table.reduce(0) { bits & $1.0 != 0 ? $0 | $1.1 : $0 }
    }

    private static func from(_ context: UnsafeMutableRawPointer?) -> SlirpStack? {
        // SAFETY: the context is always the unretained instance that made the call into the library.
        unsafe context.map { unsafe Unmanaged<SlirpStack>.fromOpaque($0).takeUnretainedValue() }
    }

    private static func callbackTable() -> SlirpCb {
        var table = SlirpCb()
        unsafe table.send_packet = { bytes, count, context in
            // SAFETY: the library passes `count` readable bytes, which are copied before the call returns.
            guard let bytes = unsafe bytes, count <= largestFrame else { return ssize_t(count) }
            unsafe SlirpStack.from(context)?.deliver(Array(UnsafeRawBufferPointer(start: bytes, count: count)))
            return ssize_t(count)
        }
        unsafe table.guest_error = { _, _ in }
        unsafe table.clock_get_ns = { _ in Int64(truncatingIfNeeded: SystemClock().now().count) }
        unsafe table.register_poll_fd = { _, _ in }
        unsafe table.unregister_poll_fd = { _, _ in }
        // Only ever called on the thread that is about to look at all sockets anyway.
        unsafe table.notify = { _ in }
        unsafe table.init_completed = { _, _ in }
        return table
    }
}
