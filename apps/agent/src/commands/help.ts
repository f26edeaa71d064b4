/** The text of `--help`. */
export const HELP = `The reference agent: it connects to a Muster gateway, reports, and takes updates.

Usage: muster-agent [run] [--root DIR]
       muster-agent enroll --server HOST:PORT --token TOKEN [options]
       muster-agent status [--json] [--root DIR]
       muster-agent --version

  --root DIR            state folder of the product on this host
                        (MUSTER_ROOT, else /var/lib/muster)

Options of enroll:
  --server HOST:PORT    the gateway
  --token TOKEN         a registration token: muster token create
  --product NAME        what this host runs; kept from the configuration if left out
  --label KEY=VALUE     a label of this host; can be repeated
  --hostname NAME       a name for people (this host's own)
  --bundle FILE         JSON with server, token, product and labels; flags win over it
  --force               enrol anew a host that is enrolled

Exit codes: 0 done, 1 failed, 2 wrong arguments.
`;
