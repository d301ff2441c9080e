import CLinux
import Glibc
import SystemCalls

extension Transport {
    /// Whether the kernel sends over TCP from where the bytes lie (MSG_ZEROCOPY).
    public static var hostHasZeroCopy: Bool {
        let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard number >= 0 else { return false }
        let descriptor = Descriptor(owning: number)
        return clinux_enable_zero_copy(descriptor.number) == 0
    }
}
