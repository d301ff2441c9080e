import GuestMemory
import MachineModel

/// A request that stays in its ring until its pages have come.
final class PutAsideRequest: Sendable {
    let residency: PageResidency
    let wait: PageWait

    init(_ residency: PageResidency, _ wait: PageWait) {
        self.residency = residency
        self.wait = wait
    }
}

// Requests whose pages have not come yet. With the machine lock held.
extension VirtioTransport {
    /// Whether the next request of queue `index` waits for pages.
    func isPutAside(_ index: Int) -> Bool { putAside[index] != nil }

    /// Leaves the next request of queue `index` where it is until these pages have come; false if they have meanwhile.
    func putAside(_ index: Int, until places: [PageResidency.Place], _ deferred: DeferredRequests) -> Bool {
        guard let residency = memory.residency else { return false }
        let wait = residency.wait(for: places) { [weak self] in
            deferred.add { [weak self] in self?.lookAgain(index) }
        }
        guard let wait else { return false }
        if memory.residency !== residency {
            // It has ended meanwhile, and has woken whom it found.
            residency.cancel(wait)
            return false
        }
        putAside[index] = PutAsideRequest(residency, wait)
        return true
    }

    /// The pages that queue `index` waited for have come: the device is notified of it as by its driver.
    private func lookAgain(_ index: Int) {
        guard putAside[index] != nil else { return }
        // What woke this queue may be an older request's.
        forgetPutAside(index)
        notifyDevice(ofQueue: index)
    }

    /// Queue `index` is no more what it was.
    func forgetPutAside(_ index: Int) {
        if let request = putAside.removeValue(forKey: index) { request.residency.cancel(request.wait) }
    }

    /// The driver began anew.
    func forgetPutAside() {
        for index in putAside.keys { forgetPutAside(index) }
    }
}
