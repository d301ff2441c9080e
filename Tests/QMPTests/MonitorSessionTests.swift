import QMP
import Testing

/// What a session makes of `text`: replies as text, commands as "run NAME".
private func answers(_ session: inout MonitorSession, _ text: String) -> [String] {
    session.receive(Array(text.utf8)).map { action in
        switch action {
        case .reply(let value): value.text()
        case .replyOutOfBand(let value): "at once " + value.text()
        case .negotiated(let value): "negotiated " + value.text()
        case .execute(let request): "run " + request.json.text()
        }
    }
}

private func negotiated(outOfBand: Bool = false) -> MonitorSession {
    var session = MonitorSession()
    let enable = outOfBand ? #","arguments":{"enable":["oob"]}"# : ""
    _ = answers(&session, #"{"execute":"qmp_capabilities"\#(enable)}"#)
    return session
}

private func failure(_ text: String, id: String? = nil, class name: String = "GenericError") -> String {
    #"{\#(id.map { "\"id\": \($0), " } ?? "")"error": {"class": "\#(name)", "desc": "\#(text)"}}"#
}

@Suite struct MonitorSessionTests {
    @Test func greetsWithVersionAndCapabilities() {
        let version = ServerVersion(major: 7, minor: 2, micro: 0, package: "colod")
        #expect(
            MonitorSession.greeting(version).text()
                == #"{"QMP": {"version": {"qemu": {"micro": 0, "minor": 2, "major": 7}, "package": "colod"}, "#
                + #""capabilities": ["oob"]}}"#)
    }

    @Test(arguments: ["query-status", "no-such-command"])
    func refusesCommandsBeforeNegotiation(name: String) {
        var session = MonitorSession()
        #expect(
            answers(&session, #"{"execute":"\#(name)","id":1}"#) == [
                failure(
                    "Expecting capabilities negotiation with 'qmp_capabilities'", id: "1", class: "CommandNotFound")
            ])
        #expect(!session.isNegotiated)
    }

    @Test(arguments: [
        (#"["bogus"]"#, "Parameter 'null' does not accept value 'bogus'"),
        ("1", "Invalid parameter type for 'enable', expected: array"),
        ("[\"oob\",1]", "Invalid parameter type for 'enable[1]', expected: string"),
    ])
    func aFailedNegotiationMayBeRetried(enable: String, text: String) {
        var session = MonitorSession()
        let request = #"{"execute":"qmp_capabilities","arguments":{"enable":\#(enable)}}"#
        #expect(answers(&session, request) == [failure(text)])
        #expect(
            answers(&session, #"{"execute":"qmp_capabilities","arguments":{"enable":["oob","oob"]}}"#)
                == [#"negotiated {"return": {}}"#])
        #expect(session.outOfBandEnabled)
    }

    @Test func negotiatesOnce() {
        var session = negotiated()
        #expect(
            answers(&session, #"{"execute":"qmp_capabilities"}"#) == [
                failure("Capabilities negotiation is already complete, command ignored", class: "CommandNotFound")
            ])
    }

    @Test func passesCommandsOnInOrder() {
        var session = negotiated()
        #expect(
            answers(&session, #"{"execute":"a","id":[1]}{"execute":"b","arguments":{"x":null}} {}"#) == [
                #"run {"execute": "a", "id": [1]}"#, #"run {"execute": "b", "arguments": {"x": null}}"#,
                failure("QMP input lacks member 'execute'"),
            ])
    }

    @Test(arguments: [
        (#""string""#, "QMP input must be a JSON object"), ("[]", "QMP input must be a JSON object"),
        ("{}", "QMP input lacks member 'execute'"), (#"{"arguments":{}}"#, "QMP input lacks member 'execute'"),
        (#"{"execute":null}"#, "QMP input member 'execute' must be a string"),
        (#"{"execute":"x","arguments":1}"#, "QMP input member 'arguments' must be an object"),
        (#"{"execute":"x","arguments":null}"#, "QMP input member 'arguments' must be an object"),
        (#"{"execute":"x","extra":1}"#, "QMP input member 'extra' is unexpected"),
        (#"{"exec-oob":"x"}"#, "QMP input member 'exec-oob' is unexpected"),
        (#"{"execute": }"#, "JSON parse error, expecting value"),
    ])
    func saysWhatIsWrongWithARequest(text: String, problem: String) {
        var session = negotiated()
        #expect(answers(&session, text) == [failure(problem)])
    }

    @Test func echoesTheIdOfAMalformedRequest() {
        var session = negotiated()
        #expect(answers(&session, #"{"id":null,"x":1}"#) == [failure("QMP input member 'x' is unexpected", id: "null")])
    }

    @Test func ofSeveralMistakesTheOneWithTheLowerHashIsTold() {
        var session = negotiated()
        #expect(
            answers(&session, #"{"arguments":null,"ee":"x"}{"exec-oob":"x","i\u0000d":3}{"id":3,"foo":1,"execute":5}"#)
                == [
                    failure("QMP input member 'ee' is unexpected"),
                    failure("QMP input member 'exec-oob' is unexpected"),
                    failure("QMP input member 'execute' must be a string", id: "3"),
                ])
    }

    @Test func requestsAreTakenOneByOne() {
        var session = negotiated()
        let bytes = Array(#"{"execute":"a"} 5 {"execute":"b"}{"#.utf8)
        var offset = 0
        #expect(session.next(bytes.span, &offset) == .execute(Request("a")))
        #expect(offset == 15)
        #expect(
            session.next(bytes.span, &offset)
                == .reply(Reply.failure(.generic("QMP input must be a JSON object"), id: nil)))
        #expect(session.next(bytes.span, &offset) == .execute(Request("b")))
        #expect(session.next(bytes.span, &offset) == nil)
        #expect(offset == bytes.count)
    }

    @Test func mistakesInWhatIsAskedForOutOfBandAreToldAtOnce() {
        var session = negotiated(outOfBand: true)
        let failures = [
            failure("QMP input member 'x' is unexpected", id: "1"),
            failure("QMP input member 'exec-oob' must be a string"),
            failure("The command qmp_capabilities does not support OOB"),
        ]
        #expect(
            answers(&session, #"{"exec-oob":"y","x":1,"id":1}{"exec-oob":1}{"exec-oob":"qmp_capabilities"}"#)
                == failures.map { "at once " + $0 })
    }

    @Test func outOfBandNeedsNegotiationAndOneVerb() {
        var session = negotiated(outOfBand: true)
        #expect(answers(&session, #"{"exec-oob":"x"}"#) == [#"run {"exec-oob": "x"}"#])
        #expect(
            answers(&session, #"{"exec-oob":"x","execute":"y"}"#)
                == [failure("QMP input member 'execute' clashes with 'exec-oob'")])
    }
}

@Suite struct ClientSessionTests {
    @Test func readsGreetingRepliesAndEvents() throws {
        var session = ClientSession()
        let text = """
            {"QMP": {"version": {}, "capabilities": []}}\r\n{"return": {}, "id": 7}\r
            {"id": 8, "error": {"class": "CommandNotFound", "desc": "no"}}\r
            {"timestamp": {"seconds": 2, "microseconds": 3}, "event": "STOP"}\r\n
            """
        let messages = try session.receive(Array(text.utf8))
        guard messages.count == 4, case .greeting = messages[0], case .event(let event) = messages[3] else {
            Issue.record("wrong messages: \(messages)")
            return
        }
        #expect(messages[1] == .success([:], id: 7))
        #expect(messages[2] == .failure(CommandError(.commandNotFound, "no"), id: 8))
        #expect(event.name == "STOP")
        #expect(event.microseconds == 2_000_003)
    }

    @Test(arguments: ["[]", "{}", #"{"foo": 1}"#, "SSH-2.0-x\n"])
    func refusesWhatIsNotQMP(text: String) {
        var session = ClientSession()
        #expect(throws: JSONError.self) { try session.receive(Array(text.utf8)) }
    }
}
