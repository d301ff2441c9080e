import Glibc
import NIOCore
import NIOPosix

/// Listens on the local addresses of the heartbeat, also on those that do not exist yet: a direct cable has no address
/// while the other host is off, and that is just when this one is needed.
final class HeartbeatListeners: @unchecked Sendable {
    // SAFETY: everything mutable is touched on `loop` alone.
    /// How long an address that is taken, or not allowed, is tried again before that counts as a failure: a process
    /// that ends lets go of its port within that time.
    static let patience = TimeAmount.seconds(15)
    /// From one try to the next.
    static let retryPause = TimeAmount.milliseconds(500)

    private let loop: any EventLoop
    private let addresses: [HeartbeatAddress]
    private let patience: TimeAmount
    private let bootstrap: ServerBootstrap
    private let log: @Sendable (PairNotice) -> Void
    private var channels: [any Channel] = []
    private var pending: [Int: EventLoopPromise<Void>] = [:]
    /// What was told last of an address, so that the same thing is not told with every try.
    private var told: [Int: String] = [:]
    private var giveUpAt = NIODeadline.distantFuture
    private var ended = false
    /// The numeric address of each one that is listened on.
    private(set) var bound: [Int: SocketAddress] = [:]

    /// Accepts what `bootstrap` is made for.
    init(
        loop: any EventLoop, addresses: [HeartbeatAddress], patience: TimeAmount, bootstrap: ServerBootstrap,
        log: @escaping @Sendable (PairNotice) -> Void
    ) {
        self.loop = loop
        self.addresses = addresses
        self.patience = patience
        self.bootstrap = bootstrap
        self.log = log
    }

    /// The future succeeds once each address is listened on or waited for, and fails with a `ListenProblem`.
    func open() -> EventLoopFuture<Void> {
        let promises = addresses.indices.map { _ in loop.makePromise(of: Void.self) }
        loop.execute { [self] in
            giveUpAt = .now() + patience
            for (index, promise) in promises.enumerated() {
                pending[index] = promise
                attempt(index)
            }
        }
        return EventLoopFuture.andAllSucceed(promises.map(\.futureResult), on: loop)
    }

    /// Listens no more.
    func close() {
        ended = true
        for channel in channels { channel.close(promise: nil) }
        channels = []
        for promise in pending.values { promise.fail(ChannelError.ioOnClosedChannel) }
        pending = [:]
    }

    private func attempt(_ index: Int) {
        guard !ended else { return }
        addresses[index].resolve(on: loop).whenComplete { [weak self] result in
            switch result {
            case .success(let numeric): self?.bind(index, numeric)
            case .failure(let error): self?.failed(index, error)
            }
        }
    }

    private func bind(_ index: Int, _ numeric: SocketAddress) {
        guard !ended else { return }
        bootstrap.bind(to: numeric).whenComplete { [weak self] result in
            switch result {
            case .success(let channel): self?.opened(index, numeric, channel)
            case .failure(let error): self?.failed(index, error)
            }
        }
    }

    private func opened(_ index: Int, _ numeric: SocketAddress, _ channel: any Channel) {
        guard !ended else {
            channel.close(promise: nil)
            return
        }
        channels.append(channel)
        bound[index] = numeric
        if told[index] != nil { log(.notice("listening for heartbeats on \(addresses[index])")) }
        pending.removeValue(forKey: index)?.succeed()
    }

    private func failed(_ index: Int, _ error: any Error) {
        guard !ended else { return }
        let problem = ListenProblem(addresses[index], error)
        // An address that is not there yet is waited for as long as it takes, and keeps nobody from beginning.
        if problem.isAbsence { pending.removeValue(forKey: index)?.succeed() }
        if pending[index] != nil, NIODeadline.now() >= giveUpAt {
            pending.removeValue(forKey: index)?.fail(problem)
            return
        }
        if told[index] != problem.description {
            told[index] = problem.description
            log(.warning("heartbeat network \(index + 1) of \(addresses.count): \(problem); trying again"))
        }
        loop.scheduleTask(in: Self.retryPause) { [weak self] in self?.attempt(index) }
    }
}
