import { gatewayAddressDecoder, labelsDecoder, MusterError, nameDecoder, parse } from "@muster/core";
import { readIfThere } from "../host/files.ts";
import { trustMembers } from "../identity/config-file.ts";

const BUNDLE_MAX_BYTES = 1024 * 1024;

/** What an enrolment bundle brings: a file that holds what would be typed otherwise. */
export interface EnrolmentBundle {
  readonly server?: string;
  readonly token?: string;
  readonly product?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Members that look like trust keys. They are not read: trust comes with the package and from nowhere else. */
  readonly ignoredTrustMembers: readonly string[];
}

const decoders = {
  server: parse.optional(gatewayAddressDecoder),
  token: parse.optional(parse.string({ min: 1, max: 256 })),
  product: parse.optional(nameDecoder),
  labels: parse.optional(labelsDecoder),
};
const fields = parse.object(decoders);

/** Reads a bundle; members it does not know are passed over. `FILE_NOT_READABLE`, `USAGE_INVALID`. */
export async function readEnrolmentBundle(path: string): Promise<EnrolmentBundle> {
  const bytes = await readIfThere(path, BUNDLE_MAX_BYTES);
  if (bytes === null) throw new MusterError("FILE_NOT_READABLE", { path, problem: "is missing" });
  const members = parse.decodeJson(membersDecoder, bytes.toString("utf8"), "USAGE_INVALID");
  const known = Object.fromEntries(Object.entries(members).filter(([name]) => Object.hasOwn(decoders, name)));
  return {
    ...parse.decode(fields, known, "USAGE_INVALID"),
    ignoredTrustMembers: trustMembers(members),
  };
}

const membersDecoder = parse.record(parse.string(), (value) => value, { max: 100 });
