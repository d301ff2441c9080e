// Linux interfaces that Swift cannot import by itself: variadic calls, macros with casts, and a few structures.
// Header-only, and without logic of our own.
#pragma once

// fd_set names its member differently under _GNU_SOURCE, and Swift's own C modules see it without: it must look the
// same here, so it comes first, and the feature macros are evaluated again afterwards.
#include <sys/select.h>
#ifndef _GNU_SOURCE
#undef _FEATURES_H
#define _GNU_SOURCE
#include <features.h>
#endif
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/errqueue.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/sockios.h>
#include <linux/userfaultfd.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

/// open(2) is variadic.
static inline int clinux_open(const char *path, int flags, unsigned mode) { return open(path, flags, mode); }

/// fcntl(2) is variadic.
static inline int clinux_fcntl(int fd, int command, int argument) { return fcntl(fd, command, argument); }

/// Makes `number`, which is in use, another descriptor of what `fd` is: dup3(2), close-on-exec.
static inline int clinux_replace_descriptor(int fd, int number) {
    return (int)syscall(SYS_dup3, fd, number, O_CLOEXEC);
}

/// ioctl(2) is variadic.
static inline int clinux_ioctl(int fd, unsigned long request, void *argument) { return ioctl(fd, request, argument); }

/// accept4(2) without the peer's address, whose type is a union under _GNU_SOURCE.
static inline int clinux_accept(int fd, int flags) { return accept4(fd, NULL, NULL, flags); }

/// memfd_create(2).
static inline int clinux_memfd_create(const char *name, unsigned flags) {
    return (int)syscall(SYS_memfd_create, name, flags);
}

/// Flags of memfd_create(2): close-on-exec, and the host's default huge pages.
static const unsigned clinux_memfd_cloexec = 1u;
static const unsigned clinux_memfd_hugetlb = 4u;

/// The type of a hugetlbfs in `struct statfs` (<linux/magic.h>).
static const uint32_t clinux_hugetlbfs_magic = 0x958458f6u;

/// fstatfs(2): type, size of a block, and free blocks for everyone; 0 if it succeeded.
static inline int clinux_file_system(int fd, uint32_t *type, uint64_t *block, uint64_t *available) {
    // `struct statfs` of 64-bit hosts, 15 words; its header would define again what Glibc has.
    uint64_t words[16] = {0};
    if (syscall(SYS_fstatfs, fd, words) != 0) return -1;
    *type = (uint32_t)words[0];
    *block = words[1];
    *available = words[4];
    return 0;
}

/// setns(2) for a network namespace; acts on the calling thread alone.
static inline int clinux_set_network_namespace(int fd) { return setns(fd, CLONE_NEWNET); }

/// madvise(2) MADV_POPULATE_READ and MADV_POPULATE_WRITE, which the headers of Debian 12 may lack.
static const int clinux_populate_read = 22;
static const int clinux_populate_write = 23;

/// pidfd_open(2).
static inline int clinux_pidfd_open(pid_t process) { return (int)syscall(SYS_pidfd_open, process, 0); }

/// renameat2(2) with RENAME_EXCHANGE: the two names change places in one step.
static inline int clinux_exchange(const char *first, const char *second) {
    return (int)syscall(SYS_renameat2, AT_FDCWD, first, AT_FDCWD, second, 1u << 1);
}

/// close_range(2).
static inline int clinux_close_range(unsigned first, unsigned last, unsigned flags) {
    return (int)syscall(SYS_close_range, first, last, flags);
}

// Of glibc 2.34 and newer; Swift's own C modules see <spawn.h> without it.
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);

/// Has a spawned process close `from` and all descriptors above it: posix_spawn_file_actions_addclosefrom_np(3).
static inline int clinux_spawn_close_from(posix_spawn_file_actions_t *actions, int from) {
    return posix_spawn_file_actions_addclosefrom_np(actions, from);
}

/// unshare(2): gives the calling thread, and what it starts, a network namespace of its own.
static inline int clinux_unshare_network(void) { return unshare(CLONE_NEWNET); }

/// setpriority(2) of the calling thread alone; 0 if it was allowed. Without <sys/resource.h>, whose enumerations look
/// different under _GNU_SOURCE: PRIO_PROCESS is 0, and process 0 is the calling thread.
static inline int clinux_set_thread_priority(int nice) { return (int)syscall(SYS_setpriority, 0, 0, nice); }

/// How long the calling thread, of ordinary policy, runs at a time: sched_setattr(2). A thread with short turns gets a
/// processor soon after it wakes (Linux from 6.12 on; before, nothing changes). Threads and processes that it makes have
/// neither these turns nor a priority above the ordinary (SCHED_FLAG_RESET_ON_FORK). 0 if it was allowed.
static inline int clinux_set_thread_turn(unsigned long long nanoseconds) {
    struct {
        unsigned int size, policy;
        unsigned long long flags;
        int nice;
        unsigned int priority;
        unsigned long long runtime, deadline, period;
    } attributes = {0};
    if (syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) != 0) return -1;
    attributes.size = sizeof attributes;
    attributes.flags |= 1;
    attributes.runtime = nanoseconds;
    return (int)syscall(SYS_sched_setattr, 0, &attributes, 0);
}

