import type { OverviewView } from "@muster/protocol/http";
import { Link } from "@tanstack/react-router";
import { count, percent } from "../format/number.ts";
import { Card } from "../ui/card.tsx";
import { ScrollTable } from "../ui/scroll-table.tsx";
import css from "./platform-table.module.css";

/** What the agents run on. */
export function PlatformTable({ overview: { platforms, agents } }: { readonly overview: OverviewView }) {
  return (
    <Card title="Platforms" flush>
      <ScrollTable label="Platforms">
        <thead>
          <tr>
            <th scope="col">Platform</th>
            <th scope="col" data-numeric>
              Agents
            </th>
            <th scope="col" data-numeric>
              Share
            </th>
          </tr>
        </thead>
        <tbody>
          {platforms
            .toSorted((a, b) => b.count - a.count)
            .map((platform) => (
              <tr key={`${platform.os}/${platform.arch}`}>
                <td className={css["name"]}>
                  <Link to="/agents" search={{ q: `os:${platform.os} arch:${platform.arch}` }}>
                    {platform.os}/{platform.arch}
                  </Link>
                </td>
                <td data-numeric>{count(platform.count)}</td>
                <td data-numeric>{percent(platform.count, agents)} %</td>
              </tr>
            ))}
        </tbody>
      </ScrollTable>
    </Card>
  );
}
