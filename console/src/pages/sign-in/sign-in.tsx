/** Signing in: by a link of `opsbook sign-in`, by name and password, or through a provider. */

import { useSignal } from "@preact/signals";
import { useLocation } from "preact-iso";
import { useEffect } from "preact/hooks";
import { api, told } from "../../api/client";
import type { components } from "../../api/schema";
import { Field } from "../../parts/field";
import { Page } from "../../parts/page";
import { at, base } from "../../place";
import { session } from "../../session";
import { backTo } from "./back-to";

type SignIn = components["schemas"]["SignIn"];

export default function SignInPage() {
  const { query, route } = useLocation();
  const problem = useSignal("");
  const busy = useSignal(false);
  const { ways } = session.value;
  const sign = async (shown: SignIn) => {
    busy.value = true;
    problem.value = "";
    try {
      session.value = await told(api.POST("/api/session", { body: shown }));
      route(backTo(query["from"], base), true);
    } catch (error) {
      problem.value = (error as Error).message;
    }
    busy.value = false;
  };
  useEffect(() => {
    const code = location.hash.slice(1);
    if (!code) return;
    // It is good once, and has no business in the history.
    history.replaceState(null, "", location.pathname + location.search);
    void sign({ code });
  }, []);
  const submit = (event: Event) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    void sign({ name: form.get("name") as string, password: form.get("password") as string });
  };
  return (
    <Page title="Sign in">
      <div class="panel sign-in">
        {ways.includes("oidc") && (
          <p>
            {/* Not a page of ours: the browser goes there itself. */}
            <a class="button" href={at("api/session/oidc")} target="_self" onClick={leave}>
              Sign in with your organisation
            </a>
          </p>
        )}
        {ways.includes("password") && (
          <form onSubmit={submit}>
            <Field label="Name" name="name" required />
            <Field label="Password" name="password" type="password" required />
            <div class="buttons">
              <button type="submit" class="primary" disabled={busy.value}>
                {busy.value ? "Signing in…" : "Sign in"}
              </button>
            </div>
          </form>
        )}
        {problem.value && (
          <p class="trouble" role="alert">
            {problem.value}
          </p>
        )}
        <p class="faint">
          On the machine itself, <code>opsbook sign-in</code> prints a link that signs you in once.
          {!ways.includes("password") && (
            <>
              {" "}
              <code>opsbook user add NAME --role operator</code> lets somebody sign in with a
              password.
            </>
          )}
        </p>
      </div>
    </Page>
  );
}

/** Past the router, which would look for a page of ours. */
function leave(event: MouseEvent): void {
  event.preventDefault();
  location.assign((event.currentTarget as HTMLAnchorElement).href);
}
