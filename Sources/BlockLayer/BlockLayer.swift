/// Disks of a guest: where virtio-blk's requests end.
