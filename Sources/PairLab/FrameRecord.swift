import CLinux
import Glibc
import SystemCalls

/// The frames that have come in on an interface since the record was begun, for tests that want to see none.
///
/// The kernel keeps them until they are asked for: some hundred frames have room.
public final class FrameRecord: Sendable {
    private let socket: Descriptor

    /// Records what comes in on `interface` of the calling thread's network namespace.
    init(interface: String) throws {
        // SAFETY: the call uses the text until it returns, and no longer.
        let number = unsafe clinux_capture_frames(interface)
        guard number >= 0 else {
            throw LabError("\(interface) cannot be listened to: \(SystemError(code: errno, call: "socket"))")
        }
        socket = Descriptor(owning: number)
    }

    /// What came in since it was asked last, one line each.
    public func newFrames() -> [String] {
        var lines: [String] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            // SAFETY: reads at most the buffer's own length into it.
            let count = unsafe recv(socket.number, &buffer, buffer.count, 0)
            guard count >= 0 else { return lines }
            lines.append(Self.describe(buffer[..<count]))
        }
    }

    /// The length and the headers, in hexadecimal.
    private static func describe(_ frame: ArraySlice<UInt8>) -> String {
        let hexadecimal = frame.prefix(66).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }
        return "\(frame.count) bytes: " + hexadecimal.joined()
    }
}
