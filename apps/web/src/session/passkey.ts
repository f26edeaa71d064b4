import type { PasskeyAnswer } from "@muster/protocol/http";

/** Whether there can be passkeys: browsers bind them to a name, never to an IP address. */
export function canAskPasskey(hostname: string): boolean {
  const isAddress = /^[\d.]+$|^\[/.test(hostname);
  return (
    !isAddress &&
    typeof PublicKeyCredential === "function" &&
    typeof PublicKeyCredential.parseRequestOptionsFromJSON === "function"
  );
}

/** Has the browser ask the person for a passkey; null if they turn away. `options` is as the server gave it. */
export async function askPasskey(
  options: Readonly<Record<string, unknown>>,
): Promise<PasskeyAnswer["credential"] | null> {
  const json = options as object as PublicKeyCredentialRequestOptionsJSON;
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(json);
  try {
    const credential = await navigator.credentials.get({ publicKey });
    // The server takes nothing on trust: its schema reads this.
    return credential instanceof PublicKeyCredential
      ? (credential.toJSON() as PasskeyAnswer["credential"])
      : null;
  } catch (error) {
    // The person closed the dialogue, or let it stand too long (WebAuthn §5.1.4).
    if (error instanceof DOMException && error.name === "NotAllowedError") return null;
    throw error;
  }
}
