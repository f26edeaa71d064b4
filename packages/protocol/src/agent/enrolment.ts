import { hostnameDecoder, idDecoder, labelsDecoder, nameDecoder, parse } from "@muster/core";
import { EnrolRequest, EnrolResponse, RenewRequest, RenewResponse } from "./gen/muster/agent/v1/agent.ts";
import { buffer, bytes, readMessage } from "./wire.ts";

const CSR_MAX_BYTES = 4096;
const CERTIFICATE_MAX_BYTES = 8192;

const csr = bytes({ min: 1, max: CSR_MAX_BYTES });
const certificate = bytes({ min: 1, max: CERTIFICATE_MAX_BYTES });

const enrolRequest = parse.object({
  token: parse.string({ min: 1, max: 256 }),
  csr,
  product: nameDecoder,
  hostname: hostnameDecoder,
  labels: labelsDecoder,
});

const enrolResponse = parse.object({
  agentId: idDecoder,
  certificate,
  caCertificate: certificate,
  assignmentKey: bytes({ min: 32, max: 32 }),
  expiresAt: parse.integer(),
});

const renewRequest = parse.object({ csr });
const renewResponse = parse.object({ certificate, expiresAt: parse.integer() });

/** A host's request to become an agent. */
export type EnrolmentReport = parse.Decoded<typeof enrolRequest>;
/** What the host becomes. */
export type EnrolmentGrant = parse.Decoded<typeof enrolResponse>;
/** The next certificate of an agent. */
export type RenewalGrant = parse.Decoded<typeof renewResponse>;

/** `REQUEST_INVALID`. */
export function decodeEnrolRequest(wire: Uint8Array): EnrolmentReport {
  return readMessage(wire, EnrolRequest, enrolRequest, "REQUEST_INVALID");
}

export function encodeEnrolRequest(request: EnrolmentReport): Buffer {
  return encode(EnrolRequest, { ...request, csr: buffer(request.csr), labels: { ...request.labels } });
}

/** `AGENT_MESSAGE_INVALID`. */
export function decodeEnrolResponse(wire: Uint8Array): EnrolmentGrant {
  return readMessage(wire, EnrolResponse, enrolResponse);
}

export function encodeEnrolResponse(grant: EnrolmentGrant): Buffer {
  return encode(EnrolResponse, {
    ...grant,
    certificate: buffer(grant.certificate),
    caCertificate: buffer(grant.caCertificate),
    assignmentKey: buffer(grant.assignmentKey),
  });
}

/** The certificate request; `REQUEST_INVALID`. */
export function decodeRenewRequest(wire: Uint8Array): Uint8Array {
  return readMessage(wire, RenewRequest, renewRequest, "REQUEST_INVALID").csr;
}

export function encodeRenewRequest(request: Uint8Array): Buffer {
  return encode(RenewRequest, { csr: buffer(request) });
}

/** `AGENT_MESSAGE_INVALID`. */
export function decodeRenewResponse(wire: Uint8Array): RenewalGrant {
  return readMessage(wire, RenewResponse, renewResponse);
}

export function encodeRenewResponse(grant: RenewalGrant): Buffer {
  return encode(RenewResponse, { ...grant, certificate: buffer(grant.certificate) });
}

function encode<W>(message: { encode(value: W): { finish(): Uint8Array } }, value: W): Buffer {
  return buffer(message.encode(value).finish());
}
