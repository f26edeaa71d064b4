say() {
  echo "$PACKAGE: $*" >&2
}

systemd_runs() {
  [ -d /run/systemd/system ]
}

make_user() {
  if ! getent group "$PACKAGE_USER" >/dev/null; then
    groupadd --system "$PACKAGE_USER"
  fi
  if ! getent passwd "$PACKAGE_USER" >/dev/null; then
    useradd --system --gid "$PACKAGE_USER" --home-dir "$PACKAGE_HOME" --no-create-home \
      --shell /usr/sbin/nologin --comment "$PACKAGE_COMMENT" "$PACKAGE_USER"
  fi
}

# Only a user that looks like the one the package has made.
remove_user() {
  entry=$(getent passwd "$PACKAGE_USER") || return 0
  uid=$(echo "$entry" | cut -d: -f3)
  home=$(echo "$entry" | cut -d: -f6)
  if [ "$uid" -lt 1000 ] && [ "$home" = "$PACKAGE_HOME" ]; then
    userdel "$PACKAGE_USER" || say "the user $PACKAGE_USER is left: it could not be removed"
  fi
  if getent group "$PACKAGE_USER" >/dev/null && ! getent passwd "$PACKAGE_USER" >/dev/null; then
    groupdel "$PACKAGE_USER" || say "the group $PACKAGE_USER is left: it could not be removed"
  fi
}

# make_folder MODE OWNER PATH. One that is there stays as it is.
make_folder() {
  if [ ! -d "$3" ]; then
    install -d -m "$1" -o "$2" -g "$2" "$3"
  fi
}

# The content goes, and the folder unless it is a place where something is mounted.
remove_folder() {
  if [ -d "$1" ]; then
    find "$1/" -xdev -mindepth 1 -delete
  fi
  if [ -L "$1" ]; then
    rm -f "$1"
  elif [ -d "$1" ]; then
    rmdir "$1" 2>/dev/null || say "$1 is left, empty: it could not be removed"
  fi
}

is_active() {
  case $(systemctl show --property=ActiveState --value "$1") in
    active | activating | deactivating | reloading) return 0 ;;
  esac
  return 1
}

# Twice: one that does not end as it should may have started its recovery.
stop_units() {
  if systemd_runs; then
    for unit in $UNITS_ALL $UNITS_ALL; do
      if is_active "$unit"; then
        stop_unit "$unit"
      fi
    done
  fi
}

# After the files have gone.
drop_units() {
  if systemd_runs; then
    reload_units
    for unit in $UNITS_ALL; do
      forget_failure "$unit"
    done
  fi
}
