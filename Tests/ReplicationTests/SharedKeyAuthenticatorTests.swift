import Testing

@testable import Replication

/// RFC 4231, section 4: test cases for HMAC-SHA-256.
struct SharedKeyAuthenticatorTests {
    struct Vector: Sendable {
        let key: [UInt8]
        let text: [UInt8]
        let code: String
    }

    private static let vectors = [
        Vector(
            key: [UInt8](repeating: 0x0b, count: 20), text: Array("Hi There".utf8),
            code: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        Vector(
            key: Array("Jefe".utf8), text: Array("what do ya want for nothing?".utf8),
            code: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        Vector(
            key: [UInt8](repeating: 0xaa, count: 20), text: [UInt8](repeating: 0xdd, count: 50),
            code: "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        Vector(
            key: Array(1...25), text: [UInt8](repeating: 0xcd, count: 50),
            code: "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
        Vector(
            key: [UInt8](repeating: 0xaa, count: 131),
            text: Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            code: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
        Vector(
            key: [UInt8](repeating: 0xaa, count: 131),
            text: Array(
                ("This is a test using a larger than block-size key and a larger than block-size data. "
                    + "The key needs to be hashed before being used by the HMAC algorithm.").utf8),
            code: "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"),
    ]

    @Test(arguments: vectors)
    func theCodeIsThatOfTheStandard(vector: Vector) {
        let code = SharedKeyAuthenticator(key: vector.key).code(for: vector.text)
        #expect(code.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() == vector.code)
    }

    @Test func anotherKeyAndAnotherTextGiveAnotherCode() {
        let code = SharedKeyAuthenticator(key: [1, 2, 3]).code(for: [4])
        #expect(SharedKeyAuthenticator(key: [1, 2, 4]).code(for: [4]) != code)
        #expect(SharedKeyAuthenticator(key: [1, 2, 3]).code(for: [4, 0]) != code)
        #expect(SharedKeyAuthenticator(key: [1, 2, 3]).code(for: []).count == 32)
    }
}
