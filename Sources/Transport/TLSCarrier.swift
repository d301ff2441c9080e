import CGnuTLS
import CLinux
import Glibc

/// The wire below a TLS session, as GnuTLS uses it: its functions never wait.
///
/// GnuTLS reads a record as five bytes of header and then the rest. Behind each rest the header of the next record is
/// read as well, so that a record costs one system call.
@safe final class TLSCarrier: @unchecked Sendable {
    // SAFETY: used by one thread at a time, which the session sees to; GnuTLS's memory is lent for the length of a call.
    let wire: Wire
    /// The error number of the last call on the wire that failed.
    private(set) var lastError: Int32 = 0
    private let ahead: UnsafeMutableRawPointer
    private var aheadStart = 0
    private var aheadEnd = 0

    private static let headerSize = 5

    init(_ wire: Wire) {
        self.wire = wire
        unsafe ahead = .allocate(byteCount: Self.headerSize, alignment: 1)
    }

    deinit { unsafe ahead.deallocate() }

    /// Makes `session`, which this object must outlive, use the wire.
    func attach(to session: gnutls_session_t) {
        unsafe gnutls_transport_set_ptr(session, Unmanaged.passUnretained(self).toOpaque())
        unsafe gnutls_transport_set_pull_function(session) { pointer, place, count in
            guard let carrier = unsafe TLSCarrier.at(pointer), let place = unsafe place else { return -1 }
            return unsafe carrier.pull(place, count)
        }
        unsafe gnutls_transport_set_vec_push_function(session) { pointer, pieces, count in
            guard let carrier = unsafe TLSCarrier.at(pointer), let pieces = unsafe pieces else { return -1 }
            return unsafe carrier.count(carrier.wire.write(UnsafeMutablePointer(mutating: pieces), Int(count)))
        }
        unsafe gnutls_transport_set_errno_function(session) { pointer in
            unsafe TLSCarrier.at(pointer)?.lastError ?? EIO
        }
    }

    private static func at(_ pointer: gnutls_transport_ptr_t?) -> TLSCarrier? {
        guard let pointer = unsafe pointer else { return nil }
        return unsafe Unmanaged<TLSCarrier>.fromOpaque(pointer).takeUnretainedValue()
    }

    private func pull(_ place: UnsafeMutableRawPointer, _ wanted: Int) -> Int {
        if aheadStart < aheadEnd {
            let count = min(wanted, aheadEnd - aheadStart)
            unsafe place.copyMemory(from: ahead + aheadStart, byteCount: count)
            aheadStart += count
            return count
        }
        var places = unsafe (
            iovec(iov_base: place, iov_len: wanted), iovec(iov_base: ahead, iov_len: Self.headerSize)
        )
        let got = unsafe withUnsafeMutablePointer(to: &places) { tuple in
            // A tuple of two equal types is laid out as an array of two.
            let first = unsafe UnsafeMutableRawPointer(tuple).assumingMemoryBound(to: iovec.self)
            return unsafe count(wire.read(first, wanted > Self.headerSize ? 2 : 1))
        }
        guard got > wanted else { return got }
        (aheadStart, aheadEnd) = (0, got - wanted)
        return wanted
    }

    /// What a function of GnuTLS returns.
    private func count(_ outcome: Wire.Outcome) -> Int {
        switch outcome {
        case .moved(let count): return count
        case .blocked: lastError = EAGAIN
        case .failed(let code): lastError = code
        case .broken: lastError = EIO
        }
        return -1
    }
}
