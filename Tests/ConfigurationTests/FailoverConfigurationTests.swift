import Testing

@testable import Configuration

/// `failover: true` and the primary card of a network.
struct FailoverConfigurationTests {
    private static func text(_ card: String, machine: String = "riscv64", kernel: String = "kernel: /boot/Image")
        -> String
    {
        """
        guest:
          machine: \(machine)
          memory: 128M
          \(kernel)
          network: [\(card)]
        """
    }
    private static let primary = "primary: {backend: tap, tap: tap1, bridge: br1}"

    @Test func theStandbyCardSaysWhereThePrimaryOneLeads() throws {
        let card = "{backend: user, failover: true, \(Self.primary)}"
        let read = try ColodConfiguration.parse(yaml: Self.text(card), file: "t.yaml")
        #expect(read.guest.network.map(\.primary) == [.tap(name: "tap1", bridge: "br1")])
        #expect(read.guest.network.map(\.backend) == [.user(forwards: [])])
    }

    @Test func aNetworkHasOneCardUnlessItIsAskedFor() throws {
        for card in ["{backend: user}", "{backend: user, failover: false}"] {
            let read = try ColodConfiguration.parse(yaml: Self.text(card), file: "t.yaml")
            #expect(read.guest.network.map(\.primary) == [nil])
        }
    }

    @Test(arguments: [
        (
            "{backend: user, failover: true}",
            "t.yaml:5: guest.network[0].primary: is missing; expected a mapping with backend, tap, bridge, forward"
        ),
        (
            "{backend: user, primary: {backend: user}}",
            "t.yaml:5: guest.network[0].primary: has no meaning without failover: true"
        ),
        (
            "{backend: user, failover: true, primary: {backend: tap}}",
            "t.yaml:5: guest.network[0].primary.tap: is missing; expected an interface name of at most 15 letters, digits, '.', '-' or '_'"
        ),
        (
            "{backend: user, failover: true, primary: {backend: user, mac: \"52:54:00:12:34:56\"}}",
            "t.yaml:5: guest.network[0].primary.mac: unknown key; expected one of backend, tap, bridge, forward"
        ),
    ])
    func whatCannotBeIsNamed(card: String, problem: String) {
        #expect(problems(Self.text(card)) == [problem])
    }

    @Test func aProtectedGuestKeepsItsCards() {
        let card = "{backend: tap, tap: tap0, bridge: br0, failover: true, \(Self.primary), mac: \"52:54:00:12:34:56\"}"
        let text = pairText.replacing(
            "{backend: tap, tap: tap0, bridge: br0, mac: \"52:54:00:12:34:56\"}", with: card)
        #expect(
            problems(text) == [
                "t.yaml:8: guest.network[0].failover: a protected guest keeps all of its cards; "
                    + "expected failover: false, or no 'pair'"
            ])
    }

    @Test func aMachineWithoutCardsHasNone() {
        let card = "{backend: user, failover: true, \(Self.primary)}"
        #expect(problems(Self.text(card, machine: "none", kernel: "")).count == 1)
    }
}
