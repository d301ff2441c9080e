import ArgumentParser
import QAPI
import QMP

/// `coloctl reload-keys`.
struct ReloadKeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload-keys", abstract: "Have this side read the file with the pair's keys again.",
        discussion: """
            The first line of the file is the key that this side uses, a second one is accepted beside it. Exchange \
            keys without an outage in three rounds, each on both hosts: append the new key as the second line and \
            reload; make it the first line and reload; remove the old one and reload. A step that would cut the sides \
            off from each other is refused, and changes nothing. Keys are shown by their marks, six digits that tell \
            nothing of the key.
            """)

    @OptionGroup var options: ConnectionOptions

    func run() throws {
        let reply = try options.connect().run("x-colod-reload-keys")
        guard let keys = ColodKeys(reply: reply) else {
            throw Failure(
                .unclear, "colod answers with keys that this coloctl does not understand",
                next: "install coloctl and colod of the same version")
        }
        try say("This side \(KeyMarks.text(keys.keys)).")
        try say("The peer \(KeyMarks.text(keys.peer ?? [])).")
    }
}

/// The marks of one side's keys, for people.
enum KeyMarks {
    /// "uses 9f03c1 and accepts 5be210"; without any, the side is not heard.
    static func text(_ marks: [String]) -> String {
        guard let used = marks.first else { return "is not heard" }
        return "uses \(used)" + (marks.count > 1 ? " and accepts " + marks.dropFirst().joined(separator: ", ") : "")
    }
}
