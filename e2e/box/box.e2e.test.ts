import { readdir, readFile } from "node:fs/promises";
import { Program, temporaryFolder, until } from "@muster/local-fleet";
import { beforeAll, describe, expect, test } from "vitest";
import { useCleanUp } from "../fleet.ts";
import { Box } from "./box.ts";
import type { HardwareOptions } from "./hardware.ts";
import { removeLeftovers } from "./leftovers.ts";
import { cgroupTrees } from "./needs.ts";
import { BoxNetwork } from "./network.ts";
import { runOk } from "./run.ts";

const cleanUp = useCleanUp();

const GREETER = `
[Service]
Type=exec
ExecStart=/bin/sh -c 'echo hello from a unit; exec sleep infinity'
[Install]
WantedBy=multi-user.target
`;

let box: Box;
let other: Box;
let network: BoxNetwork;

beforeAll(async () => {
  const folder = await temporaryFolder("muster-e2e-boxes");
  cleanUp.defer(folder.dispose);
  network = await BoxNetwork.open(folder.path);
  cleanUp.defer(() => network.close());
  const disks = { "/var/lib/muster": { sizeMb: 64 } };
  const up = async (name: string, options: HardwareOptions) => {
    const made = await Box.up(name, options);
    cleanUp.defer(() => made.remove());
    return made;
  };
  [box, other] = await Promise.all([up("one", { network, disks }), up("two", { network })]);
});

test("a box has a systemd of its own, in which nothing of this machine runs and no home is seen", async () => {
  expect(await box.sh("systemctl is-system-running")).toBe("running");
  expect(await box.sh("cat /proc/1/comm; hostname")).toBe("systemd\none");
  expect(await box.sh("ls /home /root /srv /opt /mnt")).not.toMatch(/\w\n\w/);
  const services = await box.sh("systemctl list-units --type=service --state=running --plain --no-legend");
  expect(services.match(/^\S+/gm)).toEqual(["dbus.service", "systemd-journald.service"]);
});

test("a unit runs, is found in the journal, and is there again after a reboot", async () => {
  await box.write("/etc/systemd/system/greeter.service", GREETER);
  await box.sh("systemctl enable --now greeter.service");
  await until("its word", async () => (await box.journal("greeter")).includes("hello from a unit"));
  const before = await box.sh("cat /proc/sys/kernel/random/boot_id");
  await box.down();
  await box.boot();
  await box.waitUntil("it to run", "systemctl is-active greeter.service");
  expect(await box.sh("cat /proc/sys/kernel/random/boot_id")).not.toBe(before);
});

test("the units under test see the boot's id and clock, which begin anew at every boot", async () => {
  const unit = "systemd-run --quiet --pipe --wait --unit=muster-updater --property=ProtectProc=invisible";
  const id = "cat /proc/sys/kernel/random/boot_id";
  expect(await other.sh(`${unit} ${id}`)).toBe(await other.sh(id));
  expect(Number((await other.sh("cat /proc/uptime")).split(".")[0])).toBeLessThan(120);
});

test("a unit's clock can be wrong, and be changed while it runs", async () => {
  await other.setClock("+400d", ["muster-clock.service"]);
  const year = "const year = () => console.log(new Date().getFullYear()); year(); setInterval(year, 50);";
  await other.put(process.execPath, "/root/node");
  await other.write("/root/clock.mjs", year);
  await other.sh("chmod +x /root/node; systemd-run --quiet --unit=muster-clock /root/node /root/clock.mjs");
  const now = new Date().getFullYear();
  const shows = (wanted: number) => async () =>
    (await other.journal("muster-clock")).trimEnd().endsWith(`: ${wanted}`);
  const later = new Date(Date.now() + 400 * 86_400_000).getFullYear();
  expect(await until("a later year", shows(later))).toBe(true);
  await other.write("/etc/wrong-clock", "+0\n");
  await until("the present year", shows(now));
});

describe("a power cut", () => {
  test.each(["/etc", "/var/lib/muster"])(
    "loses in %s what was not synced, and nothing else",
    async (folder) => {
      await box.sh(`cd ${folder}; echo kept >synced; sync synced .; echo lost >unsynced`);
      await box.cut();
      await box.boot();
      expect(await box.sh(`cd ${folder}; cat synced; ls | grep -c unsynced || true`)).toBe("kept\n0");
    },
  );

  test("can follow what was seen, with everything standing still in between", async () => {
    await box.sh("systemd-run --unit=count sh -c 'while :; do date +%s%N >/run/count; done'");
    const count = () => readFile(box.path("/run/count"), "utf8");
    await until("it to count", async () => (await count().catch(() => "")) !== "");
    await box.freeze();
    const seen = await count();
    expect(await runOk(["sleep", "0.05"]).then(count)).toBe(seen);
    await box.cut();
    await box.boot();
    await box.waitUntil("the boot", "systemctl is-active greeter.service");
  });
});

