import Environment
import Glibc
import PairLab
import SystemCalls

/// A copy through a socket in which eight bytes stand before each page, as in a migration's stream: what that format
/// costs by itself, because no page lies at the start of a cache line in the socket's buffers any more.
struct FramedCopy {
    let from: RAMFile
    let to: RAMFile

    private static let page = 4096
    private static let header = 8
    /// Pages that one call sends, and that one call receives.
    private static let sending = 512
    private static let receiving = 64

    /// Seconds for all of it. `mappedAnew`: the kernel has to find each page for this mapping first.
    func seconds(over way: MigrationTransport, mappedAnew: Bool = false) throws -> Double {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        guard mappedAnew else { return try unsafe Self.copy(from.bytes, to.bytes, way) }
        return try unsafe from.withNewMapping { source in
            try unsafe to.withNewMapping { try unsafe Self.copy(source, $0, way) }
        }
    }

    private static func copy(
        _ from: UnsafeMutableRawBufferPointer, _ to: UnsafeMutableRawBufferPointer, _ way: MigrationTransport
    ) throws -> Double {
        let ends = try Ground.Ends(way)
        let clock = SystemClock()
        let start = clock.now()
        let number = ends.writing.number
        let source = unsafe Source(bytes: from)
        let sender = try Thread(name: "raw") { source.send(to: number) }
        defer { sender.join() }
        let stride = page + header
        let total = to.count / page * stride
        var headers = [UInt8](repeating: 0, count: receiving * header)
        var done = 0
        // SAFETY: each place is inside `headers` or a page of `to`, which the caller keeps.
        try unsafe headers.withUnsafeMutableBytes { headers in
            while done < total {
                var places: [iovec] = unsafe []
                var (index, skipped) = (done / stride, done % stride)
                while unsafe places.count < 2 * receiving, index < to.count / page {
                    let inHeader = min(skipped, header)
                    let inPage = skipped - inHeader
                    let slot = unsafe places.count / 2 * header
                    unsafe places.append(
                        iovec(
                            iov_base: headers.baseAddress.map { unsafe $0 + slot + inHeader },
                            iov_len: header - inHeader))
                    unsafe places.append(
                        iovec(
                            iov_base: to.baseAddress.map { unsafe $0 + index * page + inPage }, iov_len: page - inPage))
                    (index, skipped) = (index + 1, 0)
                }
                let count = unsafe readv(ends.reading.number, places, Int32(places.count))
                guard count > 0 else { throw LabError("the framed copy broke off after \(done) bytes") }
                done += count
            }
        }
        return (clock.now() - start).inMilliseconds / 1000
    }

    /// The sending side.
    @safe private struct Source: @unchecked Sendable {
        // SAFETY: only read from, by one thread, which the caller joins before the bytes go.
        let bytes: UnsafeMutableRawBufferPointer

        func send(to number: Int32) {
            var headers = [UInt64](repeating: 0, count: sending)
            unsafe headers.withUnsafeMutableBytes { headers in
                for first in unsafe stride(from: 0, to: bytes.count / page, by: sending) {
                    var pieces: [iovec] = unsafe []
                    for index in unsafe first..<min(first + sending, bytes.count / page) {
                        let slot = (index - first) * header
                        unsafe headers.storeBytes(of: UInt64(index), toByteOffset: slot, as: UInt64.self)
                        unsafe pieces.append(
                            iovec(iov_base: headers.baseAddress.map { unsafe $0 + slot }, iov_len: header))
                        unsafe pieces.append(
                            iovec(iov_base: bytes.baseAddress.map { unsafe $0 + index * page }, iov_len: page))
                    }
                    // The socket waits, so a call takes all there is, unless the other end has gone.
                    let wanted = unsafe pieces.reduce(0) { unsafe $0 + $1.iov_len }
                    guard unsafe writev(number, pieces, Int32(pieces.count)) == wanted else { return }
                }
            }
        }
    }
}
