import Foundation
import Testing

/// What `make package` puts beside the programs.
@Suite struct PackageDocuments {
    private static let checkouts = SourceTree.root.appending(path: ".build/checkouts").path()

    @Test(.enabled(if: FileManager.default.fileExists(atPath: checkouts), "the Swift packages are not under .build"))
    func thePackageHoldsTheLicenseTheNoticesAndTheDecisions() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "colod-package-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let script = SourceTree.root.appending(path: ".ci/package-docs").path()
        let result = try Tool.run(script, [folder.path(), Self.checkouts], in: SourceTree.root)
        #expect(result.status == 0, "\(result.output)")

        let manager = FileManager.default
        #expect(manager.contentsEqual(atPath: "\(folder.path())/LICENSE", andPath: SourceTree.root.path() + "LICENSE"))
        let decisions = try manager.contentsOfDirectory(atPath: SourceTree.root.path() + "docs/decisions")
        #expect(Set(try manager.contentsOfDirectory(atPath: "\(folder.path())/decisions")) == Set(decisions))
        #expect(decisions.count >= 9)

        let notices = try String(contentsOfFile: "\(folder.path())/NOTICES", encoding: .utf8)
        for package in try manager.contentsOfDirectory(atPath: Self.checkouts) {
            #expect(notices.contains("\n\(package): LICENSE"), "\(package)")
        }
        for words in ["swift-nio: NOTICE", "Apache License", "Kirill Simonov"] {
            #expect(notices.contains(words), "\(words)")
        }
    }

    @Test func makePackageInstallsThem() throws {
        let lines = try #require(SourceTree.file("Makefile")).lines
        #expect(
            lines.contains {
                $0.contains(".ci/package-docs .build/package/usr/share/doc/colod .build-static/checkouts")
            })
    }
}