/// gettid(2).
static inline int clinux_gettid(void) { return (int)syscall(SYS_gettid); }

/// Attaches `fd` (an open /dev/net/tun) to the tap interface `name`; frames carry no extra header.
static inline int clinux_attach_tap(int fd, const char *name) {
    struct ifreq request;
    memset(&request, 0, sizeof request);
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    request.ifr_flags = IFF_TAP | IFF_NO_PI;
    return ioctl(fd, TUNSETIFF, &request);
}

/// The index of interface `name`, or -1: SIOCGIFINDEX on `socket`.
static inline int clinux_interface_index(int socket, const char *name) {
    struct ifreq request;
    memset(&request, 0, sizeof request);
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    return ioctl(socket, SIOCGIFINDEX, &request) == 0 ? request.ifr_ifindex : -1;
}

/// The flags (IFF_*) of interface `name`, or -1: SIOCGIFFLAGS on `socket`.
static inline int clinux_interface_flags(int socket, const char *name) {
    struct ifreq request;
    memset(&request, 0, sizeof request);
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    return ioctl(socket, SIOCGIFFLAGS, &request) == 0 ? (int)(unsigned short)request.ifr_flags : -1;
}

/// Sets the flags (IFF_*) of interface `name`: SIOCSIFFLAGS on `socket`.
static inline int clinux_set_interface_flags(int socket, const char *name, int flags) {
    struct ifreq request;
    memset(&request, 0, sizeof request);
    strncpy(request.ifr_name, name, IFNAMSIZ - 1);
    request.ifr_flags = (short)flags;
    return ioctl(socket, SIOCSIFFLAGS, &request);
}

