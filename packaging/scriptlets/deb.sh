# Debian's own record of what was enabled: what an administrator has disabled stays so.
enable_units() {
  for unit in $UNITS_ENABLED; do
    deb-systemd-helper unmask "$unit" >/dev/null || true
    if deb-systemd-helper --quiet was-enabled "$unit"; then
      deb-systemd-helper enable "$unit" >/dev/null || true
    else
      deb-systemd-helper update-state "$unit" >/dev/null || true
    fi
  done
}

reload_units() {
  systemctl --system daemon-reload >/dev/null || true
}

# It starts what is enabled, and only where services may be started at all (policy-rc.d).
start_unit() {
  deb-systemd-invoke start "$1" >/dev/null || say "$1 did not start: systemctl status $1"
}

restart_unit() {
  deb-systemd-invoke restart "$1" >/dev/null || say "$1 did not start: systemctl status $1"
}

stop_unit() {
  deb-systemd-invoke stop "$1" >/dev/null || say "$1 did not stop"
}

forget_failure() {
  deb-systemd-invoke reset-failed "$1" >/dev/null 2>&1 || true
}

forget_units() {
  if command -v deb-systemd-helper >/dev/null; then
    for unit in $UNITS_ENABLED; do
      deb-systemd-helper purge "$unit" >/dev/null || true
    done
  fi
}
