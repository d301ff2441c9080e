import Glibc

/// Bytes and descriptors over a stream socket: recvmsg(2), sendmsg(2) and SCM_RIGHTS of unix(7).
public enum StreamMessage {
    /// Descriptors that one message can carry here; the kernel closes what comes beyond.
    public static let descriptorLimit = 16

    private static let headerSize = MemoryLayout<cmsghdr>.size
    private static let controlSize = headerSize + descriptorLimit * MemoryLayout<Int32>.size

    /// What `receive` came to.
    public enum Outcome: Sendable, Hashable {
        /// So many bytes were read; 0 at the end of the stream.
        case bytes(Int)
        /// There is nothing to read now.
        case wouldBlock
        /// The connection is broken; the error number.
        case failed(Int32)
    }

    /// Reads what there is into `buffer`, without waiting. Descriptors that were passed are appended to `descriptors`,
    /// close-on-exec and the caller's to close.
    public static func receive(
        _ socket: Int32, into buffer: UnsafeMutableRawBufferPointer, descriptors: inout [Int32]
    ) -> Outcome {
        unsafe withUnsafeTemporaryAllocation(byteCount: controlSize, alignment: 8) { control in
            var part = unsafe iovec(iov_base: buffer.baseAddress, iov_len: buffer.count)
            // SAFETY: the message points to `part`, `buffer` and `control`, which all outlive the call, with their sizes.
            let (count, controlLength) = unsafe withUnsafeMutablePointer(to: &part) { part in
                var message = unsafe msghdr()
                unsafe message.msg_iov = unsafe part
                unsafe message.msg_iovlen = 1
                unsafe message.msg_control = control.baseAddress
                unsafe message.msg_controllen = control.count
                let flags = Int32(MSG_DONTWAIT | MSG_CMSG_CLOEXEC)
                var count: Int
                repeat { count = unsafe recvmsg(socket, &message, flags) } while count < 0 && errno == EINTR
                return unsafe (count, Int(message.msg_controllen))
            }
            guard count >= 0 else { return errno == EAGAIN ? .wouldBlock : .failed(errno) }
            if controlLength > 0 {
                unsafe collect(UnsafeRawBufferPointer(control).prefix(controlLength), into: &descriptors)
            }
            return .bytes(count)
        }
    }

    /// Writes what fits of `bytes` without waiting; with the first byte go `descriptors`. Returns how many bytes were
    /// taken, 0 if none can be now, nil if the connection is broken.
    public static func send(_ socket: Int32, _ bytes: UnsafeRawBufferPointer, descriptors: [Int32] = []) -> Int? {
        // SAFETY: the calls use the places of their arguments until they return, and no longer.
        var count: Int
        if descriptors.isEmpty {
            repeat {
                count = unsafe Glibc.send(socket, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
            } while count < 0 && errno == EINTR
        } else {
            count = unsafe sendWithDescriptors(socket, bytes, descriptors)
        }
        return count >= 0 ? count : errno == EAGAIN ? 0 : nil
    }

    /// The descriptors of all control messages of the type SCM_RIGHTS.
    private static func collect(_ control: Slice<UnsafeRawBufferPointer>, into descriptors: inout [Int32]) {
        var rest = unsafe control
        while unsafe rest.count >= headerSize {
            // SAFETY: the loop's condition leaves a whole header; the copy is unaligned, and its length is bounded.
            let header = unsafe UnsafeRawBufferPointer(rebasing: rest).loadUnaligned(as: cmsghdr.self)
            let length = unsafe min(max(Int(header.cmsg_len), headerSize), rest.count)
            if header.cmsg_level == SOL_SOCKET, header.cmsg_type == Int32(SCM_RIGHTS) {
                let numbers = unsafe UnsafeRawBufferPointer(
                    rebasing: rest.dropFirst(headerSize).prefix(length - headerSize))
                for offset in stride(from: 0, to: numbers.count - 3, by: 4) {
                    unsafe descriptors.append(numbers.loadUnaligned(fromByteOffset: offset, as: Int32.self))
                }
            }
            unsafe rest = unsafe rest.dropFirst((length + 7) & ~7)
        }
    }

    private static func sendWithDescriptors(
        _ socket: Int32, _ bytes: UnsafeRawBufferPointer, _ descriptors: [Int32]
    ) -> Int {
        let numbers = descriptors.prefix(descriptorLimit)
        return unsafe withUnsafeTemporaryAllocation(byteCount: controlSize, alignment: 8) { control in
            let length = headerSize + numbers.count * MemoryLayout<Int32>.size
            var header = cmsghdr()
            header.cmsg_len = length
            header.cmsg_level = SOL_SOCKET
            header.cmsg_type = Int32(SCM_RIGHTS)
            // SAFETY: `control` holds the header and as many numbers as the limit allows; sendmsg only reads the bytes.
            unsafe control.storeBytes(of: header, as: cmsghdr.self)
            for (index, number) in numbers.enumerated() {
                unsafe control.storeBytes(of: number, toByteOffset: headerSize + index * 4, as: Int32.self)
            }
            var part = unsafe iovec(
                iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
            return unsafe withUnsafeMutablePointer(to: &part) { part in
                var message = unsafe msghdr()
                unsafe message.msg_iov = unsafe part
                unsafe message.msg_iovlen = 1
                unsafe message.msg_control = control.baseAddress
                unsafe message.msg_controllen = (length + 7) & ~7
                return unsafe sendmsg(socket, &message, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
            }
        }
    }
}