/// A socket that receives every frame that comes in on interface `name`, and none that goes out there: packet(7) with
/// PACKET_IGNORE_OUTGOING. -1 if it cannot be made.
static inline int clinux_capture_frames(const char *name) {
    int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return -1;
    int incoming_only = 1;
    struct sockaddr_ll address;
    memset(&address, 0, sizeof address);
    address.sll_family = AF_PACKET;
    address.sll_protocol = htobe16(ETH_P_ALL);
    address.sll_ifindex = clinux_interface_index(fd, name);
    if (address.sll_ifindex < 0
        || setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &incoming_only, sizeof incoming_only) != 0
        || bind(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/// Has sends with MSG_ZEROCOPY be of use on `socket`: SO_ZEROCOPY. 0, or -1 if it has no such thing.
static inline int clinux_enable_zero_copy(int socket) {
    int on = 1;
    return setsockopt(socket, SOL_SOCKET, 60, &on, sizeof on);
}

/// The most bytes that this process may lock in memory: RLIMIT_MEMLOCK (8) of prlimit(2), whose header Swift sees without
/// _GNU_SOURCE; all ones without a limit.
static inline uint64_t clinux_locked_memory_limit(void) {
    uint64_t limit[2];
    return syscall(SYS_prlimit64, 0, 8, NULL, limit) == 0 ? limit[0] : ~(uint64_t)0;
}

/// Whether the limit above does not hold for this thread: CAP_IPC_LOCK of capabilities(7).
static inline int clinux_may_lock_memory(void) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    return syscall(SYS_capget, &header, data) == 0 && (data[0].effective >> CAP_IPC_LOCK & 1);
}

static const int clinux_msg_zero_copy = 0x4000000;

/// Takes one notice of the kernel that it is done with sends that had MSG_ZEROCOPY: SO_EE_ORIGIN_ZEROCOPY. Returns how many
/// sends it is about, with `*copied` set if it copied them after all; 0 if there is no notice now.
static inline unsigned clinux_take_zero_copy_notice(int socket, int *copied) {
    char control[256];
    struct msghdr message;
    memset(&message, 0, sizeof message);
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    if (recvmsg(socket, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return 0;
    for (struct cmsghdr *part = CMSG_FIRSTHDR(&message); part; part = CMSG_NXTHDR(&message, part)) {
        struct sock_extended_err error;
        if (part->cmsg_len < CMSG_LEN(sizeof error)) continue;
        memcpy(&error, CMSG_DATA(part), sizeof error);
        if (error.ee_origin != SO_EE_ORIGIN_ZEROCOPY || error.ee_errno != 0) continue;
        *copied = error.ee_code & SO_EE_CODE_ZEROCOPY_COPIED ? 1 : 0;
        return error.ee_data - error.ee_info + 1;
    }
    return 0;
}

/// Makes interface `index` a port of `bridge`, or takes it out: SIOCBRADDIF and SIOCBRDELIF on `socket`.
static inline int clinux_set_bridge_port(int socket, const char *bridge, int index, int add) {
    struct ifreq request;
    memset(&request, 0, sizeof request);
    strncpy(request.ifr_name, bridge, IFNAMSIZ - 1);
    request.ifr_ifindex = index;
    return ioctl(socket, add ? SIOCBRADDIF : SIOCBRDELIF, &request);
}

// userfaultfd(2), and ioctl_userfaultfd(2) for write protection and for missing pages.

/// A descriptor for faults of this process; `user_only`: those that user mode meets, which every process may have.
static inline int clinux_userfault(int user_only) {
    return (int)syscall(SYS_userfaultfd, O_CLOEXEC | O_NONBLOCK | (user_only ? UFFD_USER_MODE_ONLY : 0));
}

/// The same through /dev/userfaultfd, open as `device`, for whoever may open that (Linux 6.1 and newer).
static inline int clinux_userfault_by_device(int device) { return ioctl(device, _IO(0xAA, 0x00), O_CLOEXEC | O_NONBLOCK); }

/// Features of UFFDIO_API: write faults of anonymous memory, of shared memory and huge pages, and of pages that are not
/// present (which the headers of Debian 12 lack).
static const uint64_t clinux_userfault_write = UFFD_FEATURE_PAGEFAULT_FLAG_WP;
static const uint64_t clinux_userfault_write_shared = UFFD_FEATURE_WP_HUGETLBFS_SHMEM;
static const uint64_t clinux_userfault_write_absent = 1u << 13;
/// Features of UFFDIO_API: missing pages of shared memory, and of huge pages.
static const uint64_t clinux_userfault_missing_shared = UFFD_FEATURE_MISSING_SHMEM;
static const uint64_t clinux_userfault_missing_huge = UFFD_FEATURE_MISSING_HUGETLBFS;

/// UFFDIO_API: enables features, once for a descriptor, and tells which ones the kernel has.
static inline int clinux_userfault_enable(int fd, uint64_t features, uint64_t *available) {
    struct uffdio_api api = {.api = UFFD_API, .features = features};
    if (ioctl(fd, UFFDIO_API, &api) != 0) return -1;
    *available = api.features;
    return 0;
}

/// Modes of UFFDIO_REGISTER, and what it says can be done with the memory then.
static const uint64_t clinux_userfault_mode_write = UFFDIO_REGISTER_MODE_WP;
static const uint64_t clinux_userfault_mode_missing = UFFDIO_REGISTER_MODE_MISSING;
static const uint64_t clinux_userfault_can_protect = (uint64_t)1 << _UFFDIO_WRITEPROTECT;
static const uint64_t clinux_userfault_can_copy = (uint64_t)1 << _UFFDIO_COPY;
static const uint64_t clinux_userfault_can_zero = (uint64_t)1 << _UFFDIO_ZEROPAGE;

/// UFFDIO_REGISTER: has faults of a range told of, and tells what can be done there.
static inline int clinux_userfault_register(int fd, uint64_t start, uint64_t length, uint64_t mode, uint64_t *can) {
    struct uffdio_register request = {.range = {start, length}, .mode = mode};
    if (ioctl(fd, UFFDIO_REGISTER, &request) != 0) return -1;
    *can = request.ioctls;
    return 0;
}

/// UFFDIO_UNREGISTER.
static inline int clinux_userfault_unregister(int fd, uint64_t start, uint64_t length) {
    struct uffdio_range range = {start, length};
    return ioctl(fd, UFFDIO_UNREGISTER, &range);
}

/// UFFDIO_WRITEPROTECT: protects a range, or lets it be written and wakes who waits for that.
static inline int clinux_userfault_protect(int fd, uint64_t start, uint64_t length, int on) {
    struct uffdio_writeprotect request = {.range = {start, length}, .mode = on ? UFFDIO_WRITEPROTECT_MODE_WP : 0};
    return ioctl(fd, UFFDIO_WRITEPROTECT, &request);
}

/// UFFDIO_COPY: places bytes where nothing is, and wakes who waits for them. How many were placed; -1 if none.
static inline int64_t clinux_userfault_copy(int fd, uint64_t target, const void *source, uint64_t length) {
    struct uffdio_copy request = {.dst = target, .src = (uint64_t)source, .len = length};
    if (ioctl(fd, UFFDIO_COPY, &request) == 0) return (int64_t)length;
    return request.copy > 0 ? request.copy : -1;
}

/// UFFDIO_ZEROPAGE: the same with zeroes.
static inline int64_t clinux_userfault_zero(int fd, uint64_t start, uint64_t length) {
    struct uffdio_zeropage request = {.range = {start, length}};
    if (ioctl(fd, UFFDIO_ZEROPAGE, &request) == 0) return (int64_t)length;
    return request.zeropage > 0 ? request.zeropage : -1;
}

/// UFFDIO_WAKE: who waits for a page of the range looks again.
static inline int clinux_userfault_wake(int fd, uint64_t start, uint64_t length) {
    struct uffdio_range range = {start, length};
    return ioctl(fd, UFFDIO_WAKE, &range);
}

/// The address of the next fault; 0 if there is none now.
static inline uint64_t clinux_userfault_next(int fd) {
    struct uffd_msg message;
    if (read(fd, &message, sizeof message) != sizeof message || message.event != UFFD_EVENT_PAGEFAULT) return 0;
    return message.arg.pagefault.address;
}
