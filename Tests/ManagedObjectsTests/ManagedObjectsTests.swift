import QMP
import Testing

@testable import ManagedObjects

@Suite struct ObjectRegistryTests {
    private final class Memory: ManagedObject {
        var typeName: String { "memory-backend-ram" }
        var properties: [ObjectProperty] { [ObjectProperty("size", "int", 1024)] }
        var isInUse: Bool { true }
    }

    private func registry() -> ObjectRegistry { ObjectRegistry([("ram", Memory())]) }

    private func refusal(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch { return "\(error)" }
    }

    @Test(arguments: ["", "1x", "a b", "-a", "ä", "a/b", "a\u{0}"]) func namesMustBeIdentifiers(name: String) {
        let registry = registry()
        #expect(refusal { try registry.add(name) { Memory() } } == "Parameter 'id' expects an identifier")
    }

    @Test func aNameIsTakenOnce() throws {
        let registry = registry()
        try registry.add("a.b-c_1") { try AuthorizationList(identity: "x") }
        for name in ["a.b-c_1", "ram", "type"] {
            #expect(
                refusal { try registry.add(name) { Memory() } }
                    == "attempt to add duplicate property '\(name)' to object (type 'container')")
        }
    }

    @Test func aFailedObjectLeavesItsNameFree() throws {
        let registry = registry()
        let failure = CredentialsError.noDirectory
        #expect(
            refusal { try registry.add("a") { throw failure } } == failure.description)
        #expect(registry.object("a") == nil)
        try registry.add("a") { try AuthorizationList(identity: "x") }
        try registry.remove("a")
        #expect(refusal { try registry.remove("a") } == "object 'a' not found")
    }

    @Test func whatIsNeededCannotBeDeleted() {
        let registry = registry()
        #expect(refusal { try registry.remove("ram") } == "object 'ram' is in use, can not be deleted")
        #expect(refusal { try registry.remove("../x") } == "object '../x' not found")
    }

    @Test func thereIsALimit() throws {
        let registry = ObjectRegistry()
        for index in 0..<ObjectRegistry.maximumCount {
            try registry.add("a\(index)") { try AuthorizationList(identity: "x") }
        }
        #expect(refusal { try registry.add("b") { Memory() } } != nil)
        #expect(
            refusal {
                try ObjectRegistry().add(String(repeating: "a", count: 5000)) { Memory() }
            } == "Parameter 'id' expects an identifier")
    }

    @Test func credentialsAreFoundForTheRightEndpoint() throws {
        let registry = registry()
        try registry.add("c") { try TLSCredentials(anonymous: TLSSettings()) }
        try registry.add("a") { try AuthorizationList(identity: "x") }
        #expect(try registry.tlsCredentials("c", for: .client).endpoint == .client)
        func text(_ name: String, _ endpoint: TLSEndpoint) -> String? {
            refusal { _ = try registry.tlsCredentials(name, for: endpoint) }
        }
        #expect(text("c", .server) == "Expected TLS credentials for a server endpoint")
        #expect(text("a", .client) == "Object with id 'a' is not TLS credentials")
        #expect(text("nope", .client) == "No TLS credentials with id 'nope'")
        #expect(registry.authorizationList("a") != nil)
        #expect(registry.authorizationList("c") == nil)
    }
}

@Suite struct AuthorizationListTests {
    @Test func oneIdentityMay() throws {
        let list = try AuthorizationList(identity: "CN=fred")
        #expect(list.allows("CN=fred"))
        #expect(!list.allows("CN=Fred"))
        #expect(!list.allows(""))
    }

    @Test func theFirstRuleThatMatchesDecides() throws {
        let list = try AuthorizationList(
            rules: [
                .init(match: "bob", policy: .deny, format: .exact), .init(match: "b*", policy: .allow, format: .glob),
                .init(match: "*", policy: .deny),
            ], policy: .deny)
        #expect(!list.allows("bob"))
        #expect(list.allows("bobby"))
        #expect(list.allows("b"))
        #expect(!list.allows("*"))
        #expect(!list.allows("alice"))
        #expect(try AuthorizationList(rules: [], policy: .allow).allows("alice"))
    }

    @Test func patternsMatchAsQEMUsDo() throws {
        func matches(_ pattern: String, _ text: String) throws -> Bool {
            try AuthorizationList(rules: [.init(match: pattern, policy: .allow, format: .glob)], policy: .deny)
                .allows(text)
        }
        for (pattern, text) in [
            ("*", ""), ("a?c", "abc"), ("a*c*e", "abcde"), ("*b", "aab"), ("**", "x"), ("ä?", "äö"),
        ] {
            #expect(try matches(pattern, text), "\(pattern) \(text)")
        }
        for (pattern, text) in [("?", ""), ("a?c", "ac"), ("a*c", "abd"), ("[a]", "a"), ("", "a")] {
            #expect(try !matches(pattern, text), "\(pattern) \(text)")
        }
    }

    @Test(.timeLimit(.minutes(1))) func aNastyPatternTakesNoTime() throws {
        let list = try AuthorizationList(
            rules: [.init(match: String(repeating: "a*", count: 2000) + "b", policy: .allow, format: .glob)],
            policy: .deny)
        #expect(!list.allows(String(repeating: "a", count: 4000)))
    }

    @Test func tooMuchIsRefused() {
        let rule = AuthorizationList.Rule(match: "x", policy: .allow)
        let many = AuthorizationList.maximumRuleCount + 1
        #expect(throws: ObjectError.self) {
            _ = try AuthorizationList(rules: Array(repeating: rule, count: many), policy: .deny)
        }
        #expect(throws: ObjectError.self) {
            _ = try AuthorizationList(identity: String(repeating: "x", count: 1 << 16))
        }
    }
}
