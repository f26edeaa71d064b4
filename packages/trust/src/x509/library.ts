/**
 * The certificate library takes a tenth of a second to load, and every agent imports this package: so it is loaded by
 * the first call that makes a certificate. It needs the polyfill before it.
 */
export async function x509Library(): Promise<typeof import("@peculiar/x509")> {
  await import("reflect-metadata");
  return import("@peculiar/x509");
}
