export { sha256Hex } from "./digest.ts";
export { pae } from "./pae.ts";
export {
  encodePublicKey,
  generateSigningKey,
  keyId,
  parsePublicKey,
  publicKeyObject,
  rawPublicKey,
  type NamedKey,
} from "./keys.ts";
export { encodePrivateKey, isEncryptedPrivateKey, parsePrivateKey } from "./private-key-file.ts";
export { encodeTrustAnchor, parseTrustAnchor, type TrustAnchor } from "./trust-anchor.ts";
export { encodeSignatures, parseSignatures } from "./signature-file.ts";
export type { DetachedSignature, SignatureFile } from "./signature-file.ts";
export { signDetached, signersOf, verifyDetached, type Payload, type SignedPayload } from "./envelope.ts";
export {
  signManifest,
  verifyManifest,
  type SignedManifest,
  type VerifiedManifest,
} from "./signed-manifest.ts";
export { signAssignment, verifyAssignment, type SignedAssignment } from "./signed-assignment.ts";
export {
  createTokenSecret,
  formatToken,
  hashTokenSecret,
  isTokenSecret,
  parseToken,
  type JoinToken,
} from "./join-token.ts";
