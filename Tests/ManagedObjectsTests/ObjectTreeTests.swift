import QMP
import Testing

@testable import ManagedObjects

@Suite struct ObjectTreeTests {
    private let tree: ObjectTree

    init() throws {
        let registry = ObjectRegistry()
        try registry.add("c") { try TLSCredentials(anonymous: TLSSettings()) }
        try registry.add("al") {
            try AuthorizationList(
                rules: [.init(match: "fred", policy: .allow, format: .exact), .init(match: "z", policy: .deny)],
                policy: .deny)
        }
        let machine = ObjectNode(
            "none-machine", properties: [ObjectProperty("usb", false)],
            children: [.init("peripheral", .container()), .init("unattached", .container([.init("c", .container())]))])
        tree = ObjectTree(registry: registry, machine: { machine }, characterDevices: { [] })
    }

    private func refusal(_ body: () throws -> Void) -> String? {
        do {
            try body()
            return nil
        } catch { return "\(error)" }
    }

    @Test func propertiesAndChildrenAreListed() throws {
        #expect(
            try tree.list(path: "/") == [
                .init(name: "type", type: "string"), .init(name: "objects", type: "child<container>"),
                .init(name: "machine", type: "child<none-machine>"),
            ])
        #expect(
            try tree.list(path: "/objects").map(\.type) == ["string", "child<tls-creds-anon>", "child<authz-list>"])
        #expect(try tree.list(path: "/objects/al").map(\.name) == ["type", "policy", "rules"])
        #expect(
            try tree.list(path: "/objects/al").map(\.type) == ["string", "QAuthZListPolicy", "QAuthZListRule"])
    }

    @Test(arguments: ["/objects/al", "//objects//al/", "objects/al", "al"]) func pathsMayBeLoose(path: String) throws {
        #expect(try tree.get(path: path, property: "type") == "authz-list")
    }

    @Test func whatLeadsNowhereIsNotFound() {
        for path in ["/nope", "nope", "/objects/nope", "/objects/al/x", "/" + String(repeating: "a/", count: 5000)] {
            let error = "Device '\(path)' not found"
            #expect(refusal { _ = try tree.list(path: path) } == error)
            #expect(refusal { _ = try tree.get(path: path, property: "type") } == error)
        }
    }

    @Test func ambiguousPathsAreRefused() {
        for path in ["", "c"] {
            #expect(refusal { _ = try tree.list(path: path) } == "Path '\(path)' is ambiguous")
            #expect(refusal { _ = try tree.get(path: path, property: "type") } == "Device '\(path)' not found")
        }
    }

    @Test func propertiesAreRead() throws {
        #expect(try tree.get(path: "/", property: "type") == "container")
        #expect(try tree.get(path: "/", property: "objects") == "/objects")
        #expect(try tree.get(path: "/objects", property: "c") == "/objects/c")
        #expect(try tree.get(path: "/objects/c", property: "endpoint") == "client")
        #expect(try tree.get(path: "/machine", property: "usb") == false)
        #expect(
            try tree.get(path: "/objects/al", property: "rules") == [
                ["match": "fred", "policy": "allow", "format": "exact"], ["match": "z", "policy": "deny"],
            ])
        #expect(
            refusal { _ = try tree.get(path: "/objects/c", property: "nope") }
                == "Property 'tls-creds-anon.nope' not found")
    }

    @Test func typesAreListedByAncestor() {
        func names(_ ancestor: String?, _ abstract: Bool = false) -> [String] {
            ObjectTypes.list(implementing: ancestor, includingAbstract: abstract).map(\.name)
        }
        #expect(names("authz") == ["authz-simple", "authz-list"])
        #expect(names("tls-creds", true) == ["tls-creds", "tls-creds-x509", "tls-creds-psk", "tls-creds-anon"])
        #expect(
            names("user-creatable")
                == ["authz-simple", "authz-list", "tls-creds-x509", "tls-creds-psk", "tls-creds-anon"])
        #expect(names("nope").isEmpty)
        #expect(!names(nil).contains("object"))
    }
}
