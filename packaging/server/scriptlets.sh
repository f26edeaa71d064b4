# set_up first|again: after an installation, or after an upgrade. It can be run at any time.
set_up() {
  make_user
  make_state_folders
  enable_units "$1"
  if systemd_runs; then
    reload_units
    if is_active muster-server.service; then
      restart_unit muster-server.service
    else
      start_unit muster-server.service
    fi
  fi
}

removing() {
  stop_units
}

purged() {
  remove_folder /var/lib/muster-server
  remove_folder /etc/muster-server
  remove_user
}
