import { expect, test } from "vitest";
import { parseCommand } from "./arguments.ts";

test.for<[string, object]>([
  ["launch", { kind: "launch", root: "/var/lib/muster", decided: false }],
  ["launch --decided", { kind: "launch", root: "/var/lib/muster", decided: true }],
  ["decide", { kind: "decide", root: "/var/lib/muster" }],
  ["apply --service acme.service", { kind: "apply", root: "/var/lib/muster", unit: "acme.service" }],
  [
    "recover --crash-loop --service a@b.service",
    { kind: "recover", root: "/var/lib/muster", crashLoop: true, unit: "a@b.service" },
  ],
  ["apply --root /srv/muster", { kind: "apply", root: "/srv/muster" }],
  ["recover --root /srv/muster/", { kind: "recover", root: "/srv/muster", crashLoop: false }],
  ["--root /srv/muster supervise", { kind: "supervise", root: "/srv/muster" }],
  ["status", { kind: "status", root: "/var/lib/muster", json: false }],
  ["status --json", { kind: "status", root: "/var/lib/muster", json: true }],
  ["forget 1.2.3", { kind: "forget", root: "/var/lib/muster", version: "1.2.3" }],
  ["seed /srv/release", { kind: "seed", root: "/var/lib/muster", files: ["/srv/release"] }],
  [
    "seed a.tar.gz m.json m.json.sig",
    { kind: "seed", root: "/var/lib/muster", files: ["a.tar.gz", "m.json", "m.json.sig"] },
  ],
  ["help", { kind: "help" }],
  ["launch --help", { kind: "help" }],
])("%s", ([line, expected]) => {
  expect(parseCommand(line.split(" "))).toEqual(expected);
});

test("nothing asks for help", () => {
  expect(parseCommand([])).toEqual({ kind: "help" });
});

test.for([
  "dance",
  "launch now",
  "launch --root relative",
  "launch --root",
  "launch --json",
  "launch --service acme.service",
  "apply --decided",
  "apply --crash-loop",
  "apply --service acme",
  "apply --service --x.service",
  "apply --service ../x.service",
  "launch --trust-anchor /tmp/anchor.json",
  "status --json=yes",
  "forget",
  "forget v1.2.3",
  "forget ../../etc",
  "forget 1.2.3 1.2.4",
  "seed",
  "seed a b",
  "seed a b c d",
])("%s is refused with USAGE_INVALID", (line) => {
  expect(() => parseCommand(line.split(" "))).toThrow(expect.objectContaining({ code: "USAGE_INVALID" }));
});
