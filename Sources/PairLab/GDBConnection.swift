/// Writes to the memory of a QEMU's guest through its gdb stub, as the guest itself would: what is written is noted as
/// dirty. Speaks the remote serial protocol of gdb, as far as that takes.
public final class GDBConnection {
    private let socket: StreamSocket
    private static let patience: Duration = .seconds(10)
    /// The most bytes of one packet.
    private static let chunk = 1024

    /// Connects to the stub's unix socket.
    init(path: String) throws { socket = try StreamSocket.unix(path, within: Self.patience) }

    /// Writes `bytes` at a physical address.
    public func write(_ bytes: [UInt8], at address: Int) throws {
        for start in stride(from: 0, to: bytes.count, by: Self.chunk) {
            let part = bytes[start..<min(start + Self.chunk, bytes.count)]
            let data = part.map { hexadecimal($0) }.joined()
            try send("M\(String(address + start, radix: 16)),\(String(part.count, radix: 16)):\(data)")
        }
    }

    private func hexadecimal(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }

    private func send(_ text: String) throws {
        let sum = text.utf8.reduce(UInt8(0)) { $0 &+ $1 }
        try socket.send(Array("$\(text)#\(hexadecimal(sum))".utf8), within: Self.patience)
        // An acknowledgement, and then the answer.
        var answer: [UInt8] = []
        while !answer.contains(UInt8(ascii: "#")) { answer += try socket.receive(within: Self.patience) }
        let words = String(decoding: answer, as: UTF8.self)
        guard words.contains("$OK#") else { throw LabError("the gdb stub answered \(words)") }
        try socket.send([UInt8(ascii: "+")], within: Self.patience)
    }
}
