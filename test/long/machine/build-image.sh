#!/bin/sh
# A machine of Debian 12 with its own cloud-init, from Debian's packages: a disk, its kernel, and a key to log in with.
# build-image.sh FOLDER; as root, as debootstrap needs that.
set -eu
folder=$1
root=$(mktemp -d "$folder/root.XXXXXX")
trap 'rm -rf "$root"' EXIT

# python3-cffi-backend is what python3-cryptography wants by a virtual name, which debootstrap does not look up.
debootstrap --variant=minbase --include=systemd-sysv,dbus,udev,kmod,iproute2,ifupdown,isc-dhcp-client,openssh-server,cloud-init,python3-cffi-backend,linux-image-cloud-amd64,initramfs-tools \
  bookworm "$root" "${DEBIAN_MIRROR:-http://deb.debian.org/debian}" >"$folder/debootstrap.log" 2>&1

echo image >"$root/etc/hostname"
echo '/dev/vda / ext4 defaults 0 1' >"$root/etc/fstab"
rm -f "$root"/etc/ssh/ssh_host_* "$root/etc/machine-id"
rm -rf "$root"/var/cache/apt "$root"/var/lib/apt/lists
touch "$root/etc/machine-id"

# What a small machine without Debian's mirror can do without.
cat >"$root/etc/cloud/cloud.cfg.d/50-test.cfg" <<'END'
locale: false
grub_dpkg: {enabled: false}
apt: {preserve_sources_list: true}
END

rm -f "$folder/key" "$folder/key.pub"
ssh-keygen -q -t ed25519 -N '' -C test -f "$folder/key"
mkdir -m 700 -p "$root/root/.ssh"
cp "$folder/key.pub" "$root/root/.ssh/authorized_keys"

cp "$root"/boot/vmlinuz-* "$folder/kernel"
cp "$root"/boot/initrd.img-* "$folder/initrd"
mke2fs -q -F -t ext4 -d "$root" "$folder/disk.part" 2G
mv "$folder/disk.part" "$folder/disk"
