import { Button, PasswordInput } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { getRouteApi, useRouter } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { KEYS } from "../api/queries.ts";
import { useServices } from "../app/services.ts";
import { Mark } from "../ui/mark.tsx";
import { ProblemNotice } from "../ui/problem-notice.tsx";
import css from "./sign-in-page.module.css";

const route = getRouteApi("/sign-in");

/** Turns the admin token into a session. The token itself is not kept in the browser. */
export function SignInPage() {
  const { api } = useServices();
  const { next } = route.useSearch();
  const router = useRouter();
  const queries = useQueryClient();
  const [token, setToken] = useState("");
  const { mutate, isPending, error } = useMutation({
    mutationFn: () => api.signIn(token.trim()),
    onSuccess: (session) => {
      queries.setQueryData(KEYS.session, session);
      router.history.replace(next ?? "/");
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isPending) mutate();
  };

  return (
    <main className={css["page"]}>
      <title>Sign in · Muster</title>
      <form className={css["card"]} onSubmit={submit}>
        <div className={css["brand"]}>
          <Mark size={28} />
          <h1>Sign in to Muster</h1>
        </div>
        {error && <ProblemNotice error={error} what="You are not signed in" />}
        <PasswordInput
          label="Admin token"
          description="The server prints it at its first start."
          value={token}
          onChange={(event) => setToken(event.currentTarget.value)}
          autoComplete="current-password"
          required
          withAsterisk={false}
          size="md"
        />
        <Button type="submit" size="md" fullWidth loading={isPending} disabled={token.trim() === ""}>
          Sign in
        </Button>
      </form>
    </main>
  );
}
