import { expect, test } from "vitest";
import { hasWords, matchersOf } from "./matching";

const alert = { name: "CheckDown", labels: { service: "api-gateway" }, receivers: ["team"] };

test("each word has to occur somewhere", () => {
  expect(hasWords(alert, "checkdown gateway")).toBe(true);
  expect(hasWords(alert, "checkdown auth")).toBe(false);
});

test("a label is found as it is shown", () => {
  expect(hasWords(alert, 'service="api-gateway"')).toBe(true);
});

test("names of fields are not searched", () => {
  expect(hasWords(alert, "fingerprint")).toBe(false);
});

test("without words everything fits", () => {
  expect(hasWords(alert, " ")).toBe(true);
});

test("matchers name each label with its value", () => {
  expect(matchersOf({ alertname: "Down", service: "api" })).toBe('alertname="Down", service="api"');
});

test("quotes, backslashes and ends of lines in a value are escaped", () => {
  expect(matchersOf({ a: 'x"y\\z\n' })).toBe('a="x\\"y\\\\z\\n"');
});

test("a name that is no identifier is quoted", () => {
  expect(matchersOf({ "k8s.pod": "a" })).toBe('"k8s.pod"="a"');
});
