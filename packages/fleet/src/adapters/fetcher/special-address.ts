import { isIP } from "node:net";
import ipaddr from "ipaddr.js";

/** 2000::/3 is all of IPv6 that is given out as global unicast (IANA IPv6 Address Space). */
const GLOBAL_UNICAST_V6 = ipaddr.IPv6.parseCIDR("2000::/3");

/**
 * What kind of special-purpose address this is (`loopback`, `private`, `linkLocal`, …), or null for a public one. IPv4
 * inside IPv6 in any form (mapped, compatible, NAT64, 6to4, Teredo) is special too, whatever it holds: it would be a way
 * around the IPv4 ranges. A text that is no address is `unparsable`.
 */
export function specialRangeOf(address: string): string | null {
  // Stricter than ipaddr.js, which also reads `127.1` and `0177.0.0.1`.
  if (isIP(address) === 0 || !ipaddr.isValid(address)) return "unparsable";
  const parsed = ipaddr.parse(address);
  const range = parsed.range();
  if (range !== "unicast") return range;
  if (parsed instanceof ipaddr.IPv6 && !parsed.match(GLOBAL_UNICAST_V6)) return "reserved";
  return null;
}
