import { UnstyledButton, useMantineColorScheme } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { useMutation, useQuery } from "@tanstack/react-query";
import { sessionQuery } from "../api/queries.ts";
import { Icon, type IconName } from "../ui/icon.tsx";
import { Mark } from "../ui/mark.tsx";
import css from "./navigation.module.css";
import { useServices } from "./services.ts";

const PLACES = [
  { to: "/", word: "Overview", icon: "overview", exact: true },
  { to: "/agents", word: "Agents", icon: "agents", exact: false },
  { to: "/rollouts", word: "Rollouts", icon: "rollouts", exact: false },
] as const;

/** Where one can go, and who one is. */
export function Navigation({ onHelp }: { readonly onHelp: () => void }) {
  return (
    <header className={css["bar"]}>
      <Link to="/" className={css["brand"]} aria-label="Muster, overview">
        <Mark />
        <span className={css["name"]}>Muster</span>
      </Link>
      <nav aria-label="Main">
        <ul className={css["places"]}>
          {PLACES.map(({ to, word, icon, exact }) => (
            <li key={to}>
              <Link to={to} activeOptions={{ exact, includeSearch: false }} className={css["place"]}>
                <Icon name={icon} />
                {word}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <div className={css["foot"]}>
        <Account />
        <div className={css["tools"]}>
          <SchemeButton />
          <Tool icon="help" label="Keyboard help" onClick={onHelp} />
          <SignOutButton />
        </div>
      </div>
    </header>
  );
}

function Account() {
  const { api } = useServices();
  const { data } = useQuery(sessionQuery(api));
  if (!data) return null;
  return (
    <p className={css["account"]}>
      <span className="visually-hidden">Signed in as </span>
      <span className={css["actor"]}>{data.actor}</span>
      {data.role !== null && data.role !== data.actor && <span className={css["role"]}>{data.role}</span>}
    </p>
  );
}

const SCHEMES = {
  auto: { next: "light", icon: "system", word: "as the system" },
  light: { next: "dark", icon: "sun", word: "light" },
  dark: { next: "auto", icon: "moon", word: "dark" },
} as const;

function SchemeButton() {
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const { next, icon, word } = SCHEMES[colorScheme];
  return (
    <Tool
      icon={icon}
      label={`Colours: ${word}. Change to ${SCHEMES[next].word}`}
      onClick={() => setColorScheme(next)}
    />
  );
}

function SignOutButton() {
  const { api } = useServices();
  const { mutate, isPending } = useMutation({
    mutationFn: () => api.signOut(),
    // A whole reload: nothing of this session stays in the page's memory.
    onSuccess: () => window.location.assign("/sign-in"),
  });
  return <Tool icon="signOut" label="Sign out" onClick={() => mutate()} busy={isPending} />;
}

interface ToolProps {
  readonly icon: IconName;
  readonly label: string;
  readonly onClick: () => void;
  readonly busy?: boolean;
}

function Tool({ icon, label, onClick, busy = false }: ToolProps) {
  return (
    <UnstyledButton
      className={css["tool"]}
      aria-label={label}
      title={label}
      onClick={onClick}
      disabled={busy}
    >
      <Icon name={icon} />
    </UnstyledButton>
  );
}
