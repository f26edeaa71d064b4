import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { can, commonGrants, type Grants, greatestRole, isWithin, type Resource, scopeOf } from "./can.ts";
import { ROLES, type Role } from "./role.ts";
import { leastRoleFor, VERBS } from "./verbs.ts";

const nobody: Grants = { role: null };
const operatorOfA: Grants = { role: null, groups: [{ groupId: "a", role: "operator" }] };
const operatorOfBoth: Grants = {
  role: "viewer",
  groups: [
    { groupId: "a", role: "operator" },
    { groupId: "b", role: "administrator" },
  ],
};

describe.each(VERBS)("%s", (verb) => {
  test.each(ROLES)("in the whole fleet is for its least role and those above: %s", (role) => {
    expect(can({ role }, verb)).toBe(ROLES.indexOf(role) >= ROLES.indexOf(leastRoleFor(verb)));
  });

  test("is not for somebody without a role", () => {
    for (const resource of [
      "fleet",
      "somewhere",
      { inGroups: ["a"] },
      { everyOf: [{ inGroups: ["a"] }] },
    ] as const) {
      expect(can(nobody, verb, resource)).toBe(false);
    }
    expect(scopeOf(nobody, verb)).toEqual([]);
  });
});

describe("a role in one group", () => {
  const table: readonly (readonly [string, Grants, Resource, boolean])[] = [
    ["does not reach the whole fleet", operatorOfA, "fleet", false],
    ["reaches lists, which are narrowed", operatorOfA, "somewhere", true],
    ["reaches what is in the group", operatorOfA, { inGroups: ["b", "a"] }, true],
    ["does not reach another group", operatorOfA, { inGroups: ["b"] }, false],
    ["does not reach what is in no group", operatorOfA, { inGroups: [] }, false],
    [
      "does not reach across a group without a role",
      operatorOfA,
      { everyOf: [{ inGroups: ["a"] }, { inGroups: ["b"] }] },
      false,
    ],
    ["does not reach across nothing, which may be everything", operatorOfA, { everyOf: [] }, false],
    [
      "reaches across all groups with roles",
      operatorOfBoth,
      { everyOf: [{ inGroups: ["a"] }, { inGroups: ["b"] }] },
      true,
    ],
    [
      "and not further",
      operatorOfBoth,
      { everyOf: [{ inGroups: ["a"] }, { inGroups: ["b"] }, "fleet"] },
      false,
    ],
    [
      "gives no more than it says",
      { role: null, groups: [{ groupId: "a", role: "viewer" }] },
      { inGroups: ["a"] },
      false,
    ],
  ];
  test.each(table)("%s", (_what, actor, resource, allowed) => {
    expect(can(actor, "rollouts.manage", resource)).toBe(allowed);
  });

  test("narrows a query to the groups in which the role is enough", () => {
    expect(scopeOf(operatorOfBoth, "rollouts.manage")).toEqual(["a", "b"]);
    expect(scopeOf(operatorOfBoth, "users.manage")).toEqual(["b"]);
    expect(scopeOf(operatorOfBoth, "fleet.read")).toBe("all");
  });
});

const role = fc.constantFrom<Role>(...ROLES);
const grants: fc.Arbitrary<Grants> = fc.record({
  role: fc.option(role),
  groups: fc.array(fc.record({ groupId: fc.constantFrom("a", "b", "c"), role }), { maxLength: 4 }),
});
const groupIds = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d"));
const resource = fc.oneof(
  fc.constantFrom<Resource>("fleet", "somewhere"),
  groupIds.map((inGroups): Resource => ({ inGroups })),
  groupIds.map((ids): Resource => ({ everyOf: ids.map((id) => ({ inGroups: [id] })) })),
);
const verb = fc.constantFrom(...VERBS);

test("what grants have in common allows nothing that one of them does not", () => {
  fc.assert(
    fc.property(grants, grants, verb, resource, (a, b, doing, on) => {
      const both = commonGrants(a, b);
      expect(isWithin(both, a) && isWithin(both, b)).toBe(true);
      const isBeyond = can(both, doing, on) && !(can(a, doing, on) && can(b, doing, on));
      expect(isBeyond).toBe(false);
    }),
  );
});

test("grants within others allow nothing that the others do not", () => {
  fc.assert(
    fc.property(grants, grants, verb, resource, (wanted, own, doing, on) => {
      fc.pre(isWithin(wanted, own));
      expect(can(wanted, doing, on) && !can(own, doing, on)).toBe(false);
    }),
  );
});

test("more rights are never a hindrance", () => {
  fc.assert(
    fc.property(grants, role, verb, resource, (own, more, doing, on) => {
      const raised = { ...own, role: own.role === "administrator" ? own.role : more };
      fc.pre(isWithin(own, raised));
      expect(can(own, doing, on) && !can(raised, doing, on)).toBe(false);
    }),
  );
});

test("the greatest role is found wherever it is held", () => {
  expect(greatestRole(nobody)).toBeNull();
  expect(greatestRole(operatorOfBoth)).toBe("administrator");
  expect(greatestRole({ role: "operator" })).toBe("operator");
});
