import { Button } from "@mantine/core";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import type { SessionView } from "@muster/protocol/http";
import { useState } from "react";
import { ProblemError } from "../api/problem.ts";
import { explanationQuery, KEYS, signInMethodsQuery } from "../api/queries.ts";
import { useServices } from "../app/services.ts";
import { Loading } from "../ui/loading.tsx";
import { Mark } from "../ui/mark.tsx";
import { ProblemNotice } from "../ui/problem-notice.tsx";
import { PasskeyButton } from "./passkey-button.tsx";
import { PasswordForm } from "./password-form.tsx";
import css from "./sign-in-page.module.css";
import { TokenForm } from "./token-form.tsx";

const route = getRouteApi("/sign-in");

/** Turns a password, a passkey, a sign-in elsewhere or the server's token into a session. None of them is kept in the browser. */
export function SignInPage() {
  const { api } = useServices();
  const { next = "/", problem } = route.useSearch();
  const router = useRouter();
  const queries = useQueryClient();
  const methods = useQuery(signInMethodsQuery(api));
  const [way, setWay] = useState<"password" | "token" | null>(null);
  const finish = (session: SessionView) => {
    queries.setQueryData(KEYS.session, session);
    router.history.replace(next);
  };
  const { setup = false, oidc = null } = methods.data ?? {};
  // Before there is any user, nobody has a password.
  const shown = way ?? (setup ? "token" : "password");

  return (
    <main className={css["page"]}>
      <title>Sign in · Muster</title>
      <div className={css["card"]}>
        <div className={css["brand"]}>
          <Mark size={28} />
          <h1>Sign in to Muster</h1>
        </div>
        {problem !== undefined && <ProblemOfCode code={problem} />}
        {methods.isPending && <Loading what="the ways to sign in" />}
        {!methods.isPending && (
          <>
            {shown === "password" ? <PasswordForm onDone={finish} /> : <TokenForm onDone={finish} />}
            <div className={css["others"]}>
              {oidc && (
                <Button component="a" href={oidcAddress(next)} variant="default" fullWidth>
                  Sign in with {oidc.name}
                </Button>
              )}
              {!setup && <PasskeyButton onDone={finish} />}
              <Button
                variant="subtle"
                fullWidth
                onClick={() => setWay(shown === "password" ? "token" : "password")}
              >
                {shown === "password" ? "Use a token" : "Use a name and a password"}
              </Button>
            </div>
          </>
        )}
      </div>
    </main>
  );
}

function oidcAddress(next: string): string {
  return `/api/v1/session/oidc/start?${new URLSearchParams({ next })}`;
}

/** What went wrong elsewhere, in the server's words. */
function ProblemOfCode({ code }: { readonly code: string }) {
  const { api } = useServices();
  const { data } = useQuery(explanationQuery(api, code));
  return data && <ProblemNotice error={new ProblemError(data)} what="You are not signed in" />;
}