describe("on a network", () => {
  test("two boxes speak TLS, and a partition drops every packet until it is healed", async () => {
    await other.sh(`
      cd /root
      openssl req -x509 -newkey ed25519 -nodes -keyout key.pem -out cert.pem -subj /CN=two -addext subjectAltName=IP:${other.address} 2>/dev/null
      systemd-run --quiet --unit=tls openssl s_server -accept 8443 -cert /root/cert.pem -key /root/key.pem -www`);
    await box.write("/root/ca.pem", await other.read("/root/cert.pem"));
    const fetch = `curl --silent --fail --max-time 1 --cacert /root/ca.pem https://${other.address}:8443/ >/dev/null`;
    await box.waitUntil("an answer", fetch);
    await box.partition();
    expect((await box.exec(["bash", "--norc", "-c", fetch])).code).toBe(28);
    await box.heal();
    expect((await box.exec(["bash", "--norc", "-c", fetch])).code).toBe(0);
  });

  test("a program of the test is reached, and reaches a box", async () => {
    await other.sh(
      "systemd-run --quiet --unit=web openssl s_server -accept 9443 -cert /root/cert.pem -key /root/key.pem -www",
    );
    await other.waitUntil("it to listen", "ss -tln | grep -q 9443");
    const address = await network.forward(9443, other.address);
    expect(await runOk(["curl", "--silent", "--insecure", `https://${address}/`])).toContain("TLS");
    await runOk(network.within(["curl", "--silent", "--insecure", `https://${other.address}:9443/`]));
  });
});

describe("a disk", () => {
  test("can be full, and is not any more", async () => {
    const empty = await box.fillDisk("/var/lib/muster", 1);
    const write = ["dd", "if=/dev/zero", "of=/var/lib/muster/more", "bs=1M", "count=4"] as const;
    expect((await box.exec(write)).stderr).toContain("No space left on device");
    await empty();
    expect((await box.exec(write)).code).toBe(0);
  });

  test("can turn read-only, until the next boot", async () => {
    await box.turnReadOnly("/var/lib/muster");
    const touch = ["touch", "/var/lib/muster/new"] as const;
    expect((await box.exec(touch)).stderr).toContain("Read-only file system");
    await box.down();
    await box.boot();
    expect((await box.exec(touch)).code).toBe(0);
  });
});

test("a removed box leaves no process, mount, loop device, control group or file", async () => {
  const third = await Box.up("three");
  expect(await traces("three")).not.toEqual([]);
  await third.remove();
  expect(await traces("three")).toEqual([]);
});

test("what a killed test process leaves is removed by the next one", async () => {
  const script = `
    import { Box } from ${JSON.stringify(new URL("box.ts", import.meta.url).href)};
    await Box.up("orphan");
    console.log("up");
    setInterval(() => {}, 1000);`;
  const killed = new Program([process.execPath, "--input-type=module", "--eval", script]);
  await killed.line(/^up$/);
  expect(await traces("orphan")).not.toEqual([]);
  await killed.stop("SIGKILL");
  await until(
    "the kernel to end it",
    async () => !(await traces("orphan")).some((trace) => /nspawn|loop/.test(trace)),
  );
  await removeLeftovers();
  expect(await traces("orphan")).toEqual([]);
});

/** Everything of this machine that bears the name of a box. */
async function traces(name: string): Promise<readonly string[]> {
  const mounts = await readFile("/proc/self/mountinfo", "utf8");
  const loops = await runOk(["losetup", "--all"]);
  const processes = await runOk(["ps", "ax", "-o", "args"]);
  const groups = (await Promise.all(cgroupTrees().map(({ path }) => readdir(path)))).flat();
  const files = await readdir(process.env["TMPDIR"] ?? "/tmp");
  const own = new RegExp(`muster-box-\\d+-${name}\\b`);
  const all = [mounts, loops, processes].flatMap((text) => text.split("\n"));
  return [...all, ...groups, ...files].filter((line) => own.test(line));
}
