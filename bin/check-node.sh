#!/bin/sh
# Says what the Node.js that npm installed lacks to run here. It could not say so itself.
# Nearly always the linker knows the library, and nothing has to be started.
library=$(grep -ao '/[^[:cntrl:]]*/libatomic\.so\.1' /etc/ld.so.cache 2>/dev/null | head -n 1)
[ -e "$library" ] && exit 0
said=$(node --version 2>&1) && exit 0
case $said in
*libatomic.so.1*)
  echo 'strongroom: Node.js needs the library libatomic.so.1, which is not installed. Debian and Ubuntu: "apt-get install libatomic1". Fedora, RHEL and their like: "dnf install libatomic".' >&2
  ;;
*)
  echo "strongroom: Node.js does not start here: $said" >&2
  ;;
esac
exit 1
