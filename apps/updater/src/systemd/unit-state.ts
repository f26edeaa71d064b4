/** What systemd says of a unit. */
export interface UnitState {
  /** Empty: there is no such unit, or systemd does not answer. */
  readonly active: string;
  /** 0: none. */
  readonly mainPid: number;
}

/** The arguments of `systemctl` for what `parseUnitState` reads. */
export const SHOW_STATE = ["show", "--property=ActiveState,MainPID"] as const;

/** Reads what `systemctl show` printed, one `Name=value` a line; what is missing is empty. */
export function parseUnitState(text: string): UnitState {
  const values = new Map(
    text.split("\n").map((line) => {
      const cut = line.indexOf("=");
      return [line.slice(0, Math.max(cut, 0)), line.slice(cut + 1)];
    }),
  );
  const mainPid = Number(values.get("MainPID"));
  return {
    active: values.get("ActiveState") ?? "",
    mainPid: Number.isSafeInteger(mainPid) && mainPid > 0 ? mainPid : 0,
  };
}
