STATE=/var/lib/muster
SEED=/usr/lib/muster-agent/seed

# set_up first|again: after an installation, or after an upgrade. It can be run at any time.
set_up() {
  make_user
  make_state_folders
  link_configuration
  take_seed
  enable_units "$1"
  if systemd_runs; then
    reload_units
    start_or_restart
  fi
}

link_configuration() {
  if [ -d "$STATE/config" ] && [ ! -L "$STATE/config" ]; then
    # A state folder that was made without the package; what it configures is not ours to move.
    rmdir "$STATE/config" 2>/dev/null || say "$STATE/config is a folder with files: move them to /etc/muster," \
      "remove it, and run: dpkg-reconfigure muster-agent (or install the package again)"
  fi
  if [ ! -e "$STATE/config" ] && [ ! -L "$STATE/config" ]; then
    ln -s /etc/muster "$STATE/config"
  fi
}

# Only a host with nothing to run: elsewhere the fleet decides, or the updater, if the host's policy asks for newer seeds.
take_seed() {
  if [ -d "$SEED" ] && [ ! -L "$STATE/current" ]; then
    muster-updater seed "$SEED" >&2 ||
      say "the packaged version could not be installed, see above; then run: muster-updater seed $SEED"
  fi
}

# An update decides itself when the agent starts and which version: nobody else does meanwhile.
update_is_under_way() {
  if [ -e "$STATE/staging/handoff.json" ] || is_active muster-updater.service || is_active muster-recovery.service; then
    return 0
  fi
  # shellcheck disable=SC2016
  state=$(muster-updater status --json | /usr/lib/muster-agent/node -e '
    const { state, updaterPid } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
    process.stdout.write(updaterPid === null && (state === null || state.kind === "steady") ? "steady" : "under way");
  ') || state=unknown
  [ "$state" != steady ]
}

start_or_restart() {
  if [ ! -L "$STATE/current" ]; then
    start_unit muster-updater.path
    say "no version is installed yet: muster-updater seed FOLDER, then systemctl start muster-agent"
  elif ! is_active muster-agent.service; then
    if update_is_under_way; then
      say "an update is under way: it starts the agent"
    else
      start_unit muster-updater.path
      start_unit muster-agent.service
    fi
  elif update_is_under_way; then
    say "an update is under way: the agent runs on, and takes the new launcher when it next starts"
  else
    restart_unit muster-updater.path
    restart_unit muster-agent.service
    # It takes the packaged version if the policy asks for that, and else has nothing to do.
    start_unit muster-updater.service
  fi
}

removing() {
  stop_units
}

purged() {
  remove_folder "$STATE"
  remove_folder /etc/muster
  remove_user
}
