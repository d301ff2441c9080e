import Glibc
import Testing

@testable import SystemCalls

/// This process stands for one that was just started: what is open now counts as inherited.
@Suite(.serialized) struct InheritedDescriptorTests {
    @Test func aDescriptorFromBeforeIsHandedOverOnce() throws {
        let pipe = try Descriptor.pipe()
        let number = pipe.takeReading().release()
        let inherited = InheritedDescriptors(except: [])
        #expect(inherited.numbers.contains(number))
        #expect(isKnown(number, to: inherited))
        #expect(!isKnown(number, to: inherited), "it has an owner now")
    }

    @Test func whatWasOpenedLaterIsRefused() throws {
        let inherited = InheritedDescriptors(except: [])
        let later = try Descriptor.open("/proc/self/exe", flags: O_RDONLY)
        #expect(!isKnown(later.number, to: inherited))
    }

    @Test func aNumberThatWasGivenToSomethingElseIsRefused() throws {
        let number = try Descriptor.open("/proc/self/exe", flags: O_RDONLY).release()
        let inherited = InheritedDescriptors(except: [])
        let other = try Descriptor.pipe()
        try #require(dup2(other.reading.number, number) == number)
        #expect(!isKnown(number, to: inherited))
        close(number)
    }

    @Test func standardDescriptorsThoseWithAnOwnerAndWhatCarriesNoStreamAreLeftOut() throws {
        let owned = try Descriptor.open("/proc/self/exe", flags: O_RDONLY)
        let signal = try EventSignal()
        let folder = try Descriptor.open("/", flags: O_RDONLY | O_DIRECTORY)
        let numbers = InheritedDescriptors(except: [owned.number]).numbers
        for number in [0, 1, 2, owned.number, signal.descriptor, folder.number] {
            #expect(!numbers.contains(number), "\(number)")
        }
    }

    @Test(arguments: ["", "x", "-4", "+4", "0x4", "4 ", "99999999999"])
    func whatIsNoNumberIsNoDescriptor(name: String) {
        #expect(!isKnown(name, to: InheritedDescriptors(except: [])))
    }

    /// Takes a descriptor by its number; whether there was one.
    private func isKnown(_ number: some CustomStringConvertible, to inherited: InheritedDescriptors) -> Bool {
        switch inherited.take(named: number.description) {
        case .none: false
        case .some: true
        }
    }
}
