import Environment
import PairLab
import SystemCalls
import Transport

/// Passes on what a source and its destination send each other, and holds the stream at the package, behind which the guest may
/// run at the destination, until it is told to go on.
final class SwitchRelay: Sendable {
    /// Where it holds.
    enum Place: Int {
        /// In front of the last byte of the package.
        case inThePackage = -1
        /// Behind it.
        case behindThePackage = 0
    }

    private struct State {
        var holds = false
        var goesOn = false
    }

    private let gate = ThreadGate(State())
    private let listener: Listener
    private let cancellation: Cancellation
    private let target: MigrationAddress
    private let place: Place
    private static let patience = Nanoseconds.seconds(30)
    /// PACKAGED, with a length of four bytes.
    private static let package: [UInt8] = [8, 0, 7, 0, 4]

    init(to uri: String, holding place: Place) throws {
        self.place = place
        cancellation = try Cancellation()
        listener = try Listener(.tcp(host: "127.0.0.1", port: "0"))
        target = try MigrationAddress(uri)
        _ = try Thread(name: "relay") { [self] in
            guard let source = try? listener.accept(cancellation: cancellation),
                let destination = try? Channel.connect(to: target, cancellation: cancellation)
            else { return }
            _ = try? Thread(name: "relay") { self.pass(source, destination, holds: true) }
            pass(destination, source, holds: false)
        }
    }

    deinit { cancellation.cancel() }

    var uri: String { listener.address.description }

    /// Waits until it holds the stream; all before has been passed on.
    func awaitHold() throws {
        guard gate.wait(until: SystemClock().now() + Self.patience, { $0.holds ? true : nil }) != nil else {
            throw LabError("no package came")
        }
    }

    /// Passes on what it holds, and all that follows.
    func goOn() { gate.withLock { $0.goesOn = true } }

    private func pass(_ from: Channel, _ to: Channel, holds: Bool) {
        var seen: [UInt8] = []
        var passed = 0
        var isBefore = holds
        var buffer = [UInt8](repeating: 0, count: 1 << 14)
        while true {
            let count = buffer.withUnsafeMutableBytes { raw in (try? from.read(into: raw, deadline: .never)) ?? 0 }
            if count == 0 { break }
            guard isBefore else {
                guard send(buffer[..<count], to) else { break }
                continue
            }
            seen += buffer[..<count]
            // A header may be torn by the end of what has come.
            let end = min(place(in: seen) ?? seen.count - Self.package.count - 4, seen.count)
            if end > passed {
                guard send(seen[passed..<end], to) else { break }
                passed = end
            }
            guard let hold = place(in: seen), passed >= hold else { continue }
            gate.withLock { $0.holds = true }
            _ = gate.wait(until: SystemClock().now() + Self.patience) { $0.goesOn ? true : nil }
            isBefore = false
            guard send(seen[passed...], to) else { break }
        }
        from.shutDown()
        to.shutDown()
    }

    private func send(_ bytes: ArraySlice<UInt8>, _ channel: Channel) -> Bool {
        (try? channel.write(Array(bytes))) != nil && (try? channel.flush()) != nil
    }

    /// Where it is to hold, once the header of the package has come.
    private func place(in seen: [UInt8]) -> Int? {
        let header = Self.package.count + 4
        guard seen.count >= header else { return nil }
        let start = (0...seen.count - header).first { seen[$0...].starts(with: Self.package) }
        guard let start else { return nil }
        let length = seen[start + Self.package.count..<start + header].reduce(0) { $0 << 8 | Int($1) }
        return start + header + length + place.rawValue
    }
}
