import type { OverviewView } from "@muster/protocol/http";
import { Link } from "@tanstack/react-router";
import { count, percent } from "../format/number.ts";
import { Card } from "../ui/card.tsx";
import { ScrollTable } from "../ui/scroll-table.tsx";
import { Version } from "../ui/version.tsx";
import { distributionOf, type ProductVersions, shadeOf } from "./distribution.ts";
import css from "./version-distribution.module.css";

/** What runs where: a bar for the eye, and the same figures as a table. */
export function VersionDistribution({ overview }: { readonly overview: OverviewView }) {
  return (
    <div className={css["products"]}>
      {distributionOf(overview).map((product) => (
        <Product key={product.product} {...product} />
      ))}
    </div>
  );
}

function Product({ product, total, versions }: ProductVersions) {
  return (
    <Card title={`Versions of ${product}`} aside={`${count(total)} agents`} flush>
      <div className={css["bar"]} aria-hidden="true">
        {versions.map((share, index) => (
          <span
            key={share.version}
            className={css["part"]}
            data-shade={shadeOf(share, index)}
            style={{ flexGrow: share.count }}
          />
        ))}
      </div>
      <ScrollTable label={`Versions of ${product}`}>
        <thead>
          <tr>
            <th scope="col">Version</th>
            <th scope="col" data-numeric>
              Agents
            </th>
            <th scope="col" data-numeric>
              Share
            </th>
          </tr>
        </thead>
        <tbody>
          {versions.map((share, index) => (
            <tr key={share.version}>
              <td className={css["name"]}>
                <span className={css["key"]} data-shade={shadeOf(share, index)} aria-hidden="true" />
                <Link to="/agents" search={{ q: `version:${share.version ?? "unknown"}` }}>
                  <Version version={share.version} />
                </Link>
              </td>
              <td data-numeric>{count(share.count)}</td>
              <td data-numeric>{percent(share.count, total)} %</td>
            </tr>
          ))}
        </tbody>
      </ScrollTable>
    </Card>
  );
}
