import Testing

@testable import QAPIGenerator

@Suite struct SchemaErrorTests {
    @Test(
        arguments: [
            ("{ 'struct' 'A' }", "schema.json:1: ':' is missing"),
            ("\n{ 'struct': 'A'\n", "schema.json:3: '}' is missing"),
            ("[ ]", "schema.json:1: an expression must begin with '{'"),
            ("{ 'struct': 'A, 'data': { } }", "schema.json:1: stray 'data'"),
            ("{ 'struct': 'A", "schema.json:1: a text has no end"),
            ("{ 'struct': \"A\" }", "schema.json:1: stray '\"'"),
            ("# text\n\n{ 'a': maybe }", "schema.json:3: stray 'maybe'"),
            ("{ 'a': 'b', 'a': 'c' }", "schema.json:1: 'a' comes twice"),
            ("##\n# @A:\n", "schema.json:1: the comment that begins here has no end"),
            ("##\n@A:\n##\n", "schema.json:2: a line between two '##' must begin with '#'"),
            ("##\n#@A:\n##\n", "schema.json:2: a blank is missing after '#'"),
            ("##\n# A\n##\n", "schema.json:1: the comment must begin with '@NAME:' or '= TITLE'"),
            ("##\n# @A:\n#\n# About A.\n##\n", "schema.json:1: nothing follows that this comment documents"),
            ("{ 'include': 'other.json' }", "schema.json:1: there is no file 'other.json'"),
        ])
    func mistakesInTheNotationAreReportedWithTheirPlace(schema: String, error: String) {
        #expect(mistake(schema) == error)
    }

    @Test(
        arguments: [
            ("{ 'struct': 'A', 'data': { } }", "schema.json:1: the definition has no documentation"),
            (documented("B", "{ 'struct': 'A', 'data': { } }"), "schema.json:1: the comment is about '@B', not '@A'"),
            ("##\n# @A:\n##\n{ 'struct': 'A', 'data': { } }", "schema.json:1: the comment does not say what '@A' is"),
            (
                documented("A", "{ 'struct': 'A',\n  'data': { 'x': 'int' } }"),
                "schema.json:7: the comment does not say what '@x' is"
            ),
            (
                documented("A", ["y"], "{ 'struct': 'A', 'data': { } }"),
                "schema.json:1: the comment describes '@y', which 'A' does not have"
            ),
            (
                "##\n# @A:\n#\n# About.\n#\n# @x: a\n#\n# @x: b\n##\n{ 'struct': 'A', 'data': { 'x': 'int' } }",
                "schema.json:8: '@x' is documented twice"
            ),
        ])
    func everythingNeedsAWordOfDocumentation(schema: String, error: String) { #expect(mistake(schema) == error) }

    @Test(
        arguments: [
            (documented("A", "{ 'thing': 'A', 'data': { } }"), "schema.json:6: unknown kind of expression 'thing'"),
            (documented("A", "{ 'struct': 'A', 'date': { } }"), "schema.json:6: 'struct' has no key 'date'"),
            (documented("A", "{ 'struct': 'A' }"), "schema.json:6: 'data' is missing"),
            (documented("a", "{ 'struct': 'a', 'data': { } }"), "the type 'a' must begin with a capital letter"),
            (documented("Event", "{ 'struct': 'Event', 'data': { } }"), "the name 'Event' is taken"),
            (documented("A", ["x"], "{ 'struct': 'A', 'data': { 'x': 'B' } }"), "schema.json:8: unknown type 'B'"),
            (documented("A", ["x"], "{ 'enum': 'A', 'data': [ 'x', 'x' ] }"), "the word 'x' comes twice"),
            (
                documented("A", ["x-y", "x_y"], "{ 'enum': 'A', 'data': [ 'x-y', 'x_y' ] }"),
                "'x_y' and 'x-y' would both be called xY"
            ),
            (
                documented("A", ["x"], "{ 'struct': 'A', 'data': { 'x': 'int', '*x': 'int' } }"),
                "the member 'x' comes twice"
            ),
            (
                documented("A", ["json"], "{ 'struct': 'A', 'data': { 'json': 'int' } }"),
                "a member cannot be called 'json'"
            ),
            (documented("A", "{ 'struct': 'A', 'base': 'A', 'data': { } }"), "the base 'A' is not a struct"),
            (documented("c", "{ 'command': 'c', 'data': 'A' }"), "unknown type 'A'"),
            (documented("c", "{ 'command': 'c', 'returns': 'A' }"), "unknown type 'A'"),
            (documented("c", "{ 'command': 'c', 'boxed': true }"), "'boxed' needs 'data'"),
            (documented("c", "{ 'command': 'c', 'gen': 'no' }"), "'gen' must be true or false"),
            (
                documented("A", ["x", "y"], "{ 'alternate': 'A', 'data': { 'x': 'int', 'y': 'uint8' } }"),
                "the branch 'y' cannot be told from another one"
            ),
            (
                documented("A", "{ 'struct': 'A', 'data': { } }") + documented("A", "{ 'command': 'A' }"),
                "'A' is defined already, at schema.json:6"
            ),
        ])
    func whatMakesNoSenseIsRefused(schema: String, error: String) { #expect(mistake(schema).hasSuffix(error)) }

    @Test(
        arguments: [
            ("'base': { 't': 'E' }, 'discriminator': 'u', 'data': { }", "the discriminator 'u' is not a mandatory"),
            ("'base': { '*t': 'E' }, 'discriminator': 't', 'data': { }", "the discriminator 't' is not a mandatory"),
            ("'base': { 't': 'str' }, 'discriminator': 't', 'data': { }", "the discriminator 't' is not a mandatory"),
            ("'base': { 't': 'E' }, 'discriminator': 't', 'data': { 'z': 'S' }", "'z' is not a word of 'E'"),
            ("'base': { 't': 'E' }, 'discriminator': 't', 'data': { 'a': 'E' }", "the branch 'E' is not a struct"),
            (
                "'base': { 't': 'E' }, 'discriminator': 't', 'data': { 'a': 'T' }",
                "the member 't' of 'T' is in the base"
            ),
            ("'base': { 't': 'E' }, 'data': { }", "'discriminator' is missing"),
            ("'base': { 't': 'E' }, 'discriminator': 't', 'data': { 'a': 'S' }", "none"),
        ])
    func aUnionNeedsASoundTag(union: String, error: String) {
        let schema =
            documented("E", ["a"], "{ 'enum': 'E', 'data': [ 'a' ] }")
            + documented("S", ["s"], "{ 'struct': 'S', 'data': { 's': 'int' } }")
            + documented("T", ["t"], "{ 'struct': 'T', 'data': { 't': 'int' } }")
            + documented("U", ["t"], "{ 'union': 'U', \(union) }")
        #expect(mistake(schema).contains(error))
    }

    @Test func mistakesInIncludedFilesAreReportedThere() {
        #expect(
            mistake("{ 'include': 'a.json' }", ["a.json": "\n\n["]) == "a.json:3: an expression must begin with '{'")
    }

    @Test func aFileIncludedTwiceIsReadOnce() throws {
        let file = documented("A", "{ 'struct': 'A', 'data': { } }")
        #expect(mistake("{ 'include': 'a.json' }\n{ 'include': 'a.json' }", ["a.json": file]) == "none")
    }
}
