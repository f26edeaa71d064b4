import { Button } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useServices } from "../app/services.ts";
import { ProblemNotice } from "../ui/problem-notice.tsx";
import { askPasskey, canAskPasskey } from "./passkey.ts";
import type { SignInProps } from "./sign-in-props.ts";

/** Only where the browser and the address allow passkeys. */
export function PasskeyButton({ onDone }: SignInProps) {
  const { api } = useServices();
  const { mutate, isPending, error } = useMutation({
    mutationFn: async () => {
      const begun = await api.passkeyOptions();
      const credential = await askPasskey(begun.options);
      return credential && (await api.signInWithPasskey({ challenge: begun.challenge, credential }));
    },
    onSuccess: (session) => {
      if (session) onDone(session);
    },
  });
  if (!canAskPasskey(window.location.hostname)) return null;
  return (
    <>
      {error && <ProblemNotice error={error} what="You are not signed in" />}
      <Button variant="default" fullWidth loading={isPending} onClick={() => mutate()}>
        Use a passkey
      </Button>
    </>
  );
}
