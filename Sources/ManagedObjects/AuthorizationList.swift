import QMP

/// Who may connect: decides on the identity that a peer proved, such as the distinguished name of its certificate.
public final class AuthorizationList: ManagedObject {
    /// What a rule or the list says.
    public enum Policy: String, Sendable, CaseIterable {
        /// No.
        case deny
        /// Yes.
        case allow
    }

    /// How a rule's text is compared.
    public enum Format: String, Sendable, CaseIterable {
        /// Byte for byte.
        case exact
        /// As a pattern, in which '*' stands for any text and '?' for one character.
        case glob
    }

    /// One rule.
    public struct Rule: Sendable, Hashable {
        /// The identity or the pattern.
        public var match: String
        /// What it says of those who match.
        public var policy: Policy
        /// How it is compared; exact if not given.
        public var format: Format?

        /// A rule.
        public init(match: String, policy: Policy, format: Format? = nil) {
            self.match = match
            self.policy = policy
            self.format = format
        }
    }

    private enum Content: Sendable {
        case identity(String)
        case rules([Rule], otherwise: Policy)
    }

    /// How many rules a list may have.
    public static let maximumRuleCount = 10_000
    private static let longestText = 4096

    private let content: Content

    /// `authz-simple`: one identity may.
    public init(identity: String) throws(ObjectError) {
        try Self.check(identity, "identity")
        content = .identity(identity)
    }

    /// `authz-list`: the first rule that matches decides, and `policy` if none does.
    public init(rules: [Rule], policy: Policy) throws(ObjectError) {
        guard rules.count <= Self.maximumRuleCount else {
            throw .tooManyRules(rules.count, limit: Self.maximumRuleCount)
        }
        for (index, rule) in rules.enumerated() { try Self.check(rule.match, "rules[\(index)].match") }
        content = .rules(rules, otherwise: policy)
    }

    private static func check(_ text: String, _ name: String) throws(ObjectError) {
        guard text.utf8.count <= longestText else { throw .textTooLong(parameter: name, limit: longestText) }
    }

    /// Whether `identity` may.
    public func allows(_ identity: String) -> Bool {
        switch content {
        case .identity(let only): return identity.utf8.elementsEqual(only.utf8)
        case .rules(let rules, let otherwise):
            let decision = rules.first { $0.matches(identity) }?.policy ?? otherwise
            return decision == .allow
        }
    }

    /// `authz-simple` or `authz-list`.
    public var typeName: String {
        switch content {
        case .identity: "authz-simple"
        case .rules: "authz-list"
        }
    }

    /// The identity, or policy and rules.
    public var properties: [ObjectProperty] {
        switch content {
        case .identity(let identity): [ObjectProperty("identity", identity)]
        case .rules(let rules, let otherwise):
            [
                ObjectProperty("policy", "QAuthZListPolicy", .string(otherwise.rawValue)),
                ObjectProperty("rules", "QAuthZListRule", .array(rules.map(\.json))),
            ]
        }
    }
}

extension AuthorizationList.Rule {
    func matches(_ identity: String) -> Bool {
        // Swift compares texts by what they mean, an identity must agree in its bytes.
        format == .glob
            ? Self.glob(Array(match.unicodeScalars), Array(identity.unicodeScalars))
            : match.utf8.elementsEqual(identity.utf8)
    }

    var json: JSONValue {
        var object: JSONObject = ["match": .string(match), "policy": .string(policy.rawValue)]
        object["format"] = format.map { .string($0.rawValue) }
        return .object(object)
    }

    /// Takes at most the product of both lengths: only the last '*' is ever tried again.
    private static func glob(_ pattern: [Unicode.Scalar], _ text: [Unicode.Scalar]) -> Bool {
        var (here, position) = (0, 0)
        var retry: (pattern: Int, text: Int)?
        while position < text.count {
            if here < pattern.count, pattern[here] == "*" {
                retry = (here + 1, position)
                here += 1
            } else if here < pattern.count, pattern[here] == "?" || pattern[here] == text[position] {
                here += 1
                position += 1
            } else if let last = retry {
                retry = (last.pattern, last.text + 1)
                (here, position) = (last.pattern, last.text + 1)
            } else {
                return false
            }
        }
        return pattern[here...].allSatisfy { $0 == "*" }
    }
}
