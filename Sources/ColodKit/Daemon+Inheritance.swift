import ServiceHost
import Synchronization
import SystemCalls

extension Daemon {
    private static let inheritance = Mutex<InheritedDescriptors?>(nil)

    /// Notes which descriptors this process was started with, so that `fd:NUMBER` can lead to one of them and to nothing
    /// that the process opens itself. Only what is called first in `main` can tell the two apart: without this call, no
    /// number leads anywhere.
    public static func noteInheritedDescriptors() {
        // What systemd passed is served as management sockets.
        let sockets = ((try? listenDescriptors()) ?? []).map(\.number)
        inheritance.withLock { $0 = InheritedDescriptors(except: sockets) }
    }

    /// Hands over the inherited descriptor whose number is `name`, once.
    static func takeInherited(_ name: String) -> Descriptor? {
        let inherited = inheritance.withLock { $0 }
        return inherited?.take(named: name)
    }
}
