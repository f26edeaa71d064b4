has_systemctl() {
  command -v systemctl >/dev/null
}

# The presets decide, once: what an administrator does later stays so.
enable_units() {
  if [ "$1" = first ] && has_systemctl; then
    for unit in $UNITS_ENABLED; do
      systemctl --no-reload preset "$unit" >/dev/null 2>&1 || say "$unit could not be enabled"
    done
  fi
}

reload_units() {
  systemctl daemon-reload >/dev/null 2>&1 || true
}

start_unit() {
  if systemctl --quiet is-enabled "$1" 2>/dev/null; then
    systemctl start "$1" >/dev/null || say "$1 did not start: systemctl status $1"
  fi
}

restart_unit() {
  systemctl try-restart "$1" >/dev/null || say "$1 did not start: systemctl status $1"
}

stop_unit() {
  systemctl stop "$1" >/dev/null || say "$1 did not stop"
}

forget_failure() {
  systemctl reset-failed "$1" >/dev/null 2>&1 || true
}

forget_units() {
  if has_systemctl; then
    for unit in $UNITS_ENABLED; do
      systemctl --no-reload disable "$unit" >/dev/null 2>&1 || true
    done
  fi
}
