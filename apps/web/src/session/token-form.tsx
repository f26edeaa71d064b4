import { Button, PasswordInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useServices } from "../app/services.ts";
import { ProblemNotice } from "../ui/problem-notice.tsx";
import type { SignInProps } from "./sign-in-props.ts";
import css from "./sign-in-page.module.css";

/** The server's own token, or any API token. */
export function TokenForm({ onDone }: SignInProps) {
  const { api } = useServices();
  const [token, setToken] = useState("");
  const { mutate, isPending, error } = useMutation({
    mutationFn: () => api.signIn(token.trim()),
    onSuccess: onDone,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isPending) mutate();
  };
  return (
    <form className={css["form"]} onSubmit={submit}>
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
  );
}
