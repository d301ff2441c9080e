/// Writes the reference page for operators as Markdown.
struct ReferenceEmitter {
    let schema: Schema
    private var lines: [String] = []

    private init(schema: Schema) { self.schema = schema }

    /// The page: preface, contents, topics (commands, events, types), differences.
    static func file(for schema: Schema, sources: [String: String]) -> QAPIGenerator.File {
        var emitter = ReferenceEmitter(schema: schema)
        emitter.page(preface: sources["preface.md"], differences: sources["differences.md"])
        return QAPIGenerator.File(path: "docs/QMP.md", text: emitter.lines.joined(separator: "\n") + "\n")
    }

    private mutating func page(preface: String?, differences: String?) {
        add("<!-- Generated from Sources/QAPI/Schema by `make generate`; changes here are lost. -->")
        if let preface { add(preface) } else { add("# The management interface") }
        contents()
        if let differences { add(differences) }
        for part in schema.topics.flatMap(parts) { self.part(part) }
        while lines.last == "" { lines.removeLast() }
    }

    /// A block and the empty line after it.
    private mutating func add(_ text: String) {
        var parts = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        while parts.last == "" { parts.removeLast() }
        lines += parts + [""]
    }

    /// A heading of the page and what is below it.
    private struct Part {
        var title: String
        var body: Documentation.Text = []
        var definitions: [Definition] = []

        var isEmpty: Bool { body.isEmpty && definitions.isEmpty }
    }

    /// What stands before the first subheading of a topic, then each subheading with what follows it.
    private func parts(of topic: Schema.Topic) -> [Part] {
        var name = topic.name
        var parts = [Part(title: name)]
        for item in topic.items {
            switch item {
            case .section(let section) where section.level == 1:
                name = section.name
                parts.append(Part(title: name, body: section.body))
            case .section(let section):
                parts.append(Part(title: "\(name): \(section.name)", body: section.body))
            case .definition(let definition): parts[parts.count - 1].definitions.append(definition)
            }
        }
        return parts.filter { !$0.isEmpty }
    }

    /// Events are marked: but for its case, an event's name can be that of a command.
    private func heading(_ definition: Definition) -> String {
        isEvent(definition) ? "\(definition.name) (event)" : definition.name
    }

    /// The name under which GitHub and others link to a heading.
    private func anchor(_ heading: String) -> String {
        String(
            heading.lowercased().compactMap {
                $0 == " " ? "-" : $0.isLetter || $0.isNumber || "-_".contains($0) ? $0 : nil
            })
    }

    private mutating func contents() {
        add("## Contents")
        for part in schema.topics.flatMap(parts) {
            lines.append("- [\(part.title)](#\(anchor(part.title)))")
            for (kind, wanted) in [("commands", isCommand), ("events", isEvent)] {
                let names = part.definitions.filter(wanted).map { "[\($0.name)](#\(anchor(heading($0))))" }
                if !names.isEmpty { lines.append("  - \(kind): \(names.joined(separator: ", "))") }
            }
        }
        lines.append("")
    }

    private func isCommand(_ definition: Definition) -> Bool {
        if case .command = definition.kind { true } else { false }
    }

    private func isEvent(_ definition: Definition) -> Bool {
        if case .event = definition.kind { true } else { false }
    }

    private mutating func part(_ part: Part) {
        add("## " + part.title)
        paragraphs(part.body)
        for definition in part.definitions.filter(isCommand) + part.definitions.filter(isEvent) {
            self.definition(definition)
        }
        for definition in part.definitions where definition.isType { self.definition(definition) }
    }

    private mutating func definition(_ definition: Definition) {
        add("### " + heading(definition))
        paragraphs(definition.documentation.body)
        switch definition.kind {
        case .command(let command): self.command(command, definition)
        case .event(let arguments):
            add("Event.")
            self.arguments(arguments, "Data")
        case .enumeration(let words):
            add("Enumeration:")
            for word in words { item(code(word.name), word.text, word.features) }
            lines.append("")
        case .structure(let base, let members):
            add("Object" + (base.map { ", with the members of \(link($0)) and" } ?? "") + ":")
            self.members(members)
        case .union(let union): self.union(union)
        case .alternate(let branches):
            add("One of:")
            for branch in branches { item(type(branch.type), branch.text, branch.features) }
            lines.append("")
        }
        sections(definition)
    }

    private mutating func command(_ command: Command, _ definition: Definition) {
        let outOfBand = command.allowsOutOfBand ? " May be executed out of band." : ""
        add("Command." + outOfBand)
        arguments(command.arguments, "Arguments")
        let text = definition.documentation.sections.first { $0.name == "Returns" }?.text ?? []
        let result = command.result.map { type($0) } ?? ""
        let words = text.joined(separator: " ")
        if command.result != nil {
            add("Returns: " + result + (words.isEmpty ? "" : ", " + CodeWriter.marked(words)))
        } else {
            add("Returns: an empty object")
        }
    }

    private mutating func arguments(_ arguments: Arguments, _ title: String) {
        switch arguments {
        case .none: break
        case .inline(let members):
            add(title + ":")
            self.members(members)
        case .named(let name, _): add("\(title): the members of \(link(name))")
        }
    }

    private mutating func union(_ union: Union) {
        switch union.base {
        case .named(let base): add("Object with the members of \(link(base)),")
        case .inline(let members):
            add("Object:")
            self.members(members)
        }
        add("and, depending on \(code(union.discriminator)):")
        for branch in union.branches { lines.append("- \(code(branch.word)): the members of \(link(branch.type))") }
        lines.append("")
    }

    private mutating func members(_ members: [Member]) {
        if members.isEmpty { return add("(no members)") }
        for member in members {
            let optional = member.isOptional ? ", optional" : ""
            item("\(code(member.name)) (\(type(member.type))\(optional))", member.text, member.features)
        }
        lines.append("")
    }

    private mutating func item(_ name: String, _ text: Documentation.Text, _ features: [String]) {
        let marks = features.isEmpty ? "" : " [\(features.joined(separator: ", "))]"
        lines.append("- \(name)\(marks): " + CodeWriter.marked(text.joined(separator: " ")))
    }

    private mutating func paragraphs(_ text: Documentation.Text) {
        for (index, paragraph) in text.enumerated() {
            let isItem = paragraph.hasPrefix("- ") || paragraph.hasPrefix("* ")
            let nextIsItem =
                index + 1 < text.count && (text[index + 1].hasPrefix("- ") || text[index + 1].hasPrefix("* "))
            lines.append(CodeWriter.marked(paragraph))
            if !(isItem && nextIsItem) { lines.append("") }
        }
    }

    private mutating func sections(_ definition: Definition) {
        for feature in definition.documentation.features {
            add("Feature \(code(feature.name)): " + CodeWriter.marked(feature.text.joined(separator: " ")))
        }
        for section in definition.documentation.sections where section.name != "Returns" {
            guard !section.text.isEmpty else { continue }
            lines.append(section.name + ":")
            if section.text.first.map({ $0.hasPrefix("- ") }) ?? false { lines.append("") }
            paragraphs(section.text)
        }
        for example in definition.documentation.examples {
            add("```\n" + example.lines.joined(separator: "\n") + "\n```")
        }
        if let since = definition.documentation.since { add("Since \(since).") }
    }

    private func code(_ text: String) -> String { "`\(text)`" }

    private func link(_ type: String) -> String { "[\(type)](#\(anchor(type)))" }

    private func type(_ type: TypeReference) -> String {
        switch type {
        case .list(let element): "list of " + self.type(element)
        case .named(let name): TypeReference.builtIn.contains(name) ? name : link(name)
        }
    }
}
