/* oxlint-disable jsx-a11y/prefer-tag-over-role, jsx-a11y/control-has-associated-label --
   Rows are grids and are placed one by one; Safari takes the meaning from a table's own tags when they are laid out
   so, and the rule does not see what FlexRender puts into a head. */
import { type ColumnDef, type RowData, tableFeatures, useTable } from "@tanstack/react-table";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { type ReactNode, type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";
import css from "./virtual-table.module.css";

const FEATURES = tableFeatures({});
export type VirtualColumn<T extends RowData> = ColumnDef<typeof FEATURES, T>;

interface VirtualTableProps<T extends { readonly id: string }> {
  readonly label: string;
  /** Stable from render to render. */
  readonly columns: VirtualColumn<T>[];
  readonly rows: readonly T[];
  /** How many there are in all; more than `rows` while pages are still to come. */
  readonly total: number;
  /** Sets `--columns`, and hides columns by `data-column` where it is narrow. */
  readonly className: string | undefined;
  /** Asked for when the end of what is loaded comes into view. */
  readonly onEnd: () => void;
  /** What is under an open row; null for a closed one. */
  readonly detail?: (row: T) => ReactNode;
}

const ROW_HEIGHT = 41;

/** A table of which only the rows in view exist. It scrolls with the page. */
export function VirtualTable<T extends { readonly id: string }>(props: VirtualTableProps<T>) {
  const { label, columns, rows, total, className, detail } = props;
  const table = useTable({ features: FEATURES, columns, data: rows, getRowId: (row) => row.id });
  const { body, items, height, measure } = useVisibleRows(props);
  const modelRows = table.getRowModel().rows;

  return (
    <div role="table" aria-label={label} aria-rowcount={total + 1} className={`${css["table"]} ${className}`}>
      <div role="rowgroup" className={css["head"]}>
        {table.getHeaderGroups().map((group) => (
          <div key={group.id} role="row" aria-rowindex={1} className={css["row"]}>
            {group.headers.map((header) => (
              <div
                key={header.id}
                role="columnheader"
                data-column={header.column.id}
                className={css["cell"]}
                aria-sort={ariaSort(header.column.columnDef.meta)}
              >
                <table.FlexRender header={header} />
              </div>
            ))}
          </div>
        ))}
      </div>
      <div role="rowgroup" ref={body} className={css["body"]} style={{ height }}>
        {items.map((item) => {
          const row = modelRows[item.index];
          const opened = row && detail?.(row.original);
          return (
            row && (
              <div
                key={item.key}
                ref={measure}
                role="row"
                aria-rowindex={item.index + 2}
                data-index={item.index}
                data-open={opened ? true : undefined}
                data-last={item.index === total - 1 || undefined}
                className={`${css["row"]} ${css["item"]}`}
                style={{ transform: `translateY(${item.top}px)` }}
              >
                {row.getAllCells().map((cell) => (
                  <div key={cell.id} role="cell" data-column={cell.column.id} className={css["cell"]}>
                    <table.FlexRender cell={cell} />
                  </div>
                ))}
                {opened && (
                  <div role="cell" aria-colspan={columns.length} className={css["detail"]}>
                    {opened}
                  </div>
                )}
              </div>
            )
          );
        })}
      </div>
    </div>
  );
}

function useVisibleRows<T extends { readonly id: string }>({ rows, onEnd }: VirtualTableProps<T>) {
  const body = useRef<HTMLDivElement>(null);
  const offset = usePageOffset(body);
  // oxlint-disable-next-line react/incompatible-library -- it warns of the React compiler, which is not used here
  const virtual = useWindowVirtualizer<HTMLDivElement>({
    count: rows.length,
    estimateSize: () => ROW_HEIGHT,
    overscan: 10,
    scrollMargin: offset,
    getItemKey: (index) => rows[index]?.id ?? index,
  });
  const visible = virtual.getVirtualItems();
  const last = visible.at(-1)?.index ?? -1;
  useEffect(() => {
    if (rows.length > 0 && last >= rows.length - 20) onEnd();
  }, [last, rows.length, onEnd]);

  return {
    body,
    height: virtual.getTotalSize(),
    measure: virtual.measureElement,
    items: visible.map(({ key, index, start }) => ({ key, index, top: start - offset })),
  };
}

/** How far below the top of the page an element begins; what is above it may grow and shrink. */
function usePageOffset(element: RefObject<HTMLElement | null>): number {
  const [offset, setOffset] = useState(0);
  useLayoutEffect(() => {
    const measure = () => {
      const top = element.current?.getBoundingClientRect().top ?? 0;
      setOffset(Math.round(top + window.scrollY));
    };
    const observer = new ResizeObserver(measure);
    observer.observe(document.body);
    measure();
    return () => observer.disconnect();
  }, [element]);
  return offset;
}

type AriaSort = "ascending" | "descending" | "none";

function ariaSort(meta: unknown): AriaSort | undefined {
  return (meta as { readonly sort?: AriaSort } | undefined)?.sort;
}
