#!/bin/sh
# Installs muster-agent on this host and enrols it. `npm run package` writes the version and the key into it.
set -eu

PINNED_VERSION=''
PINNED_KEY=''

PACKAGE=muster-agent
DRY_RUN=no
SERVER=''
TOKEN=${MUSTER_TOKEN:-}
PRODUCT=''
HOST_NAME=''
FROM=''
KEY_FILE=''
FINGERPRINT=''
WORK=''

usage() {
  cat <<'END'
Usage: install.sh --server HOST:PORT --token TOKEN [--product NAME] [options]

Installs muster-agent, after its signature was verified, and enrols this host. It can be run again: what is done is left.

  --server HOST:PORT   the gateway
  --token TOKEN        a registration token: muster token create (or MUSTER_TOKEN, which other users cannot see)
  --product NAME       what this host runs
  --label KEY=VALUE    a label of this host; can be repeated
  --hostname NAME      a name for people
  --from PLACE         where the packages are: a folder, or an http(s) address (the folder of this script)
  --key FILE           take this public key (PEM) for the packages' in place of the one in this script
  --fingerprint HEX    take the key that lies beside the packages, if this is the SHA-256 of it in DER form
  --dry-run            verify, say what would be done, and change nothing

Without --server and --token it only installs.
END
}

say() {
  echo "$*"
}

# die PROBLEM WAY-OUT
die() {
  echo "install.sh: $1" >&2
  echo "  $2" >&2
  exit 1
}

has() {
  command -v "$1" >/dev/null 2>&1
}

# Does it, or says what would be done.
change() {
  if [ "$DRY_RUN" = yes ]; then
    say "Would run: $*"
  else
    "$@"
  fi
}

end() {
  if [ -n "$WORK" ]; then
    rm -rf "$WORK"
  fi
}

detect_platform() {
  if [ "$(uname -s)" != Linux ]; then
    die "This is $(uname -s); the packages are for Linux." "Use muster-updater supervise, or another host."
  fi
  case $(uname -m) in
    x86_64 | amd64) DEB_ARCH=amd64 RPM_ARCH=x86_64 ;;
    aarch64 | arm64) DEB_ARCH=arm64 RPM_ARCH=aarch64 ;;
    *) die "There is no package for $(uname -m)." "Packages are built for amd64 and arm64." ;;
  esac
  family=unknown
  if [ -r /etc/os-release ]; then
    # shellcheck source=/dev/null
    family=$(. /etc/os-release && echo "${ID:-} ${ID_LIKE:-}")
  fi
  case " $family " in
    *" debian "* | *" ubuntu "*) candidates="apt-get" ;;
    *" suse "* | *" opensuse "* | *" sles "*) candidates="zypper rpm" ;;
    *" fedora "* | *" rhel "* | *" centos "* | *" amzn "*) candidates="dnf yum rpm" ;;
    *) candidates="apt-get dnf yum zypper rpm" ;;
  esac
  INSTALLER=''
  for candidate in $candidates; do
    if has "$candidate"; then
      INSTALLER=$candidate
      break
    fi
  done
  # A deb version's tilde is the same in rpm; only the name is put together in another way.
  case $INSTALLER in
    '') die "No package manager was found (apt-get, dnf, yum, zypper or rpm)." "Install one, or unpack the package by hand." ;;
    apt-get) ARCHIVE="${PACKAGE}_${PINNED_VERSION}_${DEB_ARCH}.deb" ;;
    *) ARCHIVE="${PACKAGE}-${PINNED_VERSION}-1.${RPM_ARCH}.rpm" ;;
  esac
}

installed_version() {
  case $INSTALLER in
    apt-get)
      # shellcheck disable=SC2016
      dpkg-query --show --showformat '${db:Status-Abbrev}${Version}' "$PACKAGE" 2>/dev/null | sed -n 's/^ii *//p'
      ;;
    *) rpm --query --queryformat '%{VERSION}' "$PACKAGE" 2>/dev/null || true ;;
  esac
}

