/// QMP, the machine protocol that management clients speak: its grammar and its order, without I/O.
///
/// The connection carries JSON values in both directions. The server speaks first:
///
///     <- {"QMP": {"version": {...}, "capabilities": ["oob"]}}
///     -> {"execute": "qmp_capabilities", "arguments": {"enable": []}}
///     <- {"return": {}}
///     -> {"execute": NAME, "arguments": {...}, "id": ANY}
///     <- {"return": ANY, "id": ANY}  or  {"id": ANY, "error": {"class": CLASS, "desc": TEXT}}
///     <- {"timestamp": {"seconds": N, "microseconds": N}, "event": NAME, "data": {...}}
///
/// Framing. What the server sends ends with CR LF, one value a line, pure ASCII. What clients send needs no separator
/// at all (the stock Python client sends none), so the reader goes by the balance of brackets: `JSONStreamParser`.
/// Strings may also stand in single quotes. There are no comments, trailing commas, NaN or leading zeros. Strings hold
/// any character but those that Unicode reserves as noncharacters; a zero may be written as C0 80. A number beyond the
/// range of doubles is infinite, and is written as 1e999, which reads as infinity again.
///
/// Errors in a client's JSON are answered and never end the connection. A stray character is reported at once, and
/// reading resumes at the next bracket, comma, colon or control character other than a tab; a mistake in the grammar is
/// reported when the brackets balance, and everything up to there is dropped.
///
/// Limits on one value: 64 MiB of token text, 2 Mi tokens, 1024 levels (`JSONLimits`).
///
/// Before `qmp_capabilities` every other command is refused and no event is delivered. Replies keep the order of the
/// requests; events that a command causes come before its reply.
///
/// `MonitorSession` is the server's side of one connection and `ClientSession` the client's: bytes in, actions out.
public enum QMP {}
