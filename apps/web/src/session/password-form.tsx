import { Button, PasswordInput, TextInput } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { type ComponentProps, type FormEvent, useState } from "react";
import { useServices } from "../app/services.ts";
import { ProblemNotice } from "../ui/problem-notice.tsx";
import { askedAfter, NOTHING_ASKED } from "./password-steps.ts";
import type { SignInProps } from "./sign-in-props.ts";
import css from "./sign-in-page.module.css";

/** Where the person goes on typing when a field has come. */
const focus = (input: HTMLInputElement | null) => input?.focus();

const FIELD = { required: true, withAsterisk: false, size: "md" } as const;

/** Name and password, then whatever the server asks for besides. */
export function PasswordForm({ onDone }: SignInProps) {
  const { api } = useServices();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [newPassword, setNewPassword] = useState("");
  const [asked, setAsked] = useState(NOTHING_ASKED);
  const { mutate, reset, isPending, error } = useMutation({
    mutationFn: () =>
      api.signInWithPassword({
        name,
        password,
        ...(asked.code && { code }),
        ...(asked.newPassword && { newPassword }),
      }),
    onSuccess: onDone,
    onError: (problem) => {
      const next = askedAfter(asked, problem);
      if (next === asked) return;
      setAsked(next);
      // A further question is no failure.
      reset();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!isPending) mutate();
  };

  return (
    <form className={css["form"]} onSubmit={submit}>
      {error && <ProblemNotice error={error} what="You are not signed in" />}
      <TextInput
        {...FIELD}
        label="Name"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
      />
      <Secret label="Password" value={password} onText={setPassword} autoComplete="current-password" />
      {asked.newPassword && (
        <Secret
          label="New password"
          description="An administrator gave you the old one. At least 12 characters."
          value={newPassword}
          onText={setNewPassword}
          autoComplete="new-password"
          ref={focus}
        />
      )}
      {asked.code && (
        <TextInput
          {...FIELD}
          label="Code"
          description="From the authenticator app, or a recovery code."
          value={code}
          onChange={(event) => setCode(event.currentTarget.value)}
          autoComplete="one-time-code"
          ref={focus}
        />
      )}
      <Button type="submit" size="md" fullWidth loading={isPending}>
        Sign in
      </Button>
    </form>
  );
}

interface SecretProps extends Omit<ComponentProps<typeof PasswordInput>, "onChange"> {
  readonly onText: (text: string) => void;
}

function Secret({ onText, ...props }: SecretProps) {
  return <PasswordInput {...FIELD} {...props} onChange={(event) => onText(event.currentTarget.value)} />;
}