# fetch NAME: from the place into the work folder.
fetch() {
  case $FROM in
    http://* | https://*)
      address="${FROM%/}/$1"
      if has curl; then
        curl --fail --silent --show-error --location --proto '=http,https' --output "$WORK/$1" "$address" ||
          die "$address could not be fetched." "Check the address in --from and the proxy settings (https_proxy)."
      elif has wget; then
        wget --quiet --output-document "$WORK/$1" "$address" ||
          die "$address could not be fetched." "Check the address in --from and the proxy settings (https_proxy)."
      else
        die "Neither curl nor wget is here." "Install one, or copy the packages to this host and give their folder with --from."
      fi
      ;;
    *)
      cp "$FROM/$1" "$WORK/$1" || die "$FROM/$1 could not be read." "--from names the folder with the packages and SHA256SUMS."
      ;;
  esac
}

public_key() {
  if [ -n "$KEY_FILE" ]; then
    cp "$KEY_FILE" "$WORK/key.pem" || die "$KEY_FILE could not be read." "--key names the packages' public key, in PEM form."
  elif [ -n "$FINGERPRINT" ]; then
    fetch muster-packages.pub
    mv "$WORK/muster-packages.pub" "$WORK/key.pem"
    found=$(openssl pkey -pubin -in "$WORK/key.pem" -outform DER 2>/dev/null | sha256sum | cut -d' ' -f1)
    wanted=$(echo "$FINGERPRINT" | tr -d ': ' | tr 'A-F' 'a-f')
    if [ "$found" != "$wanted" ]; then
      die "The key beside the packages has the fingerprint $found, not $wanted." \
        "Do not install these packages. Ask whoever gave you the fingerprint."
    fi
  elif [ -n "$PINNED_KEY" ]; then
    printf '%s\n' '-----BEGIN PUBLIC KEY-----' "$PINNED_KEY" '-----END PUBLIC KEY-----' >"$WORK/key.pem"
  else
    die "This script was built without a key, so nothing can be verified." \
      "Give --key FILE or --fingerprint HEX, or build it with: npm run package -- --sign-key FILE"
  fi
}

# Nothing is installed that is not, byte for byte, what the key's holder has signed.
verify() {
  has openssl || die "openssl is not here; without it the signature cannot be verified." "Install openssl 3 and run this again."
  case $(openssl version) in
    "OpenSSL 0."* | "OpenSSL 1."* | LibreSSL*)
      die "$(openssl version) cannot verify Ed25519 signatures of files." \
        "Verify and install on a way of your own, see the runbook, or install openssl 3."
      ;;
  esac
  fetch SHA256SUMS
  fetch SHA256SUMS.sig
  public_key
  openssl pkeyutl -verify -pubin -inkey "$WORK/key.pem" -rawin -in "$WORK/SHA256SUMS" -sigfile "$WORK/SHA256SUMS.sig" \
    >/dev/null 2>&1 ||
    die "The signature of SHA256SUMS is not by the key that this host trusts." \
      "Do not install these packages. Fetch them again from their origin; if that does not help, somebody has changed them."
  expected=$(sed -n "s/^\([0-9a-f]\{64\}\)  $ARCHIVE\$/\1/p" "$WORK/SHA256SUMS")
  if [ -z "$expected" ]; then
    die "$FROM has no $ARCHIVE." "It has: $(cut -c67- "$WORK/SHA256SUMS" | tr '\n' ' ')"
  fi
  fetch "$ARCHIVE"
  found=$(sha256sum "$WORK/$ARCHIVE" | cut -d' ' -f1)
  if [ "$found" != "$expected" ]; then
    die "$ARCHIVE is not what was signed: its SHA-256 is $found." "Fetch it again; a download may have been cut off."
  fi
  say "Verified: $ARCHIVE"
}

install_package() {
  case $INSTALLER in
    apt-get) change env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq -o Dpkg::Use-Pty=0 --no-install-recommends "$WORK/$ARCHIVE" ;;
    dnf | yum) change "$INSTALLER" install -y -q "$WORK/$ARCHIVE" ;;
    zypper) change zypper --non-interactive --quiet install --allow-unsigned-rpm "$WORK/$ARCHIVE" ;;
    rpm) change rpm --upgrade "$WORK/$ARCHIVE" ;;
  esac || die "$INSTALLER could not install $ARCHIVE, see above." "Nothing was enrolled. Repair what it says and run this again."
}

