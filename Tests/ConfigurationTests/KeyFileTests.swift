@testable import Configuration
import Foundation
import Testing

@Suite struct KeyFiles {
    @discardableResult
    private func withFile<Result>(
        _ content: String, mode: Int, _ body: (String) throws -> Result
    ) throws -> Result {
        let path = FileManager.default.temporaryDirectory.appending(path: "colod-key-\(UUID().uuidString)").path()
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(FileManager.default.createFile(atPath: path, contents: Data(content.utf8)))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        return try body(path)
    }

    @Test func aKeyIsReadWithoutTheLineEndBehindIt() throws {
        let key = try withFile("0123456789abcdef\r\n", mode: 0o640) { try loadKeys($0) }
        #expect(key == [Array("0123456789abcdef".utf8)])
    }

    @Test(arguments: [0o644, 0o642, 0o641])
    func aKeyThatEveryoneMayUseIsRefused(mode: Int) throws {
        try withFile("0123456789abcdef", mode: mode) { path in
            #expect(throws: KeyFileError.self) { try loadKeys(path) }
        }
    }

    @Test(arguments: ["", "0123456789abcde\n", String(repeating: "k", count: 4097)])
    func aKeyOfTheWrongLengthIsRefused(content: String) throws {
        try withFile(content, mode: 0o600) { path in
            #expect {
                try loadKeys(path)
            } throws: { error in
                let text = (error as? KeyFileError)?.description ?? ""
                return text.contains("16 to 4096") || text.contains("larger than")
            }
        }
    }

    @Test func aMissingFileIsNamed() {
        #expect {
            try loadKeys("/nonexistent/key")
        } throws: { error in
            (error as? KeyFileError)?.description == "/nonexistent/key: cannot be opened: No such file or directory"
        }
    }
}

@Suite struct Values {
    @Test(arguments: [("0", 0), ("4096", 4096), ("1K", 1024), ("3m", 3 << 20), ("2G", 2 << 30)])
    func sizesHaveBinarySuffixes(text: String, bytes: Int) { #expect(ByteSize.parse(text) == bytes) }

    @Test(arguments: ["", "K", "1T", "1.5G", "-1", "+1", " 1", "1 K", "9223372036854775807K", "9223372036854775808"])
    func whatIsNoSizeIsRefused(text: String) { #expect(ByteSize.parse(text) == nil) }

    @Test(arguments: [(1, "1"), (4096, "4K"), (1 << 20, "1M"), (3 << 30, "3G"), (0, "0")])
    func sizesAreWrittenShort(bytes: Int, text: String) { #expect(ByteSize.text(bytes) == text) }

    @Test(arguments: ["tcp:host.example:1", "tcp:10.0.0.1:65535", "tcp:[fe80::1]:7", "unix:/a/b"])
    func addressesReadAndWriteTheSame(text: String) { #expect(SocketAddress(text)?.description == text) }

    @Test(arguments: [
        "", "tcp:", "tcp:a", "tcp::1", "tcp:a:", "tcp:a:x", "tcp:fe80::1:7", "tcp:[a:7", "tcp:[zz::1]:7", "unix:",
        "unix:a",
        "tcp:a b:1", "unix:/" + String(repeating: "x", count: 107),
    ])
    func whatIsNoAddressIsRefused(text: String) { #expect(SocketAddress(text) == nil) }

    @Test(arguments: [
        "", "tcp:127.0.0.1:80", "tcp:127.0.0.1:80-", "sctp:127.0.0.1:80-10.0.2.15:80", "tcp:localhost:80-10.0.2.15:80",
        "tcp:127.0.0.1:80-10.0.2.256:80", "tcp:127.0.0.1:0-10.0.2.15:80", "tcp:1.2.3:80-10.0.2.15:80", "a-b-c",
    ])
    func whatIsNoForwardIsRefused(text: String) { #expect(PortForward(text) == nil) }
}
