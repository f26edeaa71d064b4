export { createMemoryObjectStore } from "./memory-object-store.ts";
export { createReleaseSigner } from "./release-signer.ts";
export type { ReleaseSigner, ReleaseWish, SignedRelease } from "./release-signer.ts";
export { startReleaseHosts } from "./release-hosts.ts";
export { startIdentityProvider, type TestIdentityProvider } from "./identity-provider.ts";
export { createSoftwareAuthenticator } from "./software-authenticator.ts";
export type { HostedRelease, ReleaseHosts } from "./release-hosts.ts";
