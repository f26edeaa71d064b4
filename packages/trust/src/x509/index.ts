export { createAuthority, type CertifiedKey } from "./authority.ts";
export {
  authorityPin,
  certificateDer,
  certificatePem,
  readClientCertificate,
  type ClientCertificate,
} from "./certificate.ts";
export { issueClientCertificate } from "./client-certificate.ts";
export type { ClientIdentity, IssuedClientCertificate } from "./client-certificate.ts";
export { createKeyAndRequest, type KeyAndRequest } from "./request.ts";
export { issueServerCertificate, type ServerNames } from "./server-certificate.ts";
