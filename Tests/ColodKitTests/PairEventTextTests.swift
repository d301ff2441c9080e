import Environment
import Logging
import ReplicationCore
import Testing

@testable import ColodKit
@testable import Diagnostics
@testable import Replication

private let answer = "/usr/local/sbin/colod-fence ended with exit status 1"

private let every: [PairEvent] = [
    .peerLost(.refused), .peerLost(.silent), .peerReturned, .failoverNeeded, .takingOver(Term(4)), .starting(Term(1)),
    .continuingAlone(Term(3)), .holding("the peer is lost"), .protected, .superseded(by: Term(4)), .handedOver(Term(4)),
    .arbiterRefused(Term(40), .takeOver, .no(answer)), .arbiterRefused(Term(40), .continueAlone, .timedOut),
    .commandFailed(.refused("the pair is not protected")), .guestFailed("machine check"),
    .peerLeft(.stop), .peerLeft(.powerOff), .peerDiffers(["memory: 1 here, 2 there"]), .networkDown(1), .networkUp(0),
    .connectionIgnored(address: "10.80.0.2:7801", .notAuthentic), .entryWithdrawn(Term(4)),
    .notProtected("here a network of the guest is down"), .replicationFailed("refused"),
    .handingOver("a disk of the guest does not answer"), .recordUnwritable("no space left"), .recordWritten,
    .guestPoweredOff,
]

private func context(peerAgrees: Bool = false) -> PairEventContext {
    PairEventContext(
        guest: "web", peerAddresses: ["tcp:10.80.0.2:7801", "tcp:10.81.0.2:7801"], heartbeatTimeoutMilliseconds: 500,
        peerAgrees: peerAgrees, arbiter: "/usr/local/sbin/colod-fence")
}

@Suite struct PairEventTexts {
    @Test func noTextIsTheDumpOfAValue() {
        for event in every {
            let text = event.logMessage(context())
            for sign in ["ReplicationCore", "Term(", "Optional(", ".no", "peerLost", "arbiterRefused", "()"] {
                #expect(!text.contains(sign), "\(text)")
            }
            let subjects = ["web", "10.80.0.2:7801", "10.81.0.2:7801", "term", "record"]
            #expect(subjects.contains { text.contains($0) }, "no subject: \(text)")
        }
    }

    @Test(
        arguments: [
            (.peerLost(.silent), .warning), (.arbiterRefused(Term(2), .takeOver, .no(answer)), .warning),
            (.takingOver(Term(2)), .warning), (.superseded(by: Term(2)), .error), (.guestFailed("x"), .critical),
            (.holding("x"), .warning), (.protected, .notice), (.failoverNeeded, .error), (.peerReturned, .notice),
        ] as [(PairEvent, Logger.Level)])
    func theLevelIsWhatTheEventMeansToTheService(event: PairEvent, level: Logger.Level) {
        #expect(event.logLevel(context()) == level)
    }

    @Test func aTakeoverInADrillIsNoAlarm() {
        let event = PairEvent.takingOver(Term(4))
        #expect(event.logLevel(context(peerAgrees: true)) == .notice)
        #expect(event.logMessage(context(peerAgrees: true)).contains("the peer hands it over"))
    }

    @Test func aRefusalNamesArbiterAnswerTermAndNextStep() {
        let text = PairEvent.arbiterRefused(Term(40), .takeOver, .no(answer)).logMessage(context())
        #expect(
            text.hasPrefix(
                "the arbiter refused (/usr/local/sbin/colod-fence ended with exit status 1): this side may not take guest "
                    + "web over in term 40"))
        #expect(text.contains("x-colo-lost-heartbeat"))
    }

    @Test func aLostPeerIsNamedWithTheLimit() {
        let text = PairEvent.peerLost(.silent).logMessage(context())
        #expect(text.contains("tcp:10.80.0.2:7801, tcp:10.81.0.2:7801") && text.contains("for 500 ms"))
    }

    @Test(
        arguments: [
            (.notAuthentic, "key-file"), (.otherPair("db"), "guest.name"), (.sameRole, "role"),
            (.version(1), "colod --version"), (.ownGreeting, "leads back here"), (.notOurProtocol, "what connects"),
            (.frameLength(99999), "99999"), (.unexpectedFrame(9), "type 9"),
            (.replayed(7), "message 7"), (.malformed("hello: member"), "hello: member"),
        ] as [(HeartbeatFault, String)])
    func aRefusedConnectionNamesAddressAndWhatToCompare(fault: HeartbeatFault, hint: String) {
        let text = fault.logMessage(address: "10.80.0.9")
        #expect(text.hasPrefix("the heartbeat connection from 10.80.0.9 was refused: "))
        #expect(text.contains(hint), "\(text)")
        #expect(!text.contains("HeartbeatFault") && !text.contains("(\""))
    }

    @Test func theEndOfADaemonIsASentence() {
        #expect(DaemonEnd.restart("superseded").description == "the process begins anew: superseded")
        #expect(DaemonEnd.failure("the guest cannot go on").logLevel == .critical)
        #expect(DaemonEnd.signal.logLevel == .notice)
    }
}

@Suite struct LastFailures {
    @Test func theAgeIsThatOfTheFailureWhoeverLooksAndWhenever() {
        let start = Nanoseconds.seconds(5)
        var driver = PairDriver(
            controller: PairController(
                configuration: .init(member: .first), record: PairRecord(term: .none), now: start),
            monitor: HeartbeatMonitor(
                configuration: .init(addresses: 1),
                identity: HeartbeatIdentity(member: .first, instance: 1, pair: "web"), authenticator: NoCode(),
                report: PairReport(term: .none, state: .starting), now: start), profile: PairProfile())
        #expect(PairSnapshot(driver: driver, now: start).lastFailureAge(start) == nil)
        driver.post(.pair(.persistFailed("no room")))
        while driver.next(now: start) != nil {}
        let later = PairSnapshot(driver: driver, now: .seconds(7))
        #expect(later.lastFailure == "the record of terms cannot be written: no room")
        #expect(later.lastFailureAge(.seconds(65)) == .seconds(60))
    }
}

private struct NoCode: MessageAuthenticator {
    func code(for bytes: [UInt8]) -> [UInt8] { [UInt8](repeating: 0, count: HeartbeatCoding.codeLength) }
}