is_enrolled() {
  has muster-agent && muster-agent status >/dev/null 2>&1
}

enrol() {
  if is_enrolled; then
    say "Already enrolled:"
    muster-agent status
    return
  fi
  case $TOKEN in
    *[!A-Za-z0-9._~+/=:-]*) die "The token holds characters that no token has." "Copy the whole line that muster token create printed." ;;
  esac
  # In a file: a command line can be read by every user of this host.
  printf '{"token":"%s"}\n' "$TOKEN" >"$WORK/bundle.json"
  set -- --server "$SERVER" --bundle "$WORK/bundle.json" "$@"
  if [ -n "$PRODUCT" ]; then set -- "$@" --product "$PRODUCT"; fi
  if [ -n "$HOST_NAME" ]; then set -- "$@" --hostname "$HOST_NAME"; fi
  change muster-agent enroll "$@" ||
    die "This host could not be enrolled, see above. The package is installed." \
      "Repair what it says and run this again, or: muster-agent enroll --server $SERVER --token TOKEN"
}

start() {
  if [ -d /run/systemd/system ]; then
    change systemctl start muster-agent.service ||
      die "muster-agent did not start." "Look at: systemctl status muster-agent; journalctl -u muster-agent"
  else
    say "There is no systemd here: run muster-updater supervise."
  fi
}

main() {
  labels=0
  count=$#
  while [ "$count" -gt 0 ]; do
    option=$1
    shift
    count=$((count - 1))
    case $option in
      --help | -h)
        usage
        exit 0
        ;;
      --dry-run)
        DRY_RUN=yes
        continue
        ;;
      --server | --token | --product | --label | --hostname | --from | --key | --fingerprint) ;;
      *) die "There is no option $option." "install.sh --help lists the options." ;;
    esac
    if [ "$count" -eq 0 ] || [ -z "$1" ]; then
      die "$option takes a value." "install.sh --help lists the options."
    fi
    given=$1
    shift
    count=$((count - 1))
    case $option in
      --server) SERVER=$given ;;
      --token) TOKEN=$given ;;
      --product) PRODUCT=$given ;;
      --hostname) HOST_NAME=$given ;;
      --from) FROM=${given%/} ;;
      --key) KEY_FILE=$given ;;
      --fingerprint) FINGERPRINT=$given ;;
      # What is left as positional parameters goes to enrol as it is.
      --label)
        case $given in
          [!=]*=*) ;;
          *) die "A label reads KEY=VALUE, not $given." "For example: --label env=production" ;;
        esac
        set -- "$@" --label "$given"
        labels=$((labels + 1))
        ;;
    esac
  done
  if [ -n "$SERVER" ] && [ -z "$TOKEN" ]; then
    die "--token is missing." "Make one: muster token create"
  fi
  if [ -z "$SERVER" ] && [ "$labels" -gt 0 ]; then
    die "--server is missing." "Labels are given when a host is enrolled."
  fi
  if [ "$(id -u)" -ne 0 ] && [ "$DRY_RUN" = no ]; then
    die "Packages are installed by root." "Run it with sudo, or with --dry-run."
  fi
  if [ -z "$PINNED_VERSION" ]; then
    die "This is the script's source." "Use the one that npm run package writes beside the packages."
  fi
  if [ -z "$FROM" ]; then
    FROM=$(dirname -- "$0")
    [ -r "$FROM/SHA256SUMS" ] || die "--from is missing." "Say where the packages are: a folder, or an address."
  fi
  detect_platform
  trap end EXIT
  trap 'exit 1' INT TERM HUP
  WORK=$(mktemp -d "${TMPDIR:-/tmp}/muster-install.XXXXXX")
  # apt reads packages as a user of its own.
  chmod 0711 "$WORK"
  umask 077
  if [ "$(installed_version)" = "$PINNED_VERSION" ]; then
    say "Already installed: $PACKAGE $PINNED_VERSION"
  else
    verify
    chmod 0644 "$WORK/$ARCHIVE"
    install_package
  fi
  if [ -n "$SERVER" ]; then
    enrol "$@"
    start
  fi
  if [ "$DRY_RUN" = yes ]; then
    say "Nothing was changed."
  fi
}

main "$@"
