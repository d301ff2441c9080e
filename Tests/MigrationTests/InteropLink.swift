import Glibc
import PairLab
import Synchronization
import SystemCalls

/// A descriptor for whoever takes it first.
final class LentDescriptor: Sendable {
    private let number: Mutex<Int32?>

    init(_ number: Int32) { self.number = Mutex(number) }

    deinit { _ = take() }

    func take() -> Descriptor? {
        let number = number.withLock { number in
            defer { number = nil }
            return number
        }
        guard let number else { return nil }
        return Descriptor(owning: number)
    }
}

/// What lies between the two ends of one migration: their URIs, and the descriptors that "fd:stream" means.
struct InteropLink {
    /// Where the destination listens.
    let destinationURI: String
    private let fixedSourceURI: String?
    let sourceDescriptor: LentDescriptor?
    let destinationDescriptor: LentDescriptor?

    /// Commands of `exec` are those that every host has, with named pipes in `folder` between them. `isTwoWay`: what the
    /// destination says gets back.
    init(_ transport: InteropTransport, isTwoWay: Bool, in folder: TemporaryFolder) throws {
        var descriptors: (LentDescriptor, LentDescriptor)?
        switch transport {
        case .tcp: (destinationURI, fixedSourceURI) = ("tcp:127.0.0.1:0", nil)
        case .unix:
            destinationURI = "unix:\(folder.path("stream.sock"))"
            fixedSourceURI = destinationURI
        case .exec:
            let (there, back) = (folder.path("there"), folder.path("back"))
            for path in [there, back] {
                guard mkfifo(path, 0o600) == 0 else { throw LabError("\(path) cannot be made") }
            }
            // The shell gives a command in the background no standard input but by another number.
            destinationURI =
                isTwoWay ? "exec:exec 3<&0; cat <&3 >'\(back)' & exec cat '\(there)'" : "exec:exec cat '\(there)'"
            fixedSourceURI =
                isTwoWay
                ? "exec:exec 3<&0; cat '\(back)' & cat <&3 >'\(there)'; exec 3<&-; wait"
                : "exec:exec cat >'\(there)'"
        case .fd:
            var ends: [Int32] = [-1, -1]
            let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
            guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw LabError("no pair of sockets can be made") }
            descriptors = (LentDescriptor(ends[0]), LentDescriptor(ends[1]))
            (destinationURI, fixedSourceURI) = ("fd:stream", "fd:stream")
        }
        sourceDescriptor = descriptors?.0
        destinationDescriptor = descriptors?.1
    }

    /// Where the source goes; `port`: the one that the destination listens on, asked for if it is needed.
    func sourceURI(port: () throws -> String) rethrows -> String {
        if let fixedSourceURI { return fixedSourceURI }
        return "tcp:127.0.0.1:\(try port())"
    }
}
