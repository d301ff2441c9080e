/// Turns a schema in QAPI notation into Swift code, introspection data and a reference page.
///
/// The notation is JSON with three liberties: texts stand in single quotes, a line that begins with `#` is a comment,
/// and expressions follow one another with nothing between them. A comment between two lines `##` documents the
/// expression that follows it: `@Name:`, paragraphs, `@member: text` for each member, then sections such as `Features:`,
/// `Returns:`, `Since:`, `Example:`. A block that begins with `= Title` opens a section of the reference instead.
///
/// Expressions: `include`, `enum`, `struct`, `union` (always with a discriminator), `alternate`, `command`,
/// `event`. A member name that begins with `*` is optional; `[ 'T' ]` is a list of T.
///
/// - `SchemaLexer` and `SchemaParser` turn a file's text into expressions, `Schema` holds what they mean and is checked
///   as a whole: unknown types, names that come twice, members without a word of documentation.
/// - Each emitter turns a schema into files; the same schema always gives the same bytes.
///
/// Nothing here does I/O: texts come in by name and go out by path.
public enum QAPIGenerator {
    /// A file to be written, with its path below the root of the package.
    public struct File: Sendable, Hashable {
        /// Where it belongs.
        public var path: String
        /// What is in it.
        public var text: String
    }

    /// Everything that is generated from the schema whose files are `sources` (texts by file name, among them
    /// `schema.json` and, for the reference, `preface.md` and `differences.md`).
    public static func files(from sources: [String: String]) throws(SchemaError) -> [File] {
        let schema = try Schema.load(root: "schema.json", from: sources)
        var files = TypeEmitter.files(schema) + CommandEmitter.files(schema)
        files += EventEmitter.files(schema) + IntrospectionEmitter.files(schema)
        files.append(ReferenceEmitter.file(for: schema, sources: sources))
        return files.sorted { $0.path < $1.path }
    }

    /// Where Swift code goes.
    static let codeFolder = "Sources/QAPI/Generated/"
    /// What every generated file of Swift begins with.
    static let heading = "// Generated from Sources/QAPI/Schema by `make generate`; changes here are lost."
}
