#!/bin/sh
# The root file system of the container image: usage: image-root.sh FOLDER
set -eu
root=$1/root
node=$(readlink -f "$(command -v node)")
install -d "$root/usr/local/bin" "$root/etc" "$root/app"
install -d -m 1777 "$root/tmp"
install -m 755 "$node" "$root/usr/local/bin/node"
strip "$root/usr/local/bin/node"
# Where the loader looks for them: by the paths that ldd prints, the loader itself among them.
ldd "$node" | grep -o '/[^ ]*' | while read -r library; do
  install -D -m 755 "$(readlink -f "$library")" "$root$library"
done
printf 'root:x:0:0::/:/nonexistent\nnode:x:1000:1000::/data:/nonexistent\n' > "$root/etc/passwd"
printf 'root:x:0:\nnode:x:1000:\n' > "$root/etc/group"
printf 'hosts: files dns\n' > "$root/etc/nsswitch.conf"
install -d -m 700 "$1/owned/data"
