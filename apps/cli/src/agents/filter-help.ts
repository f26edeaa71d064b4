/** The filter language, for `--help`; the API, the pages and the rules of groups read the same. */
export const FILTER_HELP = `
Filters: conditions side by side all have to hold.
  web-01              part of the hostname or the id
  hostname:web-*      a pattern; also id, product, os, arch
  version:<2.6        also <= > >=; 2.6 is all of 2.6; version:unknown
  env=production      a label; env!=production; tag:canary has it, whatever its value
  state:failed        of the latest update; state:none; target:2.6.0
  is:online           also is:offline, is:failed, is:stuck, is:revoked
  last_seen:>1h       longer ago than that; last_seen:never; enrolled:<2d
  group:edge          in that group, by name or id
  os:linux,darwin     either of them; or, not and ( ) do what they say, - is not
`;
