import { Link, useLocation } from "@tanstack/react-router";
import css from "./not-found-page.module.css";

/** No page has this address. */
export function NotFoundPage() {
  const { pathname } = useLocation();
  return (
    <div className={css["page"]}>
      <title>Not found · Muster</title>
      <p className={css["status"]}>404</p>
      <h1>There is no page at this address</h1>
      <p className={css["path"]}>
        <code>{pathname}</code>
      </p>
      <p>
        <Link to="/">Overview</Link> · <Link to="/agents">Agents</Link> · <Link to="/rollouts">Rollouts</Link>
      </p>
    </div>
  );
}
